package detect

import (
	"image"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of things.
const (
	// thingAfter is how long nothing at all must have moved inside a box until it shows a thing. People at rest move head or
	// hands every few seconds and their body every few minutes; posters, screens and coats on chairs do not.
	thingAfter = 5 * time.Minute
	// thingCells is the least number of cells in a box of which that can be said: in a few pixels people do not show motion.
	thingCells = 6
	// thingStep is the longest time between two pictures that counts as seen in between.
	thingStep = 10 * time.Second
)

// things remembers for how long each cell of a view has looked the same. Networks take posters and coats for people with
// lasting conviction; what tells them apart is that people move.
type things struct {
	looked []int32         // what each cell has looked like
	since  []time.Duration // and for how long
	before []int32         // means of the picture before
	at     time.Time
}

// watch takes the cell means of a picture. What all cells have in common is light. A picture equal to the one before to the
// last bit is no evidence that people would have moved: the camera may be frozen.
func (t *things) watch(now []int32, at time.Time) {
	if len(t.looked) != len(now) {
		*t = things{looked: slices.Clone(now), before: slices.Clone(now), since: make([]time.Duration, len(now)), at: at}
		return
	}
	passed := min(max(at.Sub(t.at), 0), thingStep)
	t.at = at
	if slices.Equal(now, t.before) {
		passed = 0
	}
	copy(t.before, now)
	light, _, _ := light(now, t.looked)
	for i, v := range now {
		if d := v - t.looked[i] - light; d >= motionLevel || d <= -motionLevel {
			t.looked[i], t.since[i] = v, 0
		} else {
			t.since[i] += passed
		}
	}
}

// is reports whether a box, in pixels of the picture, holds nothing but what has not moved for long.
func (t *things) is(b models.Box, cells []image.Rectangle) bool {
	n := 0
	for i, c := range cells {
		x, y := float64(c.Min.X+c.Max.X)/2, float64(c.Min.Y+c.Max.Y)/2
		if x < b.X || x > b.X+b.W || y < b.Y || y > b.Y+b.H {
			continue
		}
		if t.since[i] < thingAfter {
			return false
		}
		n++
	}
	return n >= thingCells
}

package track

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// A person found again was somewhere in between. Trail looks back: it holds frames for TrailReach and fills the gaps between
// two sightings of a person along a straight line, where that is plausible for somebody who walks. The zones do the same with
// the time people spend in them. What is written for later reading gains by it; live pictures cannot wait.
const (
	// TrailReach is the longest gap that is filled, and how long after a frame its boxes are final.
	TrailReach  = 2 * time.Second
	trailSpeed  = 1.0 // h/s: a brisk walk
	trailSlack  = .1  // h: what boxes jump
	trailHeight = .2  // log of the heights' ratio: nobody grows
)

// Trail is ready to use; it is not safe for concurrent use.
type Trail struct {
	frames []TrailFrame // not final yet, oldest first
	seen   map[int64]sighting
}

// TrailFrame is one frame with everybody shown in it, in order of their ids. Filled boxes are Shown and not Seen.
type TrailFrame struct {
	Number int64
	At     time.Time
	Tracks []models.Track
}

type sighting struct {
	at  time.Time
	box models.Box
}

// Add takes the tracks of the next frame and returns the frames that have become final, oldest first.
func (t *Trail) Add(number int64, at time.Time, tracks []models.Track) []TrailFrame {
	if t.seen == nil {
		t.seen = map[int64]sighting{}
	}
	now := TrailFrame{Number: number, At: at}
	for _, p := range tracks {
		if p.Shown {
			now.Tracks = append(now.Tracks, p)
		}
		if p.Seen {
			if s, ok := t.seen[p.ID]; ok {
				t.fill(p, s, sighting{at, p.Box})
			}
			t.seen[p.ID] = sighting{at, p.Box}
		}
	}
	for id, s := range t.seen {
		if at.Sub(s.at) > TrailReach {
			delete(t.seen, id)
		}
	}
	t.frames = append(t.frames, now)
	final := 0
	for final < len(t.frames) && at.Sub(t.frames[final].At) > TrailReach {
		final++
	}
	out := slices.Clone(t.frames[:final])
	t.frames = slices.Delete(t.frames, 0, final)
	return out
}

// Flush returns the frames held back; there is nothing to come.
func (t *Trail) Flush() []TrailFrame {
	out := t.frames
	*t = Trail{}
	return out
}

// fill puts a person into the frames between two sightings, in place of guesses made while they were out of sight.
func (t *Trail) fill(p models.Track, from, to sighting) {
	gap := to.at.Sub(from.at)
	if gap > TrailReach || !plausible(from.box, to.box, gap.Seconds()) {
		return
	}
	p.Seen, p.Shown, p.LastSeen = false, true, from.at
	for i := len(t.frames) - 1; i >= 0 && t.frames[i].At.After(from.at); i-- {
		f := &t.frames[i]
		p.Box = between(from.box, to.box, f.At.Sub(from.at).Seconds()/gap.Seconds())
		k, known := slices.BinarySearchFunc(f.Tracks, p.ID, func(o models.Track, id int64) int { return cmp.Compare(o.ID, id) })
		if known {
			f.Tracks[k] = p
		} else {
			f.Tracks = slices.Insert(f.Tracks, k, p)
		}
	}
}

// plausible reports whether somebody may have walked from one box to the other.
func plausible(a, b models.Box, seconds float64) bool {
	x, y := centre(a)
	u, v := centre(b)
	return math.Hypot(x-u, y-v) <= (trailSpeed*seconds+trailSlack)*min(a.H, b.H) && math.Abs(math.Log(a.H/b.H)) <= trailHeight
}

func between(a, b models.Box, share float64) models.Box {
	mix := func(p, q float64) float64 { return p + share*(q-p) }
	return models.Box{X: mix(a.X, b.X), Y: mix(a.Y, b.Y), W: mix(a.W, b.W), H: mix(a.H, b.H)}
}

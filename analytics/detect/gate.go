package detect

import (
	"image"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of the motion gate.
const (
	// gateFor is how long detections may stand without a new inference. Whatever the gate overlooks is noticed after this
	// time: well before the 5 s for which somebody who vanished stays counted, and the 10 s after which an officer is away.
	gateFor = 2 * time.Second
	// cellsAlong is the number of cells along the longer side of a view: a head is one or two of them.
	cellsAlong = 64
	// samplesAlong is the number of pixels looked at along each side of a cell; the noise of their mean is a sixth.
	samplesAlong = 6
	// gateLevel is the change of a cell's mean, in grey levels of 255 beyond that of the whole view, that is motion.
	gateLevel = 3
)

// cellScale keeps fractions of grey levels in whole numbers.
const cellScale = 16

// gate tells whether anything has moved in the parts of a picture that matter since the last inference. It compares means of
// small cells with those of the picture that was last looked at, not with the last picture, so that slow motion adds up. What
// all cells have in common is light, and is no motion.
type gate struct {
	cells []image.Rectangle
	seen  []int32 // means at the last inference
	now   []int32
	diffs []int32
	at    time.Time // of the last inference; zero before
}

// newGate divides what is inside parts of a view into cells.
func newGate(view image.Rectangle, parts []image.Rectangle) *gate {
	g := &gate{}
	side := max(max(view.Dx(), view.Dy())/cellsAlong, 4)
	for y := view.Min.Y; y < view.Max.Y; y += side {
		for x := view.Min.X; x < view.Max.X; x += side {
			c := image.Rect(x, y, x+side, y+side).Intersect(view)
			if slices.ContainsFunc(parts, c.Overlaps) {
				g.cells = append(g.cells, c)
			}
		}
	}
	g.seen, g.now, g.diffs = make([]int32, len(g.cells)), make([]int32, len(g.cells)), make([]int32, len(g.cells))
	return g
}

// still reports whether the detections of the last inference may stand for a frame.
func (g *gate) still(f *models.Frame) bool {
	for i, c := range g.cells {
		g.now[i] = luma(f, c)
	}
	if age := f.At.Sub(g.at); g.at.IsZero() || age < 0 || age >= gateFor {
		return false
	}
	for i := range g.now {
		g.diffs[i] = g.now[i] - g.seen[i]
	}
	slices.Sort(g.diffs)
	light := g.diffs[len(g.diffs)/2]
	return g.diffs[len(g.diffs)-1]-light < gateLevel*cellScale && light-g.diffs[0] < gateLevel*cellScale
}

// looked says that the frame last given to still goes through the network.
func (g *gate) looked(at time.Time) {
	g.at = at
	g.seen, g.now = g.now, g.seen
}

// luma is the mean of a part of a BGR picture in cellScale-ths of a grey level: (B + 2 G + R) / 4, near enough to Y for telling
// motion.
func luma(f *models.Frame, r image.Rectangle) int32 {
	dx, dy := max(r.Dx()/samplesAlong, 1), max(r.Dy()/samplesAlong, 1)
	sum, n := 0, 0
	for y := r.Min.Y; y < r.Max.Y; y += dy {
		row := f.Pix[y*f.Stride:]
		for x := r.Min.X; x < r.Max.X; x += dx {
			p := row[3*x : 3*x+3]
			sum += int(p[0]) + 2*int(p[1]) + int(p[2])
			n++
		}
	}
	return int32(sum * (cellScale / 4) / n)
}

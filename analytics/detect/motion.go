package detect

import (
	"image"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of motion.
const (
	// cellsAlong is the number of cells along the longer side of a view: a head is one or two of them.
	cellsAlong = 64
	// samplesAlong is the number of pixels looked at along each side of a cell; the noise of their mean is a sixth.
	samplesAlong = 6
	// motionLevel is the change of a cell's mean, in grey levels of 255 beyond that of the whole view, that is motion.
	motionLevel = 3 * cellScale
)

// cellScale keeps fractions of grey levels in whole numbers.
const cellScale = 16

// Motion tells whether anything has moved in the parts of a camera's picture that matter: where its zones are and people who
// are counted in them. It compares means of small cells with those of the picture that was last looked at, not with the last
// picture, so that slow motion adds up. What all cells have in common is light, and is no motion. I420 and grey pictures cost
// a fifth of a millisecond of 1080p.
//
// Motion is used by one goroutine.
type Motion struct {
	conf models.Camera

	size  models.Size // of the pictures that what follows is for
	view  image.Rectangle
	high  float64 // pixels of the tallest person
	cells []image.Rectangle
	seen  []int32 // means in the picture looked at
	now   []int32 // and in the newest
	known bool    // seen is of a picture
}

// NewMotion makes a Motion for a valid camera with its defaults (models.Camera.WithDefaults).
func NewMotion(c models.Camera) *Motion { return &Motion{conf: c} }

// Still reports whether nothing has moved since the picture of the last call of Looked. It is false before the first, after
// a change of the picture's size, and for a frame without a whole picture.
func (m *Motion) Still(f *models.Frame) bool {
	if f.Check() != nil {
		return false
	}
	if f.Size != m.size {
		m.aim(f.Size)
	}
	measure := mean(f)
	for i, c := range m.cells {
		m.now[i] = measure(c)
	}
	if !m.known || len(m.cells) == 0 {
		return false
	}
	light, least, most := light(m.now, m.seen)
	return most-light < motionLevel && light-least < motionLevel
}

// Looked makes the picture last given to Still the one that later ones are compared with.
func (m *Motion) Looked() {
	copy(m.seen, m.now)
	m.known = true
}

// aim works out where the camera's zones are in pictures of a size.
func (m *Motion) aim(s models.Size) {
	var parts []image.Rectangle
	m.size, m.high = s, 0
	for i := range m.conf.Zones {
		if z := &m.conf.Zones[i]; z.Kind != models.ZoneMask && z.Kind != models.ZoneIgnore {
			r, h := reach(z, m.conf.Heights, s)
			parts, m.high = append(parts, r), max(m.high, h)
		}
	}
	whole := image.Rect(0, 0, s.W, s.H)
	if m.view = whole; m.conf.Detector.View != "whole" {
		m.view = even(looksAt(parts, s), whole)
	}
	if len(parts) == 0 {
		parts = []image.Rectangle{whole}
	}
	m.divide(parts)
}

// divide makes cells of what is inside some parts of the view.
func (m *Motion) divide(parts []image.Rectangle) {
	m.cells, m.known = nil, false
	side := max(max(m.view.Dx(), m.view.Dy())/cellsAlong, 4)
	for y := m.view.Min.Y; y < m.view.Max.Y; y += side {
		for x := m.view.Min.X; x < m.view.Max.X; x += side {
			c := image.Rect(x, y, x+side, y+side).Intersect(m.view)
			if slices.ContainsFunc(parts, c.Overlaps) {
				m.cells = append(m.cells, c)
			}
		}
	}
	m.seen, m.now = make([]int32, len(m.cells)), make([]int32, len(m.cells))
}

// light is what all cells have in common of the way from one picture to another, the median of their differences, with the
// least and the greatest of them. There is at least one cell. Counting is many times faster than sorting.
func light(now, before []int32) (median, least, most int32) {
	const reach = 255 * cellScale // beyond it all is the same: black turned white
	var counts [2*reach + 1]int32
	least, most = reach, -reach
	for i, v := range now {
		d := min(max(v-before[i], -reach), reach)
		least, most = min(least, d), max(most, d)
		counts[d+reach]++
	}
	median = least
	for below := counts[median+reach]; int(below) <= len(now)/2; below += counts[median+reach] {
		median++
	}
	return median, least, most
}

// mean returns what measures parts of a whole picture: their mean in cellScale-ths of a grey level of 255. It looks at luma
// alone; of a BGR picture at (B + 2 G + R) / 4, which is near enough.
func mean(f *models.Frame) func(image.Rectangle) int32 {
	bytes, black, white := 1, 0, 255
	switch {
	case f.Format == models.BGR24:
		bytes = 3
	case f.Format == models.I420 && !f.FullRange:
		black, white = 16, 235
	}
	return func(r image.Rectangle) int32 {
		dx, dy := max(r.Dx()/samplesAlong, 1), max(r.Dy()/samplesAlong, 1)
		sum, n := 0, 0
		for y := r.Min.Y; y < r.Max.Y; y += dy {
			row := f.Pix[y*f.Stride:][bytes*r.Min.X : bytes*r.Max.X]
			if bytes == 1 {
				for x := 0; x < len(row); x += dx {
					sum += int(row[x])
					n++
				}
				continue
			}
			for x := 0; x < len(row); x += 3 * dx {
				p := row[x : x+3]
				sum += int(p[0]) + 2*int(p[1]) + int(p[2])
				n += 4
			}
		}
		return int32((sum - n*black) * cellScale * 255 / (n * (white - black)))
	}
}

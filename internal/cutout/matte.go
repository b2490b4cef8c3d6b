package cutout

import (
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// The matte is made at three times the video's size, where a person of 75 pixels has an edge of more than a pixel.
// Constants are chosen on PETS2009 S2.L1, a camera 20 m away from most people.
const (
	zoom      = 3
	different = 24   // largest difference of a channel to the background from which a pixel is somebody
	faint     = 10   // difference at which the matte begins,
	sure      = 38   // and at which it is full
	shape     = 9    // pixels, closing and opening
	core      = 7    // pixels: the inside of a person is full even where it has the background's colour
	choked    = 0.35 // alpha below which an edge is more background than person,
	chokeSpan = 0.6  // and the span from there to full
	margin    = 0.1  // of a box's height, looked at around it
)

// cutter collects the clean cuts of one video.
type cutter struct {
	size     models.Size
	back     picture // the background, zoomed
	isolated int     // boxes that touch no other
	moving   int     // of these, with somebody in them
	cuts     []cut
}

// cut is one person in one frame.
type cut struct {
	frame  int
	person int64
	foot   [2]float64 // pixels of the video
	height float64    // pixels of the video
	Sprite
}

// frame cuts out whom it can of one picture.
func (c *cutter) frame(n int, pix []byte, rows mot.Rows) {
	for i, r := range rows {
		if r.Score == 0 {
			continue
		}
		m := margin * r.Box.H
		around := models.Box{X: r.Box.X - m, Y: r.Box.Y - m, W: r.Box.W + 2*m, H: r.Box.H + 2*m}
		if around.X < 0 || around.Y < 0 || around.X+around.W > float64(c.size.W) || around.Y+around.H > float64(c.size.H) || crowded(around, i, rows) {
			continue
		}
		c.isolated++
		if s, at, ok := c.matte(pix, r.Box, around); ok {
			c.cuts = append(c.cuts, cut{n, r.ID, [2]float64{(at.X + at.W/2) / zoom, (at.Y + at.H) / zoom}, at.H / zoom, s})
		}
	}
}

func crowded(around models.Box, i int, rows mot.Rows) bool {
	for k, o := range rows {
		if k != i && around.Intersect(o.Box) > 0 {
			return true
		}
	}
	return false
}

// matte cuts out the person in box, looking at the part of the picture around it. at is where the sprite lies in the
// zoomed picture; ok is false when there is nobody, or the outline does not fit the box.
func (c *cutter) matte(pix []byte, box, around models.Box) (s Sprite, at models.Box, ok bool) {
	x0, y0 := int(around.X), int(around.Y)
	part := models.Box{X: float64(x0), Y: float64(y0), W: float64(int(around.W)), H: float64(int(around.H))}
	fore := upscale(pix, c.size, part)
	back := c.back.crop(zoom*x0, zoom*y0, fore.w, fore.h)
	diff := make([]byte, fore.w*fore.h)
	m := newMask(fore.w, fore.h)
	// A shadow lies on the ground, below the box's lower quarter.
	b := models.Box{X: (box.X - part.X) * zoom, Y: (box.Y - part.Y) * zoom, W: box.W * zoom, H: box.H * zoom}
	ground := int(b.Y + 0.75*b.H)
	for i := range diff {
		f, g := fore.pix[3*i:3*i+3], back.pix[3*i:3*i+3]
		diff[i] = difference(f, g)
		if x, y := i%m.w, i/m.w; diff[i] > different && (y < ground || !shadow(f, g)) {
			m.set(x, y)
		}
	}
	all := m.count()
	if float64(all) > 0.1*box.Area()*zoom*zoom {
		c.moving++
	}
	m.dilate(shape)
	m.erode(shape)
	m.erode(shape)
	m.dilate(shape)
	all = m.count()
	m.largest()
	l, t, r, d := m.bounds()
	own := m.count()
	at = models.Box{X: float64(l), Y: float64(t), W: float64(r - l), H: float64(d - t)}
	if own == 0 || float64(own) < 0.9*float64(all) || l == 0 || t == 0 || r == m.w || d == m.h || !clean(at, b, float64(own)) {
		return s, at, false
	}
	s = soften(fore, back, diff, m, l, t, r, d)
	at.X, at.Y = at.X+zoom*part.X, at.Y+zoom*part.Y
	return s, at, true
}

// clean reports whether an outline can be that of the whole person in the box.
func clean(at, box models.Box, area float64) bool {
	fill := area / at.Area()
	return at.H > 0.85*box.H && at.H < 1.1*box.H && at.Y < box.Y+0.1*box.H && at.Y+at.H > box.Y+0.9*box.H &&
		at.W > 0.18*at.H && at.W < 0.62*at.H && fill > 0.4 && fill < 0.85
}

func difference(a, b []byte) (d byte) {
	for i := range 3 {
		d = max(d, max(a[i], b[i])-min(a[i], b[i]))
	}
	return d
}

// shadow reports whether a pixel is the ground, darkened evenly.
func shadow(p, ground []byte) bool {
	least, most := 10.0, 0.0
	for i := range 3 {
		ratio := float64(p[i]) / max(float64(ground[i]), 1)
		least, most = min(least, ratio), max(most, ratio)
	}
	return least > 0.5 && most < 1.06 && most-least < 0.13
}

// soften makes the sprite of a mask: a soft alpha from the difference, full inside; the colours freed from the known
// background, F = aC + (1-a)B; the edge choked and feathered.
func soften(fore, back picture, diff []byte, m *mask, l, t, r, d int) Sprite {
	inside := m.clone()
	inside.erode(core)
	near := m.clone()
	near.dilate(3)
	l, t, r = max(l-1, 0), max(t-1, 0), min(r+1, m.w) // the feet stay on the lower edge
	s := Sprite{W: r - l, H: d - t, BGRA: make([]byte, 4*(r-l)*(d-t))}
	for y := t; y < d; y++ {
		for x := l; x < r; x++ {
			i := y*m.w + x
			var a float64
			switch {
			case inside.on(x, y):
				a = 1
			case near.on(x, y):
				a = min(max(float64(int(diff[i])-faint)/(sure-faint), 0), 1)
			}
			cover := min(max((a-choked)/chokeSpan, 0), 1)
			if cover == 0 {
				continue
			}
			o := 4 * ((y-t)*s.W + x - l)
			for k := range 3 {
				own := (float64(fore.pix[3*i+k]) - (1-a)*float64(back.pix[3*i+k])) / a
				s.BGRA[o+k] = byte(min(max(own, 0), 255)*cover + 0.5)
			}
			s.BGRA[o+3] = byte(255*cover + 0.5)
		}
	}
	s.feather()
	return s
}

// feather smooths a sprite with 1 2 1 in both directions: a standard deviation of .7 pixels, .0035 of a height of 200.
func (s *Sprite) feather() {
	smooth := func(n, lines, step, next int) {
		line := make([]byte, n)
		for k := range lines {
			for c := range 4 {
				at := k*next + c
				for i := range n {
					line[i] = s.BGRA[at+i*step]
				}
				for i := range n {
					s.BGRA[at+i*step] = byte((int(line[max(i-1, 0)]) + 2*int(line[i]) + int(line[min(i+1, n-1)]) + 2) / 4)
				}
			}
		}
	}
	smooth(s.W, s.H, 4, 4*s.W)
	smooth(s.H, s.W, 4*s.W, 4)
}

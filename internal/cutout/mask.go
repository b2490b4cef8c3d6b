package cutout

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// picture is BGR24 without gaps.
type picture struct {
	w, h int
	pix  []byte
}

func (p picture) crop(x, y, w, h int) picture {
	out := picture{w, h, make([]byte, 3*w*h)}
	for i := range h {
		copy(out.pix[3*i*w:3*(i+1)*w], p.pix[3*((y+i)*p.w+x):])
	}
	return out
}

// upscale is a part of a BGR24 picture, whole pixels, zoomed by cubic interpolation (Catmull-Rom).
func upscale(pix []byte, size models.Size, part models.Box) picture {
	x0, y0, w, h := int(part.X), int(part.Y), int(part.W), int(part.H)
	wide := make([]float32, 3*zoom*w*h) // zoomed along the lines
	line := make([]float32, 3*w)
	for y := range h {
		row := pix[3*((y0+y)*size.W+x0) : 3*((y0+y)*size.W+x0+w)]
		for i, v := range row {
			line[i] = float32(v)
		}
		cubic(line, wide[3*zoom*w*y:], w, 3, 3)
	}
	out := picture{zoom * w, zoom * h, make([]byte, 3*zoom*zoom*w*h)}
	tall := make([]float32, zoom*h)
	column := make([]float32, h)
	for x := range 3 * zoom * w {
		for y := range h {
			column[y] = wide[3*zoom*w*y+x]
		}
		cubic(column, tall, h, 1, 1)
		for y, v := range tall {
			out.pix[3*zoom*w*y+x] = byte(min(max(v+0.5, 0), 255))
		}
	}
	return out
}

// weights of the four neighbours for each of the zoom places in a pixel.
var weights = func() (w [zoom][4]float32) {
	for i := range w {
		t := math.Mod((float64(i)+0.5)/zoom+0.5, 1) // from the second neighbour to the third
		w[i] = [4]float32{float32(t * (-0.5 + t*(1-0.5*t))), float32(1 + t*t*(-2.5+1.5*t)), float32(t * (0.5 + t*(2-1.5*t))), float32(t * t * (-0.5 + 0.5*t))}
	}
	return w
}()

// cubic zooms n pixels of so many channels, step values apart.
func cubic(in, out []float32, n, channels, step int) {
	at := func(i, c int) float32 { return in[min(max(i, 0), n-1)*step+c] }
	for i := range n {
		for k := range zoom {
			w := &weights[k]
			first := i - 2 // of the four neighbours
			if 2*k+1 >= zoom {
				first = i - 1
			}
			for c := range channels {
				out[(i*zoom+k)*step+c] = w[0]*at(first, c) + w[1]*at(first+1, c) + w[2]*at(first+2, c) + w[3]*at(first+3, c)
			}
		}
	}
}

// mask is a set of pixels.
type mask struct {
	w, h int
	on   []bool
}

func newMask(w, h int) *mask { return &mask{w, h, make([]bool, w*h)} }

func (m *mask) clone() *mask {
	c := newMask(m.w, m.h)
	copy(c.on, m.on)
	return c
}

func (m *mask) count() (n int) {
	for _, on := range m.on {
		if on {
			n++
		}
	}
	return n
}

// dilate and erode grow and shrink the set by a square of odd size. Outside the picture is no change.
func (m *mask) dilate(size int) { m.morph(size, true) }
func (m *mask) erode(size int)  { m.morph(size, false) }

// morph sets a pixel to v where any pixel of the square is v.
func (m *mask) morph(size int, v bool) {
	pass := func(n, lines, step, next int) {
		line := make([]bool, n)
		for k := range lines {
			for i := range n {
				line[i] = m.on[k*next+i*step]
			}
			last := -size // the last place at which line was v
			ahead := 0
			for i := range n {
				for ; ahead < min(i+size/2+1, n); ahead++ {
					if line[ahead] == v {
						last = ahead
					}
				}
				if last >= i-size/2 {
					m.on[k*next+i*step] = v
				}
			}
		}
	}
	pass(m.w, m.h, 1, m.w)
	pass(m.h, m.w, m.w, 1)
}

// largest keeps the largest connected part (four neighbours).
func (m *mask) largest() {
	label := make([]int32, len(m.on))
	var stack []int
	best, most := int32(0), 0
	parts := int32(0)
	for start, on := range m.on {
		if !on || label[start] != 0 {
			continue
		}
		parts++
		n := 0
		label[start] = parts
		stack = append(stack[:0], start)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			n++
			for _, k := range [4]int{i - m.w, i + m.w, i - 1, i + 1} {
				if k < 0 || k >= len(m.on) || !m.on[k] || label[k] != 0 || k == i-1 && i%m.w == 0 || k == i+1 && k%m.w == 0 {
					continue
				}
				label[k] = parts
				stack = append(stack, k)
			}
		}
		if n > most {
			best, most = parts, n
		}
	}
	for i := range m.on {
		m.on[i] = m.on[i] && label[i] == best
	}
}

// bounds are the left, top, right and bottom of the set; right and bottom excluded.
func (m *mask) bounds() (l, t, r, d int) {
	l, t = m.w, m.h
	for i, on := range m.on {
		if on {
			x, y := i%m.w, i/m.w
			l, t, r, d = min(l, x), min(t, y), max(r, x+1), max(d, y+1)
		}
	}
	return l, t, r, d
}

package cutout

import (
	"math"
	"math/bits"
	"slices"

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
	wide := make([][]float32, h) // zoomed along the lines
	line := make([]float32, 3*(w+4))
	for y := range h {
		row := pix[3*((y0+y)*size.W+x0) : 3*((y0+y)*size.W+x0+w)]
		for i := range w + 4 { // two pixels more at both ends
			k := 3 * min(max(i-2, 0), w-1)
			line[3*i], line[3*i+1], line[3*i+2] = float32(row[k]), float32(row[k+1]), float32(row[k+2])
		}
		out := make([]float32, 3*zoom*w)
		for i := range w {
			for k := range zoom {
				wt, from := &weights[k], line[3*(i+2+first[k]):][:12]
				o := out[3*(i*zoom+k):][:3]
				for c := range o {
					o[c] = wt[0]*from[c] + wt[1]*from[c+3] + wt[2]*from[c+6] + wt[3]*from[c+9]
				}
			}
		}
		wide[y] = out
	}
	n := 3 * zoom * w
	out := picture{zoom * w, zoom * h, make([]byte, n*zoom*h)}
	for y := range h {
		for k := range zoom {
			at := func(i int) []float32 { return wide[min(max(y+first[k]+i, 0), h-1)][:n] }
			wt, a, b, c, d := &weights[k], at(0), at(1), at(2), at(3)
			o := out.pix[(y*zoom+k)*n:][:n]
			for x := range o {
				o[x] = byte(min(max(wt[0]*a[x]+wt[1]*b[x]+wt[2]*c[x]+wt[3]*d[x]+0.5, 0), 255))
			}
		}
	}
	return out
}

// weights of the four neighbours for each of the zoom places in a pixel, and where the first of them is.
var weights, first = func() (w [zoom][4]float32, first [zoom]int) {
	for i := range w {
		at := (float64(i)+0.5)/zoom - 0.5
		t := at - math.Floor(at) // from the second neighbour to the third
		w[i] = [4]float32{float32(t * (-0.5 + t*(1-0.5*t))), float32(1 + t*t*(-2.5+1.5*t)), float32(t * (0.5 + t*(2-1.5*t))), float32(t * t * (-0.5 + 0.5*t))}
		first[i] = int(math.Floor(at)) - 1
	}
	return w, first
}()

// mask is a set of pixels, a bit each; every line begins with a new word.
type mask struct {
	w, h, words int
	bits        []uint64
}

func newMask(w, h int) *mask {
	words := (w + 63) / 64
	return &mask{w, h, words, make([]uint64, words*h)}
}

func (m *mask) clone() *mask { return &mask{m.w, m.h, m.words, slices.Clone(m.bits)} }

func (m *mask) on(x, y int) bool { return m.bits[y*m.words+x/64]>>(x%64)&1 == 1 }
func (m *mask) set(x, y int)     { m.bits[y*m.words+x/64] |= 1 << (x % 64) }
func (m *mask) clear(x, y int)   { m.bits[y*m.words+x/64] &^= 1 << (x % 64) }

func (m *mask) count() (n int) {
	for _, b := range m.bits {
		n += bits.OnesCount64(b)
	}
	return n
}

// erode shrinks the set by a square of odd size: what lies outside the picture counts as part of it.
func (m *mask) erode(size int) {
	m.invert()
	m.dilate(size)
	m.invert()
}

func (m *mask) invert() {
	end := ^uint64(0) >> (64*m.words - m.w) // bits of a line's last word
	for i := range m.bits {
		m.bits[i] = ^m.bits[i]
		if i%m.words == m.words-1 {
			m.bits[i] &= end
		}
	}
}

// dilate grows the set by a square of odd size.
func (m *mask) dilate(size int) {
	end := ^uint64(0) >> (64*m.words - m.w)
	line := make([]uint64, m.words)
	for y := range m.h {
		row := m.bits[y*m.words : (y+1)*m.words]
		for range size / 2 { // a pixel to both sides
			copy(line, row)
			for i, b := range line {
				row[i] |= b<<1 | b>>1
				if i > 0 {
					row[i] |= line[i-1] >> 63
				}
				if i+1 < len(line) {
					row[i] |= line[i+1] << 63
				}
			}
			row[m.words-1] &= end
		}
	}
	before := slices.Clone(m.bits)
	for y := range m.h {
		row := m.bits[y*m.words : (y+1)*m.words]
		for k := max(y-size/2, 0); k <= min(y+size/2, m.h-1); k++ {
			for i := range row {
				row[i] |= before[k*m.words+i]
			}
		}
	}
}

// largest keeps the largest connected part (four neighbours).
func (m *mask) largest() {
	left, best := m.clone(), newMask(m.w, m.h)
	most := 0
	var stack [][2]int
	for left.count() > most {
		_, t, _, _ := left.bounds()
		x := 0
		for !left.on(x, t) {
			x++
		}
		part, n := newMask(m.w, m.h), 0
		take := func(x, y int) {
			if x >= 0 && x < m.w && y >= 0 && y < m.h && left.on(x, y) {
				left.clear(x, y)
				part.set(x, y)
				n++
				stack = append(stack, [2]int{x, y})
			}
		}
		for take(x, t); len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			take(at[0]-1, at[1])
			take(at[0]+1, at[1])
			take(at[0], at[1]-1)
			take(at[0], at[1]+1)
		}
		if n > most {
			best, most = part, n
		}
	}
	m.bits = best.bits
}

// bounds are the left, top, right and bottom of the set; right and bottom excluded.
func (m *mask) bounds() (l, t, r, d int) {
	l, t = m.w, m.h
	for i, b := range m.bits {
		if b != 0 {
			x, y := i%m.words*64, i/m.words
			l, t, r, d = min(l, x+bits.TrailingZeros64(b)), min(t, y), max(r, x+64-bits.LeadingZeros64(b)), max(d, y+1)
		}
	}
	return l, t, r, d
}

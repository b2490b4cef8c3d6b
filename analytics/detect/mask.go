package detect

import "image"

// Mask is a binary picture, one byte a pixel, row by row; not 0 is foreground.
type Mask struct {
	W, H int
	Pix  []byte
}

// blob is one connected part of a mask.
type blob struct {
	image.Rectangle
	area  int
	label int32
}

// blobs labels the 8-connected parts of m that have at least minArea pixels. labels, reused when large enough, gets each
// pixel's label: 0 for background, and for parts too small the number of a part that is not returned.
func (m *Mask) blobs(labels []int32, minArea int) ([]blob, []int32) {
	n := m.W * m.H
	if cap(labels) < n {
		labels = make([]int32, n)
	}
	labels = labels[:n]
	clear(labels)
	var found []blob
	var stack []int
	var next int32
	for i, v := range m.Pix[:n] {
		if v == 0 || labels[i] != 0 {
			continue
		}
		next++
		b := blob{label: next}
		b.Min, b.Max = image.Pt(m.W, m.H), image.Point{}
		labels[i] = next
		for stack = append(stack[:0], i); len(stack) > 0; {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := p%m.W, p/m.W
			b.area++
			b.Min.X, b.Min.Y = min(b.Min.X, x), min(b.Min.Y, y)
			b.Max.X, b.Max.Y = max(b.Max.X, x+1), max(b.Max.Y, y+1)
			for yy := max(y-1, 0); yy <= min(y+1, m.H-1); yy++ {
				for xx := max(x-1, 0); xx <= min(x+1, m.W-1); xx++ {
					if q := yy*m.W + xx; m.Pix[q] != 0 && labels[q] == 0 {
						labels[q] = next
						stack = append(stack, q)
					}
				}
			}
		}
		if b.area >= minArea {
			found = append(found, b)
		}
	}
	return found, labels
}

package detect

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// pad is the grey that fills what the picture leaves free of the network's input (YOLOX, Ge et al. 2021).
const pad = 114

// stride is the coarsest grid of YOLOX: input sides are multiples of it.
const stride = 32

// Letterbox places a picture, scaled without distortion, at the top left of a network's input.
type Letterbox struct {
	Picture, Input models.Size
	Scale          float64     // input pixels per picture pixel
	filled         models.Size // of the input, by the picture
}

// NewLetterbox fits a picture into an input.
func NewLetterbox(picture, input models.Size) Letterbox {
	s := math.Min(float64(input.W)/float64(picture.W), float64(input.H)/float64(picture.H))
	// swscale is three times as fast where the width is even: there two pixels share their colour.
	return Letterbox{picture, input, s, models.Size{
		W: min(max(2*int(math.Round(float64(picture.W)*s/2)), 1), input.W),
		H: min(max(int(math.Round(float64(picture.H)*s)), 1), input.H)}}
}

// InputFor returns the input, sides multiples of 32 and about as many pixels as the square input a network was published
// with, that shows the picture largest. People's height in the network's pixels decides whether they are found, and a
// picture of 16:9 in a square wastes almost half of it.
func InputFor(picture, published models.Size) models.Size {
	budget := float64(published.W*published.H) * 1.03
	best, bestScale := published, NewLetterbox(picture, published).Scale
	for w := stride; w <= 4*published.W; w += stride {
		h := int(budget/float64(w)) / stride * stride
		if h < stride {
			break
		}
		for ; h >= stride; h -= stride { // the smallest that loses nothing is also the cheapest
			l := NewLetterbox(picture, models.Size{W: w, H: h})
			if l.Scale < bestScale {
				break
			}
			if l.Scale > bestScale || w*h < best.W*best.H {
				best, bestScale = l.Input, l.Scale
			}
		}
	}
	return best
}

// Box maps a box from input to picture pixels, clipped to the picture.
func (l Letterbox) Box(b models.Box) models.Box {
	x, y := float64(l.Picture.W)/float64(l.filled.W), float64(l.Picture.H)/float64(l.filled.H)
	return Clip(models.Box{X: b.X * x, Y: b.Y * y, W: b.W * x, H: b.H * y}, l.Picture)
}

// pad moves the rows of the scaled picture, which lie close together at the beginning of pix, to where they belong in a BGR
// picture of the whole input, and fills the rest with grey.
func (l Letterbox) pad(pix []byte) {
	wide, row := 3*l.Input.W, 3*l.filled.W
	if row < wide {
		for y := l.filled.H - 1; y >= 0; y-- {
			copy(pix[y*wide:][:row], pix[y*row:][:row])
			grey(pix[y*wide+row : (y+1)*wide])
		}
	}
	grey(pix[l.filled.H*wide : l.Input.H*wide])
}

func grey(pix []byte) {
	for i := range pix {
		pix[i] = pad
	}
}

// Fill writes the picture as the network wants it: three planes (blue, green, red; red first when rgb) of Input.H x Input.W
// values 0..255, bilinear, padded with grey. dst is grown when needed and returned.
func (l Letterbox) Fill(dst []float32, f *models.Frame, rgb bool) []float32 {
	plane := l.Input.W * l.Input.H
	if cap(dst) < 3*plane {
		dst = make([]float32, 3*plane)
	}
	dst = dst[:3*plane]
	xs := taps(l.filled.W, 0, float64(l.Picture.W), 0, l.Picture.W-1)
	ys := taps(l.filled.H, 0, float64(l.Picture.H), 0, l.Picture.H-1)
	for y := range l.Input.H {
		b, g, r := dst[y*l.Input.W:][:l.Input.W], dst[plane+y*l.Input.W:][:l.Input.W], dst[2*plane+y*l.Input.W:][:l.Input.W]
		if rgb {
			b, r = r, b
		}
		from := 0
		switch {
		case y >= l.filled.H:
		case l.filled == l.Picture: // it was scaled before
			from = l.filled.W
			row := f.Pix[y*f.Stride:][:3*from]
			for x := range from {
				p := row[3*x : 3*x+3]
				b[x], g[x], r[x] = float32(p[0]), float32(p[1]), float32(p[2])
			}
		default:
			from = l.filled.W
			up, down, fy := f.Pix[ys[y].a*f.Stride:], f.Pix[ys[y].b*f.Stride:], ys[y].f
			for x, t := range xs {
				i, j := 3*t.a, 3*t.b
				b[x] = blend(up[i], up[j], down[i], down[j], t.f, fy)
				g[x] = blend(up[i+1], up[j+1], down[i+1], down[j+1], t.f, fy)
				r[x] = blend(up[i+2], up[j+2], down[i+2], down[j+2], t.f, fy)
			}
		}
		for x := from; x < l.Input.W; x++ {
			b[x], g[x], r[x] = pad, pad, pad
		}
	}
	return dst
}

// tap is where one output pixel reads: source pixels a and b, and b's share.
type tap struct {
	a, b int
	f    float32
}

// taps maps n output pixels onto a span of source pixels, pixel centres at halves as in OpenCV's INTER_LINEAR. Nothing is
// read before pixel first or behind pixel last.
func taps(n int, from, length float64, first, last int) []tap {
	t := make([]tap, n)
	for i := range t {
		x := min(max(from+(float64(i)+.5)*length/float64(n)-.5, float64(first)), float64(last))
		a := int(x)
		t[i] = tap{a, min(a+1, last), float32(x - float64(a))}
	}
	return t
}

func blend(a, b, c, d byte, fx, fy float32) float32 {
	top := float32(a) + fx*(float32(b)-float32(a))
	bottom := float32(c) + fx*(float32(d)-float32(c))
	return top + fy*(bottom-top)
}

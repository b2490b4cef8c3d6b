package detecttest

import (
	"bytes"
	"math"
	"math/rand/v2"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Grey is a picture of one grey; n counts frames from 0, five a second.
func Grey(w, h int, v byte, n int) *models.Frame {
	return &models.Frame{Number: int64(n + 1), At: time.Unix(0, 0).UTC().Add(time.Duration(n) * time.Second / 5),
		Size: models.Size{W: w, H: h}, Stride: 3 * w, Pix: bytes.Repeat([]byte{v}, 3*w*h)}
}

// Noise is a picture of nothing but noise, the same for the same n.
func Noise(w, h, n int) *models.Frame {
	f := Grey(w, h, 0, n)
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range f.Pix {
		f.Pix[i] = byte(r.Uint32())
	}
	return f
}

// I420 is a BGR picture in the colours of cameras: luma of full or limited range, by the matrix of BT.709 or BT.601. It is the
// definition in floating point (ITU-R BT.601-7, BT.709-6), chroma the mean of up to four pixels.
func I420(f *models.Frame, full, bt709 bool) *models.Frame {
	out := models.NewI420(f.Size)
	out.Number, out.At, out.Damaged, out.FullRange, out.BT709 = f.Number, f.At, f.Damaged, full, bt709
	black, luma, chroma, kr, kb := 16., 219., 224., .299, .114
	if full {
		black, luma, chroma = 0, 255, 255
	}
	if bt709 {
		kr, kb = .2126, .0722
	}
	y, u, v := out.Planes()
	half := out.ChromaStride()
	sums := make([][3]float64, len(u)) // of blue and red difference, and of pixels
	for i := range f.W * f.H {
		px, py := i%f.W, i/f.W
		p := f.Pix[py*f.Stride+3*px:][:3]
		b, g, r := float64(p[0])/255, float64(p[1])/255, float64(p[2])/255
		l := kr*r + (1-kr-kb)*g + kb*b
		y[py*out.Stride+px] = byte(math.Round(black + luma*l))
		c := &sums[py/2*half+px/2]
		c[0], c[1], c[2] = c[0]+(b-l)/(2-2*kb), c[1]+(r-l)/(2-2*kr), c[2]+1
	}
	for i, s := range sums {
		u[i], v[i] = byte(min(math.Round(128+chroma*s[0]/s[2]), 255)), byte(min(math.Round(128+chroma*s[1]/s[2]), 255))
	}
	return out
}

// inside is the same picture as a part of a larger one: rows lie farther apart, with noise between, and the last row ends
// where its pixels end.
func inside(f *models.Frame) *models.Frame {
	if len(f.Pix) == 0 {
		g := *f
		return &g
	}
	around := Noise(f.W+13, f.H+2, 3)
	pix := around.Pix[around.Stride+3*5:]
	for y := range f.H {
		copy(pix[y*around.Stride:], f.Pix[y*f.Stride:][:3*f.W])
	}
	g := *f
	g.Stride, g.Pix = around.Stride, pix[:(f.H-1)*around.Stride+3*f.W:(f.H-1)*around.Stride+3*f.W]
	return &g
}

// Crop is a part of a picture in the same memory.
func Crop(f *models.Frame, x, y int, s models.Size) *models.Frame {
	g := *f
	g.Size = s
	g.Pix = f.Pix[y*f.Stride+3*x:][:(s.H-1)*f.Stride+3*s.W]
	return &g
}

package detecttest

import (
	"bytes"
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

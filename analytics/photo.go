package analytics

import (
	"image"
	"image/color"
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// photo copies a frame into the colours of JPEG (JFIF: full range, BT.601), which are almost those of I420. A frame without
// a whole picture is an error.
func photo(f *models.Frame) (*image.YCbCr, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	bounds := image.Rect(0, 0, f.W, f.H)
	switch f.Format {
	case models.I420:
		img := image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420)
		y, u, v := f.Planes()
		rows(img.Y, img.YStride, y, f.Stride, f.W)
		rows(img.Cb, img.CStride, u, f.ChromaStride(), (f.W+1)/2)
		rows(img.Cr, img.CStride, v, f.ChromaStride(), (f.W+1)/2)
		develop(img, f)
		return img, nil
	case models.BGR24:
		img := image.NewYCbCr(bounds, image.YCbCrSubsampleRatio444)
		for i := range img.Y {
			p := f.Pix[i/f.W*f.Stride+3*(i%f.W):][:3]
			img.Y[i], img.Cb[i], img.Cr[i] = color.RGBToYCbCr(p[2], p[1], p[0])
		}
		return img, nil
	}
	return nil, models.Errorf(models.KindInvalid, "frame %d: pixels of format %d cannot be shown", f.Number, f.Format)
}

// rows copies rows of a width from one plane to another.
func rows(to []byte, toStride int, from []byte, fromStride, width int) {
	for ; len(to) >= width && len(from) >= width; to, from = to[min(toStride, len(to)):], from[min(fromStride, len(from)):] {
		copy(to[:width], from)
	}
}

// Fixed-point numbers of develop have so many binary places.
const places = 16

// develop turns a frame's planes, copied into img, into full range and BT.601.
func develop(img *image.YCbCr, f *models.Frame) {
	if f.FullRange && !f.BT709 {
		return
	}
	black, luma, chroma := 0, 1<<places, 1<<places
	if !f.FullRange {
		black, luma, chroma = 16, 255<<places/219, 255<<places/224
	}
	// BT.709 as BT.601: luma takes some of the colour difference, which shrinks and turns a little. The numbers follow from
	// the luma coefficients of both (.2126, .0722 and .299, .114).
	uu, uv, vu, vv, yu, yv := 1., 0., 0., 1., 0., 0.
	if f.BT709 {
		uu, uv, vu, vv, yu, yv = .989854, -.110653, -.072453, .983398, .101579, .196076
	}
	fixed := func(v float64) int { return int(math.Round(v * float64(chroma))) }
	blue, red := fixed(yu), fixed(yv)
	for y := range f.H {
		line := img.Y[y*img.YStride:][:f.W]
		for x := range line {
			c := y/2*img.CStride + x/2
			u, v := int(img.Cb[c])-128, int(img.Cr[c])-128
			line[x] = level((int(line[x])-black)*luma + u*blue + v*red)
		}
	}
	bb, br, rb, rr := fixed(uu), fixed(uv), fixed(vu), fixed(vv)
	for c := range img.Cb {
		u, v := int(img.Cb[c])-128, int(img.Cr[c])-128
		img.Cb[c], img.Cr[c] = level(u*bb+v*br+128<<places), level(u*rb+v*rr+128<<places)
	}
}

// level is the nearest byte to a number with places.
func level(v int) byte { return byte(min(max((v+1<<(places-1))>>places, 0), 255)) }

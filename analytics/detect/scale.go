package detect

import (
	"image"

	"github.com/counterwatch/counterwatch/models"
)

// Scale makes a BGR24 picture, rows close together in dst, of a part of a frame at a size. The part lies inside the frame and
// dst holds at least 3 x to.W x to.H bytes; what lies beyond may be overwritten. A frame that is not whole, or a part that is
// empty or not inside it, is a models.KindInvalid error.
//
// An implementation is safe for concurrent use. Bilinear is the one written in Go; analytics/native has a faster one.
type Scale func(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error

// CheckScale returns the error that a Scale returns for what it cannot do.
func CheckScale(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error {
	if err := f.Check(); err != nil {
		return err
	}
	if part.Empty() || !part.In(image.Rect(0, 0, f.W, f.H)) || to.W < 1 || to.H < 1 || len(dst) < 3*to.W*to.H {
		return models.Errorf(models.KindInvalid, "frame %d of %dx%d: its part %v does not fit %dx%d pixels of %d bytes",
			f.Number, f.W, f.H, part, to.W, to.H, len(dst))
	}
	return nil
}

// Bilinear is a Scale that mixes the four pixels nearest to each of the new ones, as OpenCV's INTER_LINEAR does: the networks
// were trained on pictures scaled so.
func Bilinear(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error {
	if err := CheckScale(dst, f, part, to); err != nil {
		return err
	}
	xs := taps(to.W, float64(part.Min.X), float64(part.Dx()), part.Min.X, part.Max.X-1)
	ys := taps(to.H, float64(part.Min.Y), float64(part.Dy()), part.Min.Y, part.Max.Y-1)
	switch f.Format {
	case models.Gray8:
		for y, v := range ys {
			up, down, row := f.Pix[v.a*f.Stride:], f.Pix[v.b*f.Stride:], dst[3*y*to.W:]
			for x, h := range xs {
				g := byte(blend(up[h.a], up[h.b], down[h.a], down[h.b], h.f, v.f) + .5)
				row[3*x], row[3*x+1], row[3*x+2] = g, g, g
			}
		}
	case models.BGR24:
		for y, v := range ys {
			up, down, row := f.Pix[v.a*f.Stride:], f.Pix[v.b*f.Stride:], dst[3*y*to.W:]
			for x, h := range xs {
				for k := range 3 {
					i, j := 3*h.a+k, 3*h.b+k
					row[3*x+k] = byte(blend(up[i], up[j], down[i], down[j], h.f, v.f) + .5)
				}
			}
		}
	case models.I420:
		bilinearI420(dst, f, part, to, xs, ys)
	}
	return nil
}

// bilinearI420 scales luma and, on its coarser grid, chroma, and mixes both to colours.
func bilinearI420(dst []byte, f *models.Frame, part image.Rectangle, to models.Size, xs, ys []tap) {
	luma, u, v := f.Planes()
	half := f.ChromaStride()
	chromaX := taps(to.W, float64(part.Min.X)/2, float64(part.Dx())/2, part.Min.X/2, (part.Max.X-1)/2)
	chromaY := taps(to.H, float64(part.Min.Y)/2, float64(part.Dy())/2, part.Min.Y/2, (part.Max.Y-1)/2)
	c := coloursOf(f)
	for y, t := range ys {
		up, down, row := luma[t.a*f.Stride:], luma[t.b*f.Stride:], dst[3*y*to.W:]
		ct := chromaY[y]
		blue, blueDown, red, redDown := u[ct.a*half:], u[ct.b*half:], v[ct.a*half:], v[ct.b*half:]
		for x, h := range xs {
			k := chromaX[x]
			c.put(row[3*x:3*x+3], blend(up[h.a], up[h.b], down[h.a], down[h.b], h.f, t.f),
				blend(blue[k.a], blue[k.b], blueDown[k.a], blueDown[k.b], k.f, ct.f),
				blend(red[k.a], red[k.b], redDown[k.a], redDown[k.b], k.f, ct.f))
		}
	}
}

// colours turns luma and colour difference into red, green and blue (ITU-R BT.601-7, BT.709-6).
type colours struct {
	black, gain, chroma float32
	rv, gu, gv, bu      float32
}

func coloursOf(f *models.Frame) colours {
	c := colours{black: 16, gain: 255. / 219, chroma: 255. / 224, rv: 1.402, gu: .344136, gv: .714136, bu: 1.772}
	if f.BT709 {
		c.rv, c.gu, c.gv, c.bu = 1.5748, .187324, .468124, 1.8556
	}
	if f.FullRange {
		c.black, c.gain, c.chroma = 0, 1, 1
	}
	return c
}

func (c *colours) put(bgr []byte, y, u, v float32) {
	y, u, v = (y-c.black)*c.gain, (u-128)*c.chroma, (v-128)*c.chroma
	bgr[0] = level(y + c.bu*u)
	bgr[1] = level(y - c.gu*u - c.gv*v)
	bgr[2] = level(y + c.rv*v)
}

func level(v float32) byte { return byte(min(max(v+.5, 0), 255)) }

package decode

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/counterwatch/counterwatch/models"
)

// maxPixels bounds the memory that a forged header can ask for.
const maxPixels = 8192 * 8192

// JPEG is the decoder of Motion JPEG. Its zero value is ready.
type JPEG struct{ number int64 }

var _ Decoder = (*JPEG)(nil)

// Decode decodes the unit's one JPEG.
func (d *JPEG) Decode(u *models.AccessUnit, want Want) ([]*models.Frame, error) {
	d.number++
	if want == Skip {
		return nil, nil
	}
	if len(u.NALUs) != 1 {
		return nil, fmt.Errorf("decode jpeg: %d pictures in one unit, want 1", len(u.NALUs))
	}
	f, err := decodeJPEG(u.NALUs[0])
	if err != nil {
		return nil, fmt.Errorf("decode jpeg: %w", err)
	}
	f.Number, f.At, f.Damaged = d.number, u.At, u.Damaged
	return []*models.Frame{f}, nil
}

// Flush returns nothing: no picture is ever held back.
func (d *JPEG) Flush() ([]*models.Frame, error) { return nil, nil }

// Close does nothing.
func (d *JPEG) Close() error { return nil }

func decodeJPEG(data []byte) (*models.Frame, error) {
	head, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if head.Width*head.Height > maxPixels {
		return nil, fmt.Errorf("%d x %d pixels are too many", head.Width, head.Height)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	f := &models.Frame{Size: models.Size{W: b.Dx(), H: b.Dy()}, Stride: 3 * b.Dx(), Format: models.BGR24, Pix: make([]byte, 3*b.Dx()*b.Dy())}
	for y := range f.H {
		row := f.Pix[y*f.Stride : (y+1)*f.Stride]
		for x := range f.W {
			r, g, bl := rgb(img, b.Min.X+x, b.Min.Y+y)
			row[3*x], row[3*x+1], row[3*x+2] = bl, g, r
		}
	}
	return f, nil
}

// rgb is one pixel; the two kinds of image that cameras send go without an allocation.
func rgb(img image.Image, x, y int) (r, g, b byte) {
	switch m := img.(type) {
	case *image.YCbCr:
		c, s := m.COffset(x, y), m.YOffset(x, y)
		return color.YCbCrToRGB(m.Y[s], m.Cb[c], m.Cr[c])
	case *image.Gray:
		v := m.GrayAt(x, y).Y
		return v, v, v
	default:
		c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
		return c.R, c.G, c.B
	}
}

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
	return i420(img), nil
}

// i420 is a decoded JPEG in the colours it was coded in (JFIF: full range, BT.601), with chroma for every second pixel of
// every second row, as most cameras code it.
func i420(img image.Image) *models.Frame {
	b := img.Bounds()
	f := models.NewI420(models.Size{W: b.Dx(), H: b.Dy()})
	f.FullRange = true
	y, u, v := f.Planes()
	half := f.ChromaStride()
	if m, ok := img.(*image.YCbCr); ok && m.SubsampleRatio == image.YCbCrSubsampleRatio420 {
		for r := range f.H {
			copy(y[r*f.Stride:][:f.W], m.Y[r*m.YStride:])
		}
		for r := range (f.H + 1) / 2 {
			copy(u[r*half:][:half], m.Cb[r*m.CStride:])
			copy(v[r*half:][:half], m.Cr[r*m.CStride:])
		}
		return f
	}
	for cy := range (f.H + 1) / 2 {
		for cx := range half {
			var blue, red, n int
			for py := 2 * cy; py < min(2*cy+2, f.H); py++ {
				for px := 2 * cx; px < min(2*cx+2, f.W); px++ {
					c := ycbcr(img, b.Min.X+px, b.Min.Y+py)
					y[py*f.Stride+px] = c.Y
					blue, red, n = blue+int(c.Cb), red+int(c.Cr), n+1
				}
			}
			u[cy*half+cx], v[cy*half+cx] = byte((blue+n/2)/n), byte((red+n/2)/n)
		}
	}
	return f
}

// ycbcr is one pixel; the two kinds of image that cameras send go without an allocation.
func ycbcr(img image.Image, x, y int) color.YCbCr {
	switch m := img.(type) {
	case *image.YCbCr:
		return m.YCbCrAt(x, y)
	case *image.Gray:
		return color.YCbCr{Y: m.GrayAt(x, y).Y, Cb: 128, Cr: 128}
	default:
		return color.YCbCrModel.Convert(img.At(x, y)).(color.YCbCr)
	}
}

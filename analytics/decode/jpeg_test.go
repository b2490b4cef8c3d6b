package decode

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func picture(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// halves is blue on the left and orange on the right.
func halves(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 200, 255}
			if x >= w/2 {
				c = color.RGBA{220, 120, 0, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func TestJPEG(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range grey.Pix {
		grey.Pix[i] = 90
	}
	for _, c := range []struct {
		name        string
		img         image.Image
		left, right [3]byte // BGR
	}{
		{"colour", halves(32, 16), [3]byte{200, 0, 0}, [3]byte{0, 120, 220}},
		{"odd size", halves(33, 17), [3]byte{200, 0, 0}, [3]byte{0, 120, 220}},
		{"grey", grey, [3]byte{90, 90, 90}, [3]byte{90, 90, 90}},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := time.Unix(5, 0)
			var d JPEG
			fs, err := d.Decode(&models.AccessUnit{Codec: models.CodecMJPEG, NALUs: [][]byte{picture(t, c.img)}, At: at, Damaged: true}, Picture)
			if err != nil || len(fs) != 1 {
				t.Fatal(fs, err)
			}
			f, b := fs[0], c.img.Bounds()
			if f.Number != 1 || !f.At.Equal(at) || !f.Damaged || f.W != b.Dx() || f.H != b.Dy() || f.Format != models.I420 || !f.FullRange || f.Check() != nil {
				t.Fatalf("frame %+v", f)
			}
			y, u, v := f.Planes()
			for x, want := range map[int][3]byte{2: c.left, f.W - 2: c.right} {
				at := f.H/4*f.ChromaStride() + x/2
				r, g, bl := color.YCbCrToRGB(y[f.H/2*f.Stride+x], u[at], v[at])
				for i, got := range []byte{bl, g, r} {
					if int(got)-int(want[i]) > 8 || int(want[i])-int(got) > 8 {
						t.Fatalf("pixel %d channel %d is %d, want %d", x, i, got, want[i])
					}
				}
			}
		})
	}
}

// The planes of the commonest JPEG are taken as they are.
func TestJPEGIsNotConverted(t *testing.T) {
	data := picture(t, halves(34, 18))
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	f, err := decodeJPEG(data)
	if err != nil {
		t.Fatal(err)
	}
	m, half := img.(*image.YCbCr), f.ChromaStride()
	y, u, v := f.Planes()
	for r := range 18 {
		c := r / 2
		if !bytes.Equal(y[r*f.Stride:][:34], m.Y[r*m.YStride:][:34]) || !bytes.Equal(u[c*half:][:17], m.Cb[c*m.CStride:][:17]) ||
			!bytes.Equal(v[c*half:][:17], m.Cr[c*m.CStride:][:17]) {
			t.Fatalf("row %d differs", r)
		}
	}
}

// Other cameras code more colour, or none: it is brought to half of both sides.
func TestJPEGOfOtherSubsampling(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411} {
		t.Run(ratio.String(), func(t *testing.T) {
			m := image.NewYCbCr(image.Rect(0, 0, 17, 9), ratio)
			for py := range 9 {
				for px := range 17 {
					m.Y[m.YOffset(px, py)] = byte(10*px + py)
					m.Cb[m.COffset(px, py)], m.Cr[m.COffset(px, py)] = byte(100+m.COffset(px, py)%m.CStride), 77
				}
			}
			f := i420(m)
			y, u, v := f.Planes()
			if f.Check() != nil || !f.FullRange || f.BT709 || y[8*f.Stride+16] != 168 {
				t.Fatalf("%+v", f)
			}
			for cx := range 8 { // the mean of the two pixels that share it
				want := (int(m.YCbCrAt(2*cx, 0).Cb) + int(m.YCbCrAt(2*cx+1, 0).Cb) + 1) / 2
				if got := int(u[3*f.ChromaStride()+cx]); got != want || v[cx] != 77 {
					t.Errorf("column %d: %d, want %d; red %d", cx, got, want, v[cx])
				}
			}
		})
	}
}

func TestJPEGSkip(t *testing.T) {
	var d JPEG
	n := 0
	for _, want := range []Want{Skip, Skip, Picture, Skip} {
		fs, err := d.Decode(&models.AccessUnit{NALUs: [][]byte{picture(t, halves(8, 8))}}, want)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fs {
			if n++; f.Number != 3 {
				t.Fatalf("number %d", f.Number)
			}
		}
	}
	if n != 1 {
		t.Fatalf("%d frames", n)
	}
}

func FuzzJPEG(f *testing.F) {
	whole := picture(f, halves(16, 16))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var d JPEG
		fs, err := d.Decode(&models.AccessUnit{NALUs: [][]byte{data}}, Glance)
		if (err == nil) != (len(fs) == 1) {
			t.Fatalf("%d frames and error %v", len(fs), err)
		}
	})
}

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
			if f.Number != 1 || !f.At.Equal(at) || !f.Damaged || f.W != b.Dx() || f.H != b.Dy() || len(f.Pix) != f.Stride*f.H {
				t.Fatalf("frame %+v", f)
			}
			for x, want := range map[int][3]byte{2: c.left, f.W - 2: c.right} {
				for i := range 3 {
					if got := f.Pix[f.Stride*(f.H/2)+3*x+i]; int(got)-int(want[i]) > 8 || int(want[i])-int(got) > 8 {
						t.Fatalf("pixel %d channel %d is %d, want %d", x, i, got, want[i])
					}
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

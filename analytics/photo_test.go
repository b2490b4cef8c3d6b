package analytics

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/models"
)

// halves is a BGR picture, orange on the left and blue on the right.
func halves(w, h int) *models.Frame {
	f := detecttest.Grey(w, h, 0, 0)
	for i := range w * h {
		p := f.Pix[3*i : 3*i+3]
		if p[0], p[1], p[2] = 200, 60, 30; i%w < w/2 {
			p[0], p[1], p[2] = 20, 120, 220
		}
	}
	return f
}

// What a JPEG shows is what the camera saw, whatever the range and the matrix of its colours.
func TestEncodeKeepsColours(t *testing.T) {
	for _, s := range []models.Size{{W: 64, H: 48}, {W: 65, H: 47}} {
		for name, f := range map[string]*models.Frame{
			"BGR":                  halves(s.W, s.H),
			"BT.601":               detecttest.I420(halves(s.W, s.H), false, false),
			"BT.601, full range":   detecttest.I420(halves(s.W, s.H), true, false),
			"BT.709":               detecttest.I420(halves(s.W, s.H), false, true),
			"BT.709, full range":   detecttest.I420(halves(s.W, s.H), true, true),
			"rows that lie apart":  apart(detecttest.I420(halves(s.W, s.H), false, false)),
			"rows apart, odd, 709": apart(detecttest.I420(halves(s.W, s.H), false, true)),
		} {
			t.Run(fmt.Sprintf("%s %dx%d", name, s.W, s.H), func(t *testing.T) {
				img := shown(t, &album{}, f)
				for _, at := range []struct{ x, r, g, b int }{{8, 220, 120, 20}, {s.W - 8, 30, 60, 200}} {
					r, g, b, _ := img.At(at.x, s.H/2).RGBA()
					for _, d := range []int{int(r>>8) - at.r, int(g>>8) - at.g, int(b>>8) - at.b} {
						if d < -6 || d > 6 {
							t.Fatalf("at %d: %d %d %d, want %v", at.x, r>>8, g>>8, b>>8, at)
						}
					}
				}
			})
		}
	}
}

// What lies under a mask is black to the last bit, in the picture before it is packed and, away from the mask's edge, after.
func TestEncodeBlackensMasks(t *testing.T) {
	for name, f := range map[string]*models.Frame{
		"BGR":    halves(64, 48),
		"I420":   detecttest.I420(halves(64, 48), false, false),
		"BT.709": detecttest.I420(halves(64, 48), true, true),
	} {
		t.Run(name, func(t *testing.T) {
			before := bytes.Clone(f.Pix)
			a := &album{masks: []models.Polygon{{{X: 0, Y: 0}, {X: .25, Y: 0}, {X: .25, Y: 1}, {X: 0, Y: 1}}}}
			img := shown(t, a, f)
			for y := range 48 {
				for x := range 16 {
					if r, g, b, _ := img.At(x, y).RGBA(); r|g|b != 0 {
						t.Fatalf("pixel %d,%d is %d %d %d", x, y, r>>8, g>>8, b>>8)
					}
				}
			}
			if r, _, _, _ := img.At(28, 20).RGBA(); r>>8 < 200 {
				t.Errorf("beside the mask red is %d", r>>8)
			}
			if !bytes.Equal(before, f.Pix) {
				t.Error("the frame itself was blackened")
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, f := range map[string]*models.Frame{
		"no pixels": {Size: models.Size{W: 8, H: 8}, Stride: 8, Format: models.I420},
		"too short": {Size: models.Size{W: 8, H: 8}, Stride: 8, Format: models.I420, Pix: make([]byte, 95)},
		"grey":      {Size: models.Size{W: 8, H: 8}, Stride: 8, Format: models.Gray8, Pix: make([]byte, 64)},
	} {
		if _, err := (&album{}).encode(f); models.KindOf(err) != models.KindInvalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDark(t *testing.T) {
	for _, c := range []struct {
		level byte
		lamps int // columns of white of 64
		want  bool
	}{{0, 0, true}, {30, 0, true}, {35, 0, false}, {10, 1, true}, {10, 8, false}} {
		bgr := detecttest.Grey(64, 48, c.level, 0)
		for y := range 48 {
			for x := range 3 * c.lamps {
				bgr.Pix[y*bgr.Stride+x] = 255
			}
		}
		for name, f := range map[string]*models.Frame{
			"BGR": bgr, "I420": detecttest.I420(bgr, false, false), "full range": detecttest.I420(bgr, true, false),
		} {
			if got := dark(f); got != c.want {
				t.Errorf("%s, level %d, %d lamps: dark is %v", name, c.level, c.lamps, got)
			}
		}
	}
}

func shown(t *testing.T, a *album, f *models.Frame) image.Image {
	t.Helper()
	data, err := a.encode(f)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds() != image.Rect(0, 0, f.W, f.H) {
		t.Fatal(img.Bounds(), err)
	}
	return img
}

// apart is the same I420 picture with rows farther apart.
func apart(f *models.Frame) *models.Frame {
	wide := models.NewI420(models.Size{W: f.W + 14, H: f.H})
	wide.FullRange, wide.BT709 = f.FullRange, f.BT709
	y, u, v := f.Planes()
	y2, u2, v2 := wide.Planes()
	rows(y2, wide.Stride, y, f.Stride, f.W)
	rows(u2, wide.ChromaStride(), u, f.ChromaStride(), f.ChromaStride())
	rows(v2, wide.ChromaStride(), v, f.ChromaStride(), f.ChromaStride())
	wide.Size = f.Size
	return wide
}

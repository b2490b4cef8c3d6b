package detect_test

import (
	"fmt"
	"image"
	"math"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/models"
)

// Bilinear brings every format back to the same colours.
func TestBilinearColours(t *testing.T) {
	size := models.Size{W: 65, H: 47}
	bgr := detecttest.Grey(size.W, size.H, 0, 0)
	for i := range size.W * size.H {
		p := bgr.Pix[3*i : 3*i+3]
		if p[0], p[1], p[2] = 200, 60, 30; i%size.W < 32 {
			p[0], p[1], p[2] = 20, 120, 220
		}
	}
	frames := map[string]*models.Frame{"BGR": bgr}
	for _, full := range []bool{false, true} {
		for _, bt709 := range []bool{false, true} {
			frames[fmt.Sprintf("I420, full range %v, BT.709 %v", full, bt709)] = detecttest.I420(bgr, full, bt709)
		}
	}
	to := models.Size{W: 30, H: 20}
	for name, f := range frames {
		t.Run(name, func(t *testing.T) {
			dst := make([]byte, 3*to.W*to.H)
			if err := detect.Bilinear(dst, f, image.Rect(2, 3, 62, 43), to); err != nil {
				t.Fatal(err)
			}
			for x, want := range map[int][3]byte{0: {20, 120, 220}, 13: {20, 120, 220}, 17: {200, 60, 30}, 29: {200, 60, 30}} {
				for k := range 3 {
					if got := dst[3*(10*to.W+x)+k]; math.Abs(float64(got)-float64(want[k])) > 2 {
						t.Errorf("column %d, channel %d: %d, want %d", x, k, got, want[k])
					}
				}
			}
		})
	}
}

// A picture in grey is grey.
func TestBilinearGrey(t *testing.T) {
	f := &models.Frame{Size: models.Size{W: 4, H: 2}, Stride: 6, Format: models.Gray8, Pix: []byte{0, 20, 40, 60, 9, 9, 100, 120, 140, 160}}
	dst := make([]byte, 6)
	if err := detect.Bilinear(dst, f, image.Rect(0, 0, 4, 2), models.Size{W: 2, H: 1}); err != nil || [6]byte(dst) != [6]byte{60, 60, 60, 100, 100, 100} {
		t.Error(dst, err)
	}
}

// lamps is a network with an input of its own: it finds white pixels of what it is shown, as boxes of 4 x 8 input pixels.
type lamps struct{ shown []models.Frame }

func (l *lamps) Detect(f *models.Frame) (found []models.Detection, err error) {
	l.shown = append(l.shown, *f)
	for y := range f.H {
		for x := range f.W {
			if p := f.Pix[y*f.Stride+3*x:]; p[0] > 200 && p[1] > 200 && p[2] > 200 {
				found = append(found, models.Detection{Box: models.Box{X: float64(x) - 2, Y: float64(y) - 4, W: 4, H: 8}, Score: .9})
			}
		}
	}
	return detect.Suppress(found, .1), nil
}
func (l *lamps) Info() detect.Info {
	return detect.Info{Name: "lamps", Engine: "opencv", Input: models.Size{W: 96, H: 96}, Thresholds: models.Thresholds{Low: .2, High: .3}}
}
func (l *lamps) Close() error { return nil }

// lit is a dark picture of 640 x 360 in I420 with a white square of 8 x 8 at a place.
func lit(at image.Point) *models.Frame {
	f := detecttest.Grey(640, 360, 20, 0)
	for y := at.Y - 4; y < at.Y+4; y++ {
		for x := 3 * (at.X - 4); x < 3*(at.X+4); x++ {
			f.Pix[y*f.Stride+x] = 255
		}
	}
	return detecttest.I420(f, false, false)
}

// A network is shown exactly its input, padded with grey, and what it finds there is where it is in the camera's picture.
func TestCameraScalesToTheNetwork(t *testing.T) {
	queue := []models.Zone{{ID: "q", Kind: models.ZoneQueue, Polygon: models.Polygon{{X: .31, Y: .51}, {X: .72, Y: .51}, {X: .72, Y: .93}, {X: .31, Y: .93}}}}
	for _, c := range []struct {
		name string
		conf models.Camera
		n    int
	}{
		{"whole", models.Camera{Detector: models.DetectorConfig{View: "whole"}}, 1},
		{"zones", models.Camera{Zones: queue}, 1},
		{"three tiles", models.Camera{Zones: queue, Detector: models.DetectorConfig{Tiles: 3}}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &lamps{}
			k := detect.ForCamera(c.conf.WithDefaults(), l, nil)
			at := image.Pt(300, 260)
			found, err := k.Detect(lit(at))
			if err != nil || len(found) != 1 || len(l.shown) != c.n {
				t.Fatalf("%v in %d pictures, %v", found, len(l.shown), err)
			}
			x, y := found[0].Box.X+found[0].Box.W/2, found[0].Box.Y+found[0].Box.H/2
			if math.Abs(x-float64(at.X)) > 6 || math.Abs(y-float64(at.Y)) > 6 {
				t.Errorf("found at %.1f, %.1f", x, y)
			}
			for _, f := range l.shown {
				if f.Format != models.BGR24 || f.W%32 != 0 || f.H%32 != 0 || f.W*f.H > 96*96*103/100 {
					t.Errorf("shown %dx%d of format %d", f.W, f.H, f.Format)
				}
				if last := f.Pix[len(f.Pix)-1]; last != 114 && last > 30 {
					t.Errorf("the last pixel is %d: neither picture nor padding", last)
				}
			}
		})
	}
}

// A detector that learns its scene sees the whole picture, in BGR.
func TestCameraShowsTheWholePictureToOthers(t *testing.T) {
	d := &whole{}
	k := detect.ForCamera(models.Camera{}, d, nil)
	for _, f := range []*models.Frame{lit(image.Pt(100, 100)), detecttest.Grey(640, 360, 20, 0)} {
		if _, err := k.Detect(f); err != nil || d.seen.Format != models.BGR24 || d.seen.Size != f.Size || detect.CheckFrame(&d.seen) != nil {
			t.Errorf("shown %v of format %d, %v", d.seen.Size, d.seen.Format, err)
		}
	}
	if _, err := k.Detect(&models.Frame{Size: models.Size{W: 64, H: 48}, Stride: 64, Format: models.I420}); models.KindOf(err) != models.KindInvalid || err == nil {
		t.Error(err)
	}
}

type whole struct{ seen models.Frame }

func (w *whole) Detect(f *models.Frame) ([]models.Detection, error) { w.seen = *f; return nil, nil }
func (w *whole) Info() detect.Info                                  { return detect.Info{Name: "whole"} }
func (w *whole) Close() error                                       { return nil }

// However still it is, the network looks again after two seconds, and when the clock went back.
func TestCameraLooksAgain(t *testing.T) {
	l := &lamps{}
	k := detect.ForCamera(models.Camera{Detector: models.DetectorConfig{View: "whole"}}.WithDefaults(), l, nil)
	began := time.Unix(1000, 0)
	for i, c := range []struct {
		at    time.Duration
		gated bool
	}{{0, false}, {500, false}, {1000, true}, {2400, true}, {2500, false}, {3000, true}, {2000, false}, {2100, true}, {4000, false}} {
		f := lit(image.Pt(300, 260)) // the first two must agree before one stands for the next
		f.At = began.Add(c.at * time.Millisecond)
		if _, err := k.Detect(f); err != nil || k.Gated() != c.gated {
			t.Errorf("%d: at %d ms gated is %v, %v", i, c.at, k.Gated(), err)
		}
	}
}

// Package detecttest is the suite that every detect.Detector passes. In goes a way to make a detector and what it is able
// to find; it imports models and analytics/detect and is imported by tests only.
package detecttest

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// Case says how to test one detector.
type Case struct {
	New func(t *testing.T) detect.Detector
	// Frames are shown in order; in the last one the detector finds at least Find of the People to within IoU. No Frames:
	// the detector cannot be shown anybody here.
	Frames []*models.Frame
	People []models.Box
	Find   int
	IoU    float64 // 0 is 0.5
}

// Run runs the suite.
func Run(t *testing.T, c Case) {
	t.Run("empty picture has nobody", func(t *testing.T) {
		d := open(t, c)
		for i := range 3 {
			found := detectAll(t, d, Grey(320, 240, 128, i))
			if strong := countAbove(found, d.Info().Thresholds.High); strong > 0 {
				t.Fatalf("found %d people in an empty picture: %v", strong, found)
			}
		}
	})
	t.Run("refuses what is not a picture", func(t *testing.T) {
		d := open(t, c)
		whole := Grey(64, 48, 128, 0)
		for name, f := range map[string]models.Frame{
			"no pixels":  {Number: 1, Size: whole.Size, Stride: whole.Stride},
			"too short":  {Number: 1, Size: whole.Size, Stride: whole.Stride, Pix: whole.Pix[:len(whole.Pix)/2]},
			"grey":       {Number: 1, Size: whole.Size, Stride: whole.Stride, Pix: whole.Pix, Format: models.Gray8},
			"no size":    {Number: 1, Pix: whole.Pix},
			"bad stride": {Number: 1, Size: whole.Size, Stride: 3, Pix: whole.Pix},
		} {
			if _, err := d.Detect(&f); models.KindOf(err) != models.KindInvalid || err == nil {
				t.Errorf("%s: error %v, want one of kind invalid", name, err)
			}
		}
	})
	t.Run("odd sizes and padded rows", func(t *testing.T) {
		d := open(t, c)
		for _, s := range []models.Size{{W: 1, H: 1}, {W: 33, H: 17}, {W: 17, H: 333}, {W: 321, H: 243}} {
			detectAll(t, d, Grey(s.W, s.H, 90, 0))
		}
		f := Grey(64, 48, 128, 0)
		padded := &models.Frame{Number: 1, At: f.At, Size: f.Size, Stride: f.Stride + 13}
		padded.Pix = make([]byte, padded.Stride*f.H)
		for y := range f.H {
			copy(padded.Pix[y*padded.Stride:], f.Pix[y*f.Stride:][:f.Stride])
		}
		detectAll(t, d, padded)
	})
	if len(c.Frames) > 0 {
		t.Run("finds people", func(t *testing.T) { finds(t, c) })
	}
	t.Run("concurrent calls", func(t *testing.T) {
		d := open(t, c)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				if _, err := d.Detect(Grey(160, 120, 100, i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("close", func(t *testing.T) {
		d := c.New(t)
		if d.Info().String() == "" {
			t.Error("the detector has no name")
		}
		for range 2 {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := d.Detect(Grey(64, 48, 128, 0)); err == nil {
			t.Error("a closed detector detects")
		}
	})
}

func finds(t *testing.T, c Case) {
	d := open(t, c)
	var found []models.Detection
	for _, f := range c.Frames {
		before := bytes.Clone(f.Pix)
		found = detectAll(t, d, f)
		if !bytes.Equal(before, f.Pix) {
			t.Fatalf("frame %d was changed", f.Number)
		}
	}
	least := c.IoU
	if least == 0 {
		least = .5
	}
	n := 0
	for _, p := range c.People {
		for _, f := range found {
			if f.Score >= d.Info().Thresholds.High && f.Box.IoU(p) >= least {
				n++
				break
			}
		}
	}
	if n < c.Find {
		t.Errorf("found %d of %d people, want %d: %v", n, len(c.People), c.Find, found)
	}
}

func open(t *testing.T, c Case) detect.Detector {
	d := c.New(t)
	t.Cleanup(func() { d.Close() })
	return d
}

// detectAll detects and checks what holds for every answer.
func detectAll(t *testing.T, d detect.Detector, f *models.Frame) []models.Detection {
	t.Helper()
	found, err := d.Detect(f)
	if err != nil {
		t.Fatalf("frame %d (%dx%d): %v", f.Number, f.W, f.H, err)
	}
	for i, p := range found {
		b := p.Box
		if b.X < 0 || b.Y < 0 || b.W <= 0 || b.H <= 0 || b.X+b.W > float64(f.W)+1e-6 || b.Y+b.H > float64(f.H)+1e-6 {
			t.Errorf("frame %d: box %v leaves the picture", f.Number, b)
		}
		if !(p.Score >= 0 && p.Score <= 1) {
			t.Errorf("frame %d: score %v", f.Number, p.Score)
		}
		if i > 0 && p.Score > found[i-1].Score {
			t.Errorf("frame %d: scores not in order: %v", f.Number, found)
		}
	}
	return found
}

func countAbove(d []models.Detection, score float64) int {
	n := 0
	for _, p := range d {
		if p.Score >= score {
			n++
		}
	}
	return n
}

// Grey is a picture of one grey; n counts frames from 0, five a second.
func Grey(w, h int, v byte, n int) *models.Frame {
	f := &models.Frame{Number: int64(n + 1), At: time.Unix(0, 0).UTC().Add(time.Duration(n) * time.Second / 5),
		Size: models.Size{W: w, H: h}, Stride: 3 * w, Pix: make([]byte, 3*w*h)}
	for i := range f.Pix {
		f.Pix[i] = v
	}
	return f
}

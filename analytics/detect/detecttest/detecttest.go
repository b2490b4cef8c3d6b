// Package detecttest is the suite that every detect.Detector passes. In goes a way to make a detector and what it is able
// to find; it imports models and analytics/detect and is imported by tests only.
package detecttest

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

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
	// Learns: what it answers depends on the frames before.
	Learns bool
	// Replays: it looks at no pixels, and gives boxes back as they were recorded.
	Replays bool
}

// Run runs the suite.
func Run(t *testing.T, c Case) {
	if !c.Replays {
		t.Run("empty picture has nobody", func(t *testing.T) {
			d := open(t, c)
			for i := range 3 {
				found := c.detect(t, d, Grey(320, 240, 128, i))
				if strong := countAbove(found, d.Info().Thresholds.High); strong > 0 {
					t.Fatalf("found %d people in an empty picture: %v", strong, found)
				}
			}
		})
		t.Run("refuses what is not a picture", func(t *testing.T) { refuses(t, c) })
		t.Run("odd sizes", func(t *testing.T) {
			d := open(t, c)
			for _, s := range OddSizes {
				c.detect(t, d, Grey(s.W, s.H, 90, 0))
				c.detect(t, d, Noise(s.W, s.H, 1))
			}
		})
	}
	if len(c.Frames) > 0 {
		t.Run("finds people", func(t *testing.T) { finds(t, c) })
	}
	t.Run("neither changes, keeps nor needs the frame's memory", func(t *testing.T) { borrows(t, c) })
	t.Run("concurrent calls", func(t *testing.T) { concurrent(t, c) })
	t.Run("close", func(t *testing.T) { closes(t, c) })
}

// OddSizes are sizes of pictures that divide by nothing.
var OddSizes = []models.Size{{W: 1, H: 1}, {W: 2, H: 3}, {W: 33, H: 17}, {W: 17, H: 333}, {W: 641, H: 29}, {W: 321, H: 243}}

func refuses(t *testing.T, c Case) {
	d := open(t, c)
	whole := Grey(64, 48, 128, 0)
	for name, f := range map[string]models.Frame{
		"no pixels":     {Number: 1, Size: whole.Size, Stride: whole.Stride},
		"too short":     {Number: 1, Size: whole.Size, Stride: whole.Stride, Pix: whole.Pix[:len(whole.Pix)/2]},
		"one byte less": {Number: 1, Size: whole.Size, Stride: whole.Stride, Pix: whole.Pix[:len(whole.Pix)-1]},
		"grey":          {Number: 1, Size: whole.Size, Stride: whole.Stride, Pix: whole.Pix, Format: models.Gray8},
		"no size":       {Number: 1, Pix: whole.Pix},
		"negative size": {Number: 1, Size: models.Size{W: -64, H: 48}, Stride: whole.Stride, Pix: whole.Pix},
		"bad stride":    {Number: 1, Size: whole.Size, Stride: 3, Pix: whole.Pix},
	} {
		if found, err := d.Detect(&f); err == nil || models.KindOf(err) != models.KindInvalid || found != nil {
			t.Errorf("%s: %v, error %v, want one of kind invalid", name, found, err)
		}
	}
	c.detect(t, d, whole) // it goes on
}

func finds(t *testing.T, c Case) {
	d := open(t, c)
	var found []models.Detection
	for _, f := range c.Frames {
		found = c.detect(t, d, f)
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

// borrows shows two detectors the same pictures: one the frames as they are, the other parts of larger memory that is
// overwritten after each call. Both say the same, and what was said before stays.
func borrows(t *testing.T, c Case) {
	plain, lent := open(t, c), open(t, c)
	frames := c.shown()
	var all, copies [][]models.Detection
	for _, f := range frames {
		want := c.detect(t, plain, f)
		part := inside(f)
		before := *part
		before.Pix = append([]byte(nil), part.Pix...)
		got := c.detect(t, lent, part)
		if !reflect.DeepEqual(*part, before) {
			t.Fatalf("frame %d was changed", f.Number)
		}
		if !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
			t.Fatalf("frame %d: %v; with padded rows %v", f.Number, want, got)
		}
		for i := range part.Pix {
			part.Pix[i] = byte(i * 7)
		}
		all, copies = append(all, got), append(copies, append([]models.Detection(nil), got...))
	}
	for i := range all {
		if len(all[i]) > 0 && !reflect.DeepEqual(all[i], copies[i]) {
			t.Errorf("what was found in frame %d changed afterwards", frames[i].Number)
		}
	}
	if last := all[len(all)-1]; len(last) > 0 {
		last[0].Score = -1 // the caller owns the answer
	}
	if !c.Learns {
		f := frames[len(frames)-1]
		if again := c.detect(t, lent, f); len(again) != len(copies[len(copies)-1]) || len(again) > 0 && !reflect.DeepEqual(again, copies[len(copies)-1]) {
			t.Errorf("the same picture again: %v, before %v", again, copies[len(copies)-1])
		}
	}
}

// shown is what there is to show, cut to its middle because some detectors are slow: the newest of the frames, or noise.
func (c Case) shown() (frames []*models.Frame) {
	if len(c.Frames) == 0 {
		return []*models.Frame{Noise(161, 119, 1), Noise(161, 119, 2)}
	}
	for _, f := range c.Frames[max(len(c.Frames)-20, 0):] {
		if s := (models.Size{W: min(f.W, 400), H: min(f.H, 300)}); !c.Replays {
			f = Crop(f, (f.W-s.W)/2, (f.H-s.H)/2, s)
		}
		frames = append(frames, f)
	}
	return frames
}

func concurrent(t *testing.T, c Case) {
	d := open(t, c)
	f := c.shown()[len(c.shown())-1]
	var want []models.Detection
	if !c.Learns {
		want = c.detect(t, d, f)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := d.Detect(f)
			if err != nil {
				t.Error(err)
			}
			if !c.Learns && (len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want)) {
				t.Errorf("at the same time as others %v, alone %v", got, want)
			}
		})
	}
	wg.Wait()
	for range 2 { // closed while somebody detects
		wg.Go(func() {
			if _, err := d.Detect(f); err != nil && !errors.Is(err, detect.ErrClosed) {
				t.Error(err)
			}
		})
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func closes(t *testing.T, c Case) {
	d := c.New(t)
	if d.Info().Name == "" || d.Info().String() == "" {
		t.Error("the detector has no name")
	}
	if th := d.Info().Thresholds; !(0 < th.Low && th.Low <= th.High && th.High <= th.Birth && th.Birth <= th.Immediate && th.Immediate <= 1) {
		t.Errorf("thresholds %+v", th)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Detect(Grey(64, 48, 128, 0)); !errors.Is(err, detect.ErrClosed) {
		t.Errorf("a closed detector answers %v", err)
	}
}

func open(t *testing.T, c Case) detect.Detector {
	d := c.New(t)
	t.Cleanup(func() { d.Close() })
	return d
}

// detect detects and checks what holds for every answer.
func (c Case) detect(t *testing.T, d detect.Detector, f *models.Frame) []models.Detection {
	t.Helper()
	found, err := d.Detect(f)
	if err != nil {
		t.Fatalf("frame %d (%dx%d): %v", f.Number, f.W, f.H, err)
	}
	if c.Replays {
		return found
	}
	if err := check(found, f.Size); err != nil {
		t.Errorf("frame %d (%dx%d): %v: %v", f.Number, f.W, f.H, err, found)
	}
	return found
}

// check says what is wrong with an answer.
func check(found []models.Detection, s models.Size) error {
	for i, p := range found {
		b := p.Box
		switch {
		case !(b.X >= 0 && b.Y >= 0 && b.W > 0 && b.H > 0 && b.X+b.W <= float64(s.W)+1e-6 && b.Y+b.H <= float64(s.H)+1e-6):
			return fmt.Errorf("box %d leaves the picture", i)
		case !(p.Score >= 0 && p.Score <= 1):
			return fmt.Errorf("score %d is not in 0..1", i)
		case i > 0 && p.Score > found[i-1].Score:
			return errors.New("scores are not in order")
		}
	}
	return nil
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

// Agree shows two detectors of one network the same pictures and returns how many detections it compared. Every one must have
// a twin: box edges within a pixel, scores within .01. Those whose score is within .01 of the lowest that is given out may be
// alone, and beside them at most so many: two boxes of one person with almost the same score, where each keeps another.
func Agree(t *testing.T, a, b detect.Detector, frames []*models.Frame, lowest float64, alone int) (compared int) {
	t.Helper()
	var odd []string
	c := Case{}
	for _, f := range frames {
		x, y := c.detect(t, a, f), c.detect(t, b, f)
		for _, l := range []struct {
			d        detect.Detector
			own, its []models.Detection
		}{{a, x, y}, {b, y, x}} {
			for _, p := range l.own {
				if p.Score >= lowest+.01 && !twin(p, l.its) {
					odd = append(odd, fmt.Sprintf("frame %d of %dx%d: only %s finds %v", f.Number, f.W, f.H, l.d.Info(), p))
				}
			}
		}
		compared += len(x)
	}
	if len(odd) > 2*alone {
		t.Error(strings.Join(odd, "\n"))
	}
	return compared
}

func twin(p models.Detection, in []models.Detection) bool {
	return slices.ContainsFunc(in, func(q models.Detection) bool {
		left, top := math.Abs(p.Box.X-q.Box.X), math.Abs(p.Box.Y-q.Box.Y)
		right, bottom := math.Abs(p.Box.X+p.Box.W-q.Box.X-q.Box.W), math.Abs(p.Box.Y+p.Box.H-q.Box.Y-q.Box.H)
		return max(left, top, right, bottom) <= 1 && math.Abs(p.Score-q.Score) <= .01
	})
}

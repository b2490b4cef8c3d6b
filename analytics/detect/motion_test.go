package detect

import (
	"bytes"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// stage is a picture of a room that can be filmed with noise, light and a moving thing.
type stage struct {
	size models.Size
	at   time.Time
	rng  *rand.Rand
}

func newStage() *stage {
	return &stage{models.Size{W: 640, H: 360}, time.Unix(1000, 0), rand.New(rand.NewPCG(5, 6))}
}

// shot is one picture: noise of a standard deviation, light added to all, and a thing of 12 x 24 pixels at x.
func (s *stage) shot(after time.Duration, noise, light float64, x int) *models.Frame {
	s.at = s.at.Add(after)
	f := &models.Frame{At: s.at, Size: s.size, Stride: 3 * s.size.W, Pix: make([]byte, 3*s.size.W*s.size.H)}
	for y := range s.size.H {
		for c := range s.size.W {
			v := 60 + float64((c/16+y/16)%2)*60
			if c >= x && c < x+12 && y >= 200 && y < 224 {
				v = 200
			}
			for k := range 3 {
				f.Pix[y*f.Stride+3*c+k] = byte(min(max(v+light+noise*s.rng.NormFloat64(), 0), 255))
			}
		}
	}
	return f
}

// filmed is a Motion that watches the left half of the stage and has looked at a first picture.
func filmed(t *testing.T, first *models.Frame) *Motion {
	t.Helper()
	m := &Motion{size: first.Size, view: image.Rect(0, 0, first.W, first.H)}
	m.divide([]image.Rectangle{image.Rect(0, 100, 320, 360)})
	if m.Still(first) {
		t.Fatal("the first picture was not looked at")
	}
	m.Looked()
	return m
}

func TestMotion(t *testing.T) {
	const half = 500 * time.Millisecond
	formats := map[string]func(*models.Frame) *models.Frame{
		"BGR":              func(f *models.Frame) *models.Frame { return f },
		"grey":             grey8,
		"I420":             func(f *models.Frame) *models.Frame { return i420(f, false) },
		"I420, full range": func(f *models.Frame) *models.Frame { return i420(f, true) },
	}
	for _, c := range []struct {
		name string
		next func(s *stage) *models.Frame
		want bool
	}{
		{"nothing", func(s *stage) *models.Frame { return s.shot(half, 3, 0, 100) }, true},
		{"strong noise", func(s *stage) *models.Frame { return s.shot(half, 8, 0, 100) }, true},
		{"a little more light", func(s *stage) *models.Frame { return s.shot(half, 3, 8, 100) }, true},
		{"a thing moves by a third of itself", func(s *stage) *models.Frame { return s.shot(half, 3, 0, 104) }, false},
		{"a thing moves in less light", func(s *stage) *models.Frame { return s.shot(half, 3, -8, 104) }, false},
		{"a thing comes", func(s *stage) *models.Frame { return s.shot(half, 3, 0, 250) }, false},
		{"another size", func(s *stage) *models.Frame { s.size.W -= 16; return s.shot(half, 0, 0, 100) }, false},
		{"no pixels", func(s *stage) *models.Frame { return &models.Frame{Size: s.size, Stride: s.size.W} }, false},
	} {
		for name, as := range formats {
			t.Run(c.name+", "+name, func(t *testing.T) {
				s := newStage()
				m := filmed(t, as(s.shot(0, 3, 0, 100)))
				next := c.next(s)
				if len(next.Pix) > 0 {
					next = as(next)
				}
				if got := m.Still(next); got != c.want {
					t.Errorf("still is %v", got)
				}
			})
		}
	}
	t.Run("elsewhere", func(t *testing.T) {
		s := newStage()
		m := filmed(t, s.shot(0, 3, 0, 500))
		if !m.Still(s.shot(half, 3, 0, 560)) {
			t.Error("what moves outside all zones was noticed")
		}
	})
	t.Run("slowly", func(t *testing.T) { // a pixel a picture: seen against the picture looked at, not the last picture
		s := newStage()
		m := filmed(t, s.shot(0, 3, 0, 100))
		for i := range 15 {
			if !m.Still(s.shot(100*time.Millisecond, 3, 0, 101+i)) {
				return
			}
		}
		t.Error("slow motion was never noticed")
	})
}

// A contrast just above and just below the level, in every format: what is motion in one is motion in all.
func TestMotionLevelIsTheSameInEveryFormat(t *testing.T) {
	flat := func(v byte) *models.Frame {
		f := &models.Frame{At: time.Unix(1000, 0), Size: models.Size{W: 640, H: 360}, Stride: 3 * 640, Pix: bytes.Repeat([]byte{100}, 3*640*360)}
		for y := 200; y < 240; y++ {
			for x := 3 * 100; x < 3*140; x++ {
				f.Pix[y*f.Stride+x] = v
			}
		}
		return f
	}
	for name, as := range map[string]func(*models.Frame) *models.Frame{
		"BGR":              func(f *models.Frame) *models.Frame { return f },
		"I420":             func(f *models.Frame) *models.Frame { return i420(f, false) },
		"I420, full range": func(f *models.Frame) *models.Frame { return i420(f, true) },
	} {
		m := filmed(t, as(flat(100)))
		if !m.Still(as(flat(102))) || m.Still(as(flat(104))) {
			t.Errorf("%s: a change of 2 levels of 255 is motion %v, one of 4 is %v", name, !m.Still(as(flat(102))), !m.Still(as(flat(104))))
		}
	}
}

// i420 is a grey BGR picture as I420.
func i420(f *models.Frame, full bool) *models.Frame {
	out := models.NewI420(f.Size)
	out.Number, out.At, out.FullRange = f.Number, f.At, full
	y, u, v := out.Planes()
	copy(y, grey8(f).Pix)
	for i := range y {
		if !full {
			y[i] = byte((int(y[i])*219+127)/255 + 16)
		}
	}
	for i := range u {
		u[i], v[i] = 128, 128
	}
	return out
}

// grey8 is the green of a BGR picture.
func grey8(f *models.Frame) *models.Frame {
	g := *f
	g.Format, g.Stride, g.Pix = models.Gray8, f.W, make([]byte, f.W*f.H)
	for i := range g.Pix {
		g.Pix[i] = f.Pix[i/f.W*f.Stride+3*(i%f.W)+1]
	}
	return &g
}

// BenchmarkMotion compares one 1080p picture.
func BenchmarkMotion(b *testing.B) {
	s := newStage()
	s.size = models.Size{W: 1920, H: 1080}
	f := i420(s.shot(0, 3, 0, 100), false)
	m := NewMotion(models.Camera{})
	m.Still(f)
	m.Looked()
	for b.Loop() {
		m.Still(f)
	}
}

// The median, least and greatest difference are those of the differences in order.
func TestLight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 60; n++ {
		now, before, diffs := make([]int32, n), make([]int32, n), make([]int32, n)
		for i := range now {
			now[i], before[i] = r.Int32N(255*cellScale), r.Int32N(255*cellScale)
			diffs[i] = now[i] - before[i]
		}
		slices.Sort(diffs)
		if median, least, most := light(now, before); median != diffs[n/2] || least != diffs[0] || most != diffs[n-1] {
			t.Fatalf("of %v: %d, %d, %d", diffs, median, least, most)
		}
	}
	if median, _, _ := light([]int32{1 << 20}, []int32{0}); median != 255*cellScale {
		t.Errorf("far beyond: %d", median)
	}
}

package detect

import (
	"image"
	"math/rand/v2"
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

func TestGate(t *testing.T) {
	view := image.Rect(0, 0, 640, 360)
	left := []image.Rectangle{image.Rect(0, 100, 320, 360)}
	const half = 500 * time.Millisecond
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
		{"too long ago", func(s *stage) *models.Frame { return s.shot(gateFor, 0, 0, 100) }, false},
		{"time goes back", func(s *stage) *models.Frame { return s.shot(-half, 0, 0, 100) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage()
			g := newGate(view, left)
			first := s.shot(0, 3, 0, 100)
			if g.still(first) {
				t.Fatal("the first picture was not looked at")
			}
			g.looked(first.At)
			if got := g.still(c.next(s)); got != c.want {
				t.Errorf("still is %v", got)
			}
		})
	}
	t.Run("elsewhere", func(t *testing.T) {
		s := newStage()
		g := newGate(view, left)
		f := s.shot(0, 3, 0, 500)
		g.still(f)
		g.looked(f.At)
		if !g.still(s.shot(half, 3, 0, 560)) {
			t.Error("what moves outside all zones was noticed")
		}
	})
	t.Run("slowly", func(t *testing.T) { // a pixel a picture: seen against the last inference, not the last picture
		s := newStage()
		g := newGate(view, left)
		f := s.shot(0, 3, 0, 100)
		g.still(f)
		g.looked(f.At)
		for i := range 15 {
			if !g.still(s.shot(100*time.Millisecond, 3, 0, 101+i)) {
				return
			}
		}
		t.Error("slow motion was never noticed")
	})
}

func BenchmarkGate(b *testing.B) {
	s := newStage()
	s.size = models.Size{W: 1280, H: 720}
	view := image.Rect(0, 0, 1280, 720)
	g := newGate(view, []image.Rectangle{view})
	f := s.shot(0, 3, 0, 100)
	g.looked(f.At)
	for b.Loop() {
		g.still(f)
	}
}

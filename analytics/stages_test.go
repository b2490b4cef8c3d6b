package analytics

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// script is a detector that says what was found before: boxes of some seconds, over and over.
type script struct {
	eyes
	frames [][]models.Detection
}

func (d *script) Detect(f *models.Frame) ([]models.Detection, error) {
	return d.frames[f.Number%int64(len(d.frames))], nil
}

// fifty is a road behind the detector with a hall full of people at 5 frames a second: three officers and 47 citizens
// who stand and sit, their boxes trembling. next takes one frame.
func fifty(t testing.TB) (next func()) {
	s := readScene(t, "testdata/one-queue-three-counters.scene")
	r := rand.New(rand.NewPCG(1, 2))
	d := &script{frames: make([][]models.Detection, 40)}
	for i := range d.frames {
		for n := range 50 {
			x, y := 60+float64(n%10)*115, 190+float64(n/10)*85
			if n < 3 {
				x, y = 165+float64(n)*448, 75 // behind the counters
			}
			d.frames[i] = append(d.frames[i], models.Detection{
				Box: models.Box{X: x + 2*r.NormFloat64(), Y: y + 2*r.NormFloat64(), W: 58, H: 144}, Score: .8 + .19*r.Float64(),
			})
		}
	}
	p, err := NewPipeline(Config{Node: "node", Camera: s.camera, Site: s.site, Detector: d, FPS: 5})
	if err != nil {
		t.Fatal(err)
	}
	f := &models.Frame{Size: s.size}
	return func() {
		f.Number++
		f.At = s.start.Add(time.Duration(f.Number) * 200 * time.Millisecond)
		if _, err := p.Step(f); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoGarbage: once everybody is known, a second of the stages behind the detector allocates nothing. What leaves for good
// does: a minute's waits, a visit, an incident.
func TestNoGarbage(t *testing.T) {
	next := fifty(t)
	for range 5*60 + 10 {
		next()
	}
	if n := testing.AllocsPerRun(50, func() {
		for range 5 {
			next()
		}
	}); n > 0 {
		t.Errorf("%g allocations a second", n)
	}
}

// BenchmarkStages is everything behind the detector, with a hall full of people, closing of minutes included.
func BenchmarkStages(b *testing.B) {
	next := fifty(b)
	for range 5*60 + 10 {
		next()
	}
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}

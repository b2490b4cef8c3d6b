package analytics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// broken is a detector that also reports boxes that cannot be.
type broken struct{ eyes }

func (d broken) Detect(f *models.Frame) ([]models.Detection, error) {
	found, err := d.eyes.Detect(f)
	nan, inf := math.NaN(), math.Inf(1)
	for _, b := range []models.Box{
		{X: nan, Y: 100, W: 50, H: 100}, {X: 100, Y: nan, W: 50, H: 100}, {X: 100, Y: 100, W: nan, H: nan}, {X: inf, Y: -inf, W: inf, H: inf},
		{X: 640, Y: 100, W: -50, H: 100}, {X: 640, Y: 100}, {X: 640, Y: 100, W: 1e300, H: 1e300},
	} {
		found = append(found, models.Detection{Box: b, Score: .95}, models.Detection{Box: models.Box{X: 640, Y: 100, W: 50, H: 100}, Score: nan})
	}
	return found, err
}

// TestImpossibleBoxes: boxes without a place or a size, and scores that are no numbers, are as if they were not there.
func TestImpossibleBoxes(t *testing.T) {
	s := crowd(rand.New(rand.NewPCG(1, 12)))
	s.end = 3 * time.Minute
	want := play(t, s, 5, eyes{s}).figures()
	p := play(t, s, 5, broken{eyes{s}})
	p.invariants(t)
	if d, k := difference(want, p.figures()); d > 0 {
		t.Errorf("%s differs by %g", k, d)
	}
}

// TestPictureChangesSize: a camera is switched from one resolution to another and back. Zones are shares of the picture, so
// people stay where they are; numbers of tracks may change, counts do not.
func TestPictureChangesSize(t *testing.T) {
	s := crowd(rand.New(rand.NewPCG(2, 12)))
	s.end = 4 * time.Minute
	want := play(t, s, 5, eyes{s}).figures()
	p := &played{scene: s, events: map[string]models.Event{}, lives: map[time.Duration]models.Live{}}
	pl, err := NewPipeline(Config{Node: "node", Camera: s.camera, Site: s.site, Detector: eyes{s}, FPS: 5})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int(s.end.Seconds()*5) + 1 {
		f := s.frame(n, time.Duration(n)*200*time.Millisecond)
		if n/300%2 == 1 {
			f.Size = models.Size{W: 640, H: 360}
		}
		p.take(step(t, pl, f))
	}
	p.take(pl.Close(s.start.Add(s.end), models.EndDay))
	p.invariants(t)
	got := p.figures()
	if d, k := difference(want, got, "staffed", "absent", "unknown", "working", "observed"); d > 4 {
		t.Errorf("%s differs by %g", k, d)
	}
	if d, k := difference(want, got, "q1 occupancy", "s1 occupancy", "s2 occupancy"); d > 30 {
		t.Errorf("%s differs by %g", k, d)
	}
}

// TestNoPicture: a frame without a size shows nothing; the road goes on.
func TestNoPicture(t *testing.T) {
	s := readScene(t, "testdata/absence.scene")
	pl, err := NewPipeline(Config{Node: "node", Camera: s.camera, Site: s.site, Detector: eyes{s}, FPS: 5})
	if err != nil {
		t.Fatal(err)
	}
	p := &played{scene: s, events: map[string]models.Event{}, lives: map[time.Duration]models.Live{}}
	for n := range 5 * 180 {
		f := s.frame(n, time.Duration(n)*200*time.Millisecond)
		if n >= 5*60 && n < 5*120 {
			f.Size = models.Size{}
		}
		p.take(step(t, pl, f))
	}
	p.take(pl.Close(s.start.Add(3*time.Minute), models.EndDay))
	if f := p.figures(); math.Abs(f["c1 unknown"]-60) > 1 {
		t.Errorf("unknown for %g s", f["c1 unknown"])
	}
}

// TestImpossibleSettings: each is refused with the name of the field.
func TestImpossibleSettings(t *testing.T) {
	good := readScene(t, "testdata/waits.scene").camera
	nan := math.NaN()
	for _, c := range []struct {
		field string
		spoil func(*models.Camera)
	}{
		{"zones[0].polygon[0]", func(c *models.Camera) { c.Zones[0].Polygon[0].X = nan }},
		{"zones[0].polygon[2]", func(c *models.Camera) { c.Zones[0].Polygon[2].Y = -.01 }},
		{"zones[0].polygon[1]", func(c *models.Camera) { c.Zones[0].Polygon[1].X = 1.2 }},
		{"zones[0].polygon", func(c *models.Camera) { c.Zones[0].Polygon = models.Polygon{{X: .1}, {X: .5}, {X: .9}} }},
		{"zones[0].polygon", func(c *models.Camera) { c.Zones[0].Polygon = c.Zones[0].Polygon[:2] }},
		{"zones[1].polygon", func(c *models.Camera) {
			c.Zones[1].Polygon = models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 1, Y: 0}, {X: 0, Y: 1}}
		}},
		{"zones[0].min_dwell", func(c *models.Camera) { c.Zones[0].MinDwell = -time.Second }},
		{"zones[0]", func(c *models.Camera) { c.Zones[0].LongAt = -1 }},
		{"zones[1].id", func(c *models.Camera) { c.Zones[1].ID = c.Zones[0].ID }},
		{"counters[0].staff[0]", func(c *models.Camera) { c.Counters[0].Staff = []string{"nowhere"} }},
		{"counters[0].staff", func(c *models.Camera) { c.Counters[0].Staff = nil }},
		{"counters[0].service[0]", func(c *models.Camera) { c.Counters[0].Service = []string{"q1"} }},
		{"counters[0].queues[0]", func(c *models.Camera) { c.Counters[0].Queues = []string{"s1"} }},
		{"counters[0].max_absence", func(c *models.Camera) { c.Counters[0].MaxAbsence = -time.Minute }},
		{"counters[0].required_on_duty", func(c *models.Camera) { c.Counters[0].RequiredOnDuty = -1 }},
		{"counters[0].required_on_duty", func(c *models.Camera) { c.Counters[0].RequiredOnDuty = 11 }},
		{"camera.analyse_fps", func(c *models.Camera) { c.AnalyseFPS = -2 }},
		{"camera.analyse_fps", func(c *models.Camera) { c.AnalyseFPS = nan }},
		{"camera.detector.threshold", func(c *models.Camera) { c.Detector.Threshold = 1.5 }},
		{"camera.detector.threshold", func(c *models.Camera) { c.Detector.Threshold = nan }},
	} {
		camera := good
		camera.Zones, camera.Counters = slices.Clone(good.Zones), slices.Clone(good.Counters)
		for i := range camera.Zones {
			camera.Zones[i].Polygon = slices.Clone(camera.Zones[i].Polygon)
		}
		c.spoil(&camera)
		_, err := NewPipeline(Config{Camera: camera, Detector: eyes{}})
		if e, ok := err.(*models.Error); !ok || e.Field != c.field || e.Kind != models.KindInvalid {
			t.Errorf("%s: the error is %v", c.field, err)
		}
	}
}

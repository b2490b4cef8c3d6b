package analytics

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// TestScenes plays every scene of testdata through the whole road behind the detector: boxes of people go in, figures and
// incidents come out.
func TestScenes(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.scene")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenes found")
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".scene")
		s := readScene(t, path)
		for _, fps := range s.rates {
			t.Run(fmt.Sprintf("%s/%gfps", name, fps), func(t *testing.T) {
				t.Parallel()
				p := play(t, s, fps, eyes{s})
				p.invariants(t)
				p.check(t, path)
			})
		}
	}
}

// eyes is a detector that sees the actors of a scene.
type eyes struct {
	scene *scene
}

func (e eyes) Info() detect.Info {
	return detect.Info{Name: "scene", Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8}}
}
func (e eyes) Close() error { return nil }

func (e eyes) Detect(f *models.Frame) ([]models.Detection, error) {
	var out []models.Detection
	for i := range e.scene.people {
		if b, ok := e.scene.people[i].box(f.At.Sub(e.scene.start), f.Size); ok {
			out = append(out, models.Detection{Box: b, Score: .95})
		}
	}
	return out, nil
}

// walking is how fast people walk: picture widths a second.
const walking = .12

// box is where the person is seen at a time.
func (a *actor) box(at time.Duration, size models.Size) (models.Box, bool) {
	i := len(a.steps) - 1
	for i >= 0 && a.steps[i].at > at {
		i--
	}
	if i < 0 || a.steps[i].gone || a.steps[i].hidden {
		return models.Box{}, false
	}
	p := a.steps[i].to
	if i > 0 && !a.steps[i-1].gone {
		from := a.steps[i-1].to
		if d := math.Hypot(p.X-from.X, p.Y-from.Y); d > 0 {
			share := min((at-a.steps[i].at).Seconds()*walking/d, 1)
			p = models.Point{X: from.X + (p.X-from.X)*share, Y: from.Y + (p.Y-from.Y)*share}
		}
	}
	h := a.height * float64(size.H)
	return models.Box{X: p.X*float64(size.W) - .2*h, Y: p.Y*float64(size.H) - h/2, W: .4 * h, H: h}, true
}

// played is everything a scene gave.
type played struct {
	scene   *scene
	minutes []models.Minute
	visits  []models.Visit
	events  map[string]models.Event // newest revisions
	order   []string
	lives   map[time.Duration]models.Live
	errs    []string
}

func (p *played) take(r Result) {
	p.minutes = append(p.minutes, r.Minutes...)
	p.visits = append(p.visits, r.Visits...)
	for _, e := range r.Events {
		old, known := p.events[e.ID]
		if !known {
			p.order = append(p.order, e.ID)
		}
		if e.Revision != old.Revision+1 {
			p.errs = append(p.errs, fmt.Sprintf("%s %s: revision %d follows %d", e.Kind, e.ID, e.Revision, old.Revision))
		}
		p.events[e.ID] = e
	}
}

func play(t *testing.T, s *scene, fps float64, d detect.Detector) *played {
	t.Helper()
	p := &played{scene: s, events: map[string]models.Event{}, lives: map[time.Duration]models.Live{}}
	build := func() *Pipeline {
		pl, err := NewPipeline(Config{Node: "node", Camera: s.camera, Site: s.site, Detector: d, FPS: fps})
		if err != nil {
			t.Fatal(err)
		}
		return pl
	}
	pl, restarts, again := build(), s.restart, s.again
	frames := int(s.end.Seconds() * fps)
	var last Result
	for n := range frames + 1 {
		at := time.Duration(float64(n) / fps * float64(time.Second))
		if len(restarts) > 0 && at >= restarts[0] {
			state, err := pl.State()
			if err != nil {
				t.Fatal(err)
			}
			pl, restarts = build(), restarts[1:]
			if err := pl.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		if o := s.down(at); o != nil {
			last = pl.Gap(s.start.Add(at), models.CameraHealth{State: o.state, Since: s.start.Add(o.from)})
		} else {
			last = step(t, pl, s.frame(n, at))
		}
		p.take(last)
		for len(again) > 0 && at >= again[0].to {
			for k := int(again[0].from.Seconds() * fps); k < n; k++ {
				p.take(step(t, pl, s.frame(k, time.Duration(float64(k)/fps*float64(time.Second)))))
			}
			again = again[1:]
		}
		if second := at.Truncate(time.Second); second == at {
			p.lives[second] = last.Live.Clone()
		}
	}
	p.take(pl.Close(s.start.Add(s.end), models.EndDay))
	return p
}

func step(t *testing.T, pl *Pipeline, f *models.Frame) Result {
	t.Helper()
	r, err := pl.Step(f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// frame is the n-th picture; it has pixels only where they matter.
func (s *scene) frame(n int, at time.Duration) *models.Frame {
	f := &models.Frame{Number: int64(n + 1), At: s.start.Add(at), Size: s.size}
	for _, d := range s.dark {
		if d.holds(at) {
			f.Format, f.Stride, f.Pix = models.Gray8, f.W, black
		}
	}
	return f
}

var black = make([]byte, 1280*720)

func (s *scene) down(at time.Duration) *outage {
	for i := range s.outages {
		if s.outages[i].holds(at) {
			return &s.outages[i]
		}
	}
	return nil
}

// invariants hold in every scene.
func (p *played) invariants(t *testing.T) {
	for _, e := range p.errs {
		t.Error(e)
	}
	seen := map[string]bool{}
	for _, m := range p.minutes {
		id := models.MinuteRecord("node", m).ID
		if seen[id] {
			t.Errorf("minute %v of %s%s is there twice", m.Start, m.Zone, m.Counter)
		}
		seen[id] = true
		var sum float64
		for _, s := range m.AtCount {
			sum += s
		}
		if sum != m.ObservedS || m.ObservedS > m.WorkingS+m.OffS || m.WorkingS+m.OffS > 60 {
			t.Errorf("minute %v of %s%s: seconds at each count sum to %g, observed %g, working %g", m.Start, m.Zone, m.Counter, sum, m.ObservedS, m.WorkingS)
		}
		if parts := m.StaffedS + m.AbsentS + m.UnknownS; m.Counter != "" && parts != m.WorkingS {
			t.Errorf("minute %v of %s: staffed, absent and unknown sum to %g of %g", m.Start, m.Counter, parts, m.WorkingS)
		}
	}
	for _, v := range p.visits {
		if v.Left.Before(v.Entered) || v.ID == "" || seen[v.ID] {
			t.Errorf("visit %+v", v)
		}
		seen[v.ID] = true
	}
	for _, e := range p.events {
		if e.Opened.Before(e.Began) || !e.Open() && e.Closed.Before(e.Opened) || e.Method != models.MethodVersion || !strings.HasPrefix(e.Detector, "scene") ||
			e.ObservedRatio < 0 || e.ObservedRatio > 1 {
			t.Errorf("event %+v", e)
		}
	}
}

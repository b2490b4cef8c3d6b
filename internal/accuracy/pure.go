package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// noisy is a detector without eyes: it is told who can be seen, and gives what YOLOX-nano would have made of it.
type noisy struct {
	sim    *office.Sim
	noise  *office.Noise
	people []office.Seen
}

func (n *noisy) Detect(*models.Frame) ([]models.Detection, error) {
	n.people = n.sim.Seen(n.people[:0])
	return n.noise.Detect(n.sim.Now(), n.people), nil
}

func (n *noisy) Info() detect.Info {
	return detect.Info{Name: "yolox_nano, its noise on true boxes", Thresholds: track.YOLOXNano}
}

func (n *noisy) Close() error { return nil }

// pureFPS is the rate at which the pure road is played: what a live camera is analysed at unless it says otherwise.
const pureFPS = 2

// opening is the moment at which the office of the pure road opens: a Monday, 07:30 in Vietnam.
var opening = time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC)

// session is the working time of the pure road's days.
func session(length time.Duration) models.Calendar {
	from := 7*60 + 30
	return models.Calendar{Sessions: []models.Session{{Weekday: time.Monday, From: from, To: from + int(length.Minutes())}}}
}

// before is how long the camera looks on before the office opens.
const before = 30 * time.Second

// outage is a stretch without frames.
type outage struct{ from, to time.Duration }

// halfDay makes a half day of a seed: one to five counters, a line or seats, a camera high above or on the wall, quiet to
// overloaded, with and without people who give up and officers who take breaks.
func halfDay(seed uint64) office.Config {
	r := rand.New(rand.NewPCG(seed, 77))
	between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
	minutes := func(low, high float64) time.Duration { return time.Duration(between(low, high) * float64(time.Minute)) }
	c := office.Config{
		Seed: seed, FPS: pureFPS, Opens: before, OpenFor: 4 * time.Hour, Counters: 1 + r.IntN(5), Queue: office.Line,
		Service: minutes(3, 9), ServiceSpread: between(.3, .8), BreakEvery: minutes(40, 90), BreakFor: minutes(6, 18),
	}
	if r.IntN(2) == 0 {
		c.Queue = office.Seats
	}
	if c.Counters <= office.MaxCountersPeople && r.IntN(2) == 0 { // a camera on the wall: people hide each other, and some officers
		c.Look, c.Occlusion = office.People, between(0, .3)
	}
	load := between(.35, 1.25) // of what the officers could serve without breaks
	c.ArrivalsPerHour = load * float64(c.Counters) * 60 / c.Service.Minutes()
	if c.Patience = minutes(20, 90); r.IntN(3) == 0 {
		c.Patience = -1
	}
	if r.IntN(8) == 0 {
		c.BreakEvery = -1
	}
	return c
}

// describe names a half day by its parameters.
func describe(c office.Config) string {
	var b strings.Builder
	load := c.ArrivalsPerHour * c.Service.Hours() / float64(c.Counters)
	view := "from above"
	if c.Look == office.People {
		view = fmt.Sprintf("from the wall, %.0f %% stand in front", 100*c.Occlusion)
	}
	fmt.Fprintf(&b, "seed %d: %d counters, %s, %s, load %.2f, service %.1f min", c.Seed, c.Counters, c.Queue, view, load, c.Service.Minutes())
	if c.Patience > 0 {
		fmt.Fprintf(&b, ", patience %.0f min", c.Patience.Minutes())
	}
	if c.BreakEvery > 0 {
		fmt.Fprintf(&b, ", breaks of %.0f min every %.0f", c.BreakFor.Minutes(), c.BreakEvery.Minutes())
	}
	return b.String()
}

// play lives through an office without drawing it: its people, the detector's noise on their boxes, and the whole road
// behind the detector. It goes on after closing until everybody is gone, at most for an hour.
func play(cfg office.Config, outages []outage) (*day, error) {
	sim, err := office.New(cfg)
	if err != nil {
		return nil, err
	}
	eyes := &noisy{sim: sim, noise: office.NewNoise(cfg.Seed, sim.Config().Size)}
	road, err := analytics.NewPipeline(analytics.Config{
		Node: "accuracy", Camera: sim.Camera(), Site: models.Site{ID: "site", Calendar: session(cfg.OpenFor)}, Detector: eyes, FPS: pureFPS,
	})
	if err != nil {
		return nil, err
	}
	d := &day{name: describe(cfg), camera: sim.Camera().WithDefaults(), base: opening.Add(-before), from: before.Seconds(), to: (before + cfg.OpenFor).Seconds(), outages: outages}
	w := &watcher{day: d, open: map[string]bool{}, hiding: map[string]front{}, duty: map[string][]bool{}}
	last := before + cfg.OpenFor + time.Hour
	for n := int64(1); sim.Now() < last; n++ {
		sim.Step()
		at := sim.Now()
		if at > before+cfg.OpenFor && len(sim.Seen(nil)) == 0 && at.Seconds() > d.to+60 {
			break
		}
		for len(outages) > 0 && outages[0].to <= at {
			outages = outages[1:]
		}
		var r analytics.Result
		if dark := len(outages) > 0 && at >= outages[0].from; !dark {
			r, err = road.Step(&models.Frame{Number: n, At: d.base.Add(at), Size: sim.Config().Size})
		} else if n%pureFPS == 0 {
			r = road.Gap(d.base.Add(at), models.CameraHealth{State: models.CameraOffline})
		}
		if err != nil {
			return nil, err
		}
		w.take(r, at.Seconds())
		w.hide(eyes.people, at.Seconds())
	}
	w.take(road.Close(d.base.Add(sim.Now()), models.EndDay), sim.Now().Seconds())
	d.truth = sim.Truth()
	w.finish()
	box := eyes.noise.Poster().Normalise(sim.Config().Size)
	for _, z := range d.camera.Zones {
		if z.Polygon.Contains(z.Anchor.Point(box)) {
			d.poster = z.ID
		}
	}
	return d, nil
}

// watcher gathers what the road gives.
type watcher struct {
	day    *day
	open   map[string]bool // incidents, by id
	live   []models.Estimate
	hiding map[string]front
	duty   map[string][]bool // by counter: an officer was known to be there, by second
}

func (w *watcher) take(r analytics.Result, at float64) {
	d := w.day
	d.minutes, d.visits = append(d.minutes, r.Minutes...), append(d.visits, r.Visits...)
	for _, e := range r.Events {
		if e.Open() && !w.open[e.ID] {
			d.told = append(d.told, told{e.Kind, e.Counter, at})
		}
		w.open[e.ID] = e.Open()
	}
	for _, c := range r.Live.Counters {
		for len(w.duty[c.Counter]) <= int(at) {
			w.duty[c.Counter] = append(w.duty[c.Counter], c.OnDuty > 0)
		}
	}
	for _, z := range r.Live.Zones {
		if second := int(at); z.Kind == models.ZoneQueue && second >= len(w.live) {
			for len(w.live) <= second {
				w.live = append(w.live, z.Expect)
			}
		}
	}
}

// shortest is the least number of seconds that a citizen in front of an officer counts as a spell: as long as an officer may
// be away while somebody waits.
const shortest = 180

// hide notes the stretches in which a citizen hides an officer.
func (w *watcher) hide(people []office.Seen, at float64) {
	for _, p := range people {
		if !p.Front {
			continue
		}
		c := w.day.camera.Counters[-1-p.ID].ID
		f, known := w.hiding[c]
		if !known || at-f.to > 2 {
			w.spell(f)
			f = front{counter: c, from: at}
		}
		f.to = at
		w.hiding[c] = f
	}
}

func (w *watcher) spell(f front) {
	if f.to-f.from >= shortest {
		w.day.fronts = append(w.day.fronts, f)
	}
}

// finish compares what was said live with what came: of officers, and of the wait expected when somebody joined.
func (w *watcher) finish() {
	for _, f := range w.hiding {
		w.spell(f)
	}
	slices.SortFunc(w.day.fronts, func(a, b front) int { return int(a.from - b.from) })
	for _, v := range w.day.truth.Visits {
		if v.Entered == nil || v.ServiceStart == nil {
			continue
		}
		if at := int(*v.Entered); at < len(w.live) {
			if e := w.live[at]; e.Quality == models.Measured || e.Quality == models.Estimated {
				w.day.expected = append(w.day.expected, expected{e.Value, e.Low, e.High, *v.ServiceStart - *v.Entered})
			}
		}
	}
	w.day.countStaff(func(c models.Counter, second int) bool {
		return second < len(w.duty[c.ID]) && w.duty[c.ID][second]
	})
}

// outagesOf draws stretches without frames for a day: of one second to ten minutes, short ones more often.
func outagesOf(seed uint64, n int, length time.Duration) []outage {
	r := rand.New(rand.NewPCG(seed, 78))
	var out []outage
	for at := before; len(out) < n && at < before+length; {
		at += time.Duration(r.ExpFloat64() * float64(length) / float64(3*n))
		long := time.Duration(math.Exp(r.Float64()*math.Log(600)) * float64(time.Second))
		out = append(out, outage{at, at + long})
		at += long + 5*time.Second
	}
	return out
}

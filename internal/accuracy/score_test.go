package main

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

var epoch = time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC)

func at(s float64) *float64 { return &s }

func clock(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }

// twoMinutes is an office of two minutes: two people wait in the second, the officer is away from 20 s to 80 s and hidden
// from 90 s to 115 s; somebody is served for 20 s, somebody gives up.
func twoMinutes() *day {
	queue, staff := make([]int, 120), make([]int, 120)
	for s := range 120 {
		if s >= 60 {
			queue[s] = 2
		}
		if s < 20 || s >= 80 {
			staff[s] = 1
		}
	}
	minute := func(zone, counter string, start, occupancy, staffed float64) models.Minute {
		m := models.Minute{Zone: zone, Counter: counter, Start: clock(start), WorkingS: 60, ObservedS: 60, OccupancyS: occupancy, StaffedS: staffed}
		if zone != "" {
			m.Kind = models.ZoneQueue
		}
		return m
	}
	d := &day{
		truth: office.Truth{Seconds: 120, Occupancy: map[string][]int{"q": queue, "o": staff},
			Visits: []office.Visit{
				{Entered: at(60), ServiceStart: at(90), ServiceEnd: at(110)}, {Entered: at(60), ServiceStart: at(110)}, {Entered: at(60)}, {Entered: at(70), GaveUp: true},
			},
			Absences: []office.Absence{{Counter: "c", From: 20, To: 80}}},
		camera: models.Camera{
			Zones: []models.Zone{{ID: "q", Kind: models.ZoneQueue}, {ID: "o", Kind: models.ZoneStaff}},
			Counters: []models.Counter{{ID: "c", Staff: []string{"o"}, Queues: []string{"q"}, RequiredOnDuty: 1,
				MaxAbsence: 30 * time.Second, MaxAbsenceWithWaiting: 10 * time.Second}},
		},
		base:    epoch,
		minutes: []models.Minute{minute("q", "", 0, 0, 0), minute("q", "", 60, 120, 0), minute("", "c", 0, 20, 20), minute("", "c", 60, 40, 40)},
		told:    []told{{models.CounterAbsent, "c", 50}},
		fronts:  []front{{"c", 90, 115}},
	}
	d.minutes[1].WaitsS, d.minutes[1].Starts, d.minutes[1].GaveUp = []float64{30, 50}, 2, 1
	d.minutes = append(d.minutes, models.Minute{Zone: "s", Kind: models.ZoneService, Start: clock(60), ServiceS: []float64{20}})
	d.expected = []expected{{value: 30, low: 20, high: 40, truth: 30}}
	return d
}

// TestScoringTellsRightFromWrong: what is right scores without error, and each kind of mistake shows in its own figure.
func TestScoringTellsRightFromWrong(t *testing.T) {
	measured := func(d *day) map[string]float64 {
		days, out := []score{d.score()}, map[string]float64{}
		figures := append(queueFigures("", days), waitFigures("", days)...)
		figures = append(append(figures, staffingFigures("", days)...), frontFigure("", days))
		for _, f := range append(append(figures, absenceFigures("", days)...), expectFigures("", days)...) {
			out[f.Name] = math.Round(f.Value*100) / 100
		}
		return out
	}
	const (
		queueError, queueBias    = "queue per minute, error, people", "queue per minute, bias, people"
		median, p90, meanWait    = "median wait of all days together, error, %", "90 % wait of all days together, error, %", "mean wait of all days together, error, %"
		medianServed, meanServed = "median service time, error, %", "mean service time, error, %"
		gaveUp                   = "share given up, error, points of percent"
		staff, staffBias         = "staffed seconds by counter, error, %", "staffed seconds, all counters together, bias, %"
		unjudged                 = "seconds in which a counter could not be judged, % of those staffed"
		precision, recall        = "absences told that were (precision)", "absences due that were told (recall)"
		delay, furthest          = "absence told after it was due, mean, s", "absence told, furthest from due, s"
		intime, hidden           = "absences told within 10 s of due", "officer behind a citizen for 3 min or more told absent, in so many spells"
		held, off                = "people who joined: share whose span of the expected wait held what they waited", "expected wait of who joined, middle of the errors, s"
		offBy                    = "expected wait of who joined, middle of the signed errors, s"
	)
	right := measured(twoMinutes())
	for _, name := range []string{queueError, queueBias, median, p90, meanWait, medianServed, meanServed, gaveUp, staff, staffBias, unjudged, delay, furthest, hidden, off} {
		if v, ok := right[name]; v != 0 || !ok {
			t.Errorf("what is right: %s: %g (%t), want 0", name, v, ok)
		}
	}
	for _, name := range []string{precision, recall, intime, held} {
		if right[name] != 1 {
			t.Errorf("what is right: %s: %g, want 1", name, right[name])
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(*day)
		want  map[string]float64 // figures that differ from what is right
	}{
		{"nothing wrong", func(*day) {}, nil},
		{"one person missed", func(d *day) { d.minutes[1].OccupancyS = 60 }, map[string]float64{queueError: .5, queueBias: -.5}},
		{"errors that cancel", func(d *day) { d.minutes[0].OccupancyS, d.minutes[1].OccupancyS = 60, 60 }, map[string]float64{queueError: 1}},
		{"too long waits", func(d *day) { d.minutes[1].WaitsS = []float64{60, 100} }, map[string]float64{median: 100, p90: 100, meanWait: 100}},
		{"services too short", func(d *day) { d.minutes[4].ServiceS[0] = 10 }, map[string]float64{medianServed: -50, meanServed: -50}},
		{"nobody gave up", func(d *day) { d.minutes[1].GaveUp = 0 }, map[string]float64{gaveUp: -33.33}},
		{"staffed too long", func(d *day) { d.minutes[2].StaffedS = 26 }, map[string]float64{staff: 10, staffBias: 10}},
		{"not judged", func(d *day) { d.minutes[2].UnknownS, d.minutes[2].StaffedS = 6, 14 }, map[string]float64{unjudged: 10}},
		{"not judged, and too short", func(d *day) { d.minutes[2].UnknownS, d.minutes[2].StaffedS = 6, 11 }, map[string]float64{unjudged: 10, staff: 5, staffBias: -5}},
		{"told late", func(d *day) { d.told[0].at = 57 }, map[string]float64{delay: 7, furthest: 7}},
		{"told far too late", func(d *day) { d.told[0].at = 65 }, map[string]float64{delay: 15, furthest: 15, intime: 0}},
		{"not told", func(d *day) { d.told = nil }, map[string]float64{precision: 0, recall: 0, intime: 0}},
		{"told twice", func(d *day) { d.told = append(d.told, told{models.CounterAbsent, "c", 60}) }, nil},
		{"invented", func(d *day) { d.told = append(d.told, told{models.CounterAbsent, "c", 119}) }, map[string]float64{precision: .5, hidden: 1}},
		{"promised too much", func(d *day) { d.expected[0].truth = 50 }, map[string]float64{held: 0, off: 20, offBy: -20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := twoMinutes()
			c.spoil(d)
			got := measured(d)
			for name, v := range right {
				if want, differs := c.want[name]; differs {
					v = want
				}
				if got[name] != v {
					t.Errorf("%s: %g, want %g", name, got[name], v)
				}
			}
		})
	}
}

// TestPrintedIntervals: only what may be printed is counted, and only what holds the truth is covered.
func TestPrintedIntervals(t *testing.T) {
	estimate := func(low, high, truth float64, q models.Quality) score {
		var s score
		s.printed[0] = printed{models.Estimate{Value: truth, Low: low, High: high, Quality: q}, truth}
		return s
	}
	days := []score{
		estimate(90, 110, 100, models.Measured), estimate(90, 110, 111, models.Estimated), estimate(0, 1e9, 100, models.Insufficient), {},
	}
	f := dayFigures("", days, 0, 5)
	if f[1].Value != .5 || f[1].N != 2 || f[2].Value != .5 || f[2].N != 4 {
		t.Errorf("%+v: one of two intervals holds the truth, and two of four days can be printed", f)
	}
}

// TestExactInterval holds the interval of shares to published values: of 0 of n the upper end is 1 - .025^(1/n).
func TestExactInterval(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 500, 0, .00735}, {10, 10, .6915, 1}, {5, 10, .1871, .8129}, {186, 200, .8853, .9612}} {
		if low, high := exact(c.k, c.n); math.Abs(low-c.low) > 1e-3 || math.Abs(high-c.high) > 1e-3 {
			t.Errorf("%d of %d: %.4f – %.4f, want %.4f – %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

// TestCausedByOutages: an absence told is the outage's fault when too little of the true one was seen.
func TestCausedByOutages(t *testing.T) {
	seconds := func(s int) time.Duration { return time.Duration(s) * time.Second }
	for _, c := range []struct {
		name    string
		outages []outage
		told    float64
		want    int
	}{
		{"all seen", nil, 50, 0},
		{"dark but for the first second", []outage{{seconds(21), seconds(60)}}, 60, 1},
		{"dark at first, then seen for long enough", []outage{{seconds(20), seconds(60)}}, 80, 0},
		{"back in the dark, just seen again", []outage{{seconds(79), seconds(100)}}, 110, 0},
		{"back, and seen for long", nil, 110, 1},
		{"the officer was there", []outage{{seconds(5), seconds(15)}}, 15, 1},
		{"of another kind", []outage{{seconds(21), seconds(60)}}, -1, 0},
	} {
		d := twoMinutes()
		d.outages, d.told[0].at = c.outages, c.told
		d.camera.Counters[0].MaxAbsenceWithWaiting = 30 * time.Second
		if c.told < 0 {
			d.told[0] = told{models.CustomerUnattended, "c", 60}
		}
		if n := d.caused(); n != c.want {
			t.Errorf("%s: %d, want %d", c.name, n, c.want)
		}
	}
}

// TestPureRoad plays half an hour of an office and finds it in the figures: people came, were served, and the road saw them.
func TestPureRoad(t *testing.T) {
	cfg := halfDay(3)
	cfg.OpenFor, cfg.Counters, cfg.ArrivalsPerHour = 30*time.Minute, 2, 40
	play := func(outages []outage) (*day, score) {
		d, err := play(cfg, outages)
		if err != nil {
			t.Fatal(err)
		}
		return d, d.score()
	}
	d, s := play(nil)
	if len(s.queue) != 30 || len(s.waits.truth) < 5 || len(s.waits.found) < 5 || len(s.service.found) < 5 {
		t.Errorf("%d minutes, %d true waits, %d measured, %d services", len(s.queue), len(s.waits.truth), len(s.waits.found), len(s.service.found))
	}
	for _, c := range s.staffed {
		if c.truth < 600 || math.Abs(c.found-c.truth) > .1*c.truth {
			t.Errorf("counter %s: staffed %g s, truth %g", c.counter, c.found, c.truth)
		}
	}
	dark, _ := play([]outage{{10 * time.Minute, 20 * time.Minute}})
	observed := func(d *day) (s float64) {
		for _, m := range d.minutes {
			if m.Kind == models.ZoneQueue {
				s += m.ObservedS
			}
		}
		return s
	}
	if a, b := observed(d), observed(dark); math.Abs(a-b-600) > 10 {
		t.Errorf("%g s seen, and %g with ten minutes of darkness", a, b)
	}
}

// TestStaffSeen: a second counts as seen when a person is published in the staff zone in it, whoever it is.
func TestStaffSeen(t *testing.T) {
	d := twoMinutes()
	d.size, d.truth.FPS = models.Size{W: 100, H: 100}, 2
	d.truth.Staff = map[string]string{"c": ".sstS"}
	d.camera.Zones[1].Anchor = models.AnchorCentre
	d.camera.Zones[1].Polygon = models.Polygon{{X: 0, Y: 0}, {X: .5, Y: 0}, {X: .5, Y: .5}, {X: 0, Y: .5}}
	in, out := models.Box{X: 20, Y: 20, W: 10, H: 20}, models.Box{X: 70, Y: 20, W: 10, H: 20}
	d.staffSeen(mot.Rows{{Frame: 1, Box: in}, {Frame: 4, Box: in}, {Frame: 5, Box: out}, {Frame: 8, Box: in}})
	want := map[byte][2]int{'s': {1, 2}, 't': {1, 1}, 'S': {0, 1}}
	if !maps.Equal(d.staff, want) {
		t.Errorf("seen and there, by letter: %v, want %v", d.staff, want)
	}
	for i, share := range []float64{.5, 1, 0} {
		if f := staffFigures("", []score{d.score()})[i]; f.Value != share {
			t.Errorf("%s: %g, want %g", f.Name, f.Value, share)
		}
	}
}

// TestMeasurements reads what a benchmark prints.
func TestMeasurements(t *testing.T) {
	const text = "goos: linux\nBenchmarkStages-2   5000   100000 ns/op   16 B/op   1 allocs/op\nBenchmarkStages-2   5000   300000 ns/op   16 B/op   3 allocs/op\nPASS\n"
	out, err := measurements("Stages", text)
	if err != nil || out["ns/op"] != 200000 || out["low ns/op"] != 100000 || out["high ns/op"] != 300000 || out["allocs/op"] != 2 {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := measurements("Stages", "--- SKIP: BenchmarkStages\nPASS\n"); err == nil {
		t.Error("a benchmark that was skipped gives no error")
	}
}

// TestDocument: every figure is in the document, a miss is called one, and the worst half day is explained.
func TestDocument(t *testing.T) {
	d := twoMinutes()
	d.told = nil
	d.name = "seed 7: two minutes"
	day := d.score()
	day.printed[0] = printed{models.Estimate{Value: 900, Low: 800, High: 1000, Quality: models.Measured}, 600}
	r := &report{days: []score{day}, scored: []point{{.3, .9, .8}, {.5, .95, .7}}}
	figures := absenceFigures(pure, r.days)
	folder := t.TempDir()
	if err := r.writeDocument(folder, []group{{sections[2], figures}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, "ACCURACY.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| absences due that were told (recall) | 0 |", "**missed**", "seed 7: two minutes", "+50 %", "| c | missed |", "accuracy/intervals.svg"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the document does not say %q:\n%s", want, b)
		}
	}
	for _, p := range r.pictures() {
		svg, err := os.ReadFile(filepath.Join(folder, "accuracy", p.file))
		if err != nil || !strings.Contains(string(svg), p.plot.X.Label.Text) {
			t.Errorf("%s: no picture with its axes (%v)", p.file, err)
		}
	}
}

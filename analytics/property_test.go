package analytics

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// hall is an office of two counters with one queue, as a scene without people.
func hall() *scene {
	s := &scene{size: models.Size{W: 1280, H: 720}, camera: models.Camera{ID: "cam"}, end: 8 * time.Minute}
	s.start, _ = time.ParseInLocation(time.DateTime, "2026-03-02 08:00:00", mustLocation(""))
	for n, line := range [][]string{
		{"zone", "q1", "queue", "0.05,0.65", "0.95,0.85"},
		{"zone", "s1", "service", "0.15,0.46", "0.40,0.60"},
		{"zone", "s2", "service", "0.60,0.46", "0.85,0.60"},
		{"zone", "o1", "staff", "0.15,0.10", "0.40,0.30"},
		{"zone", "o2", "staff", "0.60,0.10", "0.85,0.30"},
		{"counter", "c1", "staff", "o1", "service", "s1", "queue", "q1", "absence", "60s", "waiting", "40s"},
		{"counter", "c2", "staff", "o2", "service", "s2", "queue", "q1", "absence", "60s", "waiting", "40s"},
	} {
		if err := s.line(n, line); err != nil {
			panic(err)
		}
	}
	return s
}

// crowd fills the hall: officers who leave and come back, citizens who wait at one of nine places, are served or give up,
// people hidden for some seconds, and passers-by. What people do takes its time: stays and absences last whole tens of
// seconds, or so little that they count for nothing.
func crowd(r *rand.Rand) *scene {
	s := hall()
	seconds := func(from, to int) time.Duration {
		return time.Duration(from+r.IntN(to-from+1))*time.Second + time.Duration(r.IntN(1000))*time.Millisecond
	}
	spot := func(word string) models.Point {
		p, err := s.spot(word, .3)
		if err != nil {
			panic(err)
		}
		return p
	}
	for c := range 2 {
		a, at := actor{name: "officer", height: .3}, time.Duration(0)
		home := spot(fmt.Sprintf("o%d", c+1))
		for at < s.end {
			a.steps = append(a.steps, stepTo{at: at, to: home})
			at += seconds(30, 150)
			if r.IntN(3) == 0 {
				a.steps = append(a.steps, stepTo{at: at, to: home, hidden: true})
				at += []time.Duration{seconds(1, 3), seconds(7, 8)}[r.IntN(2)] // remembered for 5 s, or not
			} else {
				a.steps = append(a.steps, stepTo{at: at, to: home, gone: true})
				at += []time.Duration{seconds(15, 25), seconds(100, 130)}[r.IntN(2)] // the limits lie between
			}
		}
		s.people = append(s.people, a)
	}
	free := [9]time.Duration{} // when the n-th place in the queue is free again
	busy := [2]time.Duration{}
	door := models.Point{X: .02, Y: .95 - .15}
	for at := seconds(1, 20); at < s.end-time.Minute; at += seconds(5, 40) {
		a := actor{name: "citizen", height: .3, steps: []stepTo{{at: at, to: door}}}
		n := r.IntN(len(free))
		if free[n] > at || r.IntN(5) == 0 { // passes by along the edge
			a.steps = append(a.steps, stepTo{at: at + time.Second, to: models.Point{X: .98, Y: .8}}, stepTo{at: at + 10*time.Second, gone: true})
			s.people = append(s.people, a)
			continue
		}
		a.steps = append(a.steps, stepTo{at: at + time.Second, to: spot(fmt.Sprintf("q1/%dof9", n+1))})
		until := at + 10*time.Second + seconds(10, 150)
		if r.IntN(3) == 0 && until-at > 40*time.Second {
			a.steps = append(a.steps, stepTo{at: at + 20*time.Second, to: a.steps[1].to, hidden: true}, stepTo{at: at + 20*time.Second + seconds(1, 3), to: a.steps[1].to})
		}
		free[n] = until + 5*time.Second
		to := door
		if c := r.IntN(3); c < 2 && busy[c] < until {
			counter := spot(fmt.Sprintf("s%d", c+1))
			a.steps = append(a.steps, stepTo{at: until, to: counter})
			until += 10*time.Second + seconds(15, 90)
			busy[c] = until + 10*time.Second
			to = models.Point{X: map[int]float64{0: .02, 1: .98}[c], Y: counter.Y}
		}
		a.steps = append(a.steps, stepTo{at: until, to: to}, stepTo{at: until + 12*time.Second, to: to, gone: true})
		s.people = append(s.people, a)
	}
	return s
}

// figures are the totals of a scene, by name.
func (p *played) figures() map[string]float64 {
	f := map[string]float64{}
	for _, m := range p.minutes {
		id := m.Zone + m.Counter
		m = working(m)
		f[id+" working"] += m.WorkingS
		f[id+" observed"] += m.ObservedS
		f[id+" occupancy"] += m.OccupancyS
		f[id+" staffed"] += m.StaffedS
		f[id+" absent"] += m.AbsentS
		f[id+" unknown"] += m.UnknownS
		f[id+" arrivals"] += float64(m.Arrivals)
		f[id+" starts"] += float64(m.Starts)
		f[id+" gaveup"] += float64(m.GaveUp)
		for _, w := range m.WaitsS {
			f[id+" waited"] += w
		}
		for n, s := range m.AtCount {
			f[fmt.Sprintf("%s at %d", id, n)] += s
		}
	}
	for _, v := range p.visits {
		f[v.Zone+" visits "+string(v.Ended)]++
		f[v.Zone+" stayed "+string(v.Ended)] += v.Left.Sub(v.Entered).Seconds()
	}
	for _, e := range p.events {
		f["events "+string(e.Kind)+" "+e.Counter+e.Zone]++
	}
	return f
}

// difference is the largest difference between two sets of figures among those named by end, and which it is.
func difference(a, b map[string]float64, ends ...string) (worst float64, name string) {
	for _, f := range []map[string]float64{a, b} {
		for k := range f {
			if d := math.Abs(a[k] - b[k]); d > worst && (len(ends) == 0 || slices.ContainsFunc(ends, func(e string) bool { return strings.HasSuffix(k, e) })) {
				worst, name = d, k
			}
		}
	}
	return worst, name
}

const crowds = 6 // random scenes of each property

// changes is how often somebody came or went: each may move a figure by a part of a second, and by no more.
func (s *scene) changes() (n float64) {
	for _, a := range s.people {
		for _, st := range a.steps {
			if !st.hidden {
				n++
			}
		}
	}
	return n
}

// TestRatesGiveTheSameFigures: at 1, 2 and 15 frames a second as at 5. Staffing seconds of a counter may differ by half a
// second for each time its officer comes or goes, zone occupancy by half a second for each step of a person, services and
// incidents by none; and the differences do not lean to one side. Below 2 frames a second people who walk past each other
// are mixed up, so stays are compared from 2 on.
func TestRatesGiveTheSameFigures(t *testing.T) {
	lean, n := map[float64]float64{}, 0.0
	for seed := range uint64(crowds) {
		s := crowd(rand.New(rand.NewPCG(seed, 7)))
		base := play(t, s, 5, eyes{s})
		base.invariants(t)
		a := base.figures()
		for _, fps := range []float64{1, 2, 15} {
			p := play(t, s, fps, eyes{s})
			p.invariants(t)
			b := p.figures()
			officer := float64(len(s.people[0].steps))
			if d, k := difference(a, b, "staffed", "absent", "unknown"); d > 1+officer/2 {
				t.Errorf("seed %d, %g fps: %s differs by %g after %g changes", seed, fps, k, d, officer)
			}
			if d, k := difference(a, b, "occupancy"); d > s.changes()/2 {
				t.Errorf("seed %d, %g fps: %s differs by %g after %g changes", seed, fps, k, d, s.changes())
			}
			if d, k := difference(a, b, "starts", "working", "observed", "counter.absent c1", "counter.absent c2"); d > 0 {
				t.Errorf("seed %d, %g fps: %s differs by %g", seed, fps, k, d)
			}
			lean[fps] += b["c1 absent"] - a["c1 absent"] + b["c2 absent"] - a["c2 absent"]
		}
		n += 2 * float64(len(s.people[0].steps))
	}
	for fps, sum := range lean {
		t.Logf("%g fps: absent seconds differ by %+.3f s a change", fps, sum/n)
		if math.Abs(sum/n) > .15 {
			t.Errorf("%g fps: absent seconds lean by %+.3f s a change", fps, sum/n)
		}
	}
}

// TestMirrorAndOrder: left and right, and the order in which zones, counters and people are named, mean nothing.
func TestMirrorAndOrder(t *testing.T) {
	for seed := range uint64(crowds) {
		r := rand.New(rand.NewPCG(seed, 8))
		s := crowd(r)
		s.end = 5 * time.Minute
		want := play(t, s, 5, eyes{s}).figures()
		for i := range s.camera.Zones {
			for j := range s.camera.Zones[i].Polygon {
				s.camera.Zones[i].Polygon[j].X = 1 - s.camera.Zones[i].Polygon[j].X
			}
		}
		for i := range s.people {
			for j := range s.people[i].steps {
				s.people[i].steps[j].to.X = 1 - s.people[i].steps[j].to.X
			}
		}
		if d, k := difference(want, play(t, s, 5, eyes{s}).figures()); d > 1e-6 {
			t.Errorf("seed %d: mirrored, %s differs by %g", seed, k, d)
		}
		r.Shuffle(len(s.camera.Zones), func(i, j int) { s.camera.Zones[i], s.camera.Zones[j] = s.camera.Zones[j], s.camera.Zones[i] })
		slices.Reverse(s.camera.Counters)
		if d, k := difference(want, play(t, s, 5, eyes{s}).figures()); d > 1e-6 {
			t.Errorf("seed %d: in another order, %s differs by %g", seed, k, d)
		}
	}
}

// TestRepeatedFrames: frames that come late, twice or backwards change nothing.
func TestRepeatedFrames(t *testing.T) {
	for seed := range uint64(crowds) {
		r := rand.New(rand.NewPCG(seed, 9))
		s := crowd(r)
		s.end = 5 * time.Minute
		want := play(t, s, 5, eyes{s}).figures()
		for range 10 {
			to := time.Duration(r.Int64N(int64(s.end)))
			s.again = append(s.again, span{max(0, to-time.Duration(r.Int64N(int64(time.Minute)))), to})
		}
		slices.SortFunc(s.again, func(a, b span) int { return cmp.Compare(a.to, b.to) })
		if d, k := difference(want, play(t, s, 5, eyes{s}).figures()); d > 0 {
			t.Errorf("seed %d: %s differs by %g", seed, k, d)
		}
	}
}

// TestRestartsGiveTheSameFigures: killed and resumed at any moment, seconds and incidents stay what they are; a stay that
// goes on is cut in two.
func TestRestartsGiveTheSameFigures(t *testing.T) {
	for seed := range uint64(crowds) {
		r := rand.New(rand.NewPCG(seed, 10))
		s := crowd(r)
		base := play(t, s, 5, eyes{s}).figures()
		for range 3 {
			s.restart = []time.Duration{time.Duration(r.Int64N(int64(s.end)))}
			p := play(t, s, 5, eyes{s})
			p.invariants(t)
			f := p.figures()
			if d, k := difference(base, f, "c1 staffed", "c1 absent", "c2 staffed", "c2 absent"); d > 1 {
				t.Errorf("seed %d, restart at %v: %s differs by %g", seed, s.restart[0], k, d)
			}
			if d, k := difference(base, f, "working", "observed", "unknown", "c1", "c2"); d > 1 {
				t.Errorf("seed %d, restart at %v: %s differs by %g", seed, s.restart[0], k, d)
			}
			if d, k := difference(base, f, "q1 occupancy", "s1 occupancy", "s2 occupancy"); d > 4 {
				t.Errorf("seed %d, restart at %v: %s differs by %g", seed, s.restart[0], k, d)
			}
		}
	}
}

// TestUnseenIsUnknown: what was not seen is unknown, to the second, and what was seen is not: outages at random moments take
// exactly their time from observed time and give it to unknown time, and nobody is absent for them.
func TestUnseenIsUnknown(t *testing.T) {
	for seed := range uint64(crowds) {
		r := rand.New(rand.NewPCG(seed, 11))
		s := hall()
		for c := range 2 {
			home, err := s.spot(fmt.Sprintf("o%d", c+1), .3)
			if err != nil {
				t.Fatal(err)
			}
			s.people = append(s.people, actor{name: "officer", height: .3, steps: []stepTo{{to: home}}})
		}
		var down time.Duration
		for at := time.Duration(0); ; {
			at += time.Duration(5+r.IntN(100)) * time.Second
			to := at + time.Duration(3+r.IntN(60))*time.Second
			if to > s.end {
				break
			}
			o := outage{span{at, to}, models.CameraOffline}
			if r.IntN(2) == 0 {
				s.outages = append(s.outages, o)
			} else {
				s.dark = append(s.dark, o.span)
			}
			down += to - at
			at = to
		}
		gaps := float64(len(s.outages) + len(s.dark))
		for _, fps := range []float64{1, 5} {
			p := play(t, s, fps, eyes{s})
			p.invariants(t)
			f := p.figures()
			if d := math.Abs(f["c1 unknown"] - down.Seconds()); d > gaps || f["c1 absent"]+f["c2 absent"] > 0 {
				t.Errorf("seed %d, %g fps: unknown for %g s of %v in %g gaps, absent %g", seed, fps, f["c1 unknown"], down, gaps, f["c1 absent"])
			}
			if f["q1 observed"]+f["c1 unknown"] != f["c1 working"] || f["q1 occupancy"] != 0 {
				t.Errorf("seed %d, %g fps: observed %g, unknown %g of %g, occupancy of nobody %g", seed, fps, f["q1 observed"], f["c1 unknown"], f["c1 working"], f["q1 occupancy"])
			}
		}
	}
}

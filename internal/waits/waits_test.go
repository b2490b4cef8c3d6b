package waits

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var start = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// feed plays queue lengths, -1 for an unseen second, with exits at given seconds.
func feed(f *FIFO, from int, lengths []int, exits ...int) []float64 {
	var waits []Wait
	for i, n := range lengths {
		s := from + i
		for _, e := range exits {
			if e == s {
				f.Exit(Exit{At: start.Add(time.Duration(e) * time.Second), Sure: true})
			}
		}
		if n < 0 {
			f.Unseen()
			continue
		}
		waits, _ = f.Second(start.Add(time.Duration(s)*time.Second), n, waits)
	}
	return inSeconds(waits)
}

func inSeconds(waits []Wait) (out []float64) {
	for _, w := range waits {
		if w.Arrived.IsZero() {
			continue
		}
		out = append(out, w.Seconds())
	}
	return out
}

func many(parts ...int) (out []int) { // length, seconds, length, seconds, ...
	for i := 0; i < len(parts); i += 2 {
		for range parts[i+1] {
			out = append(out, parts[i])
		}
	}
	return out
}

func TestFIFO(t *testing.T) {
	for _, c := range []struct {
		name    string
		lengths []int
		exits   []int
		want    []float64
	}{
		{"one person", many(0, 20, 1, 100, 0, 20), []int{120}, []float64{100}},
		{"two in order", many(0, 20, 1, 30, 2, 50, 1, 30, 0, 20), []int{100, 130}, []float64{80, 80}},
		{"missed for half a minute", many(0, 20, 1, 30, 0, 30, 1, 40, 0, 20), []int{120}, []float64{100}},
		{"here from the beginning", many(1, 100, 0, 20), []int{100}, nil},
		{"straight through", many(0, 120), []int{50}, []float64{0}},
		{"exit not seen, queue long empty: the next one is not charged", many(0, 20, 1, 30, 0, 300, 1, 50, 0, 20), []int{400}, []float64{50}},
		{"short blindness", many(0, 20, 1, 30, -1, 30, 1, 40, 0, 20), []int{120}, []float64{100}},
		{"long blindness: nobody knows who came", many(0, 20, 1, 30, -1, 90, 1, 40, 0, 20), []int{180}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := feed(&FIFO{}, 0, c.lengths, c.exits...)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("waits are %v, want %v", got, c.want)
			}
		})
	}
}

// TestFIFOSurvivesRestart: encoding and decoding at any second changes nothing.
func TestFIFOSurvivesRestart(t *testing.T) {
	lengths, exits := many(0, 20, 1, 30, 2, 50, 1, 30, 0, 20), []int{100, 130}
	for cut := range lengths {
		var a, b FIFO
		got := feed(&a, 0, lengths[:cut], exits...)
		kept, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(kept, &b); err != nil {
			t.Fatal(err)
		}
		got = append(got, feed(&b, cut, lengths[cut:], exits...)...)
		if !reflect.DeepEqual(got, []float64{80, 80}) {
			t.Fatalf("cut at %d: %v", cut, got)
		}
	}
}

// TestFIFOConserves: whatever is fed, nobody waits a negative time, and everybody who joined has left, waits or was missed.
func TestFIFOConserves(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var f FIFO
		var waits []Wait
		joined, exits, n := 0, 0, 0
		for s := range 2000 {
			at := start.Add(time.Duration(s) * time.Second)
			n = max(n+r.IntN(3)-1, 1) // never empty: nothing is forgotten
			if r.IntN(30) == 0 {
				f.Exit(Exit{At: at, GaveUp: r.IntN(3) == 0, Found: r.IntN(3) == 0})
				exits++
			}
			var j int
			waits, j = f.Second(at, n, waits)
			joined += j
		}
		if joined > len(waits)+len(f.Waiting)+f.Missed || len(waits) > exits {
			t.Fatalf("%d joined, %d waited to the end, %d wait, %d were missed, %d exits", joined, len(waits), len(f.Waiting), f.Missed, exits)
		}
		for _, w := range waits {
			if !w.Arrived.IsZero() && w.Seconds() < 0 {
				t.Fatalf("negative wait %v", w)
			}
		}
	}
}

// TestSurvival compares with the 6-MP arm of Freireich et al. (Blood 21, 1963), the textbook example.
func TestSurvival(t *testing.T) {
	var done, lost models.Histogram
	for _, v := range []float64{6, 6, 6, 7, 10, 13, 16, 22, 23} {
		done.Add(v)
	}
	for _, v := range []float64{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35} {
		lost.Add(v)
	}
	curve := kaplanMeier(done, lost)
	want := []float64{.857, .807, .753, .690, .627, .538, .448}
	deviation := []float64{.0764, .0869, .0963, .1068, .1141, .1282, .1346}
	if len(curve) != len(want) {
		t.Fatalf("%d steps, want %d", len(curve), len(want))
	}
	for i, c := range curve {
		if math.Abs(c.survive-want[i]) > .001 || math.Abs(c.survive*math.Sqrt(c.variance)-deviation[i]) > .001 {
			t.Errorf("step %d: %.4f +- %.4f, want %.3f +- %.4f", i, c.survive, c.survive*math.Sqrt(c.variance), want[i], deviation[i])
		}
	}
	m := Survival(done, lost, Median)
	if math.Abs(m.Value-23) > 1 || m.Low > 14 || m.Low < 12 || !math.IsInf(m.High, 1) { // published: 23 (13, infinity)
		t.Errorf("median %+v", m)
	}
	if p := Survival(done, lost, P90); p.Quality != models.Unknown {
		t.Errorf("p90 is beyond the curve, but is %+v", p)
	}
}

// TestLittleIsExact: over a period that begins and ends empty the mean is the mean, whatever happens in between.
func TestLittleIsExact(t *testing.T) {
	parts := []Part{{PersonS: 600, Exits: 2, ObservedS: 60}, {PersonS: 1200, Exits: 3, ObservedS: 60}, {PersonS: 300, Exits: 5, ObservedS: 60}}
	if e := Little(parts, 0, 0); math.Abs(e.Value-210) > 1e-9 || e.N != 10 || e.Low > 210 || e.High < 210 {
		t.Errorf("%+v", e)
	}
	if e := Little(nil, 0, 0); e.Quality != models.Unknown {
		t.Errorf("nothing seen: %+v", e)
	}
	for df, want := range map[int]float64{1: 12.706, 2: 4.303, 3: 3.182, 5: 2.571, 10: 2.228, 30: 2.042} {
		if got := student975(df); math.Abs(got-want) > .02*want {
			t.Errorf("t of %d degrees of freedom is %.3f, want %.3f", df, got, want)
		}
	}
}

func repeat(v float64, n int) (h models.Histogram) {
	for range n {
		h.Add(v)
	}
	return h
}

func TestPublish(t *testing.T) {
	for _, c := range []struct {
		name    string
		e       Evidence
		method  string
		quality models.Quality
		n       int
	}{
		{"nothing", Evidence{Coverage: 1}, "", models.Unknown, 0},
		{"too few", Evidence{Parts: once(repeat(100, 29)), Coverage: 1}, "fifo", models.Insufficient, 29},
		{"enough", Evidence{Parts: once(repeat(100, 30)), Coverage: 1}, "fifo", models.Measured, 30},
		{"hardly seen", Evidence{Parts: once(repeat(100, 30)), Coverage: .6}, "fifo", models.Estimated, 30},
		{"not seen", Evidence{Parts: once(repeat(100, 30)), Coverage: .4}, "", models.Unknown, 0},
		{"methods agree", Evidence{Parts: once(repeat(100, 30)), Completed: repeat(110, 40), Coverage: 1}, "fifo", models.Measured, 30},
		{"methods differ", Evidence{Parts: once(repeat(100, 30)), Completed: repeat(200, 40), Coverage: 1}, "fifo", models.Estimated, 30},
		{"any order", Evidence{AnyOrder: true, Parts: once(repeat(100, 30)), Completed: repeat(200, 40), Coverage: 1}, "kaplan-meier", models.Measured, 40},
		{"any order, tracks broken", Evidence{AnyOrder: true, Completed: repeat(200, 40), Censored: repeat(50, 40), Coverage: 1}, "kaplan-meier", models.Insufficient, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Publish(c.e, Median).Published
			if p.Method != c.method || p.Quality != c.quality || p.N != c.n {
				t.Errorf("published %+v", p)
			}
			if p.Value < p.Low || p.Value > p.High {
				t.Errorf("the interval %v..%v does not hold %v", p.Low, p.High, p.Value)
			}
		})
	}
	differ := Publish(Evidence{Parts: once(repeat(100, 30)), Completed: repeat(200, 40), Coverage: 1}, Median).Published
	if differ.High < 190 {
		t.Errorf("the interval %v..%v does not cover the other method", differ.Low, differ.High)
	}
}

func once(h models.Histogram) []Part { return []Part{{Waits: h}} }

func sessions(hs ...models.Histogram) (parts []Part) {
	for i, h := range hs {
		parts = append(parts, Part{Session: i, Waits: h})
	}
	return parts
}

// TestIntervalRepeats: the same evidence gives the same interval, and sessions that differ widen it.
func TestIntervalRepeats(t *testing.T) {
	same := sessions(repeat(100, 50), repeat(100, 50), repeat(100, 50), repeat(100, 50))
	mixed := sessions(repeat(50, 50), repeat(100, 50), repeat(150, 50), repeat(200, 50))
	none := models.Estimate{Quality: models.Unknown}
	a, b := reconstructed(mixed, Mean, none), reconstructed(mixed, Mean, none)
	if a != b {
		t.Errorf("%+v and %+v", a, b)
	}
	if s := reconstructed(same, Mean, none); s.High-s.Low > 2*blurS+1e-9 || a.High-a.Low < 100 {
		t.Errorf("same sessions %+v, mixed %+v", s, a)
	}
	far := reconstructed(same, Mean, models.Estimate{Value: 115, Quality: models.Estimated})
	if far.High < 115 || far.Low > 85 {
		t.Errorf("Little says 115 s, the interval of 100 s is %v..%v", far.Low, far.High)
	}
}

// TestUnitFigure: the bootstrap computes what histograms say.
func TestUnitFigure(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		var h models.Histogram
		for range 1 + r.IntN(40) {
			h.Add(r.ExpFloat64() * 300)
		}
		us, buckets := cut(split(once(h)), 1)
		for _, s := range []Statistic{Median, P90, Mean, Over(0), Over(5.5), Over(300), Over(1e6)} {
			if got, want := us[0].figure(s, buckets), s.of(&h); math.Abs(got-want) > 1e-9*max(want, 1) {
				t.Fatalf("%s of %v is %v, want %v", s.Name, h, got, want)
			}
		}
	}
}

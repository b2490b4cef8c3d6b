package waits

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

// TestBeta compares with closed forms: I(x; a, 1) = x^a, I(x; 1, b) = 1 - (1-x)^b, I(1/2; a, a) = 1/2.
func TestBeta(t *testing.T) {
	for _, x := range []float64{.01, .2, .5, .77, .99} {
		for _, a := range []float64{.5, 1, 3, 20, 150} {
			for got, want := range map[float64]float64{
				beta(x, a, 1): math.Pow(x, a), beta(x, 1, a): 1 - math.Pow(1-x, a), beta(.5, a, a): .5,
			} {
				if math.Abs(got-want) > 1e-8 {
					t.Errorf("x %g, a %g: %g, want %g", x, a, got, want)
				}
			}
		}
	}
	if q := betaQuantile(.975, 2, 3); math.Abs(q-.8059) > 1e-4 { // tables
		t.Errorf("97.5 %% of Beta(2,3) is %g", q)
	}
}

func TestExpect(t *testing.T) {
	known := Pace{Starts: 20, CounterS: 6000} // five minutes a service
	for _, c := range []struct {
		name              string
		pace              Pace
		ahead, open, idle int
		low, high         float64 // of the median
		quality           models.Quality
	}{
		{"nobody works", known, 3, 0, 0, 0, 0, models.Unknown},
		{"nothing seen yet", Pace{}, 3, 2, 0, 0, 0, models.Unknown},
		{"a free counter", known, 0, 2, 1, 0, 0, models.Estimated},
		{"a free counter before the first service", Pace{}, 0, 1, 1, 0, 0, models.Estimated},
		{"next in line", known, 0, 1, 0, 150, 300, models.Estimated},
		{"six ahead, three counters", known, 6, 3, 0, 600, 720, models.Estimated},
		{"more than are free", known, 2, 2, 1, 200, 320, models.Estimated},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.pace.Expect(c.ahead, c.open, c.idle)
			if e.Quality != c.quality || e.Value < c.low || e.Value > c.high || e.Low > e.Value || e.High < e.Value {
				t.Errorf("%+v", e)
			}
		})
	}
}

// foretold plays a morning and compares what everybody who joins is told with what comes.
func (m morning) foretold(r *rand.Rand, told func(e models.Estimate, came float64)) {
	people := m.people(r)
	slices.SortStableFunc(people, func(a, b person) int { return cmp.Compare(a.arrived, b.arrived) })
	var pace Pace
	for s := 0.0; s < m.hours*3600; s++ {
		ahead, serving := 0, make([]bool, m.counters)
		var joining []person
		for _, p := range people {
			switch {
			case p.arrived <= s && p.left > s:
				ahead++
			case p.arrived > s && p.arrived <= s+1 && len(joining) == 0:
				joining = append(joining, p)
			}
			if !p.gaveUp && p.left <= s && p.until > s {
				serving[p.counter] = true
			}
			if !p.gaveUp && p.left > s-1 && p.left <= s {
				pace.Start()
			}
		}
		open, idle := 0, 0
		for c, busy := range serving {
			if busy {
				open++
			} else if !m.away(c, s) && !m.away(c, s-1200) {
				open, idle = open+1, idle+1
			}
		}
		if ahead > 0 {
			pace.Second(open)
		} else {
			pace.Second(open - idle)
		}
		for _, p := range joining {
			if !p.gaveUp && s > 1800 {
				told(pace.Expect(ahead, open, idle), p.left-p.arrived)
			}
		}
	}
}

// TestExpectHolds: of people who joined, at least 93 % waited as long as they were told, and half of them less than the
// middle they were told, give or take.
func TestExpectHolds(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault func(*morning)
	}{
		{"long line", func(*morning) {}},
		{"short line", func(m *morning) { m.between = 125 }},
		{"families", func(m *morning) { m.families, m.between = .2, 130 }},
		{"breaks", func(m *morning) { m.breaks, m.between = true, 130 }},
		{"people give up", func(m *morning) { m.gaveUp = .005 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, held, less, silent, width := 0, 0, 0, 0, 0.0
			for seed := range uint64(6) {
				m := usual()
				c.fault(&m)
				m.foretold(rand.New(rand.NewPCG(seed, 3)), func(e models.Estimate, came float64) {
					if e.Quality == models.Unknown {
						silent++
						return
					}
					n++
					width += e.High - e.Low
					if e.Low <= came && came <= e.High {
						held++
					}
					if came <= e.Value {
						less++
					}
				})
			}
			t.Logf("%d told, %d not; %.1f %% held; %.0f %% waited less than the middle; mean width %.0f s", n, silent, 100*float64(held)/float64(n), 100*float64(less)/float64(n), width/float64(n))
			if float64(held) < .93*float64(n) {
				t.Errorf("%d of %d held", held, n)
			}
		})
	}
}

package waits

import (
	"math"
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

package waits

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Pace is how fast counters have lately begun services, remembered for about PaceS. All fields are its state.
type Pace struct {
	Starts   float64 // service starts
	CounterS float64 // counter-seconds in which they could happen: at work while people wait, or serving
}

// The constants of the forecast.
const (
	PaceS      = 1800.0 // what is older than this counts for less than a third
	leastPace  = 3.0    // service starts without which nothing is said
	stepUpS    = 30.0   // longest way to a counter that is free
	startPrior = .5     // Jeffreys' prior of a Poisson rate
)

// Second adds one second in which so many counters could begin a service.
func (p *Pace) Second(counters int) {
	const keep = 1 - 1/PaceS
	p.Starts *= keep
	p.CounterS = p.CounterS*keep + float64(counters)
}

// Start adds one service start.
func (p *Pace) Start() { p.Starts++ }

// Expect is what a person waits who joins behind so many others now, in seconds: the median, and the span that holds 95 % of
// such waits. open counters work, idle of them serve nobody. The person's turn is service start number ahead + 1 - idle
// from now. With starts as a Poisson process whose rate is known from k starts in E counter-seconds, the time of the N-th
// start at c counters is E/c times a beta prime variable with parameters N and k + 1/2 (Aitchison and Dunsmore,
// "Statistical Prediction Analysis", 1975), which holds both chances: of the services to come and of the pace not being
// known better. Unknown while nobody works, or when too few starts were seen.
func (p *Pace) Expect(ahead, open, idle int) models.Estimate {
	turn := ahead + 1 - idle
	switch {
	case open == 0 || p.Starts < leastPace && turn > 0:
		return models.Estimate{Quality: models.Unknown}
	case turn <= 0:
		return models.Estimate{High: stepUpS, N: int(p.Starts), Quality: models.Estimated, Method: "pace"}
	}
	when := func(q float64) float64 {
		x := betaQuantile(q, float64(turn), p.Starts+startPrior)
		return p.CounterS / float64(open) * x / (1 - x)
	}
	return models.Estimate{Value: when(.5), Low: when(.025), High: when(.975), N: int(p.Starts), Quality: models.Estimated, Method: "pace"}
}

// betaQuantile inverts the regularised incomplete beta function by bisection to 1e-6.
func betaQuantile(q, a, b float64) float64 {
	low, high := 0.0, 1.0
	for high-low > 1e-6 {
		if middle := (low + high) / 2; beta(middle, a, b) < q {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// beta is the regularised incomplete beta function, by the continued fraction 26.5.8 of Abramowitz and Stegun (1964),
// evaluated with Lentz's method.
func beta(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - beta(1-x, b, a)
	}
	const tiny = 1e-300
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	f, c, d := 1.0, 1.0, 0.0
	for i := range 400 {
		m := float64(i / 2)
		t := 1.0
		switch {
		case i == 0:
		case i%2 == 0:
			t = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		default:
			t = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		if d = 1 + t*d; math.Abs(d) < tiny {
			d = tiny
		}
		if c = 1 + t/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if math.Abs(1-c*d) < 1e-10 {
			break
		}
	}
	return front * (f - 1)
}

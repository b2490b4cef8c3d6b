package waits

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Evidence is all that is known about the waits of one queue (or of many, merged) in one period.
type Evidence struct {
	AnyOrder  bool             // people are called out of order: discipline "any"
	Parts     []Part           // the period, minute by minute or coarser, in order of time
	AtStart   int              // people waiting when the period began
	AtEnd     int              // and when it ended
	Completed models.Histogram // tracked stays whose end was seen
	Censored  models.Histogram // the others, to their last observation
	Coverage  float64          // share of working time that was seen, 0..1
}

// Figures are the three estimates of one statistic side by side, and the one to print.
type Figures struct {
	Published, FIFO, Little, Tracked models.Estimate
}

// The constants of the publication rule.
const (
	minObservations = 30 // fewer: insufficient
	minComplete     = .6 // share of complete stays below which Kaplan-Meier breaks down
	disagree        = .2 // relative difference of two methods that marks a period
	fullCoverage    = .9 // below: estimated
	leastCoverage   = .5 // below: nothing is published
)

// Publish computes the three estimates and chooses: first-in-first-out where the order is kept, else Kaplan-Meier where at
// least 60 % of stays are complete, else (means only) Little. Where the choice and the next usable method differ by more
// than 20 % the interval covers both and the quality says so. With fewer than 30 observations the value is given, marked
// insufficient: it is not for printing.
func Publish(e Evidence, s Statistic) Figures {
	flow := Little(e.Parts, e.AtStart, e.AtEnd)
	f := Figures{FIFO: reconstructed(e.Parts, s, flow), Tracked: Survival(e.Completed, e.Censored, s), Little: models.Estimate{Quality: models.Unknown}}
	if s.kind == mean {
		f.Little = flow
	}
	stays := e.Completed.N + e.Censored.N
	tracked := f.Tracked.Quality != models.Unknown && f.Tracked.N >= minObservations && float64(e.Completed.N) >= minComplete*float64(stays)
	little := f.Little.Quality != models.Unknown && f.Little.N >= minObservations && !math.IsInf(f.Little.High, 1)

	var usable []models.Estimate
	if !e.AnyOrder && f.FIFO.N >= minObservations {
		usable = append(usable, f.FIFO)
	}
	if tracked && (e.AnyOrder || len(usable) > 0) {
		usable = append(usable, f.Tracked)
	}
	if little && (e.AnyOrder || len(usable) > 0) {
		usable = append(usable, f.Little)
	}
	f.Published = choose(usable, f, e, s)
	return f
}

// reconstructed is the estimate of first-in-first-out waits. How far all of them may be wrong together is judged by the
// other method that sees the same seconds: the mean of Little, as far as the publication rule still calls it agreement.
func reconstructed(parts []Part, s Statistic, flow models.Estimate) models.Estimate {
	var all models.Histogram
	for i := range parts {
		all.Merge(parts[i].Waits)
	}
	if all.N == 0 {
		return models.Estimate{Quality: models.Unknown}
	}
	systematic := 0.0
	if m := all.Mean(); flow.Quality != models.Unknown && m > 0 {
		systematic = min(math.Abs(flow.Value/m-1), disagree)
	}
	e := models.Estimate{Value: s.of(&all), N: int(all.N), Quality: models.Measured, Method: "fifo"}
	e.Low, e.High = interval(parts, s, e.Value, systematic)
	return e
}

func choose(usable []models.Estimate, f Figures, e Evidence, s Statistic) models.Estimate {
	if e.Coverage < leastCoverage {
		return models.Estimate{Quality: models.Unknown}
	}
	if len(usable) == 0 {
		return insufficient(f, e.AnyOrder)
	}
	p := usable[0]
	p.Quality = models.Measured
	if e.Coverage < fullCoverage {
		p.Quality = models.Estimated
	}
	if len(usable) > 1 {
		if o := usable[1]; math.Abs(p.Value-o.Value) > s.far(p.Value) {
			if p.Low = min(p.Low, o.Low); math.IsInf(o.High, 1) { // no upper limit: its value is covered at least
				o.High = o.Value
			}
			p.High = max(p.High, o.High)
			p.Quality = models.Estimated
		}
	}
	return p
}

// insufficient is what is known where nothing may be published.
func insufficient(f Figures, anyOrder bool) models.Estimate {
	p := f.FIFO
	if anyOrder {
		if p = f.Tracked; p.Quality == models.Unknown {
			p = f.Little
		}
	}
	if p.Quality != models.Unknown {
		p.Quality = models.Insufficient
	}
	return p
}

// far is the difference from a value at which two methods no longer agree: 20 % of it; of shares, 20 points in 100.
func (s Statistic) far(value float64) float64 {
	if s.kind == over {
		return disagree
	}
	return disagree * max(value, 1)
}

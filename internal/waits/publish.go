package waits

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Statistic says which figure of the waits is wanted.
type Statistic struct {
	Name string
	of   func(*models.Histogram) float64
	q    float64 // quantile; 0 is the mean
}

// The statistics that are published.
var (
	Median = Statistic{"median", func(h *models.Histogram) float64 { return h.Quantile(.5) }, .5}
	P90    = Statistic{"p90", func(h *models.Histogram) float64 { return h.Quantile(.9) }, .9}
	Mean   = Statistic{"mean", func(h *models.Histogram) float64 { return h.Mean() }, 0}
)

// Evidence is all that is known about the waits of one queue (or of many, merged) in one period.
type Evidence struct {
	AnyOrder  bool               // people are called out of order: discipline "any"
	Sessions  []models.Histogram // first-in-first-out waits, one histogram per half day: what the bootstrap resamples
	Batches   []Batch            // parts of the period, for Little
	AtStart   int                // people waiting when the period began
	AtEnd     int                // and when it ended
	Completed models.Histogram   // tracked stays whose end was seen
	Censored  models.Histogram   // the others, to their last observation
	Coverage  float64            // share of working time that was seen, 0..1
}

// Figures are the three estimates of one statistic side by side, and the one to print.
type Figures struct {
	Published, FIFO, Little, Tracked models.Estimate
}

// The constants of the publication rule.
const (
	minObservations = 30  // fewer: insufficient
	minComplete     = .6  // share of complete stays below which Kaplan-Meier breaks down
	disagree        = .2  // relative difference of two methods that marks a period
	fullCoverage    = .9  // below: estimated
	leastCoverage   = .5  // below: nothing is published
	resamples       = 200 // of the bootstrap
)

// Publish computes the three estimates and chooses: first-in-first-out where the order is kept, else Kaplan-Meier where at
// least 60 % of stays are complete, else (means only) Little. Where the choice and the next usable method differ by more
// than 20 % the interval covers both and the quality says so. With fewer than 30 observations the value is given, marked
// insufficient: it is not for printing.
func Publish(e Evidence, s Statistic) Figures {
	f := Figures{FIFO: fromSessions(e.Sessions, s), Tracked: Survival(e.Completed, e.Censored, s), Little: models.Estimate{Quality: models.Unknown}}
	if s.q == 0 {
		f.Little = Little(e.Batches, e.AtStart, e.AtEnd)
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
	f.Published = choose(usable, f, e)
	return f
}

func choose(usable []models.Estimate, f Figures, e Evidence) models.Estimate {
	if e.Coverage < leastCoverage {
		return models.Estimate{Quality: models.Unknown}
	}
	if len(usable) == 0 {
		p := f.FIFO
		if e.AnyOrder {
			p = f.Tracked
		}
		if p.Quality != models.Unknown {
			p.Quality = models.Insufficient
		}
		return p
	}
	p := usable[0]
	p.Quality = models.Measured
	if e.Coverage < fullCoverage {
		p.Quality = models.Estimated
	}
	if len(usable) > 1 {
		if o := usable[1]; math.Abs(p.Value-o.Value) > disagree*max(p.Value, 1) {
			if p.Low = min(p.Low, o.Low); math.IsInf(o.High, 1) { // no upper limit: its value is covered at least
				o.High = o.Value
			}
			p.High = max(p.High, o.High)
			p.Quality = models.Estimated
		}
	}
	return p
}

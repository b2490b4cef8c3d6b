package waits

import (
	"fmt"
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Statistic says which figure of the waits is wanted.
type Statistic struct {
	Name string
	kind statisticKind
	at   float64 // quantile, 0..1; or seconds
}

type statisticKind int

const (
	mean statisticKind = iota
	quantile
	over
)

// The statistics that are published, in seconds.
var (
	Median = Statistic{"median", quantile, .5}
	P90    = Statistic{"p90", quantile, .9}
	Mean   = Statistic{"mean", mean, 0}
)

// Over is the share of waits longer than some seconds, 0..1.
func Over(seconds float64) Statistic {
	return Statistic{fmt.Sprintf("over %g s", seconds), over, seconds}
}

// of is the statistic of a histogram; NaN without observations.
func (s Statistic) of(h *models.Histogram) float64 {
	switch s.kind {
	case quantile:
		return h.Quantile(s.at)
	case over:
		return h.Over(s.at)
	default:
		return h.Mean()
	}
}

// scaled is the statistic as it would be if every wait were factor times as long, and plus seconds longer.
func (s Statistic) scaled(h *models.Histogram, factor, plus float64) float64 {
	if s.kind == over {
		return h.Over((s.at - plus) / factor)
	}
	return s.of(h)*factor + plus
}

// most is the largest value the statistic can have.
func (s Statistic) most() float64 {
	if s.kind == over {
		return 1
	}
	return math.Inf(1)
}

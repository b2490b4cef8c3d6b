package waits

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// step is the survival curve just after one duration.
type step struct {
	at, survive, variance float64 // variance: Greenwood's sum, relative to survive squared
}

// Survival estimates a statistic of stays of which some were not seen to end (Kaplan and Meier 1958), with Greenwood's
// variance on the log-log scale (Kalbfleisch and Prentice 1980). Histograms stand for exact durations to within half a
// bucket; an end and a loss in the same bucket count as end first. A quantile the curve does not reach is infinite at its
// upper limit, and unknown when the curve does not reach the quantile itself.
func Survival(completed, censored models.Histogram, s Statistic) models.Estimate {
	e := models.Estimate{N: int(completed.N), Quality: models.Estimated, Method: "kaplan-meier"}
	curve := kaplanMeier(completed, censored)
	if len(curve) == 0 {
		return models.Estimate{Quality: models.Unknown}
	}
	switch s.kind {
	case mean:
		return restrictedMean(curve, e)
	case over:
		return shareOver(curve, s.at, e)
	}
	e.Value = crossing(curve, 1-s.at, 0)
	e.Low, e.High = crossing(curve, 1-s.at, -1), crossing(curve, 1-s.at, 1)
	if math.IsInf(e.Value, 1) {
		return models.Estimate{Quality: models.Unknown}
	}
	return e
}

func kaplanMeier(completed, censored models.Histogram) []step {
	var buckets []int
	for b := range completed.Counts {
		buckets = append(buckets, b)
	}
	for b := range censored.Counts {
		buckets = append(buckets, b)
	}
	slices.Sort(buckets)
	buckets = slices.Compact(buckets)
	risk := float64(completed.N + censored.N)
	survive, green := 1.0, 0.0
	var curve []step
	for _, b := range buckets {
		if d := float64(completed.Counts[b]); d > 0 {
			survive *= 1 - d/risk
			if risk > d {
				green += d / (risk * (risk - d))
			}
			curve = append(curve, step{middle(b), survive, green})
		}
		risk -= float64(completed.Counts[b] + censored.Counts[b])
	}
	return curve
}

// crossing is the first duration at which the curve (side 0), its lower (-1) or its upper (1) 95 % limit falls to level.
func crossing(curve []step, level float64, side float64) float64 {
	for _, c := range curve {
		if c.limit(side) <= level {
			return c.at
		}
	}
	return math.Inf(1)
}

// limit is the curve at a step (side 0), or its lower (-1) or upper (1) 95 % limit.
func (c step) limit(side float64) float64 {
	if side == 0 || c.survive <= 0 || c.survive >= 1 {
		return c.survive
	}
	theta := z975 * math.Sqrt(c.variance) / math.Log(c.survive)
	return math.Pow(c.survive, math.Exp(side*theta))
}

// shareOver is the curve at some seconds with its limits; unknown beyond the last end that was seen, unless nobody is left.
func shareOver(curve []step, seconds float64, e models.Estimate) models.Estimate {
	last := curve[len(curve)-1]
	if seconds > last.at && last.survive > 0 {
		return models.Estimate{Quality: models.Unknown}
	}
	at := step{survive: 1}
	for _, c := range curve {
		if c.at > seconds {
			break
		}
		at = c
	}
	e.Value, e.Low, e.High = at.limit(0), at.limit(-1), at.limit(1)
	return e
}

// restrictedMean is the area under the curve up to the last end that was seen.
func restrictedMean(curve []step, e models.Estimate) models.Estimate {
	areas := make([]float64, len(curve)) // area to the right of each step
	before, survive := 0.0, 1.0
	for i, c := range curve {
		e.Value += survive * (c.at - before)
		if i+1 < len(curve) {
			areas[i] = c.survive * (curve[i+1].at - c.at)
		}
		before, survive = c.at, c.survive
	}
	for i := len(areas) - 2; i >= 0; i-- {
		areas[i] += areas[i+1]
	}
	var variance, green float64
	for i, c := range curve {
		variance += areas[i] * areas[i] * (c.variance - green)
		green = c.variance
	}
	half := z975 * math.Sqrt(variance)
	e.Low, e.High = max(e.Value-half, 0), e.Value+half
	return e
}

func middle(bucket int) float64 {
	low, high := models.HistogramBounds(bucket)
	return (low + high) / 2
}

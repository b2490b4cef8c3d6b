package waits

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Share is k of n people with Wilson's (1927) 95 % interval; with fewer than 30 people it is insufficient. coverage is the
// share of working time that was seen. The interval takes people as independent of each other.
func Share(k, n int, coverage float64) models.Estimate {
	if n == 0 || coverage < leastCoverage {
		return models.Estimate{Quality: models.Unknown}
	}
	p := float64(k) / float64(n)
	low, high := wilson(p, float64(n))
	return models.Estimate{Value: p, Low: low, High: high, N: n, Quality: quality(n, coverage), Method: "wilson"}
}

// wilson is the interval of a share p of n independent people.
func wilson(p, n float64) (low, high float64) {
	middle := (p + z975*z975/(2*n)) / (1 + z975*z975/n)
	half := z975 / (1 + z975*z975/n) * math.Sqrt(p*(1-p)/n+z975*z975/(4*n*n))
	return max(middle-half, 0), min(middle+half, 1)
}

// Stays is a statistic of stays that stand for themselves, such as service times, by Kaplan-Meier; with fewer than 30
// whose end was seen it is insufficient. Where fewer than 60 % of ends were seen it is marked estimated.
func Stays(completed, censored models.Histogram, coverage float64, s Statistic) models.Estimate {
	e := Survival(completed, censored, s)
	if e.Quality == models.Unknown || coverage < leastCoverage {
		return models.Estimate{Quality: models.Unknown}
	}
	if e.Quality = quality(e.N, coverage); e.Quality == models.Measured && float64(completed.N) < minComplete*float64(completed.N+censored.N) {
		e.Quality = models.Estimated
	}
	return e
}

// quality of a figure of n observations, at least leastCoverage seen.
func quality(n int, coverage float64) models.Quality {
	switch {
	case n < minObservations:
		return models.Insufficient
	case coverage < fullCoverage:
		return models.Estimated
	default:
		return models.Measured
	}
}

package waits

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// fromSessions is the estimate of first-in-first-out waits with a percentile bootstrap interval that resamples sessions,
// because waits within a half day depend on each other (Efron and Tibshirani 1993, ch. 8). One session alone has no
// other to compare with; its interval treats waits as independent and is too narrow, so its quality is estimated.
func fromSessions(sessions []models.Histogram, s Statistic) models.Estimate {
	var all models.Histogram
	for i := range sessions {
		all.Merge(sessions[i])
	}
	if all.N == 0 {
		return models.Estimate{Quality: models.Unknown}
	}
	e := models.Estimate{Value: s.of(&all), N: int(all.N), Quality: models.Measured, Method: "fifo"}
	r := rand.New(rand.NewPCG(uint64(all.N), math.Float64bits(all.Sum))) // the same evidence gives the same interval
	draw := func() models.Histogram { return resample(sessions, r) }
	if len(sessions) < 2 {
		e.Quality = models.Estimated
		values, weights := flat(all)
		draw = func() models.Histogram { return multinomial(values, weights, all, r) }
	}
	figures := make([]float64, resamples)
	for i := range figures {
		h := draw()
		figures[i] = s.of(&h)
		if math.IsNaN(figures[i]) { // only sessions without a wait were drawn
			figures[i] = e.Value
		}
	}
	slices.Sort(figures)
	e.Low = min(figures[int(.025*resamples)], e.Value)
	e.High = max(figures[int(.975*resamples)], e.Value)
	return e
}

func resample(sessions []models.Histogram, r *rand.Rand) models.Histogram {
	var h models.Histogram
	for range sessions {
		h.Merge(sessions[r.IntN(len(sessions))])
	}
	return h
}

// flat lists a histogram's buckets and their cumulated counts.
func flat(h models.Histogram) (buckets []int, cumulated []int64) {
	for b := range h.Counts {
		buckets = append(buckets, b)
	}
	slices.Sort(buckets)
	var n int64
	for _, b := range buckets {
		n += h.Counts[b]
		cumulated = append(cumulated, n)
	}
	return buckets, cumulated
}

// multinomial draws as many waits as h holds, with replacement.
func multinomial(buckets []int, cumulated []int64, h models.Histogram, r *rand.Rand) models.Histogram {
	out := models.Histogram{Counts: make(map[int]int64, len(buckets)), N: h.N}
	shift := h.Mean() - middleMean(h) // buckets know their middle only: keep the mean exact
	for range h.N {
		k, _ := slices.BinarySearch(cumulated, r.Int64N(h.N)+1)
		out.Counts[buckets[k]]++
		out.Sum += middle(buckets[k]) + shift
	}
	return out
}

func middle(bucket int) float64 {
	low, high := models.HistogramBounds(bucket)
	return (low + high) / 2
}

func middleMean(h models.Histogram) float64 {
	var sum float64
	for b, n := range h.Counts {
		sum += middle(b) * float64(n)
	}
	return sum / float64(h.N)
}

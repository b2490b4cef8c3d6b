package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

const resamples = 400

// bootstrap returns the 2.5 % and 97.5 % points of a statistic over resampled units (Efron 1979, percentile method), with
// a fixed seed. Resamples in which it is not a number are left out.
func bootstrap(units int, stat func(index []int) float64) (low, high float64) {
	r := rand.New(rand.NewPCG(1, 1))
	var v []float64
	index := make([]int, units)
	for range resamples {
		for i := range index {
			index[i] = r.IntN(units)
		}
		if s := stat(index); !math.IsNaN(s) && !math.IsInf(s, 0) {
			v = append(v, s)
		}
	}
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(v)
	return v[len(v)*25/1000], v[min(len(v)*975/1000, len(v)-1)]
}

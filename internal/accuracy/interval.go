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

// exact is the 95 % interval of a share of which k of n were found (Clopper and Pearson 1934): right also for none or all.
func exact(k, n int) (low, high float64) {
	low, high = 0, 1
	if k > 0 {
		low = root(func(p float64) float64 { return 1 - binomial(k-1, n, p) - .025 })
	}
	if k < n {
		high = root(func(p float64) float64 { return .025 - binomial(k, n, p) })
	}
	return low, high
}

// binomial is the chance of at most k of n, each with chance p.
func binomial(k, n int, p float64) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	var sum float64
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(i + 1))
		b, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

// root finds where a rising function of 0..1 crosses zero.
func root(f func(float64) float64) float64 {
	low, high := 1e-12, 1-1e-12
	for range 60 {
		if m := (low + high) / 2; f(m) < 0 {
			low = m
		} else {
			high = m
		}
	}
	return (low + high) / 2
}

package waits

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

const batches = 20 // at most so many batches, of a period, so that each is long against a wait

// Little estimates the mean wait of those who stopped waiting in the period, as time-average queue length over exit rate
// (Little 1961). What they waited is the integral of the queue length, plus what those already waiting at the start had
// waited before it, less what those still waiting at the end have waited so far. Kim and Whitt ("Statistical analysis
// with Little's law", Operations Research 61, 2013) correct this edge effect by taking each such wait as one mean wait;
// solved for the mean, that divides by the period's arrivals instead of its exits. The 95 % interval is theirs too: batch
// means of the ratio, with Student's quantile. The estimate is low by the share of people that the detector misses.
func Little(parts []Part, atStart, atEnd int) models.Estimate {
	parts = pool(parts)
	var persons, observed float64
	exits := 0
	for _, b := range parts {
		persons += b.PersonS
		exits += b.Exits
		observed += b.ObservedS
	}
	arrivals := float64(exits + atEnd - atStart)
	if exits == 0 || arrivals <= 0 || observed == 0 {
		return models.Estimate{Quality: models.Unknown}
	}
	plain := persons / float64(exits)
	value := persons / arrivals
	e := models.Estimate{Value: value, N: exits, Quality: models.Estimated, Method: "little"}
	half := math.Inf(1)
	if m := float64(len(parts)); m >= 2 {
		var sum float64
		for _, b := range parts {
			z := b.PersonS - plain*float64(b.Exits)
			sum += z * z
		}
		half = student975(len(parts)-1) * math.Sqrt(sum/(m*(m-1))) / (float64(exits) / m)
	}
	e.Low, e.High = max(value-half, 0), value+half
	return e
}

// pool joins neighbouring parts until at most batches are left.
func pool(parts []Part) []Part {
	per := (len(parts) + batches - 1) / batches
	if per <= 1 {
		return parts
	}
	var out []Part
	for i, b := range parts {
		if i%per == 0 {
			out = append(out, Part{})
		}
		o := &out[len(out)-1]
		o.PersonS += b.PersonS
		o.Exits += b.Exits
		o.ObservedS += b.ObservedS
	}
	return out
}

// student975 is the 97.5 % quantile of Student's t (Cornish-Fisher expansion; exact to 1 % from 3 degrees of freedom).
func student975(df int) float64 {
	switch df {
	case 1:
		return 12.706
	case 2:
		return 4.303
	}
	const z = 1.959964
	v := float64(df)
	return z + (z*z*z+z)/(4*v) + (5*z*z*z*z*z+16*z*z*z+3*z)/(96*v*v) + (3*math.Pow(z, 7)+19*math.Pow(z, 5)+17*z*z*z-15*z)/(384*v*v*v)
}

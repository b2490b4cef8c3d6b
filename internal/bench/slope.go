package main

import "math"

// slopeBlocks is the number of blocks into which a record is cut. Samples of a process that lives are not independent: memory
// moves in waves of minutes. Means of blocks much longer than a wave nearly are (the method of batch means: Law, Simulation
// Modeling and Analysis, 9.5.3), so a straight line through them has an interval that can be believed; one through the
// samples themselves would be far too narrow.
const slopeBlocks = 8

// student is the 97.5 % quantile of Student's t with slopeBlocks-2 degrees of freedom.
const student = 2.447

// trend is a straight line through a record: how much its value grows per hour, with the 95 % interval.
type trend struct {
	Slope, Low, High float64 // per hour
	Mean             float64
}

// flat reports whether the record may as well not grow.
func (t trend) flat() bool { return t.Low <= 0 && t.High >= 0 }

// trendOf fits values taken at hours; at least two for each block are needed, else ok is false.
func trendOf(hours, values []float64) (t trend, ok bool) {
	n := len(values)
	if n != len(hours) || n < 2*slopeBlocks {
		return t, false
	}
	var x, y [slopeBlocks]float64
	for b := range slopeBlocks {
		from, to := b*n/slopeBlocks, (b+1)*n/slopeBlocks
		x[b], y[b] = mean(hours[from:to]), mean(values[from:to])
	}
	mx, my := mean(x[:]), mean(y[:])
	var sxx, sxy, rest float64
	for b := range slopeBlocks {
		sxx += (x[b] - mx) * (x[b] - mx)
		sxy += (x[b] - mx) * (y[b] - my)
	}
	t.Slope, t.Mean = sxy/sxx, mean(values)
	for b := range slopeBlocks {
		r := y[b] - my - t.Slope*(x[b]-mx)
		rest += r * r
	}
	half := student * math.Sqrt(rest/(slopeBlocks-2)/sxx)
	t.Low, t.High = t.Slope-half, t.Slope+half
	return t, true
}

func mean(v []float64) float64 {
	sum := 0.
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

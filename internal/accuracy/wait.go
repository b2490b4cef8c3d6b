package main

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

// printed is the estimate of one statistic that is published for a day, with the truth.
type printed struct {
	models.Estimate
	truth float64
}

// said reports whether the estimate may be printed.
func (p printed) said() bool { return p.Quality == models.Measured || p.Quality == models.Estimated }

func (p printed) covers() bool { return p.Low <= p.truth && p.truth <= p.High }

var statistics = [3]struct {
	name string
	waits.Statistic
	of     func([]float64) float64
	target float64 // largest error, %
}{
	{"median", waits.Median, func(v []float64) float64 { return quantile(v, .5) }, 5},
	{"90 %", waits.P90, func(v []float64) float64 { return quantile(v, .9) }, 8},
	{"mean", waits.Mean, func(v []float64) float64 { return pick(v, all(v)) }, math.Inf(1)},
}

// waits are the reconstructed waits, and those of everybody whose service began, from joining the queue.
func (d *day) waits() (p pair) {
	for _, m := range d.minutes {
		p.found = append(p.found, m.WaitsS...)
	}
	for _, v := range d.truth.Visits {
		if v.Entered != nil && v.ServiceStart != nil {
			p.truth = append(p.truth, *v.ServiceStart-*v.Entered)
		}
	}
	return p
}

// print is what the product publishes of the day's waits.
func (d *day) print(truth []float64) (out [3]printed) {
	var all models.Sum
	var e waits.Evidence
	for _, m := range d.minutes {
		if m.Kind != models.ZoneQueue {
			continue
		}
		var s models.Sum
		s.Add(m)
		all.Merge(s)
		e.Parts = append(e.Parts, waits.Part{Waits: s.Waits, PersonS: s.OccupancyS, Exits: s.Starts + s.GaveUp, ObservedS: s.ObservedS})
	}
	for _, v := range d.visits {
		all.AddVisit(v)
	}
	e.Completed, e.Censored = all.Completed, all.Censored
	e.Coverage = all.ObservedS / max(all.WorkingS, 1)
	for i, s := range statistics {
		out[i].Estimate = waits.Publish(e, s.Statistic).Published
		if len(truth) > 0 {
			out[i].truth = s.of(truth)
		} else {
			out[i].Quality = models.Unknown
		}
	}
	return out
}

// waitFigures compare waits: pooled over all days, of each day, and their printed intervals; and services and who gave up.
func waitFigures(name string, days []score) []Figure {
	out := pooledWaits(name, days)
	for i, s := range statistics {
		out = append(out, dayFigures(name+s.name+" wait", days, i, s.target)...)
	}
	service := func(s score) pair { return s.service }
	return append(out, relative(name+"median service time, error, %", days, service, statistics[0].of),
		relative(name+"mean service time, error, %", days, service, statistics[2].of), gaveUpFigure(name, days))
}

// pooledWaits compare the waits of all days together.
func pooledWaits(name string, days []score) (out []Figure) {
	for _, s := range statistics {
		f := relative(name+s.name+" wait of all days together, error, %", days, func(s score) pair { return s.waits }, s.of)
		if !math.IsInf(s.target, 0) {
			f = f.withinTarget(s.target)
		}
		out = append(out, f)
	}
	return out
}

// relative is how far a statistic of everything measured on some days is from that of everything true, in percent.
func relative(name string, days []score, of func(score) pair, stat func([]float64) float64) Figure {
	n := 0
	for _, d := range days {
		n += len(of(d).found)
	}
	return figure(name, len(days), n, func(index []int) float64 {
		var p pair
		for _, i := range index {
			d := of(days[i])
			p.found, p.truth = append(p.found, d.found...), append(p.truth, d.truth...)
		}
		if len(p.found) == 0 || len(p.truth) == 0 {
			return math.NaN()
		}
		return 100 * (stat(p.found)/stat(p.truth) - 1)
	})
}

// dayFigures compare what is printed for each day with its truth.
func dayFigures(name string, days []score, statistic int, target float64) []Figure {
	var errs []float64
	covered, said := 0, 0
	for _, d := range days {
		p := d.printed[statistic]
		if !p.said() {
			continue
		}
		said++
		if p.covers() {
			covered++
		}
		if p.truth > 0 {
			errs = append(errs, 100*math.Abs(p.Value/p.truth-1))
		}
	}
	typical := figure(name+" of one day, middle of the days' errors, %", len(errs), len(errs), func(index []int) float64 {
		v := make([]float64, len(index))
		for k, i := range index {
			v[k] = errs[i]
		}
		return quantile(v, .5)
	})
	if !math.IsInf(target, 0) {
		typical = typical.atMostTarget(target)
	}
	return []Figure{
		typical,
		shareFigure(name+": days whose printed 95 % interval holds the truth", covered, said).atLeastTarget(.93),
		shareFigure(name+": days with enough to print", said, len(days)),
	}
}

// gaveUpFigure is the error of the share of people who gave up, in points of percent.
func gaveUpFigure(name string, days []score) Figure {
	n := 0
	for _, d := range days {
		n += d.left
	}
	return figure(name+"share given up, error, points of percent", len(days), n, func(index []int) float64 {
		var off, people float64
		for _, i := range index {
			off += 100 * (days[i].gaveUp[0] - days[i].gaveUp[1]) * float64(days[i].left)
			people += float64(days[i].left)
		}
		return off / people
	})
}

// expectFigures compare what people were told to expect with what came.
func expectFigures(name string, days []score) []Figure {
	n := 0
	for _, d := range days {
		n += len(d.expected)
	}
	over := func(of func(expected) float64) func([]int) float64 {
		return func(index []int) float64 {
			var v []float64
			for _, i := range index {
				for _, e := range days[i].expected {
					v = append(v, of(e))
				}
			}
			if len(v) == 0 {
				return math.NaN()
			}
			return quantile(v, .5)
		}
	}
	return []Figure{
		figure(name+"people who joined: share whose span of the expected wait held what they waited", len(days), n, func(index []int) float64 {
			var in, of float64
			for _, i := range index {
				for _, e := range days[i].expected {
					if of++; e.low <= e.truth && e.truth <= e.high {
						in++
					}
				}
			}
			return in / of
		}).atLeastTarget(.93),
		figure(name+"expected wait of who joined, middle of the errors, s", len(days), n, over(func(e expected) float64 { return math.Abs(e.value - e.truth) })),
		figure(name+"expected wait of who joined, middle of the signed errors, s", len(days), n, over(func(e expected) float64 { return e.value - e.truth })),
		figure(name+"expected wait of who joined, middle width of the span, s", len(days), n, over(func(e expected) float64 { return e.high - e.low })),
	}
}

func all(v []float64) []int {
	index := make([]int, len(v))
	for i := range index {
		index[i] = i
	}
	return index
}

func quantile(v []float64, q float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[min(int(q*float64(len(v))), len(v)-1)]
}

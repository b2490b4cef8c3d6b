package waits

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// Part is a stretch of a period: what the interval resamples and the batches of Little are made of. Parts are in order of
// time, so that those of one session follow each other.
type Part struct {
	Session   int              // number of the half day
	Waits     models.Histogram // first-in-first-out waits that ended in it
	PersonS   float64          // integral of the queue length over the seconds that were seen
	Exits     int              // people who stopped waiting in it: service starts, and those seen to give up
	ObservedS float64
}

// The constants of the interval.
const (
	resamples     = 400
	units         = 8    // at least so many are resampled: sessions, or stretches of them where there are fewer
	z975          = 1.96 // of the normal distribution
	leastSessions = 3    // so many say something of how sessions differ
	rare          = 5    // so many units must have a longer wait, and a shorter one, for a share to be bootstrapped alone
	blurS         = 2.0  // seconds by which any wait may be wrong: sampling of seconds, jitter at a zone's edge
)

// unit is what is drawn as a whole: everything inside may depend on everything else.
type unit struct {
	counts []int64 // by position in the sorted list of buckets in use
	n      int64
	sum    float64
}

// interval puts a 95 % interval around value, a statistic of all waits together. Two errors are added in quadrature:
//
// Chance: what other such sessions would have given. Waits of one session depend on each other, so sessions are drawn with
// replacement, not waits (Efron and Tibshirani 1993, ch. 8). Of fewer than eight sessions stretches of equal length are drawn
// (Carlstein 1986, Künsch 1989: the dependence inside a stretch is kept), from three sessions on sessions too, and the wider
// answer counts. One or two sessions cannot tell how sessions differ: their interval is about these very sessions.
//
// Method: systematic is the share by which all waits may be wrong together; it does not shrink with more observations.
func interval(parts []Part, s Statistic, value, systematic float64) (low, high float64) {
	sessions := split(parts)
	var below, above float64
	for _, pieces := range []int{(units + len(sessions) - 1) / max(len(sessions), 1), 1} {
		if pieces == 1 && len(sessions) < leastSessions {
			continue
		}
		us, buckets := cut(sessions, pieces)
		b, a := chance(us, buckets, s, value)
		below, above = max(below, b), max(above, a)
	}
	var all models.Histogram
	for _, p := range parts {
		all.Merge(p.Waits)
	}
	shorter, longer := s.scaled(&all, 1-systematic, -blurS), s.scaled(&all, 1+systematic, blurS)
	low = value - math.Hypot(below, max(value-shorter, 0))
	high = value + math.Hypot(above, max(longer-value, 0))
	return max(low, 0), min(high, s.most())
}

// chance is how far the statistic may be below and above value by the chance of which units there were. The percentile
// interval of m units is too narrow by z/t and sqrt((m-1)/m) (Hesterberg 2015); it is widened by both. A share of which
// hardly any unit has some, or hardly any has the rest, is no better known than one of as many people as there are units.
func chance(us []unit, buckets []int, s Statistic, value float64) (below, above float64) {
	m := float64(len(us))
	if m < 2 {
		return 0, 0
	}
	figures := bootstrap(us, buckets, s, value)
	widen := student975(len(us)-1) / z975 * math.Sqrt(m/(m-1))
	below = max(value-figures[int(.025*resamples)], 0) * widen
	above = max(figures[int(.975*resamples)]-value, 0) * widen
	if s.kind != over {
		return below, above
	}
	some, rest := 0, 0 // units with a longer wait, and with a shorter one
	for i := range us {
		share := us[i].figure(s, buckets)
		if us[i].n > 0 && share > 0 {
			some++
		}
		if us[i].n > 0 && share < 1 {
			rest++
		}
	}
	if min(some, rest) < rare {
		low, high := wilson(value, m)
		below, above = max(below, value-low), max(above, high-value)
	}
	return below, above
}

// bootstrap returns the sorted statistics of resamples; a resample without a wait repeats value.
func bootstrap(us []unit, buckets []int, s Statistic, value float64) []float64 {
	var n int64
	for _, u := range us {
		n += u.n
	}
	r := rand.New(rand.NewPCG(uint64(n), math.Float64bits(value))) // the same evidence gives the same interval
	figures := make([]float64, resamples)
	drawn := unit{counts: make([]int64, len(buckets))}
	for i := range figures {
		clear(drawn.counts)
		drawn.n, drawn.sum = 0, 0
		for range us {
			u := &us[r.IntN(len(us))]
			for b, c := range u.counts {
				drawn.counts[b] += c
			}
			drawn.n += u.n
			drawn.sum += u.sum
		}
		if figures[i] = value; drawn.n > 0 {
			figures[i] = drawn.figure(s, buckets)
		}
	}
	slices.Sort(figures)
	return figures
}

// figure is the statistic of a unit: what Statistic.of says of the same histogram.
func (u *unit) figure(s Statistic, buckets []int) float64 {
	if s.kind == mean {
		return u.sum / float64(u.n)
	}
	var seen float64
	for i, c := range u.counts {
		low, high := models.HistogramBounds(buckets[i])
		n := float64(c)
		switch {
		case s.kind == quantile && seen+n >= s.at*float64(u.n) && c > 0:
			return low + (high-low)*max(s.at*float64(u.n)-seen, 0)/n
		case s.kind == over && high > s.at:
			n *= min(max((s.at-low)/(high-low), 0), 1)
		}
		seen += n
	}
	return 1 - seen/float64(u.n) // over; a quantile was found
}

// split groups parts by session.
func split(parts []Part) (sessions [][]Part) {
	for i, p := range parts {
		if i == 0 || p.Session != parts[i-1].Session {
			sessions = append(sessions, nil)
		}
		last := len(sessions) - 1
		sessions[last] = append(sessions[last], p)
	}
	return sessions
}

// cut makes the units: every session in so many pieces. Units without a wait say something too: when waits end is part of
// the chance.
func cut(sessions [][]Part, pieces int) (us []unit, buckets []int) {
	for _, session := range sessions {
		for _, p := range session {
			for b := range p.Waits.Counts {
				buckets = append(buckets, b)
			}
		}
	}
	slices.Sort(buckets)
	buckets = slices.Compact(buckets)
	for _, session := range sessions {
		k := min(pieces, len(session))
		for i := range k {
			u := unit{counts: make([]int64, len(buckets))}
			for _, p := range session[i*len(session)/k : (i+1)*len(session)/k] {
				for b, c := range p.Waits.Counts {
					at, _ := slices.BinarySearch(buckets, b)
					u.counts[at] += c
				}
				u.n += p.Waits.N
				u.sum += p.Waits.Sum
			}
			us = append(us, u)
		}
	}
	return us, buckets
}

package analytics

import "time"

// cadence says which frames are due at a rate, and keeps the rate's phase, so that 2 of 15 a second are 2 and not 1.9.
type cadence struct{ next, last time.Time }

// take reports whether the frame taken at `at` is due, and if so counts it. A tenth of the interval is forgiven to the
// jitter of cameras.
func (c *cadence) take(at time.Time, interval time.Duration) bool {
	if at.Before(c.last.Add(-backwards)) {
		c.next = at // the clock was set back
	}
	c.last = at
	if at.Add(interval / 10).Before(c.next) {
		return false
	}
	if c.next = c.next.Add(interval); !c.next.After(at) {
		c.next = at.Add(interval)
	}
	return true
}

// rate counts occurrences in the last ten seconds.
type rate struct {
	seconds [11]int64 // the second that each bucket counts
	n       [11]int
	first   int64 // second in which counting began; 0 before
}

func (r *rate) add(now time.Time) {
	s := now.Unix()
	if r.first == 0 {
		r.first = s
	}
	i := s % int64(len(r.n))
	if r.seconds[i] != s {
		r.seconds[i], r.n[i] = s, 0
	}
	r.n[i]++
}

// perSecond is the mean of the last ten full seconds, or of those since counting began.
func (r *rate) perSecond(now time.Time) float64 {
	total, s := 0, now.Unix()
	for i, second := range r.seconds {
		if second < s && second >= s-10 {
			total += r.n[i]
		}
	}
	if r.first == 0 {
		return 0
	}
	return float64(total) / float64(min(max(s-r.first, 1), 10))
}

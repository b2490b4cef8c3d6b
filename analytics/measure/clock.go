package measure

import "time"

// clock cuts time into whole seconds and says of each whether it was seen. A second is seen when at least half of it lies
// between analysed frames that are no further apart than Limit.
type clock struct {
	Limit  time.Duration // longest gap between frames that still counts as sight
	Last   time.Time     // newest moment told; zero before the first
	Next   time.Time     // start of the second being filled
	Credit time.Duration // how much of it was seen
	Blind  bool          // no frame came for longer than Limit
}

const (
	slowest  = 10 * time.Second       // no gap longer than this is ever sight
	fastest  = 500 * time.Millisecond // nobody needs more than 2 frames a second, so a faster camera is not held to more
	longest  = 12 * time.Hour         // of a longer gap only so much is told, second by second
	halfSeen = 500 * time.Millisecond
)

// sound reports whether the clock, kept by an earlier run, is one that could have been: the newest moment lies in the second
// being filled.
func (c *clock) sound() bool {
	in := c.Last.Sub(c.Next)
	return c.Last.IsZero() || in >= 0 && in < time.Second && c.Credit >= 0 && c.Credit <= time.Second
}

// limit is the longest gap that counts as sight: three nominal intervals, at most 10 s.
func limit(interval time.Duration) time.Duration { return min(3*max(interval, fastest), slowest) }

// frame tells that a frame was analysed; tick is called for every second it completes.
func (c *clock) frame(at time.Time, tick func(start time.Time, seen bool)) {
	c.advance(at, !c.Blind && at.Sub(c.Last) <= c.Limit, tick)
	c.Blind = false
}

// idle tells that no frame has come until now.
func (c *clock) idle(at time.Time, tick func(start time.Time, seen bool)) {
	if !c.Last.IsZero() && !c.Blind && at.Sub(c.Last) <= c.Limit {
		return // a frame may still come in time
	}
	c.advance(at, false, tick)
	c.Blind = true
}

// stop tells that nothing comes after a moment. The second it falls in counts when half of it was seen.
func (c *clock) stop(at time.Time, tick func(start time.Time, seen bool)) {
	if c.Last.IsZero() {
		return
	}
	c.advance(at, !c.Blind && at.Sub(c.Last) <= c.Limit, tick)
	if c.Credit >= halfSeen {
		tick(c.Next, true)
	}
	*c = clock{Limit: c.Limit}
}

func (c *clock) advance(at time.Time, seen bool, tick func(start time.Time, seen bool)) {
	if c.Last.IsZero() {
		c.Last, c.Next = at, at.Truncate(time.Second)
	}
	if from := at.Add(-longest); from.After(c.Last) {
		c.Last, c.Next, c.Credit = from, from.Truncate(time.Second), 0
	}
	if !at.After(c.Last) {
		return // time does not run backwards
	}
	for end := c.Next.Add(time.Second); !end.After(at); end = c.Next.Add(time.Second) {
		if seen {
			c.Credit += end.Sub(later(c.Last, c.Next))
		}
		tick(c.Next, c.Credit >= halfSeen)
		c.Next, c.Credit = end, 0
	}
	if seen {
		c.Credit += at.Sub(later(c.Last, c.Next))
	}
	c.Last = at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

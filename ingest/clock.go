package ingest

import "time"

const (
	maxJump    = 5 * time.Second       // a larger step of the stream's clock is a fault of the camera, not time that passed
	slewWindow = 10 * time.Second      // over which the smallest delay is taken
	maxSlew    = 10 * time.Millisecond // a window moves the offset up by at most this: 0.1 %, more than any crystal drifts,
	slewShare  = 4                     // or by this part of what is missing: cameras count 25 pictures a second and send 24.5
)

// Clock maps the time stamps of one connection to capture times. Durations come from the stream's own clock; wall time
// is the node's arrival time, never the camera's. Its zero value is ready for the first unit.
//
// The offset between the two is the smallest arrival delay seen, so that a burst of buffered pictures keeps its
// spacing once the true offset is known, and a capture time is never in the future. Slow drift of the camera's clock is
// followed gently; a delay that stays more than maxJump too long (the camera paused its clock) is followed at once.
type Clock struct {
	Jumps int // steps of more than maxJump that were taken out

	started  bool
	raw      time.Duration // last time stamp as the camera sent it
	pts      time.Duration // the same without jumps
	arrival  time.Time
	shift    time.Duration // pts - raw
	offset   time.Time     // capture time of pts 0
	low      time.Time     // smallest offset seen since lowSince
	lowSince time.Time
}

// Stamp takes the raw time stamp of a unit and its arrival on the node's clock. It returns the time stamp without
// jumps and the capture time.
func (c *Clock) Stamp(raw time.Duration, arrival time.Time) (pts time.Duration, at time.Time) {
	arrival = arrival.Round(0) // wall time: the node's clock may be set while it runs
	if !c.started {
		c.started = true
		c.raw, c.pts, c.arrival, c.shift = raw, 0, arrival, -raw
		c.anchor(arrival)
		return 0, arrival
	}
	step, passed := raw-c.raw, arrival.Sub(c.arrival)
	if step < -maxJump || step > maxJump && step-passed > maxJump {
		c.Jumps++
		c.shift += min(max(passed, 0), maxJump) - step
	}
	c.raw, c.arrival = raw, arrival
	c.pts = raw + c.shift
	c.follow(arrival)
	return c.pts, c.offset.Add(c.pts)
}

// anchor makes the unit that has just arrived the one with the smallest delay.
func (c *Clock) anchor(arrival time.Time) {
	c.offset = arrival.Add(-c.pts)
	c.low, c.lowSince = c.offset, arrival
}

// follow moves the offset towards what this arrival says.
func (c *Clock) follow(arrival time.Time) {
	seen := arrival.Add(-c.pts)
	if early := c.offset.Sub(seen); early > 0 {
		if early > maxJump { // the node's clock was set back
			c.Jumps++
		}
		c.anchor(arrival)
		return
	}
	if seen.Before(c.low) {
		c.low = seen
	}
	if arrival.Sub(c.lowSince) < slewWindow {
		return
	}
	if late := c.low.Sub(c.offset); late > maxJump {
		c.Jumps++
		c.offset = c.low
	} else {
		c.offset = c.offset.Add(min(late, max(late/slewShare, maxSlew)))
	}
	c.low, c.lowSince = seen, arrival
}

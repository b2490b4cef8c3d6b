package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// spanOf sums what was measured of a counter in the minutes that lie between two seconds of the truth, and of its queues.
func (d *day) spanOf(counter string, from, to float64) (staffed, unknown, seconds, queue, queueTruth float64) {
	i := slices.IndexFunc(d.camera.Counters, func(c models.Counter) bool { return c.ID == counter })
	c := d.camera.Counters[i]
	for _, m := range d.minutes {
		start := d.second(m.Start)
		if start+60 <= from || start >= to {
			continue
		}
		switch {
		case m.Counter == counter:
			staffed, unknown, seconds = staffed+m.StaffedS, unknown+m.UnknownS, seconds+60
		case slices.Contains(c.Queues, m.Zone) || slices.Contains(c.Service, m.Zone):
			queue += m.OccupancyS / 60
			t, _ := mean(d.truth.Occupancy[m.Zone], int(math.Round(start)))
			queueTruth += t
		}
	}
	return
}

// whyMissed tells, from the minutes around it, why an absence was told late or not at all.
func (d *day) whyMissed(a office.Absence, until float64) string {
	staffed, unknown, seconds, queue, truth := d.spanOf(a.Counter, a.From+60, until)
	switch {
	case seconds == 0:
		return "too short to tell from its minutes"
	case staffed > .2*seconds:
		return fmt.Sprintf("somebody was believed to be behind the counter for %.0f of %.0f s", staffed, seconds)
	case unknown > .2*seconds:
		return fmt.Sprintf("the counter could not be judged for %.0f of %.0f s", unknown, seconds)
	case queue < truth-.5:
		return "people who waited were not seen, so the longer limit held"
	}
	return "who waited came late in the limit, or the last sight of the officer was late"
}

// whyEarly tells why an absence was told before it was due.
func (d *day) whyEarly(counter string, at float64) string {
	_, _, _, queue, truth := d.spanOf(counter, at-60, at)
	if queue > truth+.2 {
		return fmt.Sprintf("%.1f people were believed to wait or be served, %.1f were: the shorter limit was applied", queue, truth)
	}
	return "the officer had not been seen for a while before leaving"
}

// whyInvented tells why an absence was told that was none.
func (d *day) whyInvented(e told) string {
	if slices.ContainsFunc(d.fronts, func(f front) bool { return f.counter == e.counter && e.at >= f.from && e.at <= f.to+marginS }) {
		return "a citizen stood before the officer, and the zone was not taken for hidden"
	}
	staffed, unknown, seconds, _, _ := d.spanOf(e.counter, e.at-180, e.at)
	return fmt.Sprintf("the officer was there and was seen for %.0f of the %.0f s before (not judged: %.0f s)", staffed, seconds, unknown)
}

// why gives the reasons, from a day's own figures, for which its waits or queues can be off.
func (s *score) why() string {
	var out []string
	add := func(when bool, format string, args ...any) {
		if when {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	bias := pick(s.queue, all(s.queue))
	add(s.poster != "", "a persistent false box stands in zone %s", s.poster)
	add(bias > .15, "%.2f people too many are counted in the queue (people who have left, false boxes)", bias)
	add(bias < -.15, "%.2f people of the queue are not seen (they hide each other)", -bias)
	add(s.gaveUp[1] > .05, "%.0f %% gave up, so the order was not first in, first out", 100*s.gaveUp[1])
	add(s.gaveUp[0]-s.gaveUp[1] > .03, "%.0f %% are told to have given up who did not", 100*(s.gaveUp[0]-s.gaveUp[1]))
	lost := s.starts[1] - s.starts[0]
	add(lost > .05*s.starts[1], "%.0f of %.0f beginnings of service are missed", lost, s.starts[1])
	add(-lost > .05*s.starts[1], "%.0f beginnings of service are invented (%.0f true)", -lost, s.starts[1])
	add(s.printed[0].truth < 60, "waits are short: seconds of error are many percent")
	if len(out) == 0 {
		return "none of the known reasons"
	}
	return strings.Join(out, "; ")
}

// worst are the days with the largest values of something, largest first.
func worst(days []score, n int, of func(*score) float64) []score {
	days = slices.Clone(days)
	slices.SortStableFunc(days, func(a, b score) int { return cmp.Compare(of(&b), of(&a)) })
	return days[:min(n, len(days))]
}

// medianOff is how far the printed median is off, as a share; days that print none come last.
func (s *score) medianOff() float64 {
	if p := s.printed[0]; p.said() && p.truth > 0 {
		return math.Abs(p.Value/p.truth - 1)
	}
	return -1
}

func (s *score) queueOff() float64 {
	var sum float64
	for _, e := range s.queue {
		sum += math.Abs(e)
	}
	return sum / max(float64(len(s.queue)), 1)
}

// clockOf is a second of the truth of the pure road as people say it.
func clockOf(second float64) string {
	return opening.Add(-before).Add(time.Duration(second * float64(time.Second))).In(time.FixedZone("", 7*3600)).Format("15:04:05")
}

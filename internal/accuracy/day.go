package main

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// day is one stretch of one office: what was so, and what was measured of it.
type day struct {
	name     string // for the list of the worst
	truth    office.Truth
	camera   models.Camera // with its defaults
	base     time.Time     // the truth's second 0
	from, to float64       // working time in the truth's seconds; to is zero when all of it is
	minutes  []models.Minute
	visits   []models.Visit
	told     []told
	expected []expected
	fronts   []front
	outages  []outage
	poster   string // zone in which the noise's persistent false box stands
	size     models.Size
	staff    map[byte][2]int // pixel road: seconds an officer was seen and was there, by the truth's letter
}

// told is one opening of an incident.
type told struct {
	kind    models.EventKind
	counter string
	at      float64 // seconds of the truth
}

// expected is what somebody who joined the queue was told to expect, and what came.
type expected struct{ value, low, high, truth float64 }

// front is a stretch in which a citizen hid an officer who was there.
type front struct {
	counter  string
	from, to float64
}

// score is what remains of a day once it is compared with the truth.
type score struct {
	name     string
	counters int
	queue    []float64 // by minute: people measured too many
	waits    pair      // seconds
	printed  [3]printed
	service  pair
	gaveUp   [2]float64 // share measured, true
	left     int        // people behind the true share
	staffed  []staffed
	absences absences
	expected []expected
	fronts   []front
	unjust   int        // absences opened while a citizen hid an officer who was there
	starts   [2]float64 // services that began: measured, true
	poster   string     // zone in which the noise's persistent false box stands; empty when in none
	staff    map[byte][2]int
	outages  int
	caused   int // absences told although too little of them was seen
}

// pair is the same quantity measured and true, each as many times as it happened.
type pair struct{ found, truth []float64 }

// second is a moment in seconds of the truth.
func (d *day) second(t time.Time) float64 { return t.Sub(d.base).Seconds() }

// working reports whether a second of the truth is working time.
func (d *day) working(s float64) bool { return s >= d.from && (d.to == 0 || s < d.to) }

// score compares a day with its truth.
func (d *day) score() score {
	s := score{name: d.name, counters: len(d.camera.Counters), queue: d.queue(), expected: d.expected, fronts: d.fronts, staff: d.staff}
	s.waits, s.service = d.waits(), d.services()
	s.printed = d.print(s.waits.truth)
	s.gaveUp, s.starts, s.poster = d.gaveUp(), [2]float64{0, float64(len(s.waits.truth))}, d.poster
	for _, m := range d.minutes {
		s.starts[0] += float64(m.Starts)
	}
	for _, v := range d.truth.Visits {
		if v.GaveUp || v.ServiceStart != nil {
			s.left++
		}
	}
	s.staffed, s.absences = d.staffing(), d.absences()
	if s.outages = len(d.outages); s.outages > 0 {
		s.caused = d.caused()
	}
	for _, f := range d.fronts {
		if slices.ContainsFunc(d.told, func(t told) bool {
			return t.kind == models.CounterAbsent && t.counter == f.counter && t.at >= f.from && t.at <= f.to+marginS
		}) {
			s.unjust++
		}
	}
	return s
}

// queue is the error of every working minute's mean queue.
func (d *day) queue() (off []float64) {
	for _, m := range d.minutes {
		if m.Kind != models.ZoneQueue || m.WorkingS == 0 || m.ObservedS < 30 {
			continue
		}
		if t, ok := mean(d.truth.Occupancy[m.Zone], int(math.Round(d.second(m.Start)))); ok {
			off = append(off, m.OccupancyS/m.ObservedS-t)
		}
	}
	return off
}

// services are the times served whose beginning and end were seen.
func (d *day) services() (p pair) {
	for _, m := range d.minutes {
		p.found = append(p.found, m.ServiceS...)
	}
	for _, v := range d.truth.Visits {
		if v.ServiceStart != nil && v.ServiceEnd != nil {
			p.truth = append(p.truth, *v.ServiceEnd-*v.ServiceStart)
		}
	}
	return p
}

// gaveUp is the share, measured and true, of those who stopped waiting that had given up.
func (d *day) gaveUp() (share [2]float64) {
	var gone, served [2]float64
	for _, m := range d.minutes {
		gone[0] += float64(m.GaveUp)
		served[0] += float64(m.Starts)
	}
	for _, v := range d.truth.Visits {
		switch {
		case v.GaveUp:
			gone[1]++
		case v.ServiceStart != nil:
			served[1]++
		}
	}
	for i := range share {
		share[i] = gone[i] / max(gone[i]+served[i], 1)
	}
	return share
}

// staffed is one counter's seconds with enough officers. Seconds in which the counter could not be judged may have been
// staffed or not, so the truth of what was judged is a span.
type staffed struct {
	counter   string
	found     float64
	low, high float64 // truth of the seconds that were judged
	truth     float64 // of all
	unknown   float64 // seconds that were not judged
}

// off is how far the measured seconds are from what they can have been.
func (s staffed) off() float64 { return max(s.found-s.high, 0) - max(s.low-s.found, 0) }

func (d *day) staffing() (out []staffed) {
	for _, c := range d.camera.Counters {
		s := staffed{counter: c.ID}
		for _, m := range d.minutes {
			if m.Counter != c.ID || m.WorkingS == 0 {
				continue
			}
			truth, from := 0., int(math.Round(d.second(m.Start)))
			for at := max(from, 0); at < min(from+60, int(d.truth.Seconds)); at++ {
				if d.working(float64(at)) && on(d.truth, c.Staff, at) >= max(c.RequiredOnDuty, 1) {
					truth++
				}
			}
			s.found, s.unknown, s.truth = s.found+m.StaffedS, s.unknown+m.UnknownS, s.truth+truth
			s.low += max(truth-m.UnknownS, 0)
			s.high += min(truth, m.WorkingS-m.UnknownS)
		}
		out = append(out, s)
	}
	return out
}

// on is how many people are in the zones at a second.
func on(t office.Truth, zones []string, second int) int {
	n := 0
	for _, z := range zones {
		if o := t.Occupancy[z]; second < len(o) {
			n += o[second]
		}
	}
	return n
}

// mean is the mean of the minute that begins at a second; ok is false when the minute is not whole.
func mean(perSecond []int, from int) (v float64, ok bool) {
	if from < 0 || from+60 > len(perSecond) {
		return 0, false
	}
	for _, n := range perSecond[from : from+60] {
		v += float64(n)
	}
	return v / 60, true
}

// queueFigures compare the mean queue of every minute; minutes of one day depend on each other, so days are resampled.
func queueFigures(name string, days []score) []Figure {
	n := 0
	for _, d := range days {
		n += len(d.queue)
	}
	over := func(of func(float64) float64) func([]int) float64 {
		return func(index []int) float64 {
			var sum, n float64
			for _, i := range index {
				for _, e := range days[i].queue {
					sum += of(e)
					n++
				}
			}
			return sum / n
		}
	}
	return []Figure{
		figure(name+"queue per minute, error, people", len(days), n, over(math.Abs)).atMostTarget(.3),
		figure(name+"queue per minute, bias, people", len(days), n, over(func(e float64) float64 { return e })).withinTarget(.1),
	}
}

// staffingFigures compare the seconds in which each counter was seen to have its officers.
func staffingFigures(name string, days []score) []Figure {
	var all []staffed
	for _, d := range days {
		all = append(all, d.staffed...)
	}
	sum := func(index []int, of func(staffed) float64) (v float64) {
		for _, i := range index {
			v += of(all[i])
		}
		return v
	}
	truth := func(s staffed) float64 { return s.truth }
	return []Figure{
		figure(name+"staffed seconds by counter, error, %", len(all), len(all), func(i []int) float64 {
			return 100 * sum(i, func(s staffed) float64 { return math.Abs(s.off()) }) / sum(i, truth)
		}).atMostTarget(1),
		figure(name+"staffed seconds, all counters together, bias, %", len(all), len(all), func(i []int) float64 {
			return 100 * sum(i, staffed.off) / sum(i, truth)
		}),
		figure(name+"seconds in which a counter could not be judged, % of those staffed", len(all), len(all), func(i []int) float64 {
			return 100 * sum(i, func(s staffed) float64 { return s.unknown }) / sum(i, truth)
		}),
	}
}

// frontFigure is the absences opened while a citizen hid the officer.
func frontFigure(name string, days []score) Figure {
	n, unjust := 0, 0
	for _, d := range days {
		n, unjust = n+len(d.fronts), unjust+d.unjust
	}
	return countFigure(fmt.Sprintf("%sofficer behind a citizen for 3 min or more told absent, in so many spells", name), unjust, n)
}

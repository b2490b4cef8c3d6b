package main

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

const (
	presenceS = 20. // an absence closes up to this long after the officer is back
	marginS   = 5.  // an absence due this close to its end may or may not be told
	lateS     = 10. // told further from due than this is late, or early
)

// absences is what was told of a day's absences.
type absences struct {
	due           int       // true ones that had to be told
	found, missed int       // told ones that were; true ones that had to be told and were not
	wrong         int       // told ones that were not
	delays        []float64 // seconds from due to told, of those due
	cases         []mistake // everything that was not as it should be
}

// mistake is one absence that was missed, invented, or told more than 10 s from when it was due.
type mistake struct {
	day, counter, what string
	at                 float64 // when it was due, or told: seconds of the truth
	off                float64 // seconds from due to told
	why                string
}

// absences match what was told to what was due.
func (d *day) absences() (s absences) {
	used := make([]bool, len(d.told))
	for _, a := range d.truth.Absences {
		i := slices.IndexFunc(d.camera.Counters, func(c models.Counter) bool { return c.ID == a.Counter })
		at, must := d.truth.Due(d.camera.Counters[i], a)
		must = must && d.working(at)
		first := -1
		for k, e := range d.told {
			if !used[k] && e.kind == models.CounterAbsent && e.counter == a.Counter && e.at >= a.From && e.at <= a.To+presenceS {
				if first < 0 {
					first = k
				}
				used[k] = true
			}
		}
		end := min(a.To, d.truth.Seconds)
		if d.to > 0 {
			end = min(end, d.to)
		}
		switch {
		case first < 0 && (!must || at > end-marginS): // nothing had to be told
		case first < 0:
			s.due++
			s.missed++
			s.cases = append(s.cases, mistake{d.name, a.Counter, "missed", at, 0, d.whyMissed(a, at)})
		default:
			s.found++
			if must {
				s.due++
				off := d.told[first].at - at
				s.delays = append(s.delays, off)
				switch {
				case off > lateS:
					s.cases = append(s.cases, mistake{d.name, a.Counter, "late", at, off, d.whyMissed(a, d.told[first].at)})
				case off < -lateS:
					s.cases = append(s.cases, mistake{d.name, a.Counter, "early", at, off, d.whyEarly(a.Counter, d.told[first].at)})
				}
			}
		}
	}
	for k, e := range d.told {
		if e.kind == models.CounterAbsent && !used[k] {
			s.wrong++
			s.cases = append(s.cases, mistake{d.name, e.counter, "invented", e.at, 0, d.whyInvented(e)})
		}
	}
	return s
}

// absenceFigures sum up what was told of absences; half days are resampled.
func absenceFigures(name string, days []score) []Figure {
	var found, due, wrong, counters int
	var delays []float64
	for _, d := range days {
		found, due, wrong = found+d.absences.found, due+d.absences.due, wrong+d.absences.wrong
		counters += d.counters
		delays = append(delays, d.absences.delays...)
	}
	var late []float64
	intime := 0
	for _, s := range delays {
		late = append(late, math.Abs(s))
		if math.Abs(s) <= lateS {
			intime++
		}
	}
	return []Figure{
		plain(name+"counters watched, each for a half day", float64(counters), counters),
		plain(name+"absences that were due", float64(due), due),
		shareFigure(name+"absences told that were (precision)", found, found+wrong).atLeastTarget(.98),
		shareFigure(name+"absences due that were told (recall)", len(delays), due).atLeastTarget(.98),
		figure(name+"absence told after it was due, mean, s", len(delays), len(delays), func(i []int) float64 { return pick(delays, i) }),
		shareFigure(name+"absences told within 10 s of due", intime, len(delays)).atLeastTarget(.98),
		figure(name+"absence told, furthest from due, s", len(late), len(late), func(i []int) float64 {
			m := 0.
			for _, k := range i {
				m = max(m, late[k])
			}
			return m
		}).atMostTarget(10),
	}
}

package api

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// The coverage from which a rate is measured, and under which none is published (docs/METHOD.md).
const (
	fullCoverage  = 0.9
	leastCoverage = 0.5
)

// figure computes one point from the sums of its series.
func figure(q query, sums map[models.SeriesKey][]models.Sum, from, to time.Time, loc *time.Location) *pb.SeriesPoint {
	e, seen := estimate(q, sums, loc)
	w := wire.ToEstimate(e)
	return &pb.SeriesPoint{
		StartTime: wire.ToTime(from), EndTime: wire.ToTime(to),
		Value: w.Value, Low: w.Low, High: w.High, N: w.N, Quality: w.Quality, Method: w.Method,
		Coverage: seen.coverage(), ObservedS: seen.observed, WorkingS: seen.working,
	}
}

// sight is how much of working time was seen, summed over series, in seconds.
type sight struct{ observed, working float64 }

func (s *sight) add(o sight) { s.observed += o.observed; s.working += o.working }

// share is 0..1; 0 without working time.
func (s sight) share() float64 {
	if s.working == 0 {
		return 0
	}
	return min(s.observed/s.working, 1)
}

// coverage is the share; nil without working time.
func (s sight) coverage() *float64 {
	if s.working == 0 {
		return nil
	}
	v := s.share()
	return &v
}

func (s sight) quality() models.Quality {
	switch c := s.share(); {
	case c >= fullCoverage:
		return models.Measured
	case c >= leastCoverage:
		return models.Estimated
	default:
		return models.Unknown
	}
}

// seenOf is the sight of one series. A counter is seen while it is known to be staffed or not.
func seenOf(k models.SeriesKey, s models.Sum) sight {
	if k.Counter != "" {
		return sight{s.StaffedS + s.AbsentS, s.WorkingS}
	}
	return sight{min(s.ObservedS, s.WorkingS), s.WorkingS}
}

// estimate is the figure of some series over their whole length.
func estimate(q query, sums map[models.SeriesKey][]models.Sum, loc *time.Location) (models.Estimate, sight) {
	totals := make(map[models.SeriesKey]models.Sum, len(sums))
	var all models.Sum
	var seen sight
	for k, parts := range sums {
		var t models.Sum
		for _, p := range parts {
			t.Merge(p)
		}
		totals[k] = t
		all.Merge(t)
		seen.add(seenOf(k, t))
	}
	e := models.Estimate{N: all.Minutes, Quality: seen.quality(), Method: "count"}
	m := q.measure
	switch {
	case m == pb.Measure_MEASURE_WAIT || m == pb.Measure_MEASURE_WAIT_SINCE_OPEN:
		return waits.Publish(evidence(q, sums, all, seen, loc), statistic(q)).Published, seen
	case m == pb.Measure_MEASURE_SERVICE:
		return waits.Stays(all.Completed, all.Censored, seen.share(), statistic(q)), seen
	case m == pb.Measure_MEASURE_GAVE_UP:
		return waits.Share(all.GaveUp, all.Starts+all.GaveUp, seen.share()), seen
	case seen.working == 0:
		e = models.Estimate{Quality: models.Unknown}
	case m == pb.Measure_MEASURE_COVERAGE:
		e.Value, e.Quality = seen.share(), models.Measured
	case e.Quality == models.Unknown:
		e = models.Estimate{Quality: models.Unknown, N: all.Minutes}
	case m == pb.Measure_MEASURE_STAFFING:
		e.Value = all.StaffedS / (all.StaffedS + all.AbsentS)
	case q.statistic == pb.Statistic_STATISTIC_MAX:
		e.Value = float64(all.Max)
	default:
		for _, t := range totals {
			if t.ObservedS > 0 {
				e.Value += t.OccupancyS / t.ObservedS
			}
		}
	}
	e.Low, e.High = math.NaN(), math.NaN() // counts of what was seen: no sampling, no interval
	return e, seen
}

// evidence is what is known about the waits of some queues: their parts in order of time, each with its half day.
func evidence(q query, sums map[models.SeriesKey][]models.Sum, all models.Sum, seen sight, loc *time.Location) waits.Evidence {
	parts := map[time.Time]*waits.Part{}
	var first, last time.Time
	for _, series := range sums {
		for _, s := range series {
			p := parts[s.Start]
			if p == nil {
				l := s.Start.In(loc)
				p = &waits.Part{Session: (l.Year()*366+l.YearDay())*2 + l.Hour()/12} // half days by year, day and half
				parts[s.Start] = p
			}
			if q.measure == pb.Measure_MEASURE_WAIT_SINCE_OPEN {
				p.Waits.Merge(s.SinceOpen) // the other estimators know whole waits only
				continue
			}
			p.Waits.Merge(s.Waits)
			p.PersonS += s.OccupancyS
			p.Exits += s.Starts + s.GaveUp
			p.ObservedS += s.ObservedS
			if first.IsZero() || s.Start.Before(first) {
				first = s.Start
			}
			if s.Start.After(last) {
				last = s.Start
			}
		}
	}
	e := waits.Evidence{AnyOrder: q.anyOrder, Coverage: seen.share()}
	if q.measure == pb.Measure_MEASURE_WAIT {
		e.Completed, e.Censored = all.Completed, all.Censored
	}
	for _, at := range slices.SortedFunc(maps.Keys(parts), time.Time.Compare) {
		e.Parts = append(e.Parts, *parts[at])
	}
	if q.fine == models.StepMinute {
		e.AtStart, e.AtEnd = lengthAt(sums, first), lengthAt(sums, last)
	}
	return e
}

// lengthAt is how many people waited in the minute that begins at a moment; longer stretches of time begin and end empty.
func lengthAt(sums map[models.SeriesKey][]models.Sum, minute time.Time) int {
	var n float64
	for _, series := range sums {
		for _, s := range series {
			if s.Start.Equal(minute) && s.ObservedS > 0 {
				n += s.OccupancyS / s.ObservedS
			}
		}
	}
	return int(math.Round(n))
}

func statistic(q query) waits.Statistic {
	switch q.statistic {
	case pb.Statistic_STATISTIC_P90:
		return waits.P90
	case pb.Statistic_STATISTIC_MEAN:
		return waits.Mean
	case pb.Statistic_STATISTIC_SHARE_OVER:
		return waits.Over(q.over)
	default:
		return waits.Median
	}
}

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
	e, seen := estimate(q.measure, q.statistic, sums, loc)
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
func estimate(m pb.Measure, st pb.Statistic, sums map[models.SeriesKey][]models.Sum, loc *time.Location) (models.Estimate, sight) {
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
	switch {
	case m == pb.Measure_MEASURE_WAIT:
		e = publish(evidence(sums, all, seen, loc), st)
	case seen.working == 0:
		e = models.Estimate{Quality: models.Unknown}
	case m == pb.Measure_MEASURE_COVERAGE:
		e.Value, e.Quality = seen.share(), models.Measured
	case e.Quality == models.Unknown:
		e = models.Estimate{Quality: models.Unknown, N: all.Minutes}
	case m == pb.Measure_MEASURE_STAFFING:
		e.Value = all.StaffedS / (all.StaffedS + all.AbsentS)
	case st == pb.Statistic_STATISTIC_MAX:
		e.Value = float64(all.Max)
	default:
		for _, t := range totals {
			if t.ObservedS > 0 {
				e.Value += t.OccupancyS / t.ObservedS
			}
		}
	}
	if m != pb.Measure_MEASURE_WAIT {
		e.Low, e.High = math.NaN(), math.NaN() // counts of what was seen: no sampling, no interval
	}
	return e, seen
}

// evidence is what is known about the waits of some queues: their histograms by half day, their parts in order of time.
func evidence(sums map[models.SeriesKey][]models.Sum, all models.Sum, seen sight, loc *time.Location) waits.Evidence {
	halves, parts := map[int]*models.Histogram{}, map[time.Time]*waits.Batch{} // half days by year, day and half
	for _, series := range sums {
		for _, s := range series {
			l := s.Start.In(loc)
			at := (l.Year()*366+l.YearDay())*2 + l.Hour()/12
			if s.Waits.N > 0 {
				if halves[at] == nil {
					halves[at] = &models.Histogram{}
				}
				halves[at].Merge(s.Waits)
			}
			if parts[s.Start] == nil {
				parts[s.Start] = &waits.Batch{}
			}
			b := parts[s.Start]
			b.PersonS += s.OccupancyS
			b.Exits += s.Starts + s.GaveUp
			b.ObservedS += s.ObservedS
		}
	}
	e := waits.Evidence{Completed: all.Completed, Censored: all.Censored, Coverage: seen.share()}
	for _, at := range slices.Sorted(maps.Keys(halves)) {
		e.Sessions = append(e.Sessions, *halves[at])
	}
	for _, at := range slices.SortedFunc(maps.Keys(parts), time.Time.Compare) {
		e.Batches = append(e.Batches, *parts[at])
	}
	return e
}

func publish(e waits.Evidence, st pb.Statistic) models.Estimate {
	s := waits.Median
	switch st {
	case pb.Statistic_STATISTIC_P90:
		s = waits.P90
	case pb.Statistic_STATISTIC_MEAN:
		s = waits.Mean
	}
	return waits.Publish(e, s).Published
}

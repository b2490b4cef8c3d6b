package api

import (
	"context"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type figuresService struct {
	pb.UnimplementedFiguresServiceServer
	*core
}

// longest period that one query may ask for at each step: it bounds the points of an answer to about 3 000.
var longest = map[pb.Step]time.Duration{
	pb.Step_STEP_MINUTE: 2 * 24 * time.Hour,
	pb.Step_STEP_HOUR:   93 * 24 * time.Hour,
	pb.Step_STEP_DAY:    5 * 366 * 24 * time.Hour,
}

var measureUnits = map[pb.Measure]string{
	pb.Measure_MEASURE_QUEUE:    "people",
	pb.Measure_MEASURE_WAIT:     "s",
	pb.Measure_MEASURE_STAFFING: "ratio",
	pb.Measure_MEASURE_COVERAGE: "ratio",
	pb.Measure_MEASURE_SERVICE:  "s",
	pb.Measure_MEASURE_GAVE_UP:  "ratio",

	pb.Measure_MEASURE_WAIT_SINCE_OPEN: "s",
}

// timeStatistics are the statistics of waits and service times.
var timeStatistics = []pb.Statistic{
	pb.Statistic_STATISTIC_MEDIAN, pb.Statistic_STATISTIC_P90, pb.Statistic_STATISTIC_MEAN, pb.Statistic_STATISTIC_SHARE_OVER,
}

// overDefault and overMost are seconds of STATISTIC_SHARE_OVER.
const (
	overDefault = 1800
	overMost    = 86400
)

// measureStatistics are the statistics of each measure, its own first.
var measureStatistics = map[pb.Measure][]pb.Statistic{
	pb.Measure_MEASURE_QUEUE:    {pb.Statistic_STATISTIC_MEAN, pb.Statistic_STATISTIC_MAX},
	pb.Measure_MEASURE_WAIT:     timeStatistics,
	pb.Measure_MEASURE_STAFFING: {pb.Statistic_STATISTIC_MEAN},
	pb.Measure_MEASURE_COVERAGE: {pb.Statistic_STATISTIC_MEAN},
	pb.Measure_MEASURE_SERVICE:  timeStatistics,
	pb.Measure_MEASURE_GAVE_UP:  {pb.Statistic_STATISTIC_MEAN},

	pb.Measure_MEASURE_WAIT_SINCE_OPEN: timeStatistics,
}

// QuerySeries answers with one figure in steps of time.
func (s *figuresService) QuerySeries(ctx context.Context, r *pb.QuerySeriesRequest) (*pb.QuerySeriesResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	in, err := cat.inScope("scope", r.Scope)
	if err != nil {
		return nil, err
	}
	loc := cat.location(in)
	q, err := s.plan(r, loc)
	if err != nil {
		return nil, err
	}
	keys := keysOf(in, q.measure)
	q.anyOrder = anyOrder(in.cameras, keys)
	sums, err := s.series.Sums(ctx, keys, q.fine, q.from, q.to, loc)
	if err != nil {
		return nil, err
	}
	out := &pb.QuerySeriesResponse{
		Measure: q.measure, Statistic: q.statistic, Step: q.step, Unit: q.unit(), TimeZone: loc.String(),
		MethodVersion: models.MethodVersion, Notices: cat.notices(in), OverS: q.over,
	}
	for from := q.from; from.Before(q.to); {
		to := after(q.step, from, loc)
		out.Points = append(out.Points, figure(q, cut(sums, from, to), from, to, loc))
		from = to
	}
	out.Total = figure(q, sums, q.from, q.to, loc)
	return out, nil
}

// query is a series request with everything decided.
type query struct {
	measure   pb.Measure
	statistic pb.Statistic
	over      float64 // seconds of STATISTIC_SHARE_OVER
	anyOrder  bool    // a queue of it is called out of order
	step      pb.Step
	fine      models.Step // step of the sums behind the points: waits need parts of a point for their intervals
	from, to  time.Time
}

// unit of the values.
func (q query) unit() string {
	if q.statistic == pb.Statistic_STATISTIC_SHARE_OVER {
		return "ratio"
	}
	return measureUnits[q.measure]
}

// anyOrder reports whether one of the queues is called out of order.
func anyOrder(cameras []models.Camera, keys []models.SeriesKey) bool {
	for _, cam := range cameras {
		for _, z := range cam.Zones {
			if z.Discipline == models.DisciplineAny && slices.Contains(keys, models.SeriesKey{Camera: cam.ID, Zone: z.ID}) {
				return true
			}
		}
	}
	return false
}

func (s *figuresService) plan(r *pb.QuerySeriesRequest, loc *time.Location) (query, error) {
	q := query{measure: r.Measure, statistic: r.Statistic, step: r.Step, from: wire.FromTime(r.StartTime), to: wire.FromTime(r.EndTime)}
	stats, ok := measureStatistics[q.measure]
	if !ok {
		return q, models.Invalid("measure", "give one of MEASURE_QUEUE, MEASURE_WAIT, MEASURE_WAIT_SINCE_OPEN, MEASURE_GAVE_UP, MEASURE_SERVICE, MEASURE_STAFFING, MEASURE_COVERAGE")
	}
	if q.statistic == pb.Statistic_STATISTIC_UNSPECIFIED {
		q.statistic = stats[0]
	} else if !slices.Contains(stats, q.statistic) {
		return q, models.Invalid("statistic", "%s has %v, not %s", q.measure, stats, q.statistic)
	}
	if q.statistic == pb.Statistic_STATISTIC_SHARE_OVER {
		if q.over = r.OverS; q.over == 0 {
			q.over = overDefault
		}
		if !(q.over >= 1 && q.over <= overMost) {
			return q, models.Invalid("over_s", "%g is not a number of seconds from 1 to %d", q.over, overMost)
		}
	} else if r.OverS != 0 {
		return q, models.Invalid("over_s", "is for STATISTIC_SHARE_OVER only")
	}
	for field, t := range map[string]*time.Time{"start_time": &q.from, "end_time": &q.to} {
		if y := t.Year(); !t.IsZero() && (y < 2000 || y > 2200) {
			return q, models.Invalid(field, "%s is not in the years 2000 to 2200", t.Format(time.RFC3339))
		}
	}
	if q.to.IsZero() {
		q.to = s.now()
	}
	if q.from.IsZero() {
		q.from = midnight(q.to, loc)
	}
	if !q.from.Before(q.to) {
		return q, models.Invalid("end_time", "is not after start_time")
	}
	period := q.to.Sub(q.from)
	if q.step == pb.Step_STEP_UNSPECIFIED {
		switch {
		case period <= 6*time.Hour:
			q.step = pb.Step_STEP_MINUTE
		case period <= 8*24*time.Hour:
			q.step = pb.Step_STEP_HOUR
		default:
			q.step = pb.Step_STEP_DAY
		}
	}
	most, ok := longest[q.step]
	if !ok {
		return q, models.Invalid("step", "give one of STEP_MINUTE, STEP_HOUR, STEP_DAY")
	}
	if period > most {
		return q, models.Invalid("end_time", "the period is longer than the %d days that %s allows; take a wider step", int(most.Hours()/24), q.step)
	}
	q.from = before(q.step, q.from, loc)
	switch {
	case period <= longest[pb.Step_STEP_MINUTE] && q.step != pb.Step_STEP_DAY:
		q.fine = models.StepMinute
	case period <= longest[pb.Step_STEP_HOUR]:
		q.fine = models.StepHour
	default:
		q.fine = models.StepDay
	}
	return q, nil
}

// midnight is the local midnight before t.
func midnight(t time.Time, loc *time.Location) time.Time {
	return models.LocalDay(t, loc).From.UTC()
}

// before is the begin of the step that holds t.
func before(step pb.Step, t time.Time, loc *time.Location) time.Time {
	switch step {
	case pb.Step_STEP_MINUTE:
		return t.Truncate(time.Minute)
	case pb.Step_STEP_HOUR:
		return t.Truncate(time.Hour)
	default:
		return midnight(t, loc)
	}
}

// after is the end of the step that begins at t.
func after(step pb.Step, t time.Time, loc *time.Location) time.Time {
	switch step {
	case pb.Step_STEP_MINUTE:
		return t.Add(time.Minute)
	case pb.Step_STEP_HOUR:
		return t.Add(time.Hour)
	default:
		y, m, d := t.In(loc).Date()
		return time.Date(y, m, d+1, 0, 0, 0, 0, loc).UTC()
	}
}

// keysOf are the series behind a measure of a scope: queues, service zones, counters, or queues and counters for coverage.
func keysOf(in scope, m pb.Measure) []models.SeriesKey {
	kind := models.ZoneQueue
	if m == pb.Measure_MEASURE_SERVICE {
		kind = models.ZoneService
	}
	zones := m != pb.Measure_MEASURE_STAFFING
	counters := m == pb.Measure_MEASURE_STAFFING || m == pb.Measure_MEASURE_COVERAGE
	var keys []models.SeriesKey
	for _, cam := range in.cameras {
		own := zonesOf(cam, in.counter, kind)
		for _, z := range cam.Zones {
			of := z.Kind == kind && (in.zone == "" || in.zone == z.ID) || z.ID == in.zone && m == pb.Measure_MEASURE_COVERAGE
			if zones && of && (in.counter == "" || contains(own, z.ID)) {
				keys = append(keys, models.SeriesKey{Camera: cam.ID, Zone: z.ID})
			}
		}
		for _, k := range cam.Counters {
			if counters && in.zone == "" && (in.counter == "" && !cam.Member(k.ID) || in.counter == k.ID) {
				keys = append(keys, models.SeriesKey{Camera: cam.ID, Counter: k.ID})
			}
		}
	}
	return keys
}

// zonesOf are a counter's service zones, or the queues that feed it.
func zonesOf(cam models.Camera, counter string, kind models.ZoneKind) []string {
	for _, k := range cam.Counters {
		if k.ID == counter && kind == models.ZoneService {
			return k.Service
		} else if k.ID == counter {
			return k.Queues
		}
	}
	return nil
}

// cut is the part of sums that begins in [from, to).
func cut(sums map[models.SeriesKey][]models.Sum, from, to time.Time) map[models.SeriesKey][]models.Sum {
	out := make(map[models.SeriesKey][]models.Sum, len(sums))
	at := func(s models.Sum, t time.Time) int { return s.Start.Compare(t) }
	for k, all := range sums {
		i, _ := slices.BinarySearchFunc(all, from, at)
		j, _ := slices.BinarySearchFunc(all, to, at)
		if i < j {
			out[k] = all[i:j]
		}
	}
	return out
}

// notices of the scope's sites, each once.
func (c *catalogue) notices(in scope) []string {
	seen := map[string]string{}
	for _, cam := range in.cameras {
		if n := c.sites[cam.Site].Notice; n != "" {
			seen[n] = n
		}
	}
	return sortedKeys(seen)
}

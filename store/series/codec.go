package series

import (
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The bodies of hours and days are varints behind a byte that names their form. Seconds are whole milliseconds. What
// follows from the rest is not written: most minutes need three numbers. A minute's flags say what is left out.
const (
	flagNext      = 1 << iota // it begins where the one before ends
	flagFull                  // 60 s of working time
	flagObserved              // observed is the sum of the seconds at each count
	flagOccupancy             // occupancy is the integral of the counts
	flagMax                   // max is the largest count with seconds
	flagStaffing              // staffed, absent and unknown follow
	flagQueue                 // arrivals, starts, gave up and waits follow
	flagOpening               // waits since opening follow; else they are the waits
	flagService               // services and those whose end was not seen follow
	flagOff                   // seconds outside working time follow
)

var ends = []models.Ended{models.EndServed, models.EndLeft, models.EndLost, models.EndGap, models.EndDay}

// CheckMinute returns a KindInvalid error when a minute cannot be kept.
func CheckMinute(m models.Minute) error {
	if m.Camera == "" || (m.Zone == "") == (m.Counter == "") || m.Start.IsZero() {
		return models.Invalid("minute", "it needs a camera, a start, and either a zone or a counter")
	}
	numbers := append([]float64{m.WorkingS, m.OffS, m.ObservedS, m.OccupancyS, m.StaffedS, m.AbsentS, m.UnknownS}, m.AtCount[:]...)
	for _, v := range slices.Concat(numbers, m.WaitsS, m.SinceOpenS, m.ServiceS, m.CutS) {
		if !(v >= 0 && v < 1e9) {
			return models.Invalid("minute", "%v cannot be a number of seconds", v)
		}
	}
	for _, n := range []int{m.Max, m.Arrivals, m.Starts, m.GaveUp} {
		if n < 0 || n > 1e6 {
			return models.Invalid("minute", "%d cannot be a number of people", n)
		}
	}
	return nil
}

// CheckVisit returns a KindInvalid error when a visit cannot be kept.
func CheckVisit(v models.Visit) error {
	if v.ID == "" || v.Camera == "" || v.Zone == "" || v.Entered.IsZero() || v.Left.Before(v.Entered) {
		return models.Invalid("visit", "it needs an id, a camera, a zone, and an end that is not before its beginning")
	}
	if !slices.Contains(ends, v.Ended) {
		return models.Invalid("visit", "%q is not how a visit ends", v.Ended)
	}
	return nil
}

func ms(seconds float64) uint64     { return uint64(math.Round(seconds * 1000)) }
func seconds(v uint64) float64      { return float64(v) / 1000 }
func round(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// rounded is the minute as it will be read back.
func rounded(m models.Minute) models.Minute {
	m.Start = m.Start.UTC().Truncate(time.Millisecond)
	for _, v := range []*float64{&m.WorkingS, &m.OffS, &m.ObservedS, &m.OccupancyS, &m.StaffedS, &m.AbsentS, &m.UnknownS} {
		*v = round(*v)
	}
	for i, v := range m.AtCount {
		m.AtCount[i] = round(v)
	}
	if len(m.SinceOpenS) != len(m.WaitsS) { // of a node that knows no difference
		m.SinceOpenS = m.WaitsS
	}
	for _, list := range []*[]float64{&m.WaitsS, &m.SinceOpenS, &m.ServiceS, &m.CutS} {
		*list = slices.Clone(*list)
		for i, v := range *list {
			(*list)[i] = round(v)
		}
	}
	return m
}

// implied is what follows from the seconds at each count.
func implied(m *models.Minute) (observed, occupancy uint64, most int) {
	for i, v := range m.AtCount {
		observed += ms(v)
		occupancy += uint64(i) * ms(v)
		if v > 0 {
			most = i
		}
	}
	return observed, occupancy, most
}

// encodeHour is the body of an hour; minutes and visits are in order.
func encodeHour(h *hour) ([]byte, error) {
	var w writer
	w.uint(uint64(len(h.minutes)))
	next := time.Time{}
	for i := range h.minutes {
		m := &h.minutes[i]
		if next.IsZero() {
			next = m.Start.Truncate(time.Hour)
		}
		w.minute(m, next)
		next = m.Start.Add(time.Minute)
	}
	w.uint(uint64(len(h.visits)))
	for _, v := range h.visits {
		w.uint(uint64(v.Left.Sub(v.Left.Truncate(time.Hour)).Milliseconds()))
		w.uint(uint64(v.Left.Sub(v.Entered).Milliseconds()))
		end := uint64(slices.Index(ends, v.Ended)) << 1
		if v.LeftOpen {
			end |= 1
		}
		w.uint(end)
		w.id(v.ID)
		w.string(v.Counter)
	}
	return compress(w.b)
}

func (w *writer) minute(m *models.Minute, next time.Time) {
	observed, occupancy, most := implied(m)
	var flags uint64
	set := func(flag uint64, on bool) bool {
		if on {
			flags |= flag
		}
		return on
	}
	set(flagNext, m.Start.Equal(next))
	set(flagFull, ms(m.WorkingS) == 60_000)
	set(flagObserved, ms(m.ObservedS) == observed)
	set(flagOccupancy, ms(m.OccupancyS) == occupancy)
	set(flagMax, m.Max == most)
	staffing := set(flagStaffing, m.StaffedS+m.AbsentS+m.UnknownS > 0)
	queue := set(flagQueue, m.Arrivals+m.Starts+m.GaveUp+len(m.WaitsS) > 0)
	opening := set(flagOpening, !slices.Equal(m.WaitsS, m.SinceOpenS))
	services := set(flagService, len(m.ServiceS)+len(m.CutS) > 0)
	off := set(flagOff, m.OffS > 0)
	w.uint(flags)
	if off {
		w.uint(ms(m.OffS))
	}
	w.unless(flags&flagNext, uint64(m.Start.Sub(m.Start.Truncate(time.Hour)).Milliseconds()))
	w.unless(flags&flagFull, ms(m.WorkingS))
	w.counts(m.AtCount[:])
	w.unless(flags&flagObserved, ms(m.ObservedS))
	w.unless(flags&flagOccupancy, ms(m.OccupancyS))
	w.unless(flags&flagMax, uint64(m.Max))
	if staffing {
		w.uint(ms(m.StaffedS))
		w.uint(ms(m.AbsentS))
		w.uint(ms(m.UnknownS))
	}
	if queue {
		w.uint(uint64(m.Arrivals))
		w.uint(uint64(m.Starts))
		w.uint(uint64(m.GaveUp))
		w.durations(m.WaitsS)
	}
	if opening {
		for _, v := range m.SinceOpenS {
			w.uint(ms(v))
		}
	}
	if services {
		w.durations(m.ServiceS)
		w.durations(m.CutS)
	}
}

// decodeHour is the inverse of encodeHour.
func decodeHour(body []byte, key models.SeriesKey, kind models.ZoneKind, begin time.Time) (*hour, error) {
	r, err := expand(body)
	if err != nil {
		return nil, err
	}
	h := &hour{minutes: make([]models.Minute, r.length())}
	next := begin
	for i := range h.minutes {
		m := &h.minutes[i]
		m.Camera, m.Zone, m.Counter, m.Kind = key.Camera, key.Zone, key.Counter, kind
		r.minute(m, begin, next)
		next = m.Start.Add(time.Minute)
	}
	h.visits = make([]models.Visit, r.length())
	for i := range h.visits {
		v := &h.visits[i]
		v.Camera, v.Zone, v.Kind = key.Camera, key.Zone, kind
		v.Left = begin.Add(time.Duration(r.uint()) * time.Millisecond)
		v.Entered = v.Left.Add(-time.Duration(r.uint()) * time.Millisecond)
		end := r.uint()
		if end>>1 >= uint64(len(ends)) {
			return nil, errBody
		}
		v.Ended, v.LeftOpen = ends[end>>1], end&1 == 1
		v.ID, v.Counter = r.id(), r.string()
	}
	return h, r.err
}

func (r *reader) minute(m *models.Minute, begin, next time.Time) {
	flags := r.uint()
	if flags&flagOff != 0 {
		m.OffS = seconds(r.uint())
	}
	if m.Start = next; flags&flagNext == 0 {
		m.Start = begin.Add(time.Duration(r.uint()) * time.Millisecond)
	}
	m.WorkingS = seconds(r.unless(flags&flagFull, 60_000))
	r.counts(m.AtCount[:])
	observed, occupancy, most := implied(m)
	m.ObservedS = seconds(r.unless(flags&flagObserved, observed))
	m.OccupancyS = seconds(r.unless(flags&flagOccupancy, occupancy))
	m.Max = int(r.unless(flags&flagMax, uint64(most)))
	if flags&flagStaffing != 0 {
		m.StaffedS, m.AbsentS, m.UnknownS = seconds(r.uint()), seconds(r.uint()), seconds(r.uint())
	}
	if flags&flagQueue != 0 {
		m.Arrivals, m.Starts, m.GaveUp = int(r.uint()), int(r.uint()), int(r.uint())
		m.WaitsS = r.durations()
	}
	m.SinceOpenS = slices.Clone(m.WaitsS)
	if flags&flagOpening != 0 {
		for i := range m.SinceOpenS {
			m.SinceOpenS[i] = seconds(r.uint())
		}
	}
	if flags&flagService != 0 {
		m.ServiceS, m.CutS = r.durations(), r.durations()
	}
}

// encodeSum is the body of a day; Start is its key.
func encodeSum(s models.Sum) ([]byte, error) {
	var w writer
	for _, n := range []int{s.Minutes, s.Max, s.Arrivals, s.Starts, s.GaveUp} {
		w.uint(uint64(n))
	}
	for _, v := range []float64{s.WorkingS, s.ObservedS, s.OccupancyS, s.StaffedS, s.AbsentS, s.UnknownS} {
		w.uint(ms(v))
	}
	w.counts(s.AtCount[:])
	for _, h := range []models.Histogram{s.Waits, s.Completed, s.Censored, s.SinceOpen} {
		w.histogram(h)
	}
	return compress(w.b)
}

// decodeSum is the inverse of encodeSum.
func decodeSum(body []byte) (s models.Sum, err error) {
	r, err := expand(body)
	if err != nil {
		return s, err
	}
	for _, n := range []*int{&s.Minutes, &s.Max, &s.Arrivals, &s.Starts, &s.GaveUp} {
		*n = int(r.uint())
	}
	for _, v := range []*float64{&s.WorkingS, &s.ObservedS, &s.OccupancyS, &s.StaffedS, &s.AbsentS, &s.UnknownS} {
		*v = seconds(r.uint())
	}
	r.counts(s.AtCount[:])
	s.Waits, s.Completed, s.Censored = r.histogram(), r.histogram(), r.histogram()
	if s.SinceOpen = s.Waits; len(r.b) > 0 { // days kept before there was a difference end here
		s.SinceOpen = r.histogram()
	}
	return s, r.err
}

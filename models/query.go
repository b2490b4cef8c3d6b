package models

import "time"

// EventQuery says which incidents are asked for; a zero field asks for nothing in particular. The answer is ordered by
// Opened, newest first, then by ID, highest first.
type EventQuery struct {
	Kinds    []EventKind // any of them
	Open     *bool       // only those that go on, or only those that have closed
	Cameras  []string    // any of them; not nil but empty matches nothing
	Standing bool        // only those that were not withdrawn
	Counter  string      // with Cameras: ids of counters are unique in a site only
	Node     string
	From     time.Time // Opened at or after
	To       time.Time // Opened before
	After    *EventKey // only what comes later in the order: the last event of the page before
	Limit    int       // at most so many; 0 is 50
}

// EventKey is an incident's place in the order of EventQuery.
type EventKey struct {
	Opened time.Time
	ID     string
}

// EventChange is one stored revision of an incident. Seq grows in the order in which the centre stored revisions.
type EventChange struct {
	Seq   int64
	Event Event
}

// SeriesKey names what has a series of minutes: one zone or one counter of a camera.
type SeriesKey struct{ Camera, Zone, Counter string }

// Step is the width of one point of a series.
type Step string

// The steps.
const (
	StepMinute Step = "minute"
	StepHour   Step = "hour"
	StepDay    Step = "day" // local day of the time zone asked for
)

// Sum is what one zone or counter did in a stretch of time. Sums of several stretches and places merge by adding.
type Sum struct {
	Start      time.Time // of the stretch
	Minutes    int       // minutes behind it
	WorkingS   float64   // sums of the fields of Minute with the same names, over minutes with working time
	ObservedS  float64
	OccupancyS float64
	StaffedS   float64
	AbsentS    float64
	UnknownS   float64
	AtCount    [MaxCount + 1]float64
	Max        int // largest of the maxima
	Arrivals   int
	Starts     int
	GaveUp     int
	Waits      Histogram // WaitsS, also of minutes outside working time
	SinceOpen  Histogram // SinceOpenS of the same minutes
	Completed  Histogram // seconds of queue visits that left in the stretch and whose end was seen; service zones: ServiceS
	Censored   Histogram // of the others, to their last observation, without visits that were LeftOpen; service zones: CutS
}

// Add adds one minute.
func (s *Sum) Add(m Minute) {
	for _, w := range m.WaitsS {
		s.Waits.Add(w)
	}
	for _, w := range m.SinceOpenS {
		s.SinceOpen.Add(w)
	}
	for _, d := range m.ServiceS {
		s.Completed.Add(d)
	}
	for _, d := range m.CutS {
		s.Censored.Add(d)
	}
	if m.WorkingS == 0 {
		return
	}
	s.Minutes++
	s.WorkingS += m.WorkingS
	s.ObservedS += m.ObservedS
	s.OccupancyS += m.OccupancyS
	s.StaffedS += m.StaffedS
	s.AbsentS += m.AbsentS
	s.UnknownS += m.UnknownS
	for i, at := range m.AtCount {
		s.AtCount[i] += at
	}
	s.Max = max(s.Max, m.Max)
	s.Arrivals += m.Arrivals
	s.Starts += m.Starts
	s.GaveUp += m.GaveUp
}

// AddVisit adds one visit of a queue; others are left out.
func (s *Sum) AddVisit(v Visit) {
	if v.Kind != ZoneQueue || v.LeftOpen {
		return
	}
	if stay := v.Left.Sub(v.Entered).Seconds(); v.Ended.Complete() {
		s.Completed.Add(stay)
	} else {
		s.Censored.Add(stay)
	}
}

// Merge adds another sum, whose Start is ignored.
func (s *Sum) Merge(o Sum) {
	s.Minutes += o.Minutes
	s.WorkingS += o.WorkingS
	s.ObservedS += o.ObservedS
	s.OccupancyS += o.OccupancyS
	s.StaffedS += o.StaffedS
	s.AbsentS += o.AbsentS
	s.UnknownS += o.UnknownS
	for i, at := range o.AtCount {
		s.AtCount[i] += at
	}
	s.Max = max(s.Max, o.Max)
	s.Arrivals += o.Arrivals
	s.Starts += o.Starts
	s.GaveUp += o.GaveUp
	s.Waits.Merge(o.Waits)
	s.SinceOpen.Merge(o.SinceOpen)
	s.Completed.Merge(o.Completed)
	s.Censored.Merge(o.Censored)
}

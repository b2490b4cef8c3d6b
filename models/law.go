package models

import (
	"slices"
	"time"
)

// Law is what decides which time of a zone or counter is working time. It can change later, and then decides anew.
type Law struct {
	Calendar Calendar
	TimeZone string         // IANA name
	Location *time.Location `json:"-"` // of TimeZone
	Required int            `json:"-"` // counters: officers on duty, or a group's members
	Member   bool           `json:"-"` // counter of a group, whose absence is nobody's
}

// Judge sets of a minute what follows from the law: WorkingS, OffS and, of a counter, StaffedS, AbsentS and UnknownS. A
// minute is working time or not as a whole, because sessions and the offsets of time zones are whole minutes. One that was
// working time and is so still stays as it was told: it was judged by the officers required then.
func (l *Law) Judge(m *Minute) {
	_, working, _ := l.Calendar.Session(m.Start, l.Location)
	run := m.WorkingS + m.OffS
	switch {
	case working && m.WorkingS > 0:
	case !working:
		m.WorkingS, m.OffS = 0, run
		m.StaffedS, m.AbsentS, m.UnknownS = 0, 0, 0
	case m.Counter == "":
		m.WorkingS, m.OffS = run, 0
	default:
		m.StaffedS, m.UnknownS = 0, max(run-m.ObservedS, 0)
		for n, s := range m.AtCount {
			if n >= l.Required {
				m.StaffedS += s
			}
		}
		m.AbsentS = max(m.ObservedS-m.StaffedS, 0)
		m.WorkingS, m.OffS = run, 0
		if l.Member {
			m.WorkingS, m.OffS, m.AbsentS = run-m.AbsentS, m.AbsentS, 0
		}
	}
}

// Working returns how much of a stretch is working time, and where its first and last working moments are.
func (l *Law) Working(from, to time.Time) (sum time.Duration, first, last time.Time) {
	for at := from; at.Before(to); {
		day := l.Calendar.Day(at, l.Location)
		for _, s := range day.Working {
			begin, end := s.From, s.To
			if begin.Before(from) {
				begin = from
			}
			if end.After(to) {
				end = to
			}
			if !begin.Before(end) {
				continue
			}
			if first.IsZero() {
				first = begin
			}
			last = end
			sum += end.Sub(begin)
		}
		at = day.Span.To
	}
	return sum, first, last
}

// SameDay reports whether another law has the same working time on the local day that holds t.
func (l *Law) SameDay(o *Law, t time.Time) bool {
	if l.TimeZone != o.TimeZone {
		return false
	}
	return slices.Equal(l.Calendar.Day(t, l.Location).Working, o.Calendar.Day(t, l.Location).Working)
}

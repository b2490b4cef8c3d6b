package models

import (
	"fmt"
	"time"
)

// Calendar says when counters are to be staffed, in the site's local time. The zero value is the default week of
// Vietnamese offices: Monday to Friday 07:30-11:30 and 13:00-16:30.
type Calendar struct {
	Always     bool        // around the clock
	Sessions   []Session   // weekly; empty is DefaultSessions
	Exceptions []Exception // dated; they replace the week's sessions of their day
}

// Session is one span of working time on one weekday, in minutes of the local day.
type Session struct {
	Weekday  time.Weekday
	From, To int // minutes since local midnight, From < To <= 1440
}

// Exception replaces the sessions of one local date: none for a holiday, others for a swapped working day.
type Exception struct {
	Date     string // YYYY-MM-DD
	Reason   string
	Sessions []Session // Weekday is ignored
}

// DefaultSessions is the default working week.
func DefaultSessions() []Session {
	var s []Session
	for d := time.Monday; d <= time.Friday; d++ {
		s = append(s, Session{d, 7*60 + 30, 11*60 + 30}, Session{d, 13 * 60, 16*60 + 30})
	}
	return s
}

// Span is a stretch of time, To excluded.
type Span struct{ From, To time.Time }

// Contains reports whether t lies in the span.
func (s Span) Contains(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Day returns the working spans of the local day that holds t, and the reason of an exception on that day.
func (c *Calendar) Day(t time.Time, loc *time.Location) (spans []Span, reason string) {
	l := t.In(loc)
	y, m, d := l.Date()
	at := func(min int) time.Time { return time.Date(y, m, d, 0, min, 0, 0, loc) }
	if c.Always {
		return []Span{{at(0), at(24 * 60)}}, ""
	}
	sessions := c.Sessions
	if len(sessions) == 0 {
		sessions = DefaultSessions()
	}
	date := fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	for _, e := range c.Exceptions {
		if e.Date == date {
			for _, s := range e.Sessions {
				spans = append(spans, Span{at(s.From), at(s.To)})
			}
			return spans, e.Reason
		}
	}
	for _, s := range sessions {
		if s.Weekday == l.Weekday() {
			spans = append(spans, Span{at(s.From), at(s.To)})
		}
	}
	return spans, ""
}

// Session returns the working span that holds t; ok is false outside working time, and planned is then true when a dated
// exception closed a day that the week would have open.
func (c *Calendar) Session(t time.Time, loc *time.Location) (s Span, ok, planned bool) {
	spans, reason := c.Day(t, loc)
	for _, s := range spans {
		if s.Contains(t) {
			return s, true, false
		}
	}
	return Span{}, false, reason != ""
}

// Validate checks that sessions of one day do not overlap.
func (c *Calendar) Validate() error {
	days := map[string][]Session{}
	for _, s := range c.Sessions {
		days[s.Weekday.String()] = append(days[s.Weekday.String()], s)
	}
	for _, e := range c.Exceptions {
		if _, twice := days[e.Date]; twice {
			return Invalid("calendar", "the exception of %s is there twice", e.Date)
		}
		days[e.Date] = e.Sessions
	}
	for day, list := range days {
		for i, a := range list {
			if a.From < 0 || a.From >= a.To || a.To > 24*60 {
				return Invalid("calendar", "%s has a session that ends before it begins", day)
			}
			for _, b := range list[:i] {
				if a.From < b.To && b.From < a.To {
					return Invalid("calendar", "sessions of %s overlap", day)
				}
			}
		}
	}
	return nil
}

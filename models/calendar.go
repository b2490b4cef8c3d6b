package models

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Calendar says when counters are to be staffed, in the site's local time. The zero value is the default week of
// Vietnamese offices: Monday to Friday 07:30-11:30 and 13:00-16:30.
type Calendar struct {
	Always     bool        // around the clock, but for exceptions
	Sessions   []Session   // weekly; empty is DefaultSessions. With some, a day on which none is in force is closed
	Exceptions []Exception // dated; they replace the week's sessions of their days
}

// Session is one span of working time on one weekday, in minutes of the local day: from the first time local clocks show
// From until the first time they show To. Where clocks jump over one of them, the jump takes its place.
type Session struct {
	Weekday  time.Weekday
	From, To int    // minutes since local midnight, From < To <= 1440
	Since    string // first local date in force, YYYY-MM-DD; empty: from the beginning
	Until    string // last local date in force; empty: without end
}

// Exception replaces the sessions of local dates: none for a holiday, others for a swapped working day.
type Exception struct {
	Date     string // first date, YYYY-MM-DD
	Until    string // last date; empty: Date alone
	Reason   string // shown to people: Tết, làm bù, bão
	Sessions []Session
}

// DefaultSessions is the default working week.
func DefaultSessions() []Session {
	var s []Session
	for d := time.Monday; d <= time.Friday; d++ {
		s = append(s, Session{Weekday: d, From: 7*60 + 30, To: 11*60 + 30}, Session{Weekday: d, From: 13 * 60, To: 16*60 + 30})
	}
	return s
}

// Span is a stretch of time, To excluded.
type Span struct{ From, To time.Time }

// Contains reports whether t lies in the span.
func (s Span) Contains(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Day is what a calendar says of one local day. Spans are in order and do not overlap.
type Day struct {
	Span    Span   // from local midnight to local midnight: 23, 24 or 25 hours
	Working []Span // when counters are to be staffed
	Planned []Span // what the week would have and a dated exception has replaced
	Reason  string // of the exception; empty when there is none
}

// At returns the session that holds t. Outside of sessions ok is false, and planned says whether a dated exception closes
// what the week would have open.
func (d *Day) At(t time.Time) (session Span, ok, planned bool) {
	for _, s := range d.Working {
		if s.Contains(t) {
			return s, true, false
		}
	}
	return Span{}, false, slices.ContainsFunc(d.Planned, func(s Span) bool { return s.Contains(t) })
}

// Day returns what the calendar says of the local day that holds t.
func (c *Calendar) Day(t time.Time, loc *time.Location) Day {
	l := t.In(loc)
	date := l.Format(time.DateOnly)
	d := Day{Span: LocalDay(t, loc)}
	week := c.week(l.Weekday(), date)
	for _, e := range c.Exceptions {
		if date >= e.Date && date <= cmp.Or(e.Until, e.Date) {
			d.Reason = e.Reason
			d.Working, d.Planned = spans(e.Sessions, l, loc), spans(week, l, loc)
			return d
		}
	}
	d.Working = spans(week, l, loc)
	return d
}

// week are the weekly sessions in force on a date.
func (c *Calendar) week(weekday time.Weekday, date string) (out []Session) {
	sessions := c.Sessions
	switch {
	case c.Always:
		return []Session{{To: 24 * 60}}
	case len(sessions) == 0:
		sessions = DefaultSessions()
	}
	for _, s := range sessions {
		if s.Weekday == weekday && date >= s.Since && (s.Until == "" || date <= s.Until) {
			out = append(out, s)
		}
	}
	return out
}

// spans puts sessions on a day, in order. One that the clocks jump over as a whole is left out.
func spans(sessions []Session, day time.Time, loc *time.Location) (out []Span) {
	y, m, d := day.Date()
	for _, s := range sessions {
		span := Span{localMinute(y, m, d, s.From, loc), localMinute(y, m, d, s.To, loc)}
		if span.From.Before(span.To) {
			out = append(out, span)
		}
	}
	slices.SortFunc(out, func(a, b Span) int { return a.From.Compare(b.From) })
	return out
}

// LocalDay is the local day that holds t: from the first instant of its date to the first of the next.
func LocalDay(t time.Time, loc *time.Location) Span {
	y, m, d := t.In(loc).Date()
	return Span{localMinute(y, m, d, 0, loc), localMinute(y, m, d+1, 0, loc)}
}

// localMinute is the first instant at which clocks show so many minutes after midnight of a date or, where they jump over
// that, the instant of the jump. time.Date leaves both open.
func localMinute(y int, m time.Month, d, minute int, loc *time.Location) time.Time {
	shown := time.Date(y, m, d, 0, minute, 0, 0, time.UTC) // as if there were no zone
	offset := func(t time.Time) time.Duration {
		_, s := t.In(loc).Zone()
		return time.Duration(s) * time.Second
	}
	// The offset in force is that of a day before or of a day after: clocks do not change twice in two days.
	before := shown.Add(-offset(shown.AddDate(0, 0, -1)))
	after := shown.Add(-offset(shown.AddDate(0, 0, 1)))
	first, second := before, after
	if second.Before(first) {
		first, second = second, first
	}
	for _, t := range []time.Time{first, second} {
		if t.Add(offset(t)).Equal(shown) {
			return t.In(loc)
		}
	}
	jump, _ := before.In(loc).ZoneBounds() // by the old offset that moment lies behind the jump
	return jump
}

// Session returns the working span that holds t; ok is false outside working time, and planned is then true when a dated
// exception closes what the week would have open.
func (c *Calendar) Session(t time.Time, loc *time.Location) (s Span, ok, planned bool) {
	d := c.Day(t, loc)
	return d.At(t)
}

// Validate checks that dates and times of day are possible and that neither sessions nor exceptions overlap. Errors are of
// KindInvalid and name what is at fault.
func (c *Calendar) Validate() error {
	if c.Always && len(c.Sessions) > 0 {
		return Invalid("calendar", "it is open around the clock and has sessions too: keep one of them")
	}
	for _, s := range c.Sessions {
		if s.Weekday < time.Sunday || s.Weekday > time.Saturday {
			return Invalid("calendar.sessions", "%d is no day of the week: use 0 (Sunday) to 6", s.Weekday)
		}
	}
	if err := checkSessions("calendar.sessions", c.Sessions); err != nil {
		return err
	}
	for i, e := range c.Exceptions {
		const field = "calendar.exceptions"
		if e.Date == "" {
			return Invalid(field, "an exception needs a date such as 2026-09-02")
		}
		if err := checkDates(field, e.Date, e.Until); err != nil {
			return err
		}
		same := slices.Clone(e.Sessions)
		for j := range same {
			if same[j].Since+same[j].Until != "" {
				return Invalid(field, "sessions of %s are in force on its dates: leave out since and until", e.name())
			}
			same[j].Weekday = anyDay
		}
		if err := checkSessions(field, same); err != nil {
			return err
		}
		for _, o := range c.Exceptions[:i] {
			if e.Date <= cmp.Or(o.Until, o.Date) && o.Date <= cmp.Or(e.Until, e.Date) {
				return Invalid(field, "%s and %s are exceptions of the same day: keep one of them", o.name(), e.name())
			}
		}
	}
	return nil
}

func (e *Exception) name() string {
	s := e.Date
	if e.Until != "" {
		s += " to " + e.Until
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s
}

// anyDay is the weekday of an exception's sessions while they are checked.
const anyDay time.Weekday = -1

func checkSessions(field string, sessions []Session) error {
	for i, s := range sessions {
		if s.From < 0 || s.From >= s.To || s.To > 24*60 {
			return Invalid(field, "the session %s ends before it begins, or lies outside the day", s.name())
		}
		if err := checkDates(field, s.Since, s.Until); err != nil {
			return err
		}
		for _, o := range sessions[:i] {
			together := (s.Until == "" || o.Since <= s.Until) && (o.Until == "" || s.Since <= o.Until)
			if s.Weekday == o.Weekday && s.From < o.To && o.From < s.To && together {
				return Invalid(field, "the sessions %s and %s overlap", o.name(), s.name())
			}
		}
	}
	return nil
}

func (s *Session) name() string {
	out := fmt.Sprintf("%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60)
	if s.Weekday != anyDay {
		out = s.Weekday.String() + " " + out
	}
	if s.Since != "" {
		out += " since " + s.Since
	}
	if s.Until != "" {
		out += " until " + s.Until
	}
	return out
}

// checkDates checks a first and a last date, each of which may be missing.
func checkDates(field, first, last string) error {
	for _, d := range []string{first, last} {
		if _, err := time.Parse(time.DateOnly, d); d != "" && err != nil {
			return Invalid(field, "%q is not a date: write 2026-09-02", d)
		}
	}
	if last != "" && last < first {
		return Invalid(field, "it would end on %s, before it begins on %s", last, first)
	}
	return nil
}

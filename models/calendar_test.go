package models

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// at reads "2026-09-02 09:00" in a zone.
func at(t *testing.T, text string, loc *time.Location) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func zoneOf(t interface {
	Helper()
	Fatal(...any)
}, name string) *time.Location {
	t.Helper()
	loc, err := (&Site{TimeZone: name}).Location()
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestCalendar(t *testing.T) {
	hanoi := zoneOf(t, "")
	morning := Session{From: 8 * 60, To: 11 * 60}
	office := Calendar{Exceptions: []Exception{
		{Date: "2026-02-16", Until: "2026-02-20", Reason: "Tết"},
		{Date: "2026-09-02", Reason: "Quốc khánh"},
		{Date: "2026-09-05", Reason: "làm bù", Sessions: []Session{morning}},
		{Date: "2026-09-08", Reason: "bão", Sessions: []Session{morning}},
	}}
	var seasons Calendar // summer hours and winter hours, three sessions in summer
	for _, s := range []Session{
		{From: 7 * 60, To: 9 * 60, Since: "2026-04-16", Until: "2026-10-15"}, {From: 9*60 + 15, To: 11 * 60, Since: "2026-04-16", Until: "2026-10-15"},
		{From: 13*60 + 30, To: 17 * 60, Since: "2026-04-16", Until: "2026-10-15"},
		{From: 7*60 + 30, To: 11*60 + 30, Until: "2026-04-15"}, {From: 7*60 + 30, To: 12 * 60, Since: "2026-10-16"},
	} {
		s.Weekday = time.Thursday
		seasons.Sessions = append(seasons.Sessions, s)
	}
	closed := Calendar{Always: true, Exceptions: []Exception{{Date: "2026-09-02", Reason: "Quốc khánh"}}}
	for _, c := range []struct {
		name     string
		calendar *Calendar
		at       string
		ok, plan bool
	}{
		{"before the session", &office, "2026-09-01 07:29", false, false},
		{"its first minute", &office, "2026-09-01 07:30", true, false},
		{"its end is out", &office, "2026-09-01 11:30", false, false},
		{"the second session", &office, "2026-09-01 13:00", true, false},
		{"a holiday", &office, "2026-09-02 09:00", false, true},
		{"lunch on a holiday is not planned, it is lunch", &office, "2026-09-02 12:00", false, false},
		{"a swapped Saturday", &office, "2026-09-05 09:00", true, false},
		{"which nobody would have worked otherwise", &office, "2026-09-05 14:00", false, false},
		{"a storm shortens a Tuesday", &office, "2026-09-08 09:00", true, false},
		{"what it took away is planned", &office, "2026-09-08 14:00", false, true},
		{"a Sunday", &office, "2026-09-06 09:00", false, false},
		{"the first of several days", &office, "2026-02-16 08:00", false, true},
		{"the last of several days", &office, "2026-02-20 16:29", false, true},
		{"the weekend among them has nothing to close", &office, "2026-02-21 09:00", false, false},
		{"the Monday after", &office, "2026-02-23 08:00", true, false},
		{"before the summer", &seasons, "2026-04-09 07:15", false, false},
		{"the first summer day", &seasons, "2026-04-16 07:15", true, false},
		{"between two morning sessions", &seasons, "2026-04-16 09:10", false, false},
		{"a summer afternoon", &seasons, "2026-04-16 16:59", true, false},
		{"the last summer day", &seasons, "2026-10-15 07:15", true, false},
		{"the first winter day", &seasons, "2026-10-22 11:45", true, false},
		{"no session on that weekday", &seasons, "2026-10-23 09:00", false, false},
		{"always", &closed, "2026-09-01 03:00", true, false},
		{"always, but for a holiday", &closed, "2026-09-02 03:00", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, ok, planned := c.calendar.Session(at(t, c.at, hanoi).UTC(), hanoi); ok != c.ok || planned != c.plan {
				t.Errorf("%s: open %v planned %v, want %v %v", c.at, ok, planned, c.ok, c.plan)
			}
		})
	}
}

func TestSessionsWhenClocksChange(t *testing.T) {
	session := func(from, to int) Calendar {
		var c Calendar
		for d := time.Sunday; d <= time.Saturday; d++ {
			c.Sessions = append(c.Sessions, Session{Weekday: d, From: from * 60 / 100, To: to * 60 / 100})
		}
		return c
	}
	for _, c := range []struct {
		name, zone, date string
		from, to         int // hundredths of hours
		want             time.Duration
	}{
		{"an ordinary day", "Europe/Berlin", "2026-03-28", 100, 400, 3 * time.Hour},
		{"clocks go forward inside", "Europe/Berlin", "2026-03-29", 100, 400, 2 * time.Hour},
		{"it begins in the hour that is not there", "Europe/Berlin", "2026-03-29", 250, 400, time.Hour},
		{"it ends in the hour that is not there", "Europe/Berlin", "2026-03-29", 100, 250, time.Hour},
		{"it lies in the hour that is not there", "Europe/Berlin", "2026-03-29", 225, 275, 0},
		{"clocks go back inside", "Europe/Berlin", "2026-10-25", 100, 400, 4 * time.Hour},
		{"it begins in the hour that is there twice", "Europe/Berlin", "2026-10-25", 250, 400, 2*time.Hour + 30*time.Minute},
		{"it ends in the hour that is there twice, the first time", "Europe/Berlin", "2026-10-25", 100, 250, 90 * time.Minute},
		{"New York goes forward", "America/New_York", "2026-03-08", 0, 2400, 23 * time.Hour},
		{"New York goes back", "America/New_York", "2026-11-01", 0, 2400, 25 * time.Hour},
		{"Cairo has no midnight", "Africa/Cairo", "2026-04-24", 0, 2400, 23 * time.Hour},
		{"the day before it is whole", "Africa/Cairo", "2026-04-23", 0, 2400, 24 * time.Hour},
		{"Cairo has its last hour twice", "Africa/Cairo", "2026-10-29", 0, 2400, 25 * time.Hour},
		{"Santiago has no midnight", "America/Santiago", "2026-09-06", 0, 100, 0},
		{"Havana has its first hour twice", "America/Havana", "2026-11-01", 0, 100, 2 * time.Hour},
		{"Lord Howe changes by half an hour", "Australia/Lord_Howe", "2026-10-04", 0, 2400, 23*time.Hour + 30*time.Minute},
		{"Vietnam never", "Asia/Ho_Chi_Minh", "2026-03-29", 0, 2400, 24 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			loc, calendar := zoneOf(t, c.zone), session(c.from, c.to)
			var got time.Duration
			for _, s := range calendar.Day(at(t, c.date+" 12:00", loc), loc).Working {
				got += s.To.Sub(s.From)
			}
			if got != c.want {
				t.Errorf("the session lasts %s, want %s", got, c.want)
			}
		})
	}
}

func TestDaysOfACalendar(t *testing.T) {
	zones := []string{"Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		loc := zoneOf(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		var c Calendar
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(0, 24*60), 2, 8, rapid.ID).Draw(t, "times of day")
		for d := time.Sunday; d <= time.Saturday; d++ {
			for i := 0; i+1 < len(cuts); i += 2 {
				s := Session{Weekday: d, From: min(cuts[i], cuts[i+1]), To: max(cuts[i], cuts[i+1])}
				if (&Calendar{Sessions: append(c.Sessions, s)}).Validate() == nil {
					c.Sessions = append(c.Sessions, s)
				}
			}
		}
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		moment := start.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute of the year")) * time.Minute)
		d := c.Day(moment, loc)
		if !d.Span.Contains(moment) {
			t.Fatalf("%s is not in its day %v", moment.In(loc), d.Span)
		}
		if next := c.Day(d.Span.To, loc); !next.Span.From.Equal(d.Span.To) {
			t.Fatalf("after %v comes %v", d.Span, next.Span)
		}
		end := d.Span.From
		var sum time.Duration
		for _, s := range d.Working {
			if s.From.Before(end) || !s.From.Before(s.To) || s.To.After(d.Span.To) {
				t.Fatalf("%v lies outside its day or over another: %v", s, d)
			}
			end = s.To
			sum += s.To.Sub(s.From)
		}
		if len(d.Planned) > 0 || d.Reason != "" {
			t.Fatalf("there is no exception: %+v", d)
		}
		// The sum again, minute by minute, each of which must be of that date.
		minutes := 0
		for at := d.Span.From; at.Before(d.Span.To); at = at.Add(time.Minute) {
			if _, ok, _ := c.Session(at, loc); ok {
				minutes++
			}
			if date := at.In(loc).Format(time.DateOnly); date != moment.In(loc).Format(time.DateOnly) {
				t.Fatalf("%s is not a moment of the day of %s", at.In(loc), moment.In(loc))
			}
		}
		if time.Duration(minutes)*time.Minute != sum {
			t.Fatalf("%d minutes are working time, the sessions last %s", minutes, sum)
		}
		if d.Span.To.Sub(d.Span.From) == 24*time.Hour {
			var want int
			for _, s := range c.Sessions {
				if s.Weekday == moment.In(loc).Weekday() {
					want += s.To - s.From
				}
			}
			if minutes != want {
				t.Fatalf("%d minutes of an ordinary day, want %d", minutes, want)
			}
		}
	})
}

func TestCalendarRefusals(t *testing.T) {
	monday := func(from, to int, dates ...string) Session {
		s := Session{Weekday: time.Monday, From: from, To: to}
		if len(dates) > 0 {
			s.Since, s.Until = dates[0], dates[1]
		}
		return s
	}
	sessions := func(s ...Session) Calendar { return Calendar{Sessions: s} }
	days := func(e ...Exception) Calendar { return Calendar{Exceptions: e} }
	for _, c := range []struct {
		name     string
		calendar Calendar
		want     string // part of the error; empty: it is fine
	}{
		{"nothing", Calendar{}, ""},
		{"sessions that touch", sessions(monday(60, 120), monday(120, 180)), ""},
		{"sessions that overlap", sessions(monday(450, 690), monday(600, 720)), "Monday 07:30-11:30 and Monday 10:00-12:00 overlap"},
		{"the same twice", sessions(monday(60, 120), monday(60, 120)), "overlap"},
		{"seasons one after the other", sessions(monday(60, 120, "", "2026-04-15"), monday(60, 120, "2026-04-16", "")), ""},
		{"seasons that share a day", sessions(monday(60, 120, "", "2026-04-16"), monday(90, 150, "2026-04-16", "")),
			"Monday 01:00-02:00 until 2026-04-16 and Monday 01:30-02:30 since 2026-04-16 overlap"},
		{"a season that ends before it begins", sessions(monday(60, 120, "2026-04-16", "2026-04-15")), "end on 2026-04-15"},
		{"no such date", sessions(monday(60, 120, "2026-02-30", "")), `"2026-02-30" is not a date`},
		{"no such weekday", sessions(Session{Weekday: 7, From: 1, To: 2}), "no day of the week"},
		{"no weekday", sessions(Session{Weekday: -1, From: 1, To: 2}), "no day of the week"},
		{"an empty session", sessions(monday(60, 60)), "ends before it begins"},
		{"a session over midnight", sessions(monday(23*60, 25*60)), "outside the day"},
		{"always with sessions", Calendar{Always: true, Sessions: []Session{monday(60, 120)}}, "around the clock"},
		{"an exception without a date", days(Exception{Reason: "Tết"}), "needs a date"},
		{"two exceptions of a day", days(Exception{Date: "2026-02-16", Until: "2026-02-20", Reason: "Tết"}, Exception{Date: "2026-02-20", Reason: "bão"}),
			"2026-02-16 to 2026-02-20 (Tết) and 2026-02-20 (bão)"},
		{"exceptions one after the other", days(Exception{Date: "2026-02-16", Until: "2026-02-20"}, Exception{Date: "2026-02-21"}), ""},
		{"an exception that ends before it begins", days(Exception{Date: "2026-02-16", Until: "2026-02-10"}), "end on 2026-02-10"},
		{"an exception whose sessions overlap", days(Exception{Date: "2026-02-16", Sessions: []Session{{From: 60, To: 120}, {From: 90, To: 150, Weekday: time.Friday}}}),
			"01:00-02:00 and 01:30-02:30 overlap"},
		{"an exception with a season", days(Exception{Date: "2026-02-16", Reason: "Tết", Sessions: []Session{monday(60, 120, "2026-01-01", "")}}), "2026-02-16 (Tết) are in force on its dates: leave out since"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.calendar.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || KindOf(err) != KindInvalid || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// schedule answers from the calendar, keeping the answer until it can change.
type schedule struct {
	calendar models.Calendar
	location *time.Location
	day      models.Span // the local day that spans and planned are about
	spans    []models.Span
	planned  bool
}

// hours is what the calendar says of one moment.
type hours struct {
	session models.Span // zero outside working time
	planned bool        // an exception closes what the week would have open
}

// at returns the calendar's word on a moment, and whether it is working time.
func (s *schedule) at(t time.Time) (hours, bool) {
	if !s.day.Contains(t) {
		y, mo, d := t.In(s.location).Date()
		s.day = models.Span{From: time.Date(y, mo, d, 0, 0, 0, 0, s.location), To: time.Date(y, mo, d+1, 0, 0, 0, 0, s.location)}
		spans, reason := s.calendar.Day(t, s.location)
		s.spans, s.planned = spans, reason != ""
	}
	for _, span := range s.spans {
		if span.Contains(t) {
			return hours{session: span}, true
		}
	}
	return hours{planned: s.planned}, false
}

package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// schedule answers from a calendar, keeping the answer until it can change.
type schedule struct {
	calendar models.Calendar
	location *time.Location
	day      models.Day
}

// hours is what the calendar says of one moment.
type hours struct {
	session models.Span // zero outside working time
	planned bool        // an exception closes what the week would have open
}

// at returns the calendar's word on a moment, and whether it is working time.
func (s *schedule) at(t time.Time) (h hours, working bool) {
	if !s.day.Span.Contains(t) {
		s.day = s.calendar.Day(t, s.location)
	}
	h.session, working, h.planned = s.day.At(t)
	return h, working
}

package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of staffing, in seconds of sight (docs/METHOD.md).
const (
	graceS     = 10.0 // fewer than required this long: GRACE
	returnS    = 15   // present this long ..
	windowS    = 20   // .. within this window: STAFFED again
	minSeen    = .8   // share of the window that must be seen
	heldS      = 6.0  // presence outlives the last sight of an officer by at most this
	notYetSeen = .8   // share of the session so far that must be seen to speak of opening late
)

// sighting is one second of one counter.
type sighting struct {
	start            time.Time
	seen             bool
	onDuty           int
	last             time.Time // when an officer was last seen
	waiting, serving int
}

// staffing is the state machine of one counter. It is fed one second at a time.
type staffing struct {
	State    models.Staffing
	Since    time.Time
	Now      models.CounterSecond
	Session  models.Span
	NotYet   bool // the session began before our eyes, and nobody has come yet
	SeenS    float64
	UnseenS  float64 // of the session so far
	Previous time.Time
	Window   []int     // officers in the newest windowS seconds, -1 unseen
	Away     spell     // nobody
	Short    spell     // fewer than required
	Back     time.Time // when those who are there now came
	Declared bool      // ABSENT was declared for the spell that goes on
}

// step takes one second and returns what it means.
func (s *staffing) step(c *models.Counter, in sighting, h hours) models.CounterSecond {
	now := models.CounterSecond{Seen: in.seen, Session: h.session, Working: h.session != models.Span{}}
	now.Waiting, now.Serving = in.waiting, in.serving
	if in.seen {
		now.OnDuty = in.onDuty
	}
	s.begin(in.start, h.session)
	switch {
	case now.Working:
		s.judge(c, in)
	case h.planned:
		s.become(models.ClosedByPlan, in.start)
	default:
		s.become(models.OffSchedule, in.start)
	}
	s.Previous = in.start
	now.Staffing, now.Away, now.Short, now.NotYet = s.State, s.Away.Spell, s.Short.Spell, s.NotYet
	now.Back = s.Back
	s.Now = now
	return now
}

// begin forgets the last session when another one, or none, has taken its place.
func (s *staffing) begin(start time.Time, session models.Span) {
	if session.From.Equal(s.Session.From) && session.To.Equal(s.Session.To) {
		return
	}
	if !session.From.IsZero() && session.From.Equal(s.Session.To) {
		s.Session = session // around the clock: midnight is not an opening
		return
	}
	watched := start.Sub(session.From) < time.Second
	*s = staffing{State: s.State, Since: s.Since, Session: session, Previous: s.Previous, Window: s.Window[:0], NotYet: watched}
	if session.From.IsZero() {
		s.NotYet = false
	}
	if s.NotYet {
		s.Away.Began = session.From
		s.Short.Began = session.From
	}
}

// judge moves timers and state by one second of working time.
func (s *staffing) judge(c *models.Counter, in sighting) {
	n := in.onDuty
	if !in.seen {
		n = -1
		s.UnseenS++
	} else {
		s.SeenS++
	}
	if len(s.Window) == windowS {
		copy(s.Window, s.Window[1:])
		s.Window = s.Window[:windowS-1]
	}
	s.Window = append(s.Window, n)
	unseen, some, enough := 0, 0, 0
	for _, v := range s.Window {
		switch {
		case v < 0:
			unseen++
		case v >= c.RequiredOnDuty:
			enough++
			some++
		case v > 0:
			some++
		}
	}
	clear := float64(len(s.Window)-unseen) >= minSeen*float64(len(s.Window))
	reliable := in.seen && clear
	s.Away.step(in, reliable, n > 0, some >= returnS, s.Session.From)
	s.Short.step(in, reliable, n >= c.RequiredOnDuty, enough >= returnS, s.Session.From)
	if some >= returnS || !s.Declared && s.UnseenS > (1-notYetSeen)*(s.SeenS+s.UnseenS) && s.UnseenS > windowS {
		s.NotYet = false
	}
	if n == 0 {
		s.Back = time.Time{}
	} else if n > 0 && s.Back.IsZero() {
		s.Back = in.start
	}
	if !s.Away.Running() {
		s.Declared = false
	} else if reliable && n == 0 && s.Away.SeenS >= s.limit(c, in).Seconds() {
		s.Declared = true
	}
	switch {
	case !clear || s.State == models.OffSchedule || s.State == models.ClosedByPlan: // too early to tell
		s.become(models.StaffingUnknown, in.start)
	case s.Declared:
		s.become(models.Absent, in.start)
	case s.Short.SeenS >= graceS && s.Short.Running():
		s.become(models.Grace, in.start)
	case enough >= returnS:
		s.become(models.Staffed, in.start)
	}
}

// limit is how long nobody may be there as things stand.
func (s *staffing) limit(c *models.Counter, in sighting) time.Duration {
	switch {
	case s.NotYet:
		return c.OpenedLateAfter
	case in.waiting+in.serving > 0:
		return min(c.MaxAbsence, c.MaxAbsenceWithWaiting)
	default:
		return c.MaxAbsence
	}
}

// due is when ABSENT will be declared if nobody comes and all is seen; zero when no such clock runs.
func (s *staffing) due(c *models.Counter) time.Time {
	sp, in := s.Away.Spell, sighting{waiting: s.Now.Waiting, serving: s.Now.Serving}
	if s.State != models.Grace || !sp.Running() {
		return time.Time{}
	}
	return s.Previous.Add(time.Second + s.limit(c, in) - time.Duration(sp.SeenS*float64(time.Second)))
}

func (s *staffing) become(state models.Staffing, at time.Time) {
	if s.State != state {
		s.State, s.Since = state, at
	}
}

// spell is a condition that begins at once and is over when the contrary has held long enough.
type spell struct{ models.Spell }

// step moves the spell by one second. over says that the contrary holds in this second, settled that it has held long
// enough to end a spell of more than graceS. The clock of a spell begins when an officer was last seen.
func (p *spell) step(in sighting, reliable, over, settled bool, floor time.Time) {
	switch {
	case in.seen && over && (settled || p.SeenS < graceS):
		*p = spell{}
		return
	case !in.seen && !p.Running():
		return
	case !p.Running() && over:
		return
	case !p.Running():
		p.Began = in.start
		if held := in.start.Sub(in.last).Seconds(); held < heldS && held > -1 {
			p.Began = later(in.last, floor)
			p.SeenS = in.start.Sub(p.Began).Seconds()
		}
	}
	if reliable {
		p.SeenS++
	} else {
		p.UnseenS++
	}
}

package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of staffing, in seconds of sight (docs/METHOD.md).
const (
	graceS     = 10.0 // fewer than required this long: GRACE
	returnS    = 15   // present this long ..
	windowS    = 20   // .. within the newest clear seconds: STAFFED again
	blinkS     = 4    // unseen longer than this: sight was lost, and what is clear is to be found out anew
	settleS    = 5    // seconds until that is known
	minSeen    = .8   // share of the newest windowS seconds that must be seen
	heldS      = 8.0  // presence outlives the last sight of an officer by at most this
	notYetSeen = .8   // share of the session so far that must be seen to speak of opening late
)

// sighting is one second of one counter.
type sighting struct {
	start            time.Time
	seen             bool
	onDuty           int
	last             time.Time // when an officer was last seen
	enough           time.Time // when enough officers were last seen, where that is known to differ
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
	Sight    sight
	Officers []int     // in the newest windowS clear seconds of the session
	Away     spell     // nobody
	Short    spell     // fewer than required
	Back     time.Time // when those who are there now came
	Declared bool      // ABSENT was declared for the spell that goes on
}

// step takes one second and returns what it means.
func (s *staffing) step(c *post, in sighting, h hours) models.CounterSecond {
	now := models.CounterSecond{Seen: in.seen, Session: h.session, Working: h.session != models.Span{}}
	now.Waiting, now.Serving = in.waiting, in.serving
	if in.seen {
		now.OnDuty = in.onDuty
	}
	s.Sight.step(in.seen)
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
	*s = staffing{State: s.State, Since: s.Since, Session: session, Previous: s.Previous, Sight: s.Sight, Officers: s.Officers[:0], NotYet: watched}
	if session.From.IsZero() {
		s.NotYet = false
	}
	if s.NotYet {
		s.Away.Began = session.From
		s.Short.Began = session.From
	}
}

// judge moves timers and state by one second of working time.
func (s *staffing) judge(c *post, in sighting) {
	n := in.onDuty
	clear := s.Sight.clear()
	reliable := in.seen && clear
	if in.seen {
		s.SeenS++
	} else {
		n = -1
		s.UnseenS++
	}
	if reliable {
		s.remember(n)
	}
	some, enough := 0, 0
	for _, v := range s.Officers {
		if v > 0 {
			some++
		}
		if v >= c.RequiredOnDuty {
			enough++
		}
	}
	s.Away.settle(&s.Sight)
	s.Short.settle(&s.Sight)
	s.Away.step(in, reliable, n > 0, some >= returnS, s.Session.From)
	if !in.enough.IsZero() {
		in.last = in.enough
	}
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
	} else if reliable && n == 0 && !c.member && s.Away.SeenS >= s.limit(c, in).Seconds() {
		s.Declared = true
	}
	switch {
	case !clear:
		s.become(models.StaffingUnknown, in.start)
	case s.Declared:
		s.become(models.Absent, in.start)
	case s.Short.SeenS >= graceS && s.Short.Running():
		s.become(models.Grace, in.start)
	case n >= c.RequiredOnDuty && enough*windowS >= returnS*len(s.Officers):
		s.become(models.Staffed, in.start)
	case s.State == models.OffSchedule || s.State == models.ClosedByPlan: // too early to tell
		s.become(models.StaffingUnknown, in.start)
	}
}

// remember keeps the officers of the newest seen seconds.
func (s *staffing) remember(n int) {
	if len(s.Officers) == windowS {
		copy(s.Officers, s.Officers[1:])
		s.Officers = s.Officers[:windowS-1]
	}
	s.Officers = append(s.Officers, n)
}

// limit is how long nobody may be there as things stand.
func (s *staffing) limit(c *post, in sighting) time.Duration {
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
func (s *staffing) due(c *post) time.Time {
	sp, in := s.Away.Spell, sighting{waiting: s.Now.Waiting, serving: s.Now.Serving}
	if s.State != models.Grace || c.member || !sp.Running() {
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
type spell struct {
	models.Spell
	Doubt float64 // seconds of UnseenS that were seen since sight came back, and will count once it has settled
}

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
		return
	}
	p.UnseenS++
	if in.seen {
		p.Doubt++
	}
}

// settle decides about the seconds in doubt.
func (p *spell) settle(g *sight) {
	if g.clear() {
		p.SeenS += p.Doubt
		p.UnseenS -= p.Doubt
	}
	if g.clear() || g.Blind > blinkS {
		p.Doubt = 0
	}
}

// sight says whether a place can be judged: most of the newest windowS seconds were seen. After it was lost for longer than
// a blink they are counted from its return, and the first settleS of them say nothing by themselves, because a tracker
// needs a moment to find people again.
type sight struct {
	Newest  []bool // at most windowS
	Blind   int    // seconds since the last seen one
	Settled bool
}

// step takes one second.
func (g *sight) step(seen bool) {
	if seen && g.Blind > blinkS {
		g.Newest, g.Settled = g.Newest[:0], false
	}
	if g.Blind++; seen {
		g.Blind = 0
	}
	if len(g.Newest) == windowS {
		copy(g.Newest, g.Newest[1:])
		g.Newest = g.Newest[:windowS-1]
	}
	g.Newest = append(g.Newest, seen)
	if !g.Settled && seen && len(g.Newest) >= settleS && g.share() >= minSeen {
		g.Settled = true
	}
}

// clear reports whether what is seen now can be relied on.
func (g *sight) clear() bool { return g.Settled && g.share() >= minSeen }

// share is the share of the newest seconds that was seen.
func (g *sight) share() float64 {
	n := 0
	for _, s := range g.Newest {
		if s {
			n++
		}
	}
	return float64(n) / float64(len(g.Newest))
}

// unseen is how long nothing has been seen, as far as it matters.
func (g *sight) unseen() time.Duration { return time.Duration(min(g.Blind, windowS)) * time.Second }

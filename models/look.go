package models

import "time"

// Look is what the zones of a camera show in one analysed frame.
type Look struct {
	At     time.Time
	People int
	Zones  []ZoneLook // in the order of Camera.Zones
	Amends []Amend    // what earlier looks should have said
	Exits  []Exit     // ways out of a queue that became certain in this frame
	Stays  []Stay     // stays whose end became certain in this frame
	Boxes  []LiveBox
}

// ZoneLook is one zone in one frame.
type ZoneLook struct {
	Count    int       // people who have dwelt there at least the zone's minimum
	LastSeen time.Time // last time one of them was seen; people out of sight for a moment stay counted
	Hidden   float64   // staff zones: share covered by people who stand in front, 0..1
	// Unsure counts, for staff zones, officers of whom it is unknown whether they are on duty: last seen behind somebody who
	// still stands there, or gone straight to the service zone of the same counter while a citizen is there.
	Unsure int
}

// Amend corrects the count of a zone in looks of the last seconds: somebody who has now dwelt long enough had been there
// before, somebody who is now sure to have left had left before.
type Amend struct {
	Zone     int       // index in Camera.Zones
	From, To time.Time // after From, up to and including To
	By       int       // +1 or -1
}

// Exit is one person who stopped waiting: the D(t) of the first-in-first-out reconstruction.
type Exit struct {
	At     time.Time
	Queue  string // the zone left; empty when the person was first seen in the service zone
	To     string // the service zone entered; empty for a person who gave up
	Served bool   // service began
}

// Stay is one person's time in one zone, long enough to count.
type Stay struct {
	Zone     string
	Track    int64
	Entered  time.Time
	Left     time.Time // last time seen inside
	Ended    Ended
	To       string // queue: the service zone the person went to, when seen
	LeftOpen bool   // the beginning was not seen
}

// Second is what one whole second of capture time showed: all that rules judge. A second that was not seen says nothing
// about people: it is unknown, never zero.
type Second struct {
	Start    time.Time
	Seen     bool
	Zones    []ZoneSecond    // in the order of Camera.Zones
	Counters []CounterSecond // in the order of Camera.Counters
}

// ZoneSecond is one zone in one second.
type ZoneSecond struct {
	Count int  // median over the last 5 s of the people who have dwelt long enough
	Seen  bool // staff zones: also at least half visible
	Wait  Estimate
}

// CounterSecond is one counter in one second.
type CounterSecond struct {
	Seen     bool // the second was seen and no staff zone was hidden
	Working  bool // inside a session of the calendar
	Session  Span // the session; zero outside working time
	Staffing Staffing
	OnDuty   int       // officers seen; 0 when not seen
	Waiting  int       // people in its queues
	Serving  int       // people in its service zones
	Away     Spell     // nobody on duty
	Short    Spell     // fewer than required on duty
	Back     time.Time // when the officers who are there now came; zero while nobody is
	NotYet   bool      // the session began before our eyes and nobody has come yet
}

// Spell is a condition that has gone on for some time.
type Spell struct {
	Began   time.Time // zero while the condition does not hold
	SeenS   float64   // seconds of it that were seen: what thresholds are compared with
	UnseenS float64   // seconds of it that were not seen
}

// Running reports whether the condition holds.
func (s Spell) Running() bool { return !s.Began.IsZero() }

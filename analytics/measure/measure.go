// Package measure times what the zones show. It cuts capture time into whole seconds, says of each whether it was seen,
// and from seconds alone makes everything else: minutes, staffing states, visits and waits. Nothing here depends on the
// frame rate, and a second without sight is unknown, never zero.
//
// Place on the road: after zone, before rules. In: models.Look. Out: models.Second, Minute, Visit and live figures. Pure and
// synchronous: time comes with the frame; only the pipeline imports it. The definitions are in docs/METHOD.md.
package measure

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

// Config is what the figures of one camera depend on. Zones and counters must be valid and have their defaults.
type Config struct {
	Node     string
	Camera   models.Camera
	Calendar models.Calendar
	Location *time.Location
	Interval time.Duration // nominal time between analysed frames
}

// Figures are what became known by one call; they are valid until the next. Seconds are complete and in order.
type Figures struct {
	Seconds []models.Second
	Minutes []models.Minute
	Visits  []models.Visit
}

// Measure holds the figures of one camera that are still being made.
type Measure struct {
	cfg      Config
	schedule *schedule // the site's
	posts    []post    // one for each counter
	state    state
	out      Figures
}

// state is all that must survive a restart.
type state struct {
	Clock    clock
	Newest   time.Time // frame
	Zones    []zoneState
	Counters []staffing
	Late     []second        // newest last: seconds that may still be amended, and the two before them
	Minutes  []models.Minute // open: zones, then counters
	Cover    []cover         // the last hour
}

type zoneState struct {
	Last    sample
	Smooth  int // median of the newest seconds
	Flow    flow
	Service service
}

// sample is what one frame showed of one zone.
type sample struct {
	Count    int
	LastSeen time.Time
	Hidden   bool
	Unsure   int // officers of whom it is unknown whether they are on duty
}

const (
	hides     = .5            // of a staff zone must be covered to hide it ..
	shows     = .4            // .. and less than this to show it again: people sway, and boxes with them
	smoothing = 5             // seconds of the median
	half      = smoothing / 2 // on either side of its middle
	many      = 600           // seconds told at once
	amendable = 8             // seconds until a second is final: the dwell of a service zone, and what smoothing needs
)

// second is a second that is not final yet.
type second struct {
	Start   time.Time
	Shown   time.Time // the frame it shows: the newest before its end
	Seen    bool
	Working bool
	Final   bool
	Counts  []int  // by zone
	Hidden  []bool // by zone
	Unsure  []int  // by zone
}

// New starts the figures of one camera.
func New(cfg Config) *Measure {
	m := &Measure{cfg: cfg, schedule: &schedule{calendar: cfg.Calendar, location: cfg.Location}}
	m.posts = posts(&m.cfg.Camera, m.schedule)
	m.state.Clock.Limit = limit(cfg.Interval)
	m.state.Zones = make([]zoneState, len(cfg.Camera.Zones))
	m.state.Counters = make([]staffing, len(cfg.Camera.Counters))
	for i := range m.state.Zones {
		m.state.Zones[i].Flow.FIFO = waits.FIFO{LagS: max(cfg.Camera.Zones[i].MinDwell.Seconds()-amendable, 0) + .5}
		m.state.Zones[i].Service.Blind = blink
	}
	for i := range m.state.Counters {
		m.state.Counters[i].State = models.StaffingUnknown
	}
	return m
}

// Update takes what the zones show in one frame.
func (m *Measure) Update(look models.Look) Figures {
	m.state.Clock.frame(look.At, m.tick)
	m.state.Newest = look.At
	for i := range m.state.Zones {
		l := look.Zones[i]
		z := &m.state.Zones[i]
		hidden := l.Hidden > hides || z.Last.Hidden && l.Hidden > shows
		z.Last = sample{l.Count, later(l.LastSeen, z.Last.LastSeen), hidden, l.Unsure}
	}
	for _, a := range look.Amends {
		m.amend(a)
	}
	for _, e := range look.Exits {
		m.exit(e, look.Stays)
	}
	m.visits(look.Stays)
	return m.take()
}

// Idle is called while no frame comes, with the stays that ended for it.
func (m *Measure) Idle(at time.Time, stays []models.Stay) Figures {
	m.visits(stays)
	m.state.Clock.idle(at, m.tick)
	return m.take()
}

// Close completes every open minute: the file, the day or the run is over.
func (m *Measure) Close(at time.Time, stays []models.Stay) Figures {
	m.visits(stays)
	m.state.Clock.stop(at, m.tick)
	for i := range m.state.Late {
		m.settle(i)
	}
	for i := range m.state.Zones {
		m.state.Zones[i].Service.end(true)
	}
	m.closeMinutes()
	m.state.Late = nil
	return m.take()
}

// State returns all that must survive a restart.
func (m *Measure) State() ([]byte, error) { return json.Marshal(&m.state) }

// Restore goes on from what State returned. The time between counts as not seen. A state of other zones or counters is
// of no use and is an error.
func (m *Measure) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("measure: restore: %w", err)
	}
	if len(s.Zones) != len(m.state.Zones) || len(s.Counters) != len(m.state.Counters) {
		return models.Errorf(models.KindConflict, "measure: restore: the zones or counters have changed since the state was kept")
	}
	if !s.Clock.sound() {
		return models.Errorf(models.KindInvalid, "measure: restore: the kept clock is damaged")
	}
	s.Clock.Limit, s.Clock.Blind = m.state.Clock.Limit, true
	m.state = s
	for i := range m.state.Zones {
		m.estimate(i, s.Clock.Last)
	}
	return nil
}

// tick makes one whole second out of the newest samples.
func (m *Measure) tick(start time.Time, seen bool) {
	_, working := m.schedule.at(start)
	m.push(start, seen, working)
	s := m.second()
	s.Start, s.Seen = start, seen
	newest := len(m.state.Late) - 1
	for i := range m.state.Zones {
		z := &m.state.Zones[i]
		z.Smooth = m.smooth(i, newest-half)
		s.Zones[i] = models.ZoneSecond{Count: z.Smooth, Seen: seen && !z.Last.Hidden}
		if m.cfg.Camera.Zones[i].Kind == models.ZoneQueue {
			s.Zones[i].Wait = z.Flow.P90
		}
	}
	for i := range m.state.Counters {
		in := m.observe(i, &m.state.Late[newest])
		s.Counters[i] = m.state.Counters[i].step(&m.posts[i], in, m.posts[i].hoursAt(start))
	}
	m.expect()
	m.settle(newest - amendable)
	m.covered(start, seen, working)
}

// second adds a second to the figures, in memory of one that was told before.
func (m *Measure) second() *models.Second {
	n := len(m.out.Seconds)
	if n == cap(m.out.Seconds) {
		m.out.Seconds = append(m.out.Seconds, models.Second{})
	}
	m.out.Seconds = m.out.Seconds[:n+1]
	s := &m.out.Seconds[n]
	if len(s.Zones) != len(m.state.Zones) || len(s.Counters) != len(m.state.Counters) {
		s.Zones, s.Counters = make([]models.ZoneSecond, len(m.state.Zones)), make([]models.CounterSecond, len(m.state.Counters))
	}
	return s
}

// push adds a second to those that are not final, and drops the one nobody needs any more.
func (m *Measure) push(start time.Time, seen, working bool) {
	var s second
	if late := m.state.Late; len(late) > amendable+half {
		s = late[0] // its slices are used again
		m.state.Late = append(late[:0], late[1:]...)
	}
	s = second{Start: start, Shown: m.state.Newest, Seen: seen, Working: working, Counts: s.Counts[:0], Hidden: s.Hidden[:0], Unsure: s.Unsure[:0]}
	for i := range m.state.Zones {
		l := &m.state.Zones[i].Last
		s.Counts, s.Hidden, s.Unsure = append(s.Counts, l.Count), append(s.Hidden, l.Hidden), append(s.Unsure, l.Unsure)
	}
	m.state.Late = append(m.state.Late, s)
}

// amend corrects the counts of seconds that are not final.
func (m *Measure) amend(a models.Amend) {
	for i := range m.state.Late {
		s := &m.state.Late[i]
		if s.Shown.After(a.From) && !s.Shown.After(a.To) {
			s.Counts[a.Zone] = max(s.Counts[a.Zone]+a.By, 0)
		}
	}
}

// smooth is the median count of a zone around a second: as far as seconds on either side are known and were seen.
func (m *Measure) smooth(zone, middle int) int {
	var w [smoothing]int
	n := 0
	for i := max(middle-half, 0); i <= middle+half && i < len(m.state.Late); i++ {
		if s := &m.state.Late[i]; s.Seen {
			w[n] = s.Counts[zone]
			n++
		}
	}
	return median(w[:n])
}

// median is the median, the lower one of two; 0 of nothing. It sorts what it is given.
func median(w []int) int {
	if len(w) == 0 {
		return 0
	}
	slices.Sort(w)
	return w[(len(w)-1)/2]
}

func (m *Measure) index(zone string) int {
	for i := range m.cfg.Camera.Zones {
		if m.cfg.Camera.Zones[i].ID == zone {
			return i
		}
	}
	return -1 // not reached: the pipeline has checked every reference
}

// take hands out what became known. Its memory is used again, unless a long gap made it large.
func (m *Measure) take() Figures {
	out := m.out
	m.out = Figures{Seconds: out.Seconds[:0], Minutes: out.Minutes[:0], Visits: out.Visits[:0]}
	if len(out.Seconds) > many {
		m.out.Seconds = nil
	}
	return out
}

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

// Figures are what became known by one call. Seconds are complete and in order.
type Figures struct {
	Seconds []models.Second
	Minutes []models.Minute
	Visits  []models.Visit
}

// Measure holds the figures of one camera that are still being made.
type Measure struct {
	cfg      Config
	schedule schedule
	state    state
	out      Figures
}

// state is all that must survive a restart.
type state struct {
	Clock    clock
	Zones    []zoneState
	Counters []staffing
	Late     []second        // seconds whose smoothed counts are not known yet, at most smoothing/2
	Minutes  []models.Minute // open: zones, then counters
	Cover    []cover         // the last hour
}

type zoneState struct {
	Last   sample
	Window [smoothing]int // counts of the newest seconds, -1 unseen
	Smooth int
	Flow   flow
}

// sample is what one frame showed of one zone.
type sample struct {
	Count    int
	LastSeen time.Time
	Hidden   bool
}

const smoothing = 5 // seconds of the median

// second is a second waiting for its smoothed counts.
type second struct {
	Start    time.Time
	Seen     bool
	Working  bool
	Counters []models.CounterSecond
}

// New starts the figures of one camera.
func New(cfg Config) *Measure {
	m := &Measure{cfg: cfg, schedule: schedule{calendar: cfg.Calendar, location: cfg.Location}}
	m.state.Clock.Limit = limit(cfg.Interval)
	m.state.Zones = make([]zoneState, len(cfg.Camera.Zones))
	m.state.Counters = make([]staffing, len(cfg.Camera.Counters))
	for i := range m.state.Zones {
		z := &m.state.Zones[i]
		for j := range z.Window {
			z.Window[j] = -1
		}
		z.Flow.FIFO = waits.FIFO{LagS: cfg.Camera.Zones[i].MinDwell.Seconds() + smoothing/2}
	}
	for i := range m.state.Counters {
		m.state.Counters[i].State = models.StaffingUnknown
	}
	return m
}

// Update takes what the zones show in one frame.
func (m *Measure) Update(look models.Look) Figures {
	m.state.Clock.frame(look.At, m.tick)
	for i := range m.state.Zones {
		l := look.Zones[i]
		z := &m.state.Zones[i]
		z.Last = sample{l.Count, later(l.LastSeen, z.Last.LastSeen), l.Hidden > .5}
	}
	for _, e := range look.Exits {
		m.exit(e)
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
	for range smoothing / 2 {
		m.smooth(false)
		m.settle()
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
	s.Clock.Limit, s.Clock.Blind = m.state.Clock.Limit, true
	m.state = s
	return nil
}

// tick makes one whole second out of the newest samples.
func (m *Measure) tick(start time.Time, seen bool) {
	day, working := m.schedule.at(start)
	m.smooth(seen)
	s := models.Second{
		Start: start, Seen: seen,
		Zones:    make([]models.ZoneSecond, len(m.state.Zones)),
		Counters: make([]models.CounterSecond, len(m.state.Counters)),
	}
	for i := range m.state.Zones {
		z := &m.state.Zones[i]
		s.Zones[i] = models.ZoneSecond{Count: z.Smooth, Seen: seen && !z.Last.Hidden}
		if m.cfg.Camera.Zones[i].Kind == models.ZoneQueue {
			m.flow(i, start.Add(time.Second), seen)
			s.Zones[i].Wait = z.Flow.P90
		}
	}
	for i := range m.state.Counters {
		in := m.observe(i, start, seen)
		s.Counters[i] = m.state.Counters[i].step(&m.cfg.Camera.Counters[i], in, day)
	}
	m.state.Late = append(m.state.Late, second{start, seen, working, s.Counters})
	if len(m.state.Late) > smoothing/2 {
		m.settle()
	}
	m.covered(start, seen, working)
	m.out.Seconds = append(m.out.Seconds, s)
}

// smooth pushes one second's counts through the medians.
func (m *Measure) smooth(seen bool) {
	for i := range m.state.Zones {
		z := &m.state.Zones[i]
		copy(z.Window[:], z.Window[1:])
		z.Window[smoothing-1] = -1
		if seen {
			z.Window[smoothing-1] = z.Last.Count
		}
		z.Smooth = median(z.Window)
	}
}

// median is the median of what was seen, the lower one of two; 0 when nothing was.
func median(w [smoothing]int) int {
	n := 0
	for i := range w { // insertion sort of the seen ones to the front
		if w[i] < 0 {
			continue
		}
		v, j := w[i], n
		for ; j > 0 && w[j-1] > v; j-- {
			w[j] = w[j-1]
		}
		w[j] = v
		n++
	}
	if n == 0 {
		return 0
	}
	return w[(n-1)/2]
}

// observe gathers what a counter's staffing depends on.
func (m *Measure) observe(counter int, start time.Time, seen bool) sighting {
	in := sighting{start: start, seen: seen}
	c := &m.cfg.Camera.Counters[counter]
	for _, id := range c.Staff {
		z := &m.state.Zones[m.index(id)]
		in.seen = in.seen && !z.Last.Hidden
		in.onDuty += z.Last.Count
		if z.Last.LastSeen.After(in.last) {
			in.last = z.Last.LastSeen
		}
	}
	for _, id := range c.Queues {
		in.waiting += m.state.Zones[m.index(id)].Smooth
	}
	for _, id := range c.Service {
		in.serving += m.state.Zones[m.index(id)].Smooth
	}
	return in
}

func (m *Measure) index(zone string) int {
	for i := range m.cfg.Camera.Zones {
		if m.cfg.Camera.Zones[i].ID == zone {
			return i
		}
	}
	return -1 // not reached: the pipeline has checked every reference
}

func (m *Measure) take() Figures {
	out := m.out
	m.out = Figures{}
	return out
}

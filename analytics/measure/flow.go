package measure

import (
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

// flow follows the people of one queue: who joined, who was served, who gave up, and how long it took.
type flow struct {
	FIFO                     waits.FIFO
	Pace                     waits.Pace
	Arrivals, Starts, GaveUp int // of the open minute
	WaitsS, SinceOpenS       []float64
	Hour                     []hourMinute
	Tracked                  []trackedStay
	Expect                   models.Estimate `json:"-"`
	P90, Median              models.Estimate `json:"-"` // of the last hour; made again after a restart
	ended                    []waits.Wait    // scratch
}

// hourMinute is what the last hour's estimate needs of one minute.
type hourMinute struct {
	Start    time.Time
	Part     waits.Part
	WorkingS float64
	Length   int // people waiting at its end
}

// trackedStay is one stay in a queue.
type trackedStay struct {
	Left     time.Time
	WaitS    float64
	Complete bool
}

// exit gives one exit to the queue it belongs to. A person first seen at a counter came from one of its queues: the first
// in which somebody waits. The stay that ended with the exit says when the person joined.
func (m *Measure) exit(e models.Exit, stays []models.Stay) {
	queue := e.Queue
	if queue == "" {
		queue = m.fedBy(e.To)
	}
	i := m.index(queue)
	if i < 0 {
		return
	}
	x := waits.Exit{At: e.At, GaveUp: !e.Served, Found: e.Queue == "", Sure: e.Served, To: m.index(e.To)}
	if x.Found {
		x.Sure = !m.occupied(x.To, e.At)
	}
	for _, s := range stays {
		if !x.Found && s.Zone == e.Queue && s.To == e.To && (s.Ended == models.EndServed) == e.Served && !s.Left.After(e.At) && !s.LeftOpen {
			x.Entered = s.Entered
			break
		}
	}
	m.state.Zones[i].Flow.FIFO.Exit(x)
}

// occupied reports whether somebody stood in a zone in the seconds before a moment: who is found there then is more likely
// the same person under a new number than somebody new.
func (m *Measure) occupied(zone int, at time.Time) bool {
	if zone < 0 {
		return false
	}
	for i := range m.state.Late {
		s := &m.state.Late[i]
		if before := at.Sub(s.Start); before > time.Second && before <= turnover && s.Counts[zone] > 0 {
			return true
		}
	}
	return false
}

func (m *Measure) fedBy(service string) string {
	first := ""
	for i := range m.cfg.Camera.Counters {
		c := &m.cfg.Camera.Counters[i]
		if !slices.Contains(c.Service, service) {
			continue
		}
		for _, q := range c.Queues {
			if first == "" {
				first = q
			}
			if m.state.Zones[m.index(q)].Smooth > 0 {
				return q
			}
		}
	}
	return first
}

// flows gives one second that is final to the reconstruction of every queue: by then it is known who stayed and who left.
func (m *Measure) flows(s *second, late int) {
	for z := range m.state.Zones {
		if m.cfg.Camera.Zones[z].Kind != models.ZoneQueue {
			continue
		}
		f := &m.state.Zones[z].Flow
		if !s.Seen {
			f.FIFO.Unseen()
			continue
		}
		joined := 0
		f.ended, joined = f.FIFO.Second(s.Start.Add(time.Second), m.smooth(z, late), f.ended[:0])
		f.Arrivals += joined
		for _, w := range f.ended {
			if w.GaveUp {
				f.GaveUp++
			} else {
				f.Starts++
				f.Pace.Start()
				m.begun(w.To, w.At)
			}
			if w.Arrived.IsZero() {
				continue
			}
			f.WaitsS, f.SinceOpenS = append(f.WaitsS, w.Seconds()), append(f.SinceOpenS, m.sinceOpen(w))
		}
		if len(f.ended) > 0 {
			m.estimate(z, s.Start.Add(time.Second))
		}
	}
}

// sinceOpen is the part of a wait after the opening of the session in which it ended, for a person who came while closed.
func (m *Measure) sinceOpen(w waits.Wait) float64 {
	if _, open := m.schedule.at(w.Arrived); !open {
		if h, _ := m.schedule.at(w.At); h.session.From.After(w.Arrived) {
			return w.At.Sub(h.session.From).Seconds()
		}
	}
	return w.Seconds()
}

// expect brings the pace of every queue's counters up to date, and what a person who joins now will wait.
func (m *Measure) expect() {
	for z := range m.state.Zones {
		if m.cfg.Camera.Zones[z].Kind != models.ZoneQueue {
			continue
		}
		open, idle := 0, 0
		for c := range m.state.Counters {
			now := &m.state.Counters[c].Now
			if !slices.Contains(m.cfg.Camera.Counters[c].Queues, m.cfg.Camera.Zones[z].ID) || now.OnDuty+now.Serving == 0 {
				continue
			}
			if open++; now.Serving == 0 {
				idle++
			}
		}
		f, ahead := &m.state.Zones[z].Flow, m.state.Zones[z].Smooth
		if ahead > 0 {
			f.Pace.Second(open)
		} else {
			f.Pace.Second(open - idle)
		}
		f.Expect = f.Pace.Expect(ahead, open, idle)
	}
}

// into moves the open minute's events into a minute.
func (f *flow) into(mn *models.Minute) {
	mn.Arrivals, mn.Starts, mn.GaveUp, mn.WaitsS, mn.SinceOpenS = f.Arrivals, f.Starts, f.GaveUp, f.WaitsS, f.SinceOpenS
	f.Arrivals, f.Starts, f.GaveUp, f.WaitsS, f.SinceOpenS = 0, 0, 0, nil, nil
}

// remember keeps a minute for the estimate of the last hour.
func (f *flow) remember(mn models.Minute, length int) {
	if len(f.Hour) == 60 {
		f.Hour = append(f.Hour[:0], f.Hour[1:]...)
	}
	p := waits.Part{PersonS: mn.OccupancyS, Exits: mn.Starts + mn.GaveUp, ObservedS: mn.ObservedS}
	for _, w := range mn.WaitsS {
		p.Waits.Add(w)
	}
	f.Hour = append(f.Hour, hourMinute{mn.Start, p, mn.WorkingS, length})
}

// estimate computes the waits of a queue in the hour before a moment.
func (m *Measure) estimate(zone int, now time.Time) {
	f := &m.state.Zones[zone].Flow
	from := now.Add(-time.Hour)
	e := waits.Evidence{AnyOrder: m.cfg.Camera.Zones[zone].Discipline == models.DisciplineAny, Coverage: 1}
	var seen, working float64
	for _, h := range f.Hour {
		if h.Start.Before(from) {
			e.AtStart = h.Length
			continue
		}
		e.Parts = append(e.Parts, h.Part)
		e.AtEnd = h.Length
		seen += h.Part.ObservedS
		working += h.WorkingS
	}
	var open waits.Part
	for _, w := range f.WaitsS {
		open.Waits.Add(w)
	}
	e.Parts = append(e.Parts, open)
	kept := f.Tracked[:0]
	for _, t := range f.Tracked {
		if t.Left.Before(from) {
			continue
		}
		kept = append(kept, t)
		if t.Complete {
			e.Completed.Add(t.WaitS)
		} else {
			e.Censored.Add(t.WaitS)
		}
	}
	f.Tracked = kept
	if working > 0 {
		e.Coverage = seen / working
	}
	f.Median, f.P90 = waits.Publish(e, waits.Median).Published, waits.Publish(e, waits.P90).Published
}

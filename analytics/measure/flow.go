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
	Arrivals, Starts, GaveUp int       // of the open minute
	WaitsS                   []float64 // of the open minute
	Hour                     []hourMinute
	Tracked                  []trackedStay
	P90, Median              models.Estimate `json:"-"` // of the last hour; made again after a restart
}

// hourMinute is what the last hour's estimate needs of one minute.
type hourMinute struct {
	Start                           time.Time
	OccupancyS, ObservedS, WorkingS float64
	Starts, Length                  int // Length: people waiting at the end
	WaitsS                          []float64
}

// trackedStay is one stay in a queue.
type trackedStay struct {
	Left     time.Time
	WaitS    float64
	Complete bool
}

// exit gives one exit to the queue it belongs to. A person first seen at a counter came from one of its queues: the first
// in which somebody waits.
func (m *Measure) exit(e models.Exit) {
	queue := e.Queue
	if queue == "" {
		queue = m.fedBy(e.To)
	}
	i := m.index(queue)
	if i < 0 {
		return
	}
	f := &m.state.Zones[i].Flow
	f.FIFO.Exit(e.At)
	if e.Served {
		f.Starts++
	} else {
		f.GaveUp++
	}
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

// flow gives one second to the reconstruction of a queue.
func (m *Measure) flow(zone int, end time.Time, seen bool) {
	f := &m.state.Zones[zone].Flow
	if !seen {
		f.FIFO.Unseen()
		return
	}
	n, joined := len(f.WaitsS), 0
	f.WaitsS, joined = f.FIFO.Second(end, m.state.Zones[zone].Smooth, f.WaitsS)
	f.Arrivals += joined
	if len(f.WaitsS) > n {
		f.estimate(end)
	}
}

// into moves the open minute's events into a minute.
func (f *flow) into(mn *models.Minute) {
	mn.Arrivals, mn.Starts, mn.GaveUp, mn.WaitsS = f.Arrivals, f.Starts, f.GaveUp, f.WaitsS
	f.Arrivals, f.Starts, f.GaveUp, f.WaitsS = 0, 0, 0, nil
}

// remember keeps a minute for the estimate of the last hour.
func (f *flow) remember(mn models.Minute, length int) {
	if len(f.Hour) == 60 {
		f.Hour = append(f.Hour[:0], f.Hour[1:]...)
	}
	f.Hour = append(f.Hour, hourMinute{
		Start: mn.Start, OccupancyS: mn.OccupancyS, ObservedS: mn.ObservedS, WorkingS: mn.WorkingS,
		Starts: mn.Starts + mn.GaveUp, Length: length, WaitsS: mn.WaitsS,
	})
}

// estimate computes the waits of the hour before a moment.
func (f *flow) estimate(now time.Time) {
	from := now.Add(-time.Hour)
	var e waits.Evidence
	var fifo models.Histogram
	var seen, working float64
	for _, h := range f.Hour {
		if h.Start.Before(from) {
			e.AtStart = h.Length
			continue
		}
		for _, w := range h.WaitsS {
			fifo.Add(w)
		}
		e.Batches = append(e.Batches, waits.Batch{PersonS: h.OccupancyS, Exits: h.Starts, ObservedS: h.ObservedS})
		e.AtEnd = h.Length
		seen += h.ObservedS
		working += h.WorkingS
	}
	for _, w := range f.WaitsS {
		fifo.Add(w)
	}
	e.Sessions = []models.Histogram{fifo}
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
	e.Coverage = 1
	if working > 0 {
		e.Coverage = seen / working
	}
	f.Median, f.P90 = waits.Publish(e, waits.Median).Published, waits.Publish(e, waits.P90).Published
}

// visits turns stays into visits, and keeps queue stays for the live estimate.
func (m *Measure) visits(stays []models.Stay) {
	for _, s := range stays {
		i := m.index(s.Zone)
		if i < 0 {
			continue
		}
		z := &m.cfg.Camera.Zones[i]
		v := models.Visit{
			ID:     models.RecordID(m.cfg.Node, m.cfg.Camera.ID, s.Zone, s.Track, s.Entered),
			Camera: m.cfg.Camera.ID, Zone: s.Zone, Kind: z.Kind, Entered: s.Entered, Left: s.Left, Ended: s.Ended, LeftOpen: s.LeftOpen,
		}
		where := s.To
		if z.Kind == models.ZoneService {
			where = s.Zone
		}
		for c := range m.cfg.Camera.Counters {
			if where != "" && slices.Contains(m.cfg.Camera.Counters[c].Service, where) {
				v.Counter = m.cfg.Camera.Counters[c].ID
				break
			}
		}
		m.out.Visits = append(m.out.Visits, v)
		if z.Kind == models.ZoneQueue && !s.LeftOpen {
			f := &m.state.Zones[i].Flow
			f.Tracked = append(f.Tracked, trackedStay{s.Left, s.Left.Sub(s.Entered).Seconds(), s.Ended.Complete()})
		}
	}
}

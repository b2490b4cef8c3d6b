package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// settle adds a second to the open minutes; nothing can amend it any more.
func (m *Measure) settle(i int) {
	if i < 0 || m.state.Late[i].Final {
		return
	}
	s := &m.state.Late[i]
	s.Final = true
	if start := s.Start.Truncate(time.Minute); len(m.state.Minutes) == 0 || !m.state.Minutes[0].Start.Equal(start) {
		m.closeMinutes()
		m.openMinutes(start)
	}
	m.services(s, i)
	m.flows(s, i)
	zones := len(m.state.Zones)
	for z := range zones {
		mn := &m.state.Minutes[z]
		if s.Working {
			mn.WorkingS++
		} else {
			mn.OffS++
		}
		if s.Seen {
			count(mn, m.smooth(z, i))
		}
	}
	for c := range m.state.Counters {
		m.settleCounter(c, s, &m.state.Minutes[zones+c])
	}
}

// count adds one seen second at a count.
func count(mn *models.Minute, n int) {
	mn.ObservedS++
	mn.OccupancyS += float64(n)
	mn.Max = max(mn.Max, n)
	mn.AtCount[min(n, models.MaxCount)]++
}

func (m *Measure) openMinutes(start time.Time) {
	m.state.Minutes = m.state.Minutes[:0]
	for i := range m.cfg.Camera.Zones {
		z := &m.cfg.Camera.Zones[i]
		m.state.Minutes = append(m.state.Minutes, models.Minute{Camera: m.cfg.Camera.ID, Zone: z.ID, Kind: z.Kind, Start: start})
	}
	for i := range m.cfg.Camera.Counters {
		m.state.Minutes = append(m.state.Minutes, models.Minute{Camera: m.cfg.Camera.ID, Counter: m.cfg.Camera.Counters[i].ID, Start: start})
	}
}

// closeMinutes hands out the open minutes. Those outside working time too: a calendar may be decided late.
func (m *Measure) closeMinutes() {
	for i, mn := range m.state.Minutes {
		if mn.Kind == models.ZoneMask || mn.Kind == models.ZoneIgnore {
			continue
		}
		if i < len(m.state.Zones) && mn.Kind == models.ZoneQueue {
			f := &m.state.Zones[i].Flow
			f.into(&mn)
			f.remember(working(mn), m.state.Zones[i].Smooth)
			m.estimate(i, mn.Start.Add(time.Minute))
		} else if i < len(m.state.Zones) && mn.Kind == models.ZoneService {
			m.state.Zones[i].Service.into(&mn)
		}
		m.out.Minutes = append(m.out.Minutes, mn)
	}
	m.state.Minutes = m.state.Minutes[:0]
}

// working is the minute without what was counted outside working time.
func working(mn models.Minute) models.Minute {
	if mn.WorkingS == 0 {
		mn.ObservedS, mn.OccupancyS = 0, 0
	}
	return mn
}

// cover is one minute of the camera's coverage.
type cover struct {
	Start   time.Time
	Working float64
	SeenS   float64 // of working time
	All     float64
	AllSeen float64
}

// covered adds one second to the coverage of the last hour.
func (m *Measure) covered(start time.Time, seen, working bool) {
	c := &m.state.Cover
	minute := start.Truncate(time.Minute)
	if len(*c) == 0 || !(*c)[len(*c)-1].Start.Equal(minute) {
		if len(*c) == 60 {
			*c = append((*c)[:0], (*c)[1:]...)
		}
		*c = append(*c, cover{Start: minute})
	}
	last := &(*c)[len(*c)-1]
	last.All++
	if seen {
		last.AllSeen++
	}
	if working {
		last.Working++
		if seen {
			last.SeenS++
		}
	}
}

// coverage is the share seen of the working time of the last hour, or of the whole hour when none was working time.
func (m *Measure) coverage() float64 {
	var t cover
	for _, c := range m.state.Cover {
		t.Working += c.Working
		t.SeenS += c.SeenS
		t.All += c.All
		t.AllSeen += c.AllSeen
	}
	switch {
	case t.Working > 0:
		return t.SeenS / t.Working
	case t.All > 0:
		return t.AllSeen / t.All
	default:
		return 0
	}
}

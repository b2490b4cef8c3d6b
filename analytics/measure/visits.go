package measure

import (
	"slices"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

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
		if c := m.counterOf(where); c >= 0 {
			v.Counter = m.cfg.Camera.Counters[c].ID
		}
		m.out.Visits = append(m.out.Visits, v)
		if z.Kind == models.ZoneQueue && !s.LeftOpen {
			f := &m.state.Zones[i].Flow
			f.Tracked = append(f.Tracked, trackedStay{s.Left, s.Left.Sub(s.Entered).Seconds(), s.Ended.Complete()})
		}
		if z.Kind == models.ZoneQueue && s.Ended == models.EndLost {
			m.state.Zones[i].Flow.FIFO.Exit(waits.Exit{At: s.Left, Lost: true})
		}
	}
}

// counterOf is the counter that serves in a zone; -1 when none does.
func (m *Measure) counterOf(service string) int {
	return slices.IndexFunc(m.cfg.Camera.Counters, func(c models.Counter) bool { return slices.Contains(c.Service, service) })
}

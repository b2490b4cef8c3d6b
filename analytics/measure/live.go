package measure

import "github.com/counterwatch/counterwatch/models"

// Live replaces the figures of zones and counters in live by the newest, and the coverage of the last hour. The memory of
// the old ones is used again.
func (m *Measure) Live(live *models.Live) {
	live.Coverage = m.coverage()
	live.Zones, live.Counters = live.Zones[:0], live.Counters[:0]
	for i := range m.state.Zones {
		z := &m.cfg.Camera.Zones[i]
		if z.Kind == models.ZoneMask || z.Kind == models.ZoneIgnore {
			continue
		}
		l := models.LiveZone{Zone: z.ID, Kind: z.Kind, Count: m.state.Zones[i].Smooth, Wait: models.Estimate{Quality: models.Unknown}, Expect: models.Estimate{Quality: models.Unknown}}
		if w := m.state.Zones[i].Flow.Median; w.Quality != "" {
			l.Wait = w
		}
		if w := m.state.Zones[i].Flow.Expect; w.Quality != "" {
			l.Expect = w
		}
		live.Zones = append(live.Zones, l)
	}
	for i := range m.state.Counters {
		s, c := &m.state.Counters[i], &m.posts[i]
		l := models.LiveCounter{
			Counter: c.ID, Staffing: s.State, Since: s.Since, OnDuty: s.Now.OnDuty,
			Waiting: s.Now.Waiting, Serving: s.Now.Serving, Due: s.due(c), Unseen: s.Sight.unseen(),
		}
		live.Counters = append(live.Counters, l)
	}
}

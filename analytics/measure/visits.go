package measure

import (
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// standing is how many people stood in a service zone, and whether its counter was seen without officers, from a moment on.
type standing struct {
	At       time.Time
	Count    int
	Deserted bool
}

const (
	forgetAfter = time.Minute // an empty service zone forgets who stood there
	standings   = 256         // at most so many changes are remembered
)

// visits turns stays into visits, and keeps queue stays for the live estimate.
func (m *Measure) visits(stays []models.Stay) {
	for n, s := range stays {
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
			v.NoService = m.noService(i, s, stays[n+1:])
		}
		if c := m.counterOf(where); c >= 0 {
			v.Counter = m.cfg.Camera.Counters[c].ID
		}
		m.out.Visits = append(m.out.Visits, v)
		if z.Kind == models.ZoneQueue && !s.LeftOpen {
			f := &m.state.Zones[i].Flow
			f.Tracked = append(f.Tracked, trackedStay{s.Left, s.Left.Sub(s.Entered).Seconds(), s.Ended.Complete()})
		}
	}
}

// counterOf is the counter that serves in a zone; -1 when none does.
func (m *Measure) counterOf(service string) int {
	return slices.IndexFunc(m.cfg.Camera.Counters, func(c models.Counter) bool { return slices.Contains(c.Service, service) })
}

// stand notes who stands in the service zones in the second that begins at a moment.
func (m *Measure) stand(start time.Time) {
	for z := range m.state.Zones {
		if m.cfg.Camera.Zones[z].Kind != models.ZoneService {
			continue
		}
		now := standing{At: start, Count: m.state.Zones[z].Last.Count}
		if c := m.counterOf(m.cfg.Camera.Zones[z].ID); c >= 0 {
			now.Deserted = m.state.Counters[c].Now.Seen && m.state.Counters[c].Now.OnDuty == 0
		}
		l := &m.state.Zones[z].Standing
		n := len(*l)
		switch {
		case n > 0 && (*l)[n-1].Count == now.Count && (*l)[n-1].Deserted == now.Deserted:
			if now.Count == 0 && n > 1 && start.Sub((*l)[n-1].At) > forgetAfter {
				*l = append((*l)[:0], (*l)[n-1])
			}
			continue
		case n == standings:
			*l = append((*l)[:0], (*l)[1:]...)
		}
		*l = append(*l, now)
	}
}

// noService reports whether a stay in a service zone is no service of its own: for most of it somebody else stood there
// who stays on (of a family the last to leave stands for all), or for most of it nobody was on duty.
func (m *Measure) noService(zone int, s models.Stay, ending []models.Stay) bool {
	var shared, deserted time.Duration
	l := m.state.Zones[zone].Standing
	for i, now := range l {
		from, to := later(now.At, s.Entered), s.Left
		if i+1 < len(l) && l[i+1].At.Before(to) {
			to = l[i+1].At
		}
		if !to.After(from) {
			continue
		}
		if now.Count > 1 {
			shared += to.Sub(from)
		}
		if now.Deserted {
			deserted += to.Sub(from)
		}
	}
	staysOn := m.state.Zones[zone].Last.Count > 0
	for _, o := range ending {
		staysOn = staysOn || o.Zone == s.Zone
	}
	most := s.Left.Sub(s.Entered) / 2
	return deserted > most || shared > most && staysOn
}

package measure

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// service is what is known of the services in one service zone. One citizen is served from when somebody stands there until
// nobody does, or until somebody else's service begins: no identity is needed, and a family is served once.
type service struct {
	Began, Last time.Time // of the service that goes on, and when somebody was last there; zero when there is none
	Open        bool      // its beginning was not seen
	SeenS       float64   // of it
	DesertedS   float64   // of it, seen without an officer
	Blind       float64   // seconds without sight, blink at the start
	ServiceS    []float64 // of the open minute: services that ended
	CutS        []float64 // and those whose end was not seen, to the last observation
}

// The constants of services.
const (
	turnover = 6 * time.Second // less than it takes the next citizen to step up: an empty place for this long ends a service
	blink    = 10.0            // seconds without sight that cut a service
)

// services gives one second that is final to every service zone.
func (m *Measure) services(s *second, late int) {
	for z := range m.state.Zones {
		if m.cfg.Camera.Zones[z].Kind != models.ZoneService {
			continue
		}
		v := &m.state.Zones[z].Service
		if !s.Seen {
			if v.Blind++; v.Blind == blink {
				v.end(true)
			}
			continue
		}
		first := v.Blind >= blink
		v.Blind = 0
		if m.smooth(z, late) == 0 {
			if !v.Began.IsZero() && s.Start.Sub(v.Last) >= turnover {
				v.end(false)
			}
			continue
		}
		if v.Began.IsZero() {
			v.Began, v.Open = s.Start, first
		}
		v.Last = s.Start.Add(time.Second)
		v.SeenS++
		if c := m.counterOf(m.cfg.Camera.Zones[z].ID); c >= 0 {
			if onDuty, seen := m.onDuty(c, s); seen && onDuty == 0 {
				v.DesertedS++
			}
		}
	}
}

// begun notes that somebody from the queue began to be served in a zone: whoever was served there before no longer is.
func (m *Measure) begun(zone int, at time.Time) {
	if zone < 0 || m.cfg.Camera.Zones[zone].Kind != models.ZoneService {
		return
	}
	v := &m.state.Zones[zone].Service
	if v.Began.IsZero() || at.Sub(v.Began) < turnover {
		return
	}
	last := v.Last
	if at.Before(v.Last) {
		v.Last = at
	}
	v.end(false)
	if last.After(at) { // the place was not empty: the new service goes on
		v.Began, v.Last, v.SeenS = at, last, last.Sub(at).Seconds()
	}
}

// end ends the service that goes on; cut says that its end was not seen. Who mostly stood at a deserted counter was not served.
func (v *service) end(cut bool) {
	if d := v.Last.Sub(v.Began).Seconds(); !v.Began.IsZero() && !v.Open && v.DesertedS <= v.SeenS/2 {
		if cut {
			v.CutS = append(v.CutS, d)
		} else {
			v.ServiceS = append(v.ServiceS, d)
		}
	}
	*v = service{Blind: v.Blind, ServiceS: v.ServiceS, CutS: v.CutS}
}

// into moves the open minute's services into a minute.
func (v *service) into(mn *models.Minute) {
	mn.ServiceS, mn.CutS = v.ServiceS, v.CutS
	v.ServiceS, v.CutS = nil, nil
}

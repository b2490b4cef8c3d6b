package zone

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// person is one body in the picture: a track, or a chain of tracks that took over from each other.
type person struct {
	track      int64
	box        models.Box // last seen, 0..1
	met, seen  time.Time
	remembered bool       // the tracker still knows the track
	fresh      bool       // first frame
	in         []presence // by zone
	walk       errand
	served     bool // has been counted as served since they last queued
	officer    officer
}

// presence is a person's time in one zone; the zero value is not being there.
type presence struct {
	Entered  time.Time
	Inside   time.Time     // last time seen inside
	Sight    time.Duration // time seen inside
	Counted  bool          // has dwelt long enough
	LeftOpen bool          // the beginning was not seen
	To       string        // queue inside a service zone: where service began meanwhile
}

func (p *presence) here() bool { return !p.Entered.IsZero() }

// errand is the way from a queue to wherever the person goes: service, or away.
type errand struct {
	queue int
	from  presence
	left  time.Time // zero: not on the way
}

func (e *errand) going() bool { return !e.left.IsZero() }

func (m *Map) find(track int64) *person {
	for i := range m.people {
		if m.people[i].track == track {
			return &m.people[i]
		}
	}
	return nil
}

// meet finds who a new track is: somebody who vanished nearby a moment ago and is seen again under a new number, or
// somebody new. Only people seen for a while are found again: chance would chain false boxes into a person.
func (m *Map) meet(t models.Track, box models.Box, size models.Size) *person {
	const reach = .75 // heights a person may move while out of sight
	var heir *person
	best := reach
	for i := range m.people {
		p := &m.people[i]
		if d := near(p.box, box, size); d <= best && t.Born.After(p.seen) && p.seen.Sub(p.met) >= known && m.likely(p, box) {
			heir, best = p, d
		}
	}
	if heir != nil {
		heir.track = t.ID
		return heir
	}
	m.people = append(m.people, person{track: t.ID, met: t.Born, fresh: true, in: m.presences()})
	return &m.people[len(m.people)-1]
}

// presences makes room for a person's presences; the room of somebody who is gone is used again.
func (m *Map) presences() (in []presence) {
	if n := len(m.spare); n > 0 {
		in, m.spare = m.spare[n-1], m.spare[:n-1]
		clear(in)
		return in
	}
	return make([]presence, len(m.areas))
}

// enter begins a presence. Somebody who only stepped out of a queue goes on waiting.
func (m *Map) enter(p *person, zone int, at time.Time, size models.Size) {
	if p.walk.going() && p.walk.queue == zone {
		m.amend(zone, p.walk.left, +1)
		p.in[zone], p.walk = p.walk.from, errand{}
		p.in[zone].Inside = at
		return
	}
	a := &m.areas[zone]
	if a.Kind == models.ZoneStaff {
		m.relieve(p, zone)
	}
	open := p.fresh && (at.Sub(m.fresh) < settle || a.deep(p.box, size))
	p.in[zone] = presence{Entered: at, Inside: at, LeftOpen: open}
	if open && a.Kind == models.ZoneService && at.Sub(m.fresh) >= settle && at.Sub(a.last) > handover {
		p.in[zone].LeftOpen = false // the counter was free: somebody new, hidden on the way
	}
}

// dwelt reports whether a presence has lasted long enough to count. At least half of the time must have been seen: false
// boxes that blink at one place are nobody.
func (p *presence) dwelt(least time.Duration) bool {
	return p.Inside.Sub(p.Entered) >= least && p.Sight >= least/2
}

// settled is called when a person has dwelt in a zone long enough to count.
func (m *Map) settled(p *person, zone int) {
	a, in := &m.areas[zone], &p.in[zone]
	switch a.Kind {
	case models.ZoneQueue:
		p.served = false
	case models.ZoneService:
		for i := range m.areas {
			if m.areas[i].Kind == models.ZoneQueue && p.in[i].Counted {
				p.in[i].To = a.ID // zones overlap: still in the queue's polygon
				return
			}
		}
		if p.walk.going() {
			m.exit(models.Exit{At: in.Entered, Queue: m.areas[p.walk.queue].ID, To: a.ID, Served: true})
			p.walk.from.To = a.ID
			m.finishWalk(p, models.EndServed, false)
		} else if !p.served && !in.LeftOpen {
			m.exit(models.Exit{At: in.Entered, To: a.ID, Served: true})
		}
		p.served = true
	}
}

// leave ends a presence that was seen to end.
func (m *Map) leave(p *person, zone int) {
	in := p.in[zone]
	p.in[zone] = presence{}
	if !in.Counted {
		return
	}
	m.amend(zone, in.Inside, -1)
	switch m.areas[zone].Kind {
	case models.ZoneService:
		m.end(p, zone, in, models.EndServed)
	case models.ZoneQueue:
		if p.walk.going() { // left two queues within seconds: the first was on the way
			m.finishWalk(p, models.EndLeft, false)
		}
		if in.To != "" {
			m.exit(models.Exit{At: in.Inside, Queue: m.areas[zone].ID, To: in.To, Served: true})
			m.end(p, zone, in, models.EndServed)
			p.served = true
			return
		}
		p.walk = errand{queue: zone, from: in, left: in.Inside}
		for i := range m.areas {
			if m.areas[i].Kind == models.ZoneService && p.in[i].Counted {
				m.settled(p, i)
				return
			}
		}
	}
}

// finishWalk tells how a stay in a queue ended after all.
func (m *Map) finishWalk(p *person, how models.Ended, gaveUp bool) {
	w := p.walk
	p.walk = errand{}
	m.end(p, w.queue, w.from, how)
	if gaveUp {
		m.exit(models.Exit{At: w.left, Queue: m.areas[w.queue].ID})
	}
}

// inService reports whether the person stands in a service zone, long enough or not yet.
func (m *Map) inService(p *person) bool {
	for i := range m.areas {
		if m.areas[i].Kind == models.ZoneService && p.in[i].here() {
			return true
		}
	}
	return false
}

// forget drops people who have been out of sight too long.
func (m *Map) forget(at time.Time) {
	kept := m.people[:0]
	for i := range m.people {
		p := &m.people[i]
		if at.Sub(p.seen) >= holdStaff {
			m.leaveStaff(p)
		}
		patience, how := hold, models.EndLost
		if m.atBorder(p.box) {
			patience, how = holdBorder, models.EndLeft
		}
		if p.remembered || at.Sub(p.seen) < patience || p.missing(at) {
			kept = append(kept, *p)
			continue
		}
		if w := &p.walk; w.going() {
			if how == models.EndLost && p.seen.Sub(w.left) >= seenOutside {
				how = models.EndLeft
			}
			m.finishWalk(p, how, how == models.EndLeft)
		}
		for z, in := range p.in {
			if !in.Counted {
				continue
			}
			m.amend(z, in.Inside, -1) // hidden people are bridged, but whoever is not found again is not counted
			if how == models.EndLeft && m.areas[z].Kind == models.ZoneQueue {
				m.exit(models.Exit{At: in.Inside, Queue: m.areas[z].ID, To: in.To, Served: in.To != ""})
			}
			m.end(p, z, in, how)
		}
		m.spare = append(m.spare, p.in)
	}
	clear(m.people[len(kept):])
	m.people = kept
}

// leaveStaff ends presences in staff zones: a tracker may remember people for longer than an officer's absence may go
// unnoticed.
func (m *Map) leaveStaff(p *person) {
	for z := range p.in {
		if m.areas[z].Kind == models.ZoneStaff && p.in[z].Counted {
			m.amend(z, p.in[z].Inside, -1)
			p.in[z] = presence{}
		}
	}
}

// endAll ends every stay at its last observation.
func (m *Map) endAll(why models.Ended) {
	m.away = append(m.away, m.elsewhere()...)
	m.ended = append(m.ended, m.open(why)...)
	for i := range m.people {
		m.spare = append(m.spare, m.people[i].in)
	}
	clear(m.people)
	m.people = m.people[:0]
}

// open lists the stays that go on, as they would be if they ended now for a reason.
func (m *Map) open(why models.Ended) []models.Stay {
	var stays []models.Stay
	for i := range m.people {
		p := &m.people[i]
		if w := &p.walk; w.going() {
			stays = append(stays, m.stay(p, w.queue, w.from, why))
		}
		for z, in := range p.in {
			if in.Counted && m.timed(z) {
				stays = append(stays, m.stay(p, z, in, why))
			}
		}
	}
	return stays
}

func (m *Map) end(p *person, zone int, in presence, how models.Ended) {
	if !m.timed(zone) {
		return
	}
	if how == models.EndLeft && (in.To != "" || m.areas[zone].Kind == models.ZoneService) {
		how = models.EndServed
	}
	m.ended = append(m.ended, m.stay(p, zone, in, how))
}

func (m *Map) stay(p *person, zone int, in presence, how models.Ended) models.Stay {
	return models.Stay{
		Zone: m.areas[zone].ID, Track: p.track, Entered: in.Entered, Left: in.Inside, Ended: how, To: in.To, LeftOpen: in.LeftOpen,
	}
}

// timed reports whether stays in a zone are visits.
func (m *Map) timed(zone int) bool {
	k := m.areas[zone].Kind
	return k == models.ZoneQueue || k == models.ZoneService
}

// amend corrects the count of a zone from a moment until the frame before this one.
func (m *Map) amend(zone int, from time.Time, by int) {
	m.amends = append(m.amends, models.Amend{Zone: zone, From: from, To: m.last, By: by})
}

func (m *Map) exit(e models.Exit) { m.exits = append(m.exits, e) }

package zone

import (
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of officers who are not where they are counted.
const (
	worked = time.Minute // seen behind a counter for so long: an officer, who may come round the desk
	recall = time.Minute // an officer is known again after a gap or a restart of at most this
	veil   = .5          // share of a box that hides it
)

// officer is what is known of a person who was seen behind a counter. Whoever is not seen there any more has not always
// left: they may stand in front of it and serve, or sit behind somebody who stands in the way. Then it is unknown whether
// they are on duty. Only who was seen to work there before can be either; a citizen never becomes an officer.
type officer struct {
	Post   int       // index of the staff zone
	Sure   bool      // worked there for long
	At     time.Time // last seen at the post or in front of it; zero: no officer
	Out    bool      // seen on the way: neither at the post nor in front of it
	Front  bool      // stands in front of the post, in a service zone of the same counter
	Veiled time.Time // unseen, and last known to be behind somebody at this time
	Box    models.Box
}

func (o *officer) known() bool { return !o.At.IsZero() }

// works notes that a person was seen behind a counter.
func (p *person) works(zone int, at time.Time) {
	in := &p.in[zone]
	sure := in.Sight >= worked || p.officer.Sure && p.officer.Post == zone
	if in.Sight >= known || sure {
		p.officer = officer{Post: zone, Sure: sure, At: at}
	}
}

// inFront reports whether a person is an officer who came round the desk: seen at work for long, seen on the way, and now
// in a service zone of the same counter. Without the way it is a citizen whom the tracker took for the officer.
func (m *Map) inFront(p *person, at time.Time) bool {
	o := &p.officer
	if !o.known() {
		return false
	}
	if at.Sub(o.At) > walk {
		*o = officer{}
		return false
	}
	a := &m.areas[o.Post]
	inside := slices.ContainsFunc(a.fronts, func(s int) bool { return m.areas[s].holds(p.box) })
	if inside && o.Sure && o.Out {
		o.Front, o.At = true, at
	} else {
		o.Front, o.Out = false, o.Out || !inside && !a.holds(p.box)
	}
	return o.Front
}

// relieve takes back what was believed of those who left a staff zone when somebody else is found in it: that may be the
// officer, and who left a citizen with whom the tracker confused them.
func (m *Map) relieve(by *person, zone int) {
	for i := range m.people {
		p := &m.people[i]
		if o := &p.officer; p != by && o.known() && o.Post == zone && (o.Front || p.seen.After(o.At)) {
			*o = officer{}
		}
	}
}

// likely reports whether an officer who vanished may be who is found at a box: nobody but an officer is found again behind
// the counter, and no citizen who comes to it is taken for the officer who vanished behind them.
func (m *Map) likely(p *person, box models.Box) bool {
	o := &p.officer
	switch {
	case !o.known() || !o.At.Equal(p.seen):
		return true
	case o.Front:
		return slices.ContainsFunc(m.areas[o.Post].fronts, func(s int) bool { return m.areas[s].holds(box) })
	}
	return m.areas[o.Post].holds(box)
}

// watchVeils notes which unseen officers are still behind somebody.
func (m *Map) watchVeils(at time.Time) {
	for i := range m.people {
		p := &m.people[i]
		if o := &p.officer; o.known() && !o.Front && o.At.Equal(p.seen) && p.seen.Before(at) && m.veiled(p) {
			o.Veiled = at
		}
	}
}

// veiled reports whether half of where an officer was last seen is behind a person in front of the counter.
func (m *Map) veiled(p *person) bool {
	a := &m.areas[p.officer.Post]
	for i := range m.people {
		if o := &m.people[i]; o != p && a.before(o, p.officer.Post) && o.box.Intersect(p.box) >= veil*p.box.Area() {
			return true
		}
	}
	return false
}

// missing reports whether an unseen officer is taken to be behind somebody, and no longer counted.
func (p *person) missing(at time.Time) bool {
	o := &p.officer
	return o.known() && at.Sub(o.Veiled) < hold && !p.in[o.Post].here()
}

// unsure counts the officers of a staff zone of whom it is unknown whether they are on duty.
func (m *Map) unsure(zone int, at time.Time) (n int) {
	for i := range m.people {
		p := &m.people[i]
		if o := &p.officer; o.known() && o.Post == zone && (p.missing(at) || o.Front && m.serves(p)) {
			n++
		}
	}
	return n
}

// serves reports whether somebody stands in front of the counter together with an officer.
func (m *Map) serves(officer *person) bool {
	return slices.ContainsFunc(m.areas[officer.officer.Post].fronts, func(s int) bool {
		return slices.ContainsFunc(m.people, func(p person) bool { return p.in[s].Counted })
	})
}

// elsewhere lists the officers who are not where they are counted, to be known again after a gap or a restart.
func (m *Map) elsewhere() []officer {
	var out []officer
	for i := range m.people {
		if p := &m.people[i]; p.officer.Front || p.officer.known() && m.last.Sub(p.officer.Veiled) < hold {
			p.officer.Box = p.box
			out = append(out, p.officer)
		}
	}
	return out
}

// resume puts officers back to where they were before a gap.
func (m *Map) resume(officers []officer, at time.Time) {
	for _, o := range officers {
		if o.Post >= len(m.areas) || m.areas[o.Post].Kind != models.ZoneStaff || at.Sub(o.At) > recall && at.Sub(o.Veiled) > recall {
			continue
		}
		seen := at.Add(-1) // whoever is born in this frame may be them
		if o.At = seen; !o.Front {
			o.Veiled = at
		}
		m.people = append(m.people, person{box: o.Box, met: seen.Add(-known), seen: seen, officer: o, in: m.presences()})
	}
}

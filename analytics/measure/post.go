package measure

import (
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// post is a counter with what never changes about it. A group is a post whose officers are its staffed members, and in
// front of which stands whoever stands in front of one of them.
type post struct {
	*models.Counter
	schedule               *schedule
	staff, service, queues []int // indices of zones
	members                []int // indices of counters; none for a counter that is not a group
	member                 bool  // of a group: never absent by itself
}

// posts makes the posts of a camera. Counters without a calendar of their own share the site's schedule.
func posts(camera *models.Camera, site *schedule) []post {
	zones := func(ids []string, to []int) []int {
		for _, id := range ids {
			i := slices.IndexFunc(camera.Zones, func(z models.Zone) bool { return z.ID == id })
			if !slices.Contains(to, i) {
				to = append(to, i)
			}
		}
		return to
	}
	out := make([]post, len(camera.Counters))
	for i := range out {
		c := &camera.Counters[i]
		out[i] = post{Counter: c, schedule: site, staff: zones(c.Staff, nil), service: zones(c.Service, nil), queues: zones(c.Queues, nil)}
		if c.Calendar != nil {
			out[i].schedule = &schedule{calendar: *c.Calendar, location: site.location}
		}
	}
	for i := range out {
		for _, id := range out[i].AnyOf {
			j := slices.IndexFunc(out, func(p post) bool { return p.ID == id })
			out[j].member = true
			out[i].members = append(out[i].members, j)
			out[i].staff = zones(out[j].Staff, out[i].staff)
			out[i].service = zones(out[j].Service, out[i].service)
			out[i].queues = zones(out[j].Queues, out[i].queues)
		}
	}
	return out
}

// observe gathers what a counter's staffing depends on in a second.
func (m *Measure) observe(counter int, s *second) sighting {
	p, in := &m.posts[counter], sighting{start: s.Start}
	in.onDuty, in.seen = m.onDuty(counter, s)
	for _, z := range p.staff {
		if at := m.state.Zones[z].Last.LastSeen; at.After(in.last) {
			in.last = at
		}
	}
	if p.RequiredOnDuty > 1 {
		in.enough = m.enoughUntil(counter)
	}
	for _, z := range p.queues {
		in.waiting += m.state.Zones[z].Smooth
	}
	for _, z := range p.service {
		in.serving += m.state.Zones[z].Smooth
	}
	return in
}

// enoughUntil is when a counter last had enough officers before the newest second. Others of them may still be there, so
// the sight of them does not tell; the amended seconds do.
func (m *Measure) enoughUntil(counter int) time.Time {
	i := len(m.state.Late) - 1
	for ; i > 0; i-- {
		if n, seen := m.onDuty(counter, &m.state.Late[i-1]); !seen || n >= m.posts[counter].RequiredOnDuty {
			break
		}
	}
	return m.state.Late[i].Start
}

// onDuty is the number of officers at a counter in a second, or of a group's members that are staffed. seen is false when
// the second was not seen, a staff zone was hidden, or what is not known could matter.
func (m *Measure) onDuty(counter int, s *second) (n int, seen bool) {
	p, unsure := &m.posts[counter], 0
	if len(p.members) > 0 {
		return m.membersOnDuty(p, s)
	}
	seen = s.Seen
	for _, z := range p.staff {
		n += s.Counts[z]
		unsure += s.Unsure[z]
		seen = seen && !s.Hidden[z]
	}
	return n, seen && (unsure == 0 || n >= p.RequiredOnDuty)
}

// membersOnDuty counts the members that are staffed. Members of which nothing is known matter unless enough others are
// staffed, or, some being staffed, even all of the unknown ones would not be enough.
func (m *Measure) membersOnDuty(group *post, s *second) (n int, seen bool) {
	hidden := 0
	for _, i := range group.members {
		switch k, seen := m.onDuty(i, s); {
		case !seen:
			hidden++
		case k >= m.posts[i].RequiredOnDuty:
			n++
		}
	}
	return n, hidden == 0 || n >= group.RequiredOnDuty || n > 0 && n+hidden < group.RequiredOnDuty
}

// settleCounter adds a second to a counter's open minute.
func (m *Measure) settleCounter(counter int, s *second, mn *models.Minute) {
	p := &m.posts[counter]
	_, working := p.schedule.at(s.Start)
	n, seen := m.onDuty(counter, s)
	if seen {
		count(mn, n)
	}
	switch {
	case !working, p.member && seen && n < p.RequiredOnDuty:
		mn.OffS++
		return
	case !seen:
		mn.UnknownS++
	case n >= p.RequiredOnDuty:
		mn.StaffedS++
	default:
		mn.AbsentS++
	}
	mn.WorkingS++
}

// hoursAt is what a counter's calendar says of a second.
func (p *post) hoursAt(start time.Time) hours {
	h, _ := p.schedule.at(start)
	return h
}

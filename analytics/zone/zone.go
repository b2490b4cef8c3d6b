// Package zone says where people are: it puts tracks into a camera's zones, gives them time to dwell, and notices how
// each stay ended. It bridges short losses of sight and of identity, so that a count neither dips nor doubles.
//
// Place on the road: after track, before measure. In: the tracks of one frame. Out: models.Look. Pure and synchronous:
// no clock, no goroutines; only the pipeline imports it.
package zone

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of presence. They bridge what a detector misses (docs/METHOD.md).
const (
	outAfter    = time.Second      // seen outside this long after the last sight inside: gone. Swallows jitter at borders
	hold        = 5 * time.Second  // a person who vanished inside stays counted this long: most are only hidden
	holdStaff   = 7 * time.Second  // the same of an officer: sitting half behind a desk they are missed for longer. Less than the 10 s of GRACE
	holdBorder  = 2 * time.Second  // the same at the border of the picture, where most have walked out
	walk        = 10 * time.Second // from a queue to a service zone
	seenOutside = 3 * time.Second  // seen outside this long, then lost: left for good
	settle      = 2 * time.Second  // people found so soon after the start or a gap had been there before
	known       = 2 * time.Second  // seen this long: a person, not a false box
	handover    = 10 * time.Second // a person born inside a service zone this soon after another was lost there is the same
)

// Map holds the zones of one camera and the people in them.
type Map struct {
	areas  []area
	view   models.Box // part of the picture that is looked at
	people []person
	last   time.Time     // of the newest frame
	step   time.Duration // from the frame before, at most 1 s
	fresh  time.Time     // when sight began: the first frame, or the first after a gap
	ended  []models.Stay
	exits  []models.Exit
	amends []models.Amend
	told   models.Look  // the last look: its memory is used again
	spare  [][]presence // of people who are gone
	away   []officer    // to be found again after a gap
}

// state is what survives a restart: nobody's identity, but where officers were.
type state struct {
	Stays    []models.Stay
	Officers []officer
}

// New makes the map of a camera's zones. The camera must be valid and have its defaults filled in.
func New(camera models.Camera) *Map {
	m := &Map{areas: make([]area, len(camera.Zones)), view: models.Box{W: 1, H: 1}}
	for i, z := range camera.Zones {
		m.areas[i] = newArea(z, &camera)
	}
	return m
}

// LookAt says which part of the picture, in 0..1 coordinates, detections come from: all of it unless told. Who vanishes at
// its sides has gone out.
func (m *Map) LookAt(view models.Box) { m.view = view }

// Admit drops, in place, detections that are anchored in an ignore zone. Boxes are in pixels of a picture of the size.
func (m *Map) Admit(size models.Size, detections []models.Detection) []models.Detection {
	kept := detections[:0]
	for _, d := range detections {
		b := d.Box.Normalise(size)
		drop := false
		for i := range m.areas {
			drop = drop || m.areas[i].Kind == models.ZoneIgnore && m.areas[i].holds(b)
		}
		if !drop {
			kept = append(kept, d)
		}
	}
	return kept
}

// Update takes the tracks of one frame and says what the zones show. Frames must come in order of time. The look is
// valid until the next call.
func (m *Map) Update(at time.Time, size models.Size, tracks []models.Track) models.Look {
	if m.last.IsZero() || at.Sub(m.last) > hold {
		m.endAll(models.EndGap)
		m.resume(m.away, at)
		m.away, m.fresh = nil, at
	}
	m.step = min(at.Sub(m.last), time.Second)
	m.last = at
	for i := range m.people {
		m.people[i].remembered = false
	}
	look := models.Look{At: at, Zones: slices.Grow(m.told.Zones[:0], len(m.areas))[:len(m.areas)], Boxes: m.told.Boxes[:0]}
	for _, t := range tracks {
		box := t.Box.Normalise(size)
		if t.Shown {
			look.Boxes = append(look.Boxes, models.LiveBox{Track: t.ID, Box: box})
			look.People++
		}
		p := m.find(t.ID)
		if p != nil {
			p.remembered = true
		}
		if !t.Seen || !t.Shown {
			continue
		}
		if p == nil {
			p = m.meet(t, box, size)
		}
		p.box, p.seen, p.remembered = box, at, true
		m.place(p, at, size)
	}
	m.watchVeils(at)
	m.forget(at)
	m.describe(&look)
	look.Stays, look.Exits, look.Amends = m.ended, m.exits, m.amends
	m.ended, m.exits, m.amends = m.told.Stays[:0], m.told.Exits[:0], m.told.Amends[:0]
	m.told = look
	return look
}

// Idle is called while no frame comes. It returns the stays that the gap has ended.
func (m *Map) Idle(at time.Time) []models.Stay {
	if at.Sub(m.last) > hold {
		m.endAll(models.EndGap)
	}
	stays := m.ended
	m.ended = nil
	return stays
}

// Close ends every stay: the file, the day or the run is over.
func (m *Map) Close(why models.Ended) []models.Stay {
	m.endAll(why)
	stays := m.ended
	m.ended, m.away, m.last = nil, nil, time.Time{}
	return stays
}

// State returns the stays that go on and the officers who are not where they are counted, for Restore after a restart.
func (m *Map) State() ([]byte, error) {
	return json.Marshal(state{append(slices.Clone(m.ended), m.open(models.EndGap)...), append(slices.Clone(m.away), m.elsewhere()...)})
}

// Restore takes what State returned. Nobody's identity outlives a restart: the stays end there, as not seen.
func (m *Map) Restore(b []byte) error {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	m.ended, m.away = s.Stays, s.Officers
	return nil
}

// place brings a person's presence in every zone up to date with their box.
func (m *Map) place(p *person, at time.Time, size models.Size) {
	front := m.inFront(p, at)
	public := false // standing where citizens stand: nobody is on both sides of a counter
	for i := range m.areas {
		k := m.areas[i].Kind
		public = public || (k == models.ZoneQueue || k == models.ZoneService) && (p.in[i].here() || m.areas[i].holds(p.box))
	}
	for i := range m.areas {
		a, in := &m.areas[i], &p.in[i]
		inside := a.holds(p.box) && !(a.Kind == models.ZoneStaff && public) && !(a.Kind == models.ZoneService && front)
		switch {
		case inside && !in.here():
			m.enter(p, i, at, size)
		case inside:
			in.Inside = at
			in.Sight += m.step
			if a.Kind == models.ZoneStaff {
				p.works(i, at)
			}
		case in.here() && at.Sub(in.Inside) >= outAfter:
			if a.Kind == models.ZoneStaff && !public {
				a.leavePost(p, in.Sight)
			}
			m.leave(p, i)
		}
		if inside {
			a.last = at
		}
		if inside && in.Counted && a.Kind == models.ZoneStaff {
			a.takePost(p, in.Sight, at)
		}
		if in.here() && !in.Counted && in.dwelt(a.MinDwell) {
			in.Counted = true
			m.amend(i, in.Entered.Add(-1), +1) // from the first frame on
			m.settled(p, i)
		}
	}
	p.fresh = false
	if w := &p.walk; w.going() && at.Sub(w.left) >= walk && !m.inService(p) {
		m.finishWalk(p, models.EndLeft, true)
	}
}

// describe fills in counts, occlusion and the zone of each box.
func (m *Map) describe(look *models.Look) {
	for i := range m.areas {
		a, z := &m.areas[i], &look.Zones[i]
		*z = models.ZoneLook{LastSeen: a.last}
		for j := range m.people {
			if m.people[j].in[i].Counted {
				z.Count++
			}
		}
		if a.Kind == models.ZoneStaff {
			z.Hidden, z.Unsure = a.covered(m.people, i), m.unsure(i, look.At)
			if a.postHidden(m.people, i, look.At) {
				z.Unsure = max(z.Unsure, 1)
			}
		}
	}
	for b := range look.Boxes {
		if p := m.find(look.Boxes[b].Track); p != nil {
			look.Boxes[b].Zone = m.shownIn(p)
		}
	}
}

// rank orders the kinds of zones: the name of the most specific one is printed beside a person.
var rank = map[models.ZoneKind]int{models.ZoneStaff: 4, models.ZoneService: 3, models.ZoneQueue: 2, models.ZoneEntrance: 1}

// shownIn names the zone to print beside a person.
func (m *Map) shownIn(p *person) string {
	best, name := 0, ""
	for i := range m.areas {
		if p.in[i].Counted && m.areas[i].rank > best {
			best, name = m.areas[i].rank, m.areas[i].ID
		}
	}
	return name
}

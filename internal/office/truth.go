package office

import (
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// Truth is what really happened in an office; times are seconds of the video from its first frame.
type Truth struct {
	FPS       float64          `json:"fps"`
	Seconds   float64          `json:"seconds"` // length of the video
	Visits    []Visit          `json:"visits"`
	Occupancy map[string][]int `json:"occupancy"` // by zone: people at the middle of each whole second
	Absences  []Absence        `json:"absences"`
	// Staff is, by counter, a letter for each second at its middle: s an officer sits in the staff zone, t stands there
	// (S and T: and a citizen in front covers 40 % or more), a dot nobody.
	Staff map[string]string `json:"staff"`
	Dark  []Span            `json:"dark,omitempty"` // the lights were off
}

// Span is a stretch of the video in seconds.
type Span struct {
	From float64 `json:"from_s"`
	To   float64 `json:"to_s"`
}

// Visit is one person's way through the office. A time is nil when it had not happened by the end.
type Visit struct {
	ID           int      `json:"id"`
	Counter      *string  `json:"counter"`         // where served
	Entered      *float64 `json:"entered_s"`       // the foot entered the queue zone, to stay
	ServiceStart *float64 `json:"service_start_s"` // the foot entered the service zone, to stay
	ServiceEnd   *float64 `json:"service_end_s"`   // the foot left the service zone
	Left         *float64 `json:"left_s"`          // the foot left the queue zone
	GaveUp       bool     `json:"gave_up"`         // left the queue unserved
	With         int      `json:"with,omitempty"`  // came with this person, who is served for the family
}

// Absence is a stretch, of any length, in which a counter's officer was not in the staff zone, within opening hours and
// after the counter was staffed for the first time. One that is not over ends with the video.
type Absence struct {
	Counter string  `json:"counter"`
	From    float64 `json:"from_s"`
	To      float64 `json:"to_s"`
}

// stay is one person's presence in one zone, video seconds.
type stay struct {
	zone     int // index in camera.Zones
	from, to float64
	person   *person
}

// observe compares the box that will be drawn with the zones and notes who came and went.
func (s *Sim) observe(p *person) {
	p.fig = s.figure(p)
	p.box = s.visible(p)
	b := p.box.Normalise(s.cfg.Size)
	for z, zone := range s.camera.Zones {
		bit := uint64(1) << z
		in := p.box.Area() > 0 && zone.Polygon.Contains(zone.Anchor.Point(b))
		switch {
		case in && p.inside&bit == 0:
			p.inside |= bit
			p.since[z] = s.now
			s.entered(p, z)
		case !in && p.inside&bit != 0:
			p.inside &^= bit
			s.stays = append(s.stays, stay{z, p.since[z], s.now, p})
			s.leftZone(p, z)
		}
	}
}

func (s *Sim) entered(p *person, z int) {
	if p.officer {
		return
	}
	v := &s.visits[p.visit]
	now := round(s.now)
	switch {
	case z == 0 && v.Entered == nil:
		v.Entered = &now
	case p.doing == called && z == 1+p.counter:
		v.Counter, v.ServiceStart = &s.camera.Counters[p.counter].ID, &now
	}
}

func (s *Sim) leftZone(p *person, z int) {
	if z == 0 && !p.officer {
		now := round(s.now)
		s.visits[p.visit].Left = &now
	}
	if p.doing == leaving && !p.officer && z == 1+p.counter && s.visits[p.visit].ServiceStart != nil {
		now := round(s.now)
		s.visits[p.visit].ServiceEnd = &now
	}
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// all calls fn for every stay in a zone that counts, those that go on included.
func (s *Sim) all(zone int, fn func(from, to float64)) {
	dwell := s.camera.Zones[zone].MinDwell.Seconds()
	for _, st := range s.stays {
		if st.zone == zone && st.to-st.from >= dwell {
			fn(st.from, st.to)
		}
	}
	for _, p := range s.people {
		if p.inside>>zone&1 == 1 {
			fn(p.since[zone], math.Inf(1))
		}
	}
}

// count is the number of people in a zone at a video second.
func (s *Sim) count(zone int, at float64) (n int) {
	s.all(zone, func(from, to float64) {
		if from <= at && at < to {
			n++
		}
	})
	return n
}

func (s *Sim) truth() Truth {
	t := Truth{
		FPS: s.cfg.FPS, Seconds: round(float64(s.frame) / s.cfg.FPS), Occupancy: map[string][]int{}, Absences: []Absence{},
		Visits: append([]Visit{}, s.visits...), Staff: map[string]string{}, Dark: s.dark(),
	}
	s.noteStaff(t.Seconds)
	for k, notes := range s.staff {
		t.Staff[s.camera.Counters[k].ID] = string(notes[:min(int(t.Seconds), len(notes))])
	}
	for i, z := range s.camera.Zones {
		counts := make([]int, int(t.Seconds))
		s.all(i, func(from, to float64) {
			for k := int(math.Ceil(from - 0.5)); k < len(counts) && float64(k)+0.5 < to; k++ {
				counts[max(k, 0)]++
			}
		})
		t.Occupancy[z.ID] = counts
		if i > s.cfg.Counters {
			t.Absences = append(t.Absences, s.absences(i, math.Min(t.Seconds, s.closing()))...)
		}
	}
	return t
}

// noteStaff notes the officers of the seconds whose middle has come before a video second; nothing has changed since.
func (s *Sim) noteStaff(until float64) {
	for k, c := range s.counters {
		for float64(len(s.staff[k]))+0.5 < until {
			s.staff[k] = append(s.staff[k], s.onDuty(c))
		}
	}
}

// onDuty is a counter's letter for Truth.Staff.
func (s *Sim) onDuty(c *counter) byte {
	p := c.self
	if p == nil || p.inside>>(1+s.cfg.Counters+c.index)&1 == 0 {
		return '.'
	}
	letter := byte('t')
	if p.seated {
		letter = 's'
	}
	if s.covered(p) >= inFront {
		letter -= 'a' - 'A'
	}
	return letter
}

// absences are the gaps between an officer's stays in a staff zone, up to a video second.
func (s *Sim) absences(zone int, end float64) (out []Absence) {
	counter := s.camera.Counters[zone-1-s.cfg.Counters].ID
	last := math.Inf(1) // when the officer was last there; stays of one officer come in order
	s.all(zone, func(from, to float64) {
		if last < math.Min(from, end) {
			out = append(out, Absence{counter, round(last), round(math.Min(from, end))})
		}
		last = to
	})
	if last < end {
		out = append(out, Absence{counter, round(last), round(end)})
	}
	return out
}

// WriteJSON writes the truth as one JSON object.
func (t Truth) WriteJSON(w io.Writer) error { return json.NewEncoder(w).Encode(t) }

// Due is when an absence has to be reported, by the rules that a counter has: after MaxAbsence, or after
// MaxAbsenceWithWaiting once somebody waits for it or stands at it; whole seconds of the video. ok is false when the
// officer was back before that, or the video has not come so far.
func (t Truth) Due(k models.Counter, a Absence) (at float64, ok bool) {
	for at = math.Ceil(a.From); at < a.To; at++ {
		away := at - a.From
		if away >= k.MaxAbsence.Seconds() || away >= k.MaxAbsenceWithWaiting.Seconds() && t.somebody(k, int(at)) {
			return at, true
		}
	}
	return 0, false
}

// somebody reports whether anybody waits for a counter or stands at it in a second.
func (t Truth) somebody(k models.Counter, second int) bool {
	for _, zone := range slices.Concat(k.Queues, k.Service) {
		if o := t.Occupancy[zone]; second < len(o) && o[second] > 0 {
			return true
		}
	}
	return false
}

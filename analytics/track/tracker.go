package track

import (
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Tracker follows the people of one camera. It is not safe for concurrent use.
type Tracker struct {
	cfg    Config
	c      tuning
	last   time.Time // of the newest frame
	lastID int64
	people []*person // in order of their ids

	// kept for their memory only
	assign      assigner
	spare       []*person
	found, dets []models.Detection
	used        []bool // detections that are paired
	rows        []*person
	cols        []int
	gain        []float64
	out         []models.Track
}

// person is one track.
type person struct {
	id         int64
	f          filter           // predicted to the newest frame
	det        models.Detection // the last one
	born, seen time.Time        // first and last detection
	path       path             // of the detections
	speed      float64          // when last seen, h/s
	settled    time.Time        // first detection here: since then seen without having been found far away after a gap
	sight      float64          // seconds seen since then
	doubt      doubt
	confirmed  bool
	match      int // detection of this frame, -1 while unseen
}

// doubt is what was known of a person, seen for long, before they were found again elsewhere, for as long as that may have been a false box.
type doubt struct {
	f             filter
	det           models.Detection
	seen, settled time.Time // seen is zero when there is no doubt
	sight         float64
}

// New makes a tracker that knows nobody.
func New(cfg Config) *Tracker { return &Tracker{cfg: cfg.orDefault(), c: standard} }

// Update takes the detections of the frame captured at the given time, in a picture of the given size, and returns every
// confirmed person still remembered, in order of their ids. An id never comes back after it was missing once: that
// person is gone. The slice is valid until the next call. A frame that is not newer than the last changes nothing.
func (t *Tracker) Update(at time.Time, size models.Size, d []models.Detection) []models.Track {
	dt := at.Sub(t.last).Seconds()
	if t.last.IsZero() {
		dt = 0
	} else if dt <= 0 {
		return t.out
	}
	before := t.last
	t.last = at
	t.forget(func(p *person) bool { return p.unseen(at) > t.memory(p) }) // after a gap without frames
	for _, p := range t.people {
		p.match = -1
		p.f.predict(dt, &t.c)
		if p.seen.Before(before) {
			p.f.slow(math.Exp(-dt / t.c.tire))
		}
		if p.unseen(at) > t.c.stillFrom && t.still(p) {
			p.f.halt()
		}
	}
	t.clean(d)
	t.associate(at)
	t.bear(at, size)
	for _, p := range t.people {
		if p.match < 0 {
			p.reconsider()
		}
	}
	t.forget(func(p *person) bool { return p.match < 0 && t.lost(p, at, size) })
	return t.publish(at)
}

func (p *person) unseen(at time.Time) float64 { return at.Sub(p.seen).Seconds() }

// observe takes a detection into a track.
func (p *person) observe(d models.Detection, at time.Time, c *tuning) {
	if gap := p.unseen(at); gap <= c.sightGap {
		p.sight += gap
	} else if !p.f.near(d, c.step) {
		if p.sight >= c.sightSure {
			p.doubt = doubt{p.f, p.det, p.seen, p.settled, p.sight}
		}
		p.sight, p.settled = 0, at // a false box that took the track of who left is not known to stand
	}
	if p.sight >= c.sightLeast {
		p.doubt.seen = time.Time{}
	}
	p.f.update(d, c)
	p.det, p.seen, p.speed, p.confirmed = d, at, p.f.speed(), true
	p.note()
}

// reconsider takes back that a person was found elsewhere, when nothing is seen there any more so soon: it was a false box, and who is
// hidden is still where they were.
func (p *person) reconsider() {
	if d := p.doubt; !d.seen.IsZero() {
		p.f, p.det, p.seen, p.settled, p.sight = d.f, d.det, d.seen, d.settled, d.sight
		p.doubt.seen = time.Time{}
	}
}

// note adds the newest detection to the person's path.
func (p *person) note() {
	x, y := centre(p.det.Box)
	p.path.note(p.seen.Sub(p.born).Seconds(), x, y)
}

// still reports whether a person stood or sat when last seen. A false box that comes and goes is not seen long enough.
func (t *Tracker) still(p *person) bool {
	return p.speed < t.c.still && p.sight >= min(t.c.sightSure, max(t.c.sightLeast, t.c.sightShare*p.seen.Sub(p.settled).Seconds()))
}

// memory is how long a person is remembered unseen, in seconds.
func (t *Tracker) memory(p *person) float64 {
	if p.confirmed && t.still(p) {
		return t.cfg.StillMemory.Seconds()
	}
	return t.cfg.Memory.Seconds()
}

// lost reports whether an unseen person is to be forgotten.
func (t *Tracker) lost(p *person, at time.Time, size models.Size) bool {
	limit := t.memory(p)
	if !p.confirmed {
		limit = t.c.tentativeFor
	} else if t.leaving(p, size) {
		limit = t.c.outsideFor
	}
	return p.unseen(at) > limit
}

// leaving reports whether an unseen person is outside the picture, or was going out at a side that already cut their box.
func (t *Tracker) leaving(p *person, size models.Size) bool {
	x, y, w, h := p.f.x.pos, p.f.y.pos, float64(size.W), float64(size.H)
	b, by := p.det.Box, t.c.exit*p.f.h.val
	edge := .02*b.H + 1
	return x < 0 || y < 0 || x > w || y > h ||
		b.X <= edge && x < by && p.f.x.vel < 0 || b.X+b.W >= w-edge && x > w-by && p.f.x.vel > 0
}

func (t *Tracker) forget(gone func(*person) bool) {
	t.people = slices.DeleteFunc(t.people, func(p *person) bool {
		g := gone(p)
		if g {
			t.spare = append(t.spare, p)
		}
		return g
	})
}

// bear begins tracks from good detections that continue none.
func (t *Tracker) bear(at time.Time, size models.Size) {
	for j, d := range t.dets {
		if t.used[j] || d.Score < t.cfg.Birth && (d.Score < t.cfg.High || !t.stays(d.Box, size)) {
			continue
		}
		p := &person{}
		if n := len(t.spare); n > 0 {
			p, t.spare = t.spare[n-1], t.spare[:n-1]
		}
		t.lastID++
		*p = person{id: t.lastID, f: newFilter(d, &t.c), det: d, born: at, seen: at, settled: at, confirmed: d.Score >= t.cfg.Immediate, match: j}
		p.note()
		t.people = append(t.people, p)
	}
}

// stays reports whether a box is anchored in a zone where somebody is expected to stay.
func (t *Tracker) stays(b models.Box, size models.Size) bool {
	b = b.Normalise(size)
	return slices.ContainsFunc(t.cfg.Stays, func(z models.Zone) bool { return z.Polygon.Contains(z.Anchor.Point(b)) })
}

// publish lists the confirmed people and says who is shown. A detection knows best where the middle is, the filter how
// large the box is.
func (t *Tracker) publish(at time.Time) []models.Track {
	t.out = t.out[:0]
	for _, p := range t.people {
		if !p.confirmed {
			continue
		}
		o := models.Track{ID: p.id, Box: p.f.box(), Score: p.det.Score, Seen: p.match >= 0, Born: p.born, LastSeen: p.seen}
		if o.Seen {
			x, y := centre(p.det.Box)
			o.Box = around(x, y, p.f.w.val, p.f.h.val)
		}
		o.Shown = o.Seen || t.imagined(p, p.unseen(at))
		t.out = append(t.out, o)
	}
	return t.out
}

// imagined reports whether an unseen person is still shown: for a moment, or a little longer behind somebody.
func (t *Tracker) imagined(p *person, unseen float64) bool {
	if unseen <= t.c.showFor || unseen > t.c.showHidden || math.Sqrt(p.f.x.pp) > t.c.showSD*p.f.h.val {
		return unseen <= t.c.showFor
	}
	b := p.f.box()
	return slices.ContainsFunc(t.people, func(o *person) bool {
		front := o.f.box()
		return o.match >= 0 && front.Y+front.H > b.Y+b.H && front.Intersect(b) >= t.c.hiddenShare*b.Area()
	})
}

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
	nextID int64
	people []*person

	assign      Assigner
	spare       []*person // forgotten ones, to be used again
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
	f          filter // predicted to the newest frame
	before     filter // as it was at the last detection
	det        models.Detection
	born, seen time.Time
	confirmed  bool
	match      int     // detection of this frame, -1 when unseen
	trail      []place // where the person was, over the time of the direction cue
}

type place struct {
	x, y float64
	at   time.Time
}

// New makes a tracker that knows nobody.
func New(cfg Config) *Tracker { return &Tracker{cfg: cfg.orDefault(), c: standard} }

// Update takes the detections of the frame captured at the given time, in a picture of the given size, and returns
// every confirmed person still remembered, in order of their ids; ids are never used again. The slice is valid until the
// next call. A track that is missing from it has died. A frame that is not newer than the last changes nothing.
func (t *Tracker) Update(at time.Time, size models.Size, d []models.Detection) []models.Track {
	dt := 0.0
	if !t.last.IsZero() {
		if dt = seconds(t.last, at); dt <= 0 {
			return t.out
		}
	}
	t.last = at
	t.clean(d)
	t.used = resize(t.used, len(t.dets))
	clear(t.used)
	for _, p := range t.people {
		p.match = -1
		p.f.predict(dt, &t.c)
	}
	t.associate(at, dt)
	t.bear(at)
	t.forget(at, size)
	return t.publish(at)
}

// associate pairs people with detections: the sure pairs first, so that they cannot be taken by the doubtful ones.
func (t *Tracker) associate(at time.Time, dt float64) {
	always, wide := math.Inf(1), func(p, d models.Box) float64 {
		return enlarged(p, t.c.enlarge).IoU(enlarged(d, t.c.enlarge))
	}
	within := func(limit float64) func(*person) bool {
		return func(p *person) bool { return p.confirmed && seconds(p.seen, at) <= limit }
	}
	t.run(stage{t.cfg.High, always, within(t.c.freshFor), giou, t.c.freshGIoU, true}, at, dt)
	t.run(stage{t.cfg.Low, t.cfg.High, within(t.c.weakFor), models.Box.IoU, t.c.weakIoU, false}, at, dt)
	t.run(stage{t.cfg.High, always, within(always), wide, t.c.wideIoU, true}, at, dt)
	t.run(stage{t.cfg.High, always, func(p *person) bool { return !p.confirmed }, giou, t.c.freshGIoU, false}, at, dt)
}

// observe takes a detection into a person's track.
func (p *person) observe(d models.Detection, at time.Time, dt float64, c *tuning) {
	if gap := seconds(p.seen, at); gap > c.replayFrom*dt {
		p.f = p.before
		p.f.replay(p.det.Box, d, gap, dt, c)
	} else {
		p.f.update(d, c)
	}
	p.before, p.det, p.seen, p.confirmed = p.f, d, at, true
	p.step(d, at, c)
}

// step adds a place to the trail, and drops what is older than the direction needs.
func (p *person) step(d models.Detection, at time.Time, c *tuning) {
	x, y := centre(d.Box)
	p.trail = append(p.trail, place{x, y, at})
	for len(p.trail) > 2 && seconds(p.trail[1].at, at) >= c.cueOver {
		p.trail = append(p.trail[:0], p.trail[1:]...)
	}
}

// bear begins tracks from good detections that continue none.
func (t *Tracker) bear(at time.Time) {
	for j, d := range t.dets {
		if t.used[j] || d.Score < t.cfg.Birth {
			continue
		}
		p := &person{}
		if n := len(t.spare); n > 0 {
			p, t.spare = t.spare[n-1], t.spare[:n-1]
		}
		t.nextID++
		f := newFilter(d, &t.c)
		*p = person{id: t.nextID, f: f, before: f, det: d, born: at, seen: at, confirmed: d.Score >= t.cfg.Immediate, match: j, trail: p.trail[:0]}
		p.step(d, at, &t.c)
		t.people = append(t.people, p)
	}
}

// forget drops who has been unseen too long.
func (t *Tracker) forget(at time.Time, size models.Size) {
	t.people = slices.DeleteFunc(t.people, func(p *person) bool {
		limit := t.cfg.Memory.Seconds()
		if !p.confirmed {
			limit = t.c.tentativeFor
		} else if t.leaving(p, size) {
			limit = t.c.leavingFor
		}
		gone := seconds(p.seen, at) > limit
		if gone {
			t.spare = append(t.spare, p)
		}
		return gone
	})
}

// leaving reports whether a person is on the way out of the picture.
func (t *Tracker) leaving(p *person, size models.Size) bool {
	b, near := p.det.Box, t.c.leavingSide*p.f.h.val
	w, h := float64(size.W), float64(size.H)
	return b.X <= 1 && p.f.x.pos < near ||
		b.X+b.W >= w-1 && p.f.x.pos > w-near ||
		b.Y <= 1 && p.f.y.pos < near ||
		b.Y+b.H >= h-1 && p.f.y.pos > h-near ||
		p.f.y.pos+p.f.h.val/2 > h+t.c.leavingFoot*p.f.h.val
}

// publish lists the confirmed people and says who is shown.
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
		o.Shown = o.Seen || t.imagined(p, seconds(p.seen, at))
		t.out = append(t.out, o)
	}
	return t.out
}

// imagined reports whether an unseen person is still shown: for a moment, or a little longer behind somebody.
func (t *Tracker) imagined(p *person, unseen float64) bool {
	if unseen <= t.c.showFor {
		return true
	}
	if unseen > t.c.showHidden {
		return false
	}
	b := p.f.box()
	return slices.ContainsFunc(t.people, func(o *person) bool {
		front := o.f.box()
		return o.match >= 0 && front.Y+front.H > b.Y+b.H && front.Intersect(b) >= t.c.hiddenShare*b.Area()
	})
}

package track

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// clean fills t.dets with what is good enough to look at, best first, without boxes that lie in a better one.
func (t *Tracker) clean(in []models.Detection) {
	t.found = append(t.found[:0], in...)
	slices.SortStableFunc(t.found, func(a, b models.Detection) int { return cmp.Compare(b.Score, a.Score) })
	t.dets = t.dets[:0]
	for _, d := range t.found {
		if d.Score >= t.cfg.Low && usable(d.Box) && !slices.ContainsFunc(t.dets, func(better models.Detection) bool {
			return d.Box.Intersect(better.Box) > t.c.duplicate*min(d.Box.Area(), better.Box.Area())
		}) {
			t.dets = append(t.dets, d)
		}
	}
	t.used = resize(t.used, len(t.dets))
	clear(t.used)
}

// usable is false for boxes without a size, and for NaN and infinity.
func usable(b models.Box) bool {
	return b.W > 0 && b.H > 0 && math.Abs(b.X)+math.Abs(b.Y)+b.W+b.H < 1e6
}

// A stage pairs people with detections, neither of them paired by a stage before.
type stage struct {
	takes     func(p *person, unseen float64) bool // people who take part; unseen in seconds
	low, high float64                              // detections of low <= score < high take part
	likeness  func(predicted, found models.Box) float64
	least     float64 // pairs less alike are never made
	sure      float64 // nor of people out of sight for long, when less alike than this
}

var anyScore = math.Inf(1)

// associate pairs people with detections: sure pairs first, so that doubtful ones cannot take them away.
func (t *Tracker) associate(at time.Time) {
	c, lo, hi := &t.c, t.cfg.Low, t.cfg.High
	lately := func(p *person, unseen float64) bool { return p.confirmed && unseen <= c.weakFor }
	believed := func(p *person, _ float64) bool { return p.confirmed }
	tentative := func(p *person, _ float64) bool { return !p.confirmed }
	wide := func(a, b models.Box) float64 { return enlarged(a, c.enlarge).IoU(enlarged(b, c.enlarge)) }

	t.pair(stage{believed, hi, anyScore, giou, c.freshGIoU, c.sureGIoU}, at)
	t.pair(stage{lately, lo, hi, models.Box.IoU, c.weakIoU, 0}, at)
	t.pair(stage{believed, hi, anyScore, wide, c.wideIoU, 0}, at) // who turned, stopped or was hidden: worth most of all
	t.pair(stage{tentative, hi, anyScore, wide, c.wideIoU, 0}, at)
}

// pair makes the pairs of one stage whose worth sums to the most.
func (t *Tracker) pair(s stage, at time.Time) {
	t.rows, t.cols, t.gain = t.rows[:0], t.cols[:0], t.gain[:0]
	for j, d := range t.dets {
		if !t.used[j] && d.Score >= s.low && d.Score < s.high {
			t.cols = append(t.cols, j)
		}
	}
	for _, p := range t.people {
		if p.match < 0 && s.takes(p, p.unseen(at)) && t.weigh(s, p, at) {
			t.rows = append(t.rows, p)
		}
	}
	for i, k := range t.assign.solve(t.gain, len(t.rows), len(t.cols)) {
		if k >= 0 {
			j := t.cols[k]
			t.used[j], t.rows[i].match = true, j
			t.rows[i].observe(t.dets[j], at, &t.c)
		}
	}
}

// weigh adds a row of gains for a person, and nothing when no detection is like them.
func (t *Tracker) weigh(s stage, p *person, at time.Time) bool {
	n, any, box := len(t.gain), false, p.f.box()
	dx, dy := p.path.heading(t.c.way)
	least := s.least
	if s.sure > 0 && p.unseen(at) > t.c.freshFor {
		least = s.sure
	}
	for _, j := range t.cols {
		d, g := t.dets[j], 0.0
		if near(box, d.Box, 2*t.c.enlarge) {
			if like := s.likeness(box, d.Box); like >= least && p.f.reaches(d, &t.c) {
				g, any = t.worth(p, box, d, like, dx, dy), true
			}
		}
		t.gain = append(t.gain, g)
	}
	if !any {
		t.gain = t.gain[:n]
	}
	return any
}

// worth of a pair: its likeness, less what it costs by the feet - people at different depths may overlap as pictures, but they
// stand on different lines - and more or less by the way the person was going.
func (t *Tracker) worth(p *person, box models.Box, d models.Detection, like, dx, dy float64) float64 {
	step := math.Abs(d.Box.Y+d.Box.H-box.Y-box.H) / box.H
	x, y := centre(d.Box)
	u, v := centre(p.det.Box)
	ahead := onward(dx, dy, x-u, y-v, t.c.stir*p.det.Box.H)
	size := math.Abs(math.Log(d.Box.H / p.f.h.val))
	return max(t.c.pairs+like-t.c.grow*min(size, 1)-t.c.foot*min(step, 1)+t.c.turn*d.Score*ahead, 1e-3)
}

// near is false for boxes that do not meet even when enlarged: most pairs, and cheap to tell.
func near(a, b models.Box, by float64) bool {
	return math.Abs(a.X+a.W/2-b.X-b.W/2) < (a.W+b.W)*(1+by)/2 && math.Abs(a.Y+a.H/2-b.Y-b.H/2) < (a.H+b.H)*(1+by)/2
}

// giou is generalised intersection over union, -1..1 (Rezatofighi et al., 2019).
func giou(a, b models.Box) float64 {
	w := max(a.X+a.W, b.X+b.W) - min(a.X, b.X)
	h := max(a.Y+a.H, b.Y+b.H) - min(a.Y, b.Y)
	i := a.Intersect(b)
	u := a.Area() + b.Area() - i
	return i/u - (w*h-u)/(w*h)
}

func enlarged(b models.Box, by float64) models.Box {
	return models.Box{X: b.X - by*b.W, Y: b.Y - by*b.H, W: b.W * (1 + 2*by), H: b.H * (1 + 2*by)}
}

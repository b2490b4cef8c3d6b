package track

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// clean copies what is good enough to look at, best first, and drops boxes that lie in a better one.
func (t *Tracker) clean(in []models.Detection) {
	t.dets = t.dets[:0]
	t.found = append(t.found[:0], in...)
	slices.SortStableFunc(t.found, func(a, b models.Detection) int { return cmp.Compare(b.Score, a.Score) })
	for _, d := range t.found {
		if d.Score < t.cfg.Low || d.Box.W <= 0 || d.Box.H <= 0 {
			continue
		}
		inside := func(o models.Detection) bool {
			return d.Box.Intersect(o.Box) > t.c.duplicate*math.Min(d.Box.Area(), o.Box.Area())
		}
		if !slices.ContainsFunc(t.dets, inside) {
			t.dets = append(t.dets, d)
		}
	}
}

// stage pairs people with detections, both not yet paired, for the largest sum of likeness.
type stage struct {
	low, high float64                       // scores low <= score < high take part
	takes     func(p *person) bool          // people who take part
	likeness  func(p, d models.Box) float64 // overlap of predicted box and detection
	least     float64                       // pairs less alike are never made
	cue       bool                          // walking direction counts
}

func (t *Tracker) run(s stage, at time.Time, dt float64) {
	t.rows, t.cols, t.gain = t.rows[:0], t.cols[:0], t.gain[:0]
	for _, p := range t.people {
		if p.match < 0 && s.takes(p) {
			t.rows = append(t.rows, p)
		}
	}
	for j, d := range t.dets {
		if !t.used[j] && d.Score >= s.low && d.Score < s.high {
			t.cols = append(t.cols, j)
		}
	}
	for _, p := range t.rows {
		box := p.f.box()
		for _, j := range t.cols {
			g := s.likeness(box, t.dets[j].Box)
			switch {
			case g < s.least:
				g = 0
			case s.cue:
				g += 1 + t.direction(p, t.dets[j])
			default:
				g++
			}
			t.gain = append(t.gain, g)
		}
	}
	for i, k := range t.assign.Assign(t.gain, len(t.rows), len(t.cols)) {
		if k >= 0 {
			j := t.cols[k]
			t.used[j] = true
			t.rows[i].match = j
			t.rows[i].observe(t.dets[j], at, dt, &t.c)
		}
	}
}

// direction is the reward, or fine, for a detection that lies where the person was going, or not.
func (t *Tracker) direction(p *person, d models.Detection) float64 {
	from, to := p.trail[0], p.trail[len(p.trail)-1]
	dx, dy := to.x-from.x, to.y-from.y
	if math.Hypot(dx, dy) <= t.c.cueMoved*p.f.h.val {
		return 0
	}
	x, y := centre(d.Box)
	x, y = x-from.x, y-from.y
	norm := math.Hypot(dx, dy) * math.Hypot(x, y)
	if norm == 0 {
		return 0
	}
	angle := math.Acos(math.Max(-1, math.Min(1, (dx*x+dy*y)/norm)))
	return t.c.cue * d.Score * (math.Pi/2 - angle) / math.Pi
}

// giou is generalised intersection over union, -1..1 (Rezatofighi et al., 2019).
func giou(a, b models.Box) float64 {
	w := math.Max(a.X+a.W, b.X+b.W) - math.Min(a.X, b.X)
	h := math.Max(a.Y+a.H, b.Y+b.H) - math.Min(a.Y, b.Y)
	i := a.Intersect(b)
	u := a.Area() + b.Area() - i
	return i/u - (w*h-u)/(w*h)
}

func enlarged(b models.Box, by float64) models.Box {
	return models.Box{X: b.X - by*b.W, Y: b.Y - by*b.H, W: b.W * (1 + 2*by), H: b.H * (1 + 2*by)}
}

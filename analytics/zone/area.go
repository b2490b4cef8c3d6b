package zone

import (
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// area is a zone made ready: sample points for occlusion, and when somebody was last seen inside.
type area struct {
	models.Zone
	bounds models.Box
	rank   int            // how specific its kind is
	grid   []models.Point // points inside, evenly spread
	fronts []int          // staff zones: the service zones of the same counters
	scene  []models.Box   // scratch: boxes in front
	last   time.Time
	post   post
}

const gridSide = 16 // sample points along each side of a zone's bounds: a share is right to about 1/16

func newArea(z models.Zone, c *models.Camera) area {
	a := area{Zone: z, bounds: z.Polygon.Bounds(), rank: rank[z.Kind]}
	if z.Kind != models.ZoneStaff {
		return a
	}
	for _, k := range c.Counters {
		for i := range c.Zones {
			if slices.Contains(k.Staff, z.ID) && slices.Contains(k.Service, c.Zones[i].ID) {
				a.fronts = append(a.fronts, i)
			}
		}
	}
	for y := range gridSide {
		for x := range gridSide {
			p := models.Point{
				X: a.bounds.X + a.bounds.W*(float64(x)+.5)/gridSide,
				Y: a.bounds.Y + a.bounds.H*(float64(y)+.5)/gridSide,
			}
			if z.Polygon.Contains(p) {
				a.grid = append(a.grid, p)
			}
		}
	}
	return a
}

// holds reports whether a box, in 0..1 coordinates, is anchored inside. Anchors outside the picture are drawn to its
// border, where zones end.
func (a *area) holds(b models.Box) bool {
	const inner = 1e-4
	p := a.Anchor.Point(b)
	p.X = min(max(p.X, inner), 1-inner)
	p.Y = min(max(p.Y, inner), 1-inner)
	if p.X < a.bounds.X || p.X > a.bounds.X+a.bounds.W || p.Y < a.bounds.Y || p.Y > a.bounds.Y+a.bounds.H {
		return false
	}
	return a.Polygon.Contains(p)
}

// covered is the share of a staff zone hidden by people who stand before it, out of sight for a moment or not.
func (a *area) covered(people []person, zone int) float64 {
	if len(a.grid) == 0 {
		return 0
	}
	a.scene = a.scene[:0]
	for i := range people {
		if a.before(&people[i], zone) && people[i].box.Intersect(a.bounds) > 0 {
			a.scene = append(a.scene, people[i].box)
		}
	}
	hidden := 0
	for _, g := range a.grid {
		for _, b := range a.scene {
			if g.X >= b.X && g.X <= b.X+b.W && g.Y >= b.Y && g.Y <= b.Y+b.H {
				hidden++
				break
			}
		}
	}
	return float64(hidden) / float64(len(a.grid))
}

// before reports whether a person stands before a staff zone: not in it, the feet lower in the picture than its edge.
func (a *area) before(p *person, zone int) bool {
	return a.lower(p.box) && !p.in[zone].here()
}

// lower reports whether the feet of a box are lower in the picture than a staff zone's edge: on the citizens' side.
func (a *area) lower(b models.Box) bool { return b.Y+b.H > a.bounds.Y+a.bounds.H }

// deep reports whether a box is anchored more than its own height away from the zone's edge: somebody first seen there
// did not just walk in.
func (a *area) deep(b models.Box, size models.Size) bool {
	aspect := float64(size.W) / float64(size.H)
	p := a.Anchor.Point(b)
	nearest := math.Inf(1)
	for i, j := 0, len(a.Polygon)-1; i < len(a.Polygon); j, i = i, i+1 {
		nearest = min(nearest, toSegment(p, a.Polygon[j], a.Polygon[i], aspect))
	}
	return nearest > b.H
}

// toSegment is the distance from p to the segment a-b in picture heights.
func toSegment(p, a, b models.Point, aspect float64) float64 {
	px, py := (p.X-a.X)*aspect, p.Y-a.Y
	bx, by := (b.X-a.X)*aspect, b.Y-a.Y
	t := 0.0
	if n := bx*bx + by*by; n > 0 {
		t = min(max((px*bx+py*by)/n, 0), 1)
	}
	return math.Hypot(px-t*bx, py-t*by)
}

// atBorder reports whether a box touches a side of what is looked at, by which people come and go.
func (m *Map) atBorder(b models.Box) bool {
	const near = .02
	v := m.view
	return b.X < v.X+near || b.Y+b.H > v.Y+v.H-near || b.X+b.W > v.X+v.W-near
}

// near is how far two boxes' feet are apart, in heights of the larger box.
func near(a, b models.Box, size models.Size) float64 {
	aspect := float64(size.W) / float64(size.H)
	dx := (a.X + a.W/2 - b.X - b.W/2) * aspect
	return math.Hypot(dx, a.Y+a.H-b.Y-b.H) / max(a.H, b.H, 1e-6)
}

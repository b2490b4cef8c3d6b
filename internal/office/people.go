package office

import (
	"math"
	"math/rand/v2"

	"github.com/counterwatch/counterwatch/models"
)

// look is how a person is dressed and built.
type look struct {
	shirt, trousers, skin, hair rgb
	height, width               float64 // metres
	bag                         bool
	papers                      bool
	longHair                    bool
}

var (
	shirts = []rgb{{178, 38, 46}, {28, 62, 140}, {24, 106, 74}, {108, 42, 124}, {196, 96, 20}, {36, 38, 44}, {10, 104, 122}, {128, 26, 74},
		{92, 70, 40}, {60, 64, 150}, {150, 60, 30}, {84, 100, 24}}
	trousers = []rgb{{36, 40, 58}, {58, 46, 38}, {30, 30, 32}, {44, 62, 96}, {70, 68, 72}}
	skins    = []rgb{{196, 146, 112}, {176, 124, 92}, {208, 160, 126}, {158, 108, 80}}
	hairs    = []rgb{{28, 24, 24}, {40, 30, 26}, {22, 22, 28}, {84, 82, 82}}
	uniform  = rgb{24, 74, 140}
)

func newLook(r *rand.Rand, officer bool) look {
	pick := func(c []rgb) rgb { return c[r.IntN(len(c))] }
	l := look{
		shirt: pick(shirts), trousers: pick(trousers), skin: pick(skins), hair: pick(hairs), height: 1.52 + 0.22*r.Float64(),
		width: 0.5 + 0.06*r.Float64(), bag: r.IntN(4) == 0, papers: r.IntN(3) == 0, longHair: r.IntN(3) == 0,
	}
	if officer {
		l.shirt, l.trousers, l.bag, l.papers = uniform, trousers[0], false, false
		l.height = 1.6 + 0.12*r.Float64()
	}
	return l
}

const (
	seatedHeight = 0.76 // of the standing height: the drawn look's citizens on stools
	sittingTop   = 0.81 // of the standing height: the top of somebody seated on a chair 45 cm high, and of so much
	sittingPart  = 0.62 // of the standing height is anything seen below that, in the people look
)

// figure is where a person stands in the picture, before anything hides it.
type figure struct {
	foot, head pt      // of somebody seated in the people look, foot is where the picture of the person ends
	scale      float64 // pixels a metre
	width      float64 // pixels
	tall       float64 // pixels of the standing height
}

func (s *Sim) figure(p *person) figure {
	v, h := s.view, p.look.height
	var f figure
	f.foot.x, f.foot.y = v.point(p.at, 0)
	_, f.head.y = v.point(p.at, h)
	f.head.x, f.scale, f.tall = f.foot.x, v.scale(p.at), f.foot.y-f.head.y
	f.width = p.look.width * f.scale
	switch {
	case !s.room.low && p.seated:
		_, f.head.y = v.point(p.at, h*seatedHeight)
	case s.room.low:
		if p.sprite, p.flip = s.sprite(p); p.sprite != nil {
			f.width = f.tall * float64(p.sprite.W) / float64(p.sprite.H)
		}
		if p.seated {
			_, f.head.y = v.point(p.at, h*sittingTop)
			f.foot.y = f.head.y + sittingPart*f.tall
		}
	}
	return f
}

// visible is the box of what can be seen of a person, pixels; desks, doorways, the backs of chairs and the picture's edges
// hide the rest. Other people do not count as hiding.
func (s *Sim) visible(p *person) models.Box {
	f := p.fig
	left, right, top, bottom := f.foot.x-f.width/2, f.foot.x+f.width/2, f.head.y, f.foot.y
	switch {
	case p.officer && s.room.behindDesk(-1-p.id, p.at):
		_, desk := s.view.point(vec{p.at.x, s.room.deskBack}, s.room.deskTop)
		bottom = min(bottom, desk)
	case p.seated && s.room.low:
		_, chair := s.view.point(vec{p.at.x, p.at.y - chairBack}, chairTop)
		bottom = min(bottom, chair)
	}
	if s.room.inDoorway(p) {
		edge, _ := s.view.point(vec{p.edge, s.room.wall - 0.12}, 0)
		right = min(right, edge)
	}
	left, right = max(left, 0), min(right, float64(s.cfg.Size.W))
	top, bottom = max(top, 0), min(bottom, float64(s.cfg.Size.H))
	if right-left < 2 || bottom-top < 2 {
		return models.Box{}
	}
	return models.Box{X: left, Y: top, W: right - left, H: bottom - top}
}

// person draws somebody: shadow, legs, arms, trunk, head; with the gait of the way walked so far.
func (p *painter) person(c *canvas, q *person) {
	if q.box.Area() == 0 {
		return
	}
	if p.room.inDoorway(q) {
		x, _ := p.view.point(vec{q.edge, p.room.wall - 0.12}, 0)
		c.clip.x1 = min(int(x), c.size.W)
		defer func() { c.clip.x1 = c.size.W }()
	}
	if p.room.low {
		p.cutting(c, q)
		return
	}
	f := q.fig
	b := body{c, q, f, f.foot.y - f.head.y, f.scale, 0}
	if len(q.path) > 0 {
		b.swing = math.Sin(q.walked * 2 * math.Pi / 1.3)
	}
	c.ellipse(pt{f.foot.x + 0.05*b.s, f.foot.y - 0.02*b.s}, 0.3*b.s, 0.12*b.s, rgb{70, 74, 84}, 0.22)
	b.legs()
	b.trunk()
	b.head()
}

// body draws the parts of one person; lengths are shares of the height h or metres times the scale s.
type body struct {
	*canvas
	*person
	figure
	h, s  float64 // pixels of the whole height; pixels a metre
	swing float64 // -1..1, where the legs are in their gait
}

// part is a place beside the person's middle line (metres) at a share of the height.
func (b *body) part(dx, share float64) pt { return pt{b.foot.x + dx*b.s, b.foot.y - share*b.h} }

func (b *body) legs() {
	dark, shoe := b.look.trousers, rgb{30, 28, 30}
	if b.seated {
		b.rect(models.Box{X: b.foot.x - 0.19*b.s, Y: b.foot.y - 0.34*b.h, W: 0.38 * b.s, H: 0.3 * b.h}, 0.06*b.s, dark, 1)
		b.limb(b.part(-0.1, 0.2), b.part(-0.1, 0.05), 0.07*b.s, 0.06*b.s, dark)
		b.limb(b.part(0.1, 0.2), b.part(0.1, 0.05), 0.07*b.s, 0.06*b.s, dark)
		return
	}
	aside := math.Abs(b.heads.x) > math.Abs(b.heads.y)
	for i, side := range []float64{-1, 1} {
		foot := b.part(0.09*side, 0.05)
		step := b.swing * side
		if aside {
			foot.x = b.foot.x + (0.04*side+0.13*step)*b.s
		}
		foot.y -= max(step, 0) * 0.05 * b.h // the foot in the air
		col := dark
		if i == 0 {
			col = dark.shade(0.85)
		}
		b.limb(b.part(0.08*side, 0.46), foot, 0.085*b.s, 0.065*b.s, col)
		b.limb(foot, pt{foot.x + math.Copysign(0.03, b.heads.x)*b.s, foot.y}, 0.05*b.h, 0.05*b.h, shoe)
	}
}

func (b *body) trunk() {
	low, high := 0.42, 0.83
	if b.seated {
		low, high = 0.26, 0.8
	}
	half := b.look.width/2 - 0.06
	arm := b.look.shirt.shade(0.8)
	for _, side := range []float64{-1, 1} {
		shoulder, hand := b.part(side*half, high-0.06), b.part(side*(half+0.005), low+0.03)
		hand.x += 0.05 * b.swing * side * b.s
		b.limb(shoulder, hand, 0.058*b.s, 0.05*b.s, arm)
		b.ellipse(hand, 0.05*b.s, 0.05*b.s, b.look.skin, 1)
	}
	trunk := models.Box{X: b.foot.x - (half-0.01)*b.s, Y: b.foot.y - high*b.h, W: 2 * (half - 0.01) * b.s, H: (high - low) * b.h}
	b.rect(trunk, 0.1*b.s, b.look.shirt, 1)
	trunk.X, trunk.W = trunk.X+0.05*b.s, 0.1*b.s
	b.rect(trunk, 0.05*b.s, b.look.shirt.shade(1.25), 0.6) // light from the left
	if b.look.bag && b.heads.y >= 0 {
		b.rect(models.Box{X: b.foot.x - 0.13*b.s, Y: b.foot.y - (high-0.03)*b.h, W: 0.26 * b.s, H: 0.27 * b.h}, 0.06*b.s, b.look.trousers.shade(1.4), 1)
	}
	if b.look.papers && b.heads.y < 0.5 {
		b.rect(models.Box{X: b.foot.x - 0.24*b.s, Y: b.foot.y - 0.6*b.h, W: 0.15 * b.s, H: 0.12 * b.h}, 1, rgb{236, 236, 230}, 1)
	}
	if b.officer { // a name badge and a collar
		b.rect(models.Box{X: b.foot.x + 0.05*b.s, Y: b.foot.y - 0.74*b.h, W: 0.09 * b.s, H: 0.05 * b.h}, 0.5, rgb{230, 230, 226}, 1)
	}
}

// head draws neck, face and hair; seen from behind there is hair only.
func (b *body) head() {
	r := 0.125 * b.s
	m := pt{b.foot.x, b.figure.head.y + r}
	b.limb(pt{m.x, m.y + 0.8*r}, pt{m.x, m.y + 1.5*r}, 0.5*r, 0.6*r, b.look.skin.shade(0.85))
	away := b.heads.y > math.Abs(b.heads.x)
	if b.look.longHair {
		b.limb(m, pt{m.x - 0.1*r, m.y + 1.2*r}, r, 0.9*r, b.look.hair)
	}
	b.ellipse(m, r, r, b.look.hair, 1)
	if away {
		return
	}
	l := max(math.Hypot(b.heads.x, b.heads.y), 1e-9)
	b.ellipse(pt{m.x + 0.4*r*b.heads.x/l, m.y + 0.28*r - 0.1*r*b.heads.y/l}, 0.78*r, 0.72*r, b.look.skin, 1)
}

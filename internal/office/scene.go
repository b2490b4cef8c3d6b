package office

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// Colours of the room: calm and light, so that people stand out.
var (
	wallColour  = rgb{222, 218, 204}
	floorColour = rgb{196, 203, 208}
	tileColour  = rgb{184, 191, 197}
	woodColour  = rgb{206, 180, 142}
	panelColour = rgb{150, 176, 190}
	frameColour = rgb{120, 132, 138}
	doorColour  = rgb{140, 148, 150}
	tapeColour  = rgb{226, 196, 96}
	plateColour = rgb{196, 58, 48}
	leafColour  = rgb{110, 150, 104}
	white       = rgb{238, 238, 234}
)

// paintRoom paints the empty office and notes what stands in front of people.
func (p *painter) paintRoom() {
	p.empty = make([]byte, 3*p.view.size.W*p.view.size.H)
	c := newCanvas(p.view.size, p.empty)
	if p.room.low {
		p.paintLowRoom(c)
		return
	}
	p.floor(c)
	p.wall(c)
	for k := range p.room.counters {
		p.doorway(c, k)
	}
	p.prop(c, p.room.deskFront, func(c *canvas) {
		for k := range p.room.counters {
			p.desk(c, k)
		}
	})
	p.waitingArea(c)
	if p.room.counters < 5 { // else there is no space
		p.plant(c, vec{-5.05, 2.75})
		p.plant(c, vec{5.3, 3.1})
	}
}

func (p *painter) floor(c *canvas) {
	w, h, wall := float64(c.size.W), float64(c.size.H), p.room.wall
	c.rect(models.Box{X: -2, Y: -2, W: w + 4, H: h + 4}, 0, floorColour, 1)
	near, far := -3.0, 9.0
	if p.room.low {
		near, far = 1.2-p.room.back, 9+p.room.back
	}
	for x := -far; x <= far; x += 1.2 {
		p.stroke(c, vec{x, near}, vec{x, wall}, 0.025, tileColour)
	}
	for y := near; y < wall; y += 1.2 {
		p.stroke(c, vec{-far, y}, vec{far, y}, 0.03, tileColour)
	}
	// Daylight falls in from the right.
	for i := range 6 {
		x := 1.5 + float64(i)*0.9
		c.polygon(p.view.outline(0, vec{x, near}, vec{far + 4, near}, vec{far + 4, wall}, vec{x + 2, wall}), white, 0.035)
	}
}

// stroke draws a line on the floor, half metres wide on either side.
func (p *painter) stroke(c *canvas, a, b vec, half float64, col rgb) {
	d := b.sub(a)
	l := math.Hypot(d.x, d.y)
	nx, ny := -d.y/l*half, d.x/l*half
	c.polygon(p.view.outline(0, vec{a.x + nx, a.y + ny}, vec{b.x + nx, b.y + ny}, vec{b.x - nx, b.y - ny}, vec{a.x - nx, a.y - ny}), col, 1)
}

func (p *painter) wall(c *canvas) {
	_, foot := p.view.point(vec{0, p.room.wall}, 0)
	w := float64(c.size.W)
	c.rect(models.Box{X: -2, Y: -2, W: w + 4, H: foot + 2}, 0, wallColour, 1)
	u := w / 640
	c.rect(models.Box{X: -2, Y: foot - 4*u, W: w + 4, H: 4 * u}, 0, frameColour.shade(1.2), 1)
	c.rect(models.Box{X: -2, Y: foot, W: w + 4, H: 3 * u}, 0, floorColour.shade(0.93), 1)
}

// doorway is the door by which the officer of a counter comes and goes.
func (p *painter) doorway(c *canvas, k int) {
	d := p.room.door(k)
	left, foot := p.view.point(vec{d.x - doorHalf, p.room.wall}, 0)
	right, _ := p.view.point(vec{d.x + doorHalf, p.room.wall}, 0)
	_, top := p.view.point(vec{d.x, p.room.wall}, doorTop+0.15)
	u := float64(c.size.W) / 640
	c.rect(models.Box{X: left - 3*u, Y: top - 3*u, W: right - left + 6*u, H: foot - top + 3*u}, u, frameColour, 1)
	c.rect(models.Box{X: left, Y: top, W: right - left, H: foot - top + 3*u}, 0, doorColour.shade(1.2), 1)
	c.rect(models.Box{X: left, Y: top, W: 4 * u, H: foot - top + 2*u}, 0, doorColour, 1)
}

// desk paints a counter with its number; what is painted here hides officers.
func (p *painter) desk(c *canvas, k int) {
	x, half, deskTop, deskFront, deskBack := p.room.centre(k), p.room.deskHalf(), p.room.deskTop, p.room.deskFront, p.room.deskBack
	l, r := x-half, x+half
	front := append(p.view.outline(0, vec{l, deskFront}, vec{r, deskFront}), p.view.outline(deskTop, vec{r, deskFront}, vec{l, deskFront})...)
	c.polygon(p.view.outline(deskTop, vec{l, deskFront}, vec{r, deskFront}, vec{r, deskBack}, vec{l, deskBack}), woodColour, 1)
	c.polygon(front, panelColour, 1)
	if side := math.Copysign(math.Max(math.Abs(x)-half, 0), x); side != 0 { // the side that faces the middle of the room
		c.polygon(append(p.view.outline(0, vec{side, deskFront}, vec{side, deskBack}), p.view.outline(deskTop, vec{side, deskBack}, vec{side, deskFront})...),
			panelColour.shade(0.85), 1)
	}
	edge := p.view.outline(deskTop, vec{l, deskFront}, vec{r, deskFront})
	c.limb(edge[0], edge[1], 1.2*c.unit(), 1.2*c.unit(), woodColour.shade(0.8))

	// A screen on the right, papers on the left, the number on the front.
	s := p.view.scale(vec{x, deskFront})
	m := pt2(p.view.point(vec{r - 0.3*half, deskBack - 0.3}, deskTop))
	c.rect(models.Box{X: m.x - 0.02*s, Y: m.y - 0.06*s, W: 0.04 * s, H: 0.06 * s}, 0, frameColour, 1)
	c.rect(models.Box{X: m.x - 0.17*s, Y: m.y - 0.28*s, W: 0.34 * s, H: 0.22 * s}, 1, rgb{70, 78, 86}, 1)
	papers := vec{x - 0.7*half, deskFront + 0.45}
	c.polygon(p.view.outline(deskTop, papers, vec{papers.x + 0.25, papers.y}, vec{papers.x + 0.28, papers.y + 0.3}, vec{papers.x + 0.03, papers.y + 0.3}), white, 1)
	plate := pt2(p.view.point(vec{x - 0.5*half, deskFront}, 0.42))
	c.rect(models.Box{X: plate.x - 0.19*s, Y: plate.y - 0.19*s, W: 0.38 * s, H: 0.38 * s}, 0.06*s, plateColour, 1)
	c.digit(k+1, plate, 0.13*s)
}

func (c *canvas) unit() float64 { return float64(c.size.W) / 640 }

// waitingArea is the floor marking of the line, or the stools.
func (p *painter) waitingArea(c *canvas) {
	if p.room.queue == Line {
		for i := range p.room.slots {
			at := p.room.place(i)
			p.stroke(c, vec{at.x - 0.28, at.y - 0.32}, vec{at.x + 0.28, at.y - 0.32}, 0.025, tapeColour)
		}
		q := p.room.queueZone
		p.stroke(c, vec{q[0], q[3] - 0.1}, vec{q[1], q[3] - 0.1}, 0.03, tapeColour)
		return
	}
	for i := range p.room.places() {
		at := p.room.place(i)
		foot, s := pt2(p.view.point(at, 0)), p.view.scale(at)
		seat := pt2(p.view.point(at, 0.42))
		c.ellipse(pt{foot.x, foot.y}, 0.2*s, 0.08*s, tileColour.shade(0.9), 1)
		c.limb(pt{foot.x, foot.y - 0.03*s}, seat, 0.035*s, 0.035*s, frameColour)
		c.ellipse(seat, 0.22*s, 0.13*s, panelColour.shade(0.9), 1)
		c.ellipse(pt{seat.x, seat.y - 0.02*s}, 0.2*s, 0.11*s, panelColour, 1)
	}
}

func (p *painter) plant(c *canvas, at vec) {
	foot, s := pt2(p.view.point(at, 0)), p.view.scale(at)
	c.ellipse(foot, 0.24*s, 0.09*s, tileColour.shade(0.9), 1)
	c.rect(models.Box{X: foot.x - 0.16*s, Y: foot.y - 0.3*s, W: 0.32 * s, H: 0.32 * s}, 0.05*s, woodColour.shade(0.9), 1)
	for i := range 7 {
		a := (float64(i) - 3) * 0.32
		tip := pt{foot.x + 0.42*s*math.Sin(a), foot.y - 0.3*s - 0.5*s*math.Cos(a)}
		c.limb(pt{foot.x, foot.y - 0.28*s}, tip, 0.07*s, 0.02*s, leafColour.shade(0.85+0.08*float64(i%3)))
	}
}

// digits are strokes on a grid 2 wide and 4 high, from the top left.
var digits = [10][]pt{
	{{0, 0}, {2, 0}, {2, 4}, {0, 4}, {0, 0}}, {{0, 1}, {1, 0}, {1, 4}}, {{0, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 4}, {2, 4}},
	{{0, 0}, {2, 0}, {2, 2}, {0.5, 2}, {2, 2}, {2, 4}, {0, 4}}, {{0, 0}, {0, 2}, {2, 2}, {2, 0}, {2, 4}}, {{2, 0}, {0, 0}, {0, 2}, {2, 2}, {2, 4}, {0, 4}},
	{{2, 0}, {0, 0}, {0, 4}, {2, 4}, {2, 2}, {0, 2}}, {{0, 0}, {2, 0}, {1, 4}}, {{0, 0}, {2, 0}, {2, 4}, {0, 4}, {0, 0}, {0, 2}, {2, 2}},
	{{2, 2}, {0, 2}, {0, 0}, {2, 0}, {2, 4}},
}

// digit writes a number 0..9 around m, half as high as given.
func (c *canvas) digit(n int, m pt, half float64) {
	g := half / 2
	for i, a := range digits[n][:len(digits[n])-1] {
		b := digits[n][i+1]
		c.limb(pt{m.x + (a.x-1)*g, m.y + (a.y-2)*g}, pt{m.x + (b.x-1)*g, m.y + (b.y-2)*g}, 0.3*g, 0.3*g, white)
	}
}

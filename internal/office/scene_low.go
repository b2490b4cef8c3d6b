package office

import (
	"math/rand/v2"

	"github.com/counterwatch/counterwatch/models"
)

// paintLowRoom paints the empty office of the people look: one counter in the right half, the line's tape or rows of
// chairs in the left one. What stands in front of people is noted as props.
func (p *painter) paintLowRoom(c *canvas) {
	r := p.room
	p.floor(c)
	p.wall(c)
	p.ceiling(c)
	for k := range r.counters {
		p.doorway(c, k)
	}
	p.prop(c, r.deskFront, p.longCounter)
	if r.queue == Seats {
		for row, y := range r.rows {
			p.prop(c, y-chairBack, func(c *canvas) { p.chairs(c, row) })
		}
	} else {
		p.stroke(c, vec{r.queueZone[0], r.queueZone[3]}, vec{r.queueZone[1], r.queueZone[3]}, 0.04, tapeColour)
		for i := range r.slots {
			at := r.place(i)
			p.stroke(c, vec{at.x - 0.22, at.y - 0.3}, vec{at.x + 0.22, at.y - 0.3}, 0.03, tapeColour)
		}
	}
	speckle(c.pix, rng(0, 3))
	soften(c.pix, c.size.W)
}

// speckle gives plaster and tiles the fine unevenness that real surfaces have.
func speckle(pix []byte, r *rand.Rand) {
	for i := 0; i+2 < len(pix); i += 3 {
		d := r.IntN(9) - 4
		for k := range 3 {
			pix[i+k] = byte(min(max(int(pix[i+k])+d, 0), brightest))
		}
	}
}

// prop paints something that hides people farther away than y, and notes its pixels.
func (p *painter) prop(c *canvas, y float64, paint func(*canvas)) {
	before := append([]byte(nil), c.pix...)
	paint(c)
	n, w := c.size.W*c.size.H, c.size.W
	q := prop{y: y, mask: make([]bool, n), from: c.size.H}
	for i := range n {
		if [3]byte(c.pix[3*i:]) != [3]byte(before[3*i:]) {
			q.mask[i] = true
			q.from, q.to = min(q.from, i/w), max(q.to, i/w+1)
		}
	}
	p.props = append(p.props, q)
}

// ceiling is a bright band above the back wall, with lamps.
func (p *painter) ceiling(c *canvas) {
	const height = 3.3
	_, edge := p.view.point(vec{0, p.room.wall}, height)
	if edge <= 0 {
		return
	}
	w := float64(c.size.W)
	c.rect(models.Box{X: -2, Y: -2, W: w + 4, H: edge + 2}, 0, white, 1)
	c.rect(models.Box{X: -2, Y: edge - 1.5*c.unit(), W: w + 4, H: 1.5 * c.unit()}, 0, frameColour.shade(1.4), 1)
}

// longCounter is the counter at which all officers sit, with a number on the front of each place.
func (p *painter) longCounter(c *canvas) {
	r := p.room
	// Both ends lie on lines of sight, so that the top hides everything behind it equally.
	from, to := r.centre(0)-0.5*r.pitch, r.centre(r.counters-1)+0.5*r.pitch
	at := r.sight
	front := append(p.view.outline(0, at(from, r.deskFront), at(to, r.deskFront)), p.view.outline(r.deskTop, at(to, r.deskFront), at(from, r.deskFront))...)
	c.polygon(p.view.outline(r.deskTop, at(from, r.deskFront), at(to, r.deskFront), at(to, r.deskBack), at(from, r.deskBack)), woodColour, 1)
	c.polygon(front, panelColour, 1)
	edge := p.view.outline(r.deskTop, at(from, r.deskFront), at(to, r.deskFront))
	c.limb(edge[0], edge[1], 1.2*c.unit(), 1.2*c.unit(), woodColour.shade(0.8))
	for k := range r.counters {
		place := at(r.centre(k), r.deskFront)
		s := p.view.scale(place)
		plate := pt2(p.view.point(place, 0.5))
		c.rect(models.Box{X: plate.x - 0.16*s, Y: plate.y - 0.16*s, W: 0.32 * s, H: 0.32 * s}, 0.05*s, plateColour, 1)
		c.digit(k+1, plate, 0.11*s)
		papers := at(r.centre(k), r.deskFront+0.3)
		c.polygon(p.view.outline(r.deskTop, papers, vec{papers.x + 0.25, papers.y}, vec{papers.x + 0.28, papers.y + 0.3}, vec{papers.x + 0.03, papers.y + 0.3}), white, 1)
	}
}

// chairs is one row of chairs with their backs to the camera.
func (p *painter) chairs(c *canvas, row int) {
	r := p.room
	for i := range r.seats {
		at := r.place(row*r.seats + i)
		back := at.y - chairBack
		panel := append(p.view.outline(0.28, vec{at.x - 0.23, back}, vec{at.x + 0.23, back}), p.view.outline(chairTop, vec{at.x + 0.23, back}, vec{at.x - 0.23, back})...)
		s := p.view.scale(vec{at.x, back})
		for _, dx := range []float64{-0.2, 0.2} {
			foot, top := pt2(p.view.point(vec{at.x + dx, back}, 0)), pt2(p.view.point(vec{at.x + dx, back}, 0.3))
			c.limb(foot, top, 0.02*s, 0.02*s, frameColour)
		}
		c.polygon(panel, panelColour.shade(0.8), 1)
		c.polygon(p.view.outline(chairTop, vec{at.x - 0.23, back}, vec{at.x + 0.23, back}, vec{at.x + 0.23, back + 0.04}, vec{at.x - 0.23, back + 0.04}), panelColour, 1)
	}
}

package office

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// pt is a place in the picture in pixels.
type pt struct{ x, y float64 }

// rgb is a colour. Components stay at or below brightest, so that noise can be added without overflow.
type rgb struct{ r, g, b uint8 }

const brightest = 240

// shade makes a colour lighter (f > 1) or darker.
func (c rgb) shade(f float64) rgb {
	m := func(v uint8) uint8 { return uint8(math.Min(float64(v)*f, brightest)) }
	return rgb{m(c.r), m(c.g), m(c.b)}
}

// canvas is a BGR24 picture with anti-aliased shapes; nothing is drawn outside clip.
type canvas struct {
	size models.Size
	pix  []byte // 3 * W * H
	clip clip
}

// clip is a span of pixels, x1 and y1 excluded.
type clip struct{ x0, y0, x1, y1 int }

func newCanvas(size models.Size, pix []byte) *canvas {
	return &canvas{size, pix, clip{0, 0, size.W, size.H}}
}

// fill colours what lies inside a shape given by its signed distance in pixels (negative inside), within a bounding box.
func (c *canvas) fill(box models.Box, col rgb, alpha float64, distance func(x, y float64) float64) {
	x0, x1 := max(int(box.X)-1, c.clip.x0), min(int(box.X+box.W)+2, c.clip.x1)
	y0, y1 := max(int(box.Y)-1, c.clip.y0), min(int(box.Y+box.H)+2, c.clip.y1)
	for y := y0; y < y1; y++ {
		row := c.pix[y*c.size.W*3 : (y+1)*c.size.W*3]
		for x := x0; x < x1; x++ {
			cover := 0.5 - distance(float64(x)+0.5, float64(y)+0.5)
			if cover <= 0 {
				continue
			}
			a := int(256 * min(cover, 1) * alpha)
			p := row[3*x : 3*x+3 : 3*x+3]
			p[0] = uint8(int(p[0]) + (int(col.b)-int(p[0]))*a>>8)
			p[1] = uint8(int(p[1]) + (int(col.g)-int(p[1]))*a>>8)
			p[2] = uint8(int(p[2]) + (int(col.r)-int(p[2]))*a>>8)
		}
	}
}

// ellipse fills an upright ellipse.
func (c *canvas) ellipse(m pt, rx, ry float64, col rgb, alpha float64) {
	c.fill(models.Box{X: m.x - rx, Y: m.y - ry, W: 2 * rx, H: 2 * ry}, col, alpha, func(x, y float64) float64 {
		dx, dy := (x-m.x)/rx, (y-m.y)/ry
		return (math.Sqrt(dx*dx+dy*dy) - 1) * min(rx, ry)
	})
}

// limb fills a line from a to b with round ends, as wide as 2 ra at a and 2 rb at b.
func (c *canvas) limb(a, b pt, ra, rb float64, col rgb) {
	r := max(ra, rb)
	dx, dy := b.x-a.x, b.y-a.y
	l2 := max(dx*dx+dy*dy, 1e-9)
	c.fill(models.Box{X: min(a.x, b.x) - r, Y: min(a.y, b.y) - r, W: math.Abs(dx) + 2*r, H: math.Abs(dy) + 2*r}, col, 1, func(x, y float64) float64 {
		t := min(max(((x-a.x)*dx+(y-a.y)*dy)/l2, 0), 1)
		ex, ey := x-a.x-t*dx, y-a.y-t*dy
		return math.Sqrt(ex*ex+ey*ey) - ra - t*(rb-ra)
	})
}

// rect fills an upright rectangle with rounded corners.
func (c *canvas) rect(b models.Box, radius float64, col rgb, alpha float64) {
	mx, my, hw, hh := b.X+b.W/2, b.Y+b.H/2, b.W/2-radius, b.H/2-radius
	c.fill(b, col, alpha, func(x, y float64) float64 {
		qx, qy := math.Abs(x-mx)-hw, math.Abs(y-my)-hh
		if qx <= 0 || qy <= 0 {
			return max(qx, qy) - radius
		}
		return math.Sqrt(qx*qx+qy*qy) - radius
	})
}

// polygon fills a convex polygon.
func (c *canvas) polygon(ps []pt, col rgb, alpha float64) {
	x0, y0, x1, y1 := ps[0].x, ps[0].y, ps[0].x, ps[0].y
	var area float64
	for i, p := range ps {
		x0, x1, y0, y1 = min(x0, p.x), max(x1, p.x), min(y0, p.y), max(y1, p.y)
		q := ps[(i+1)%len(ps)]
		area += p.x*q.y - q.x*p.y
	}
	sign := math.Copysign(1, area)
	type edge struct{ nx, ny, d float64 }
	edges := make([]edge, len(ps))
	for i, p := range ps {
		q := ps[(i+1)%len(ps)]
		l := sign * max(math.Hypot(q.x-p.x, q.y-p.y), 1e-9)
		nx, ny := (q.y-p.y)/l, -(q.x-p.x)/l
		edges[i] = edge{nx, ny, nx*p.x + ny*p.y}
	}
	c.fill(models.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}, col, alpha, func(x, y float64) float64 {
		d := math.Inf(-1)
		for _, e := range edges {
			d = max(d, e.nx*x+e.ny*y-e.d)
		}
		return d
	})
}

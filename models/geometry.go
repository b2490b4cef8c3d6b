package models

import "math"

// Size is a picture's width and height in pixels.
type Size struct{ W, H int }

// Point is a place in the picture in 0..1 coordinates: X from the left, Y from the top.
type Point struct{ X, Y float64 }

// Box is an axis-aligned rectangle: left, top, width, height; pixels of the analysed picture unless said otherwise.
type Box struct{ X, Y, W, H float64 }

// Area is the box's area; 0 for a box turned inside out.
func (b Box) Area() float64 { return max(b.W, 0) * max(b.H, 0) }

// Intersect returns the area two boxes share.
func (b Box) Intersect(o Box) float64 {
	w := min(b.X+b.W, o.X+o.W) - max(b.X, o.X)
	h := min(b.Y+b.H, o.Y+o.H) - max(b.Y, o.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h
}

// IoU is intersection over union, 0..1.
func (b Box) IoU(o Box) float64 {
	i := b.Intersect(o)
	if i == 0 {
		return 0
	}
	return i / (b.Area() + o.Area() - i)
}

// Normalise returns the box in 0..1 coordinates of a picture of the given size.
func (b Box) Normalise(s Size) Box {
	w, h := float64(s.W), float64(s.H)
	return Box{b.X / w, b.Y / h, b.W / w, b.H / h}
}

// Polygon is a closed outline in 0..1 coordinates; the last point joins the first.
type Polygon []Point

// Contains reports whether p lies inside, by the even-odd rule.
func (p Polygon) Contains(q Point) bool {
	in := false
	for i, j := 0, len(p)-1; i < len(p); j, i = i, i+1 {
		a, b := p[i], p[j]
		if (a.Y > q.Y) != (b.Y > q.Y) && q.X < (b.X-a.X)*(q.Y-a.Y)/(b.Y-a.Y)+a.X {
			in = !in
		}
	}
	return in
}

// Area is the polygon's area as a share of the picture (shoelace formula).
func (p Polygon) Area() float64 {
	var s float64
	for i, j := 0, len(p)-1; i < len(p); j, i = i, i+1 {
		s += p[j].X*p[i].Y - p[i].X*p[j].Y
	}
	return math.Abs(s) / 2
}

// Bounds is the smallest box, in 0..1 coordinates, that holds the polygon.
func (p Polygon) Bounds() Box {
	if len(p) == 0 {
		return Box{}
	}
	x0, y0, x1, y1 := p[0].X, p[0].Y, p[0].X, p[0].Y
	for _, q := range p[1:] {
		x0, y0 = math.Min(x0, q.X), math.Min(y0, q.Y)
		x1, y1 = math.Max(x1, q.X), math.Max(y1, q.Y)
	}
	return Box{x0, y0, x1 - x0, y1 - y0}
}

// SelfIntersects reports whether two edges that are not neighbours cross.
func (p Polygon) SelfIntersects() bool {
	n := len(p)
	side := func(a, b, c Point) float64 { return (b.X-a.X)*(c.Y-a.Y) - (b.Y-a.Y)*(c.X-a.X) }
	for i := range n {
		for j := i + 2; j < n; j++ {
			if i == 0 && j == n-1 {
				continue
			}
			a, b, c, d := p[i], p[(i+1)%n], p[j], p[(j+1)%n]
			if side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0 {
				return true
			}
		}
	}
	return false
}

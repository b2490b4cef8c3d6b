package track

import "math"

// path holds the last places of a person: enough to tell which way they go.
type path struct {
	at [8]place // a ring
	n  int      // places noted so far
}

type place struct{ t, x, y float64 } // s; pixels

func (p *path) note(t, x, y float64) {
	p.at[p.n%len(p.at)] = place{t, x, y}
	p.n++
}

// heading is the way gone in the last span seconds, or between the last two places if they are further apart, in pixels.
func (p *path) heading(span float64) (dx, dy float64) {
	if p.n == 0 {
		return 0, 0
	}
	last := p.at[(p.n-1)%len(p.at)]
	for k := 2; k <= min(p.n, len(p.at)); k++ {
		o := p.at[(p.n-k)%len(p.at)]
		dx, dy = last.x-o.x, last.y-o.y
		if last.t-o.t >= span-1e-3 {
			break
		}
	}
	return dx, dy
}

// onward says how far a step keeps to a heading: 1 straight on, 0 at a right angle, -1 back; 0 where either is shorter than
// least. It is linear in the angle (observation-centric momentum: Cao et al., OC-SORT, 2023).
func onward(dx, dy, sx, sy, least float64) float64 {
	way, step := math.Hypot(dx, dy), math.Hypot(sx, sy)
	if way <= least || step <= least {
		return 0
	}
	return 1 - 2/math.Pi*math.Acos(max(-1, min(1, (dx*sx+dy*sy)/(way*step))))
}

package office

import (
	"github.com/counterwatch/counterwatch/models"
)

// Seen is one person in the newest frame as a perfect detector would give them.
type Seen struct {
	ID      int // of the truth's visits; officers are negative: -1 is the officer of the first counter
	Officer bool
	Seated  bool
	Box     models.Box // what desks, doorways and the picture's edges leave to see, pixels
	Covered float64    // share of Box behind people who stand in front, 0..1
	Front   bool       // an officer whom a citizen in front hides by inFront or more
}

// inFront is the share of an officer that must be covered to speak of a citizen in front.
const inFront = .4

// Seen appends everybody in the newest frame to out. Nothing is drawn for it, so that half days take seconds.
func (s *Sim) Seen(out []Seen) []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.people {
		if p.box.Area() == 0 {
			continue
		}
		seen := Seen{ID: p.id, Officer: p.officer, Seated: p.seated, Box: p.box, Covered: s.covered(p)}
		seen.Front = p.officer && seen.Covered >= inFront
		out = append(out, seen)
	}
	return out
}

// covered is the share of a person's box that lies behind the boxes of people nearer to the camera, by sample points.
func (s *Sim) covered(p *person) float64 {
	const side = 12
	var buffer [8]models.Box
	front := buffer[:0]
	for _, q := range s.people {
		if q.at.y < p.at.y && q.box.Intersect(p.box) > 0 {
			front = append(front, q.box)
		}
	}
	if len(front) == 0 {
		return 0
	}
	hidden := 0
	for i := range side * side {
		x := p.box.X + p.box.W*(float64(i%side)+.5)/side
		y := p.box.Y + p.box.H*(float64(i/side)+.5)/side
		for _, b := range front {
			if x >= b.X && x <= b.X+b.W && y >= b.Y && y <= b.Y+b.H {
				hidden++
				break
			}
		}
	}
	return float64(hidden) / (side * side)
}

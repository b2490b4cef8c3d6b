package office

import (
	"math"
	"math/rand/v2"
)

// officer is the working life of one officer.
type officer struct {
	self    *person // nil while out of the room
	rng     *rand.Rand
	atDesk  bool
	going   bool    // on the way out
	returns float64 // video second of coming (back) in; infinite when gone for the day
	due     float64 // video second of the next break; infinite for none
	breaks  int     // taken so far
	posture *rand.Rand
	rises   float64 // video second of standing up, or of sitting down again
}

func (s *Sim) newCounter(k int) *counter {
	c := &counter{index: k}
	c.rng = rng(s.cfg.Seed, uint64(100+k))
	c.posture = rng(s.cfg.Seed, uint64(200+k))
	c.returns = s.begins() + 1.5*c.rng.Float64()
	c.due = s.nextBreak(c.rng, c.returns)
	if k == 0 && s.cfg.FirstBreak > 0 {
		c.due = s.cfg.FirstBreak.Seconds()
	}
	return c
}

// nextBreak draws when an officer who sat down at from is due for a break.
func (s *Sim) nextBreak(r *rand.Rand, from float64) float64 {
	if s.cfg.BreakEvery < 0 {
		return math.Inf(1)
	}
	return from + max(s.lognormal(r, s.cfg.BreakEvery, 0.5), 5)
}

// leaves reports whether it is time for the officer to go: for a break, or home once nobody waits after closing.
func (s *Sim) leaves(c *counter) bool {
	if s.closed() {
		return len(s.line) == 0
	}
	return s.now >= c.due
}

// takes reports whether the officer begins with somebody new: at the desk, and not just before a break.
func (s *Sim) takes(c *counter) bool {
	const lastCall = 8 // video seconds before a break
	return c.atDesk && !s.leaves(c) && (s.closed() || s.now < c.due-lastCall) && s.now >= c.free
}

// work is one step of an officer: come in, sit down, leave for a break when due and nobody is being served, go home
// after closing when nobody waits.
func (s *Sim) work(c *counter) {
	desk, door := s.room.officer(c.index), s.room.door(c.index)
	within := vec{door.x + 1.1, door.y} // behind the wall, beside the doorway
	beside := s.room.beside(c.index)
	switch {
	case c.self == nil && s.now >= c.returns && (!s.closed() || len(s.line) > 0):
		p := s.newPerson(-1 - c.index)
		p.officer, p.at, p.edge = true, within, door.x+doorHalf
		p.path = []vec{door, beside, desk}
		c.self, c.going = p, false
		s.people = append(s.people, p)
	case c.self == nil:
	case c.going && len(c.self.path) == 0:
		s.leaveRoom(c)
	case !c.going && !c.atDesk && len(c.self.path) == 0:
		c.atDesk, c.self.edge, c.rises = true, 0, 0
		c.self.heads = vec{-0.3, -1}
		c.free = s.now + 1
	case c.atDesk && c.citizen == nil && s.leaves(c):
		c.atDesk, c.going, c.self.seated = false, true, false
		c.self.edge = door.x + doorHalf
		c.self.path = []vec{beside, door, within}
	case c.atDesk && s.cfg.Standing < 1 && s.now >= c.rises:
		s.changePosture(c)
	}
}

// changePosture lets an officer at the desk sit down or stand up, for about a minute of office time at a time standing and
// for as long sitting as makes the share Standing.
func (s *Sim) changePosture(c *counter) {
	share := math.Max(s.cfg.Standing, 0)
	if c.self.seated = !c.self.seated; c.rises == 0 { // has only just come
		c.self.seated = c.posture.Float64() >= share
	}
	const standing = 60 // office seconds
	mean := standing * (1 - share) / math.Max(share, 1e-6)
	if !c.self.seated {
		mean = standing
	}
	c.rises = s.now + max(s.after(c.posture, mean), 4)
}

// leaveRoom takes an officer who has gone through the door out of the picture and settles the return.
func (s *Sim) leaveRoom(c *counter) {
	for i, p := range s.people {
		if p == c.self {
			s.people = append(s.people[:i:i], s.people[i+1:]...)
			break
		}
	}
	c.self, c.going = nil, false
	// Between half and one and a half times the mean: short breaks must not matter, long ones must be noticed.
	away := s.cfg.BreakFor.Seconds() / s.cfg.Speed
	if c.breaks++; c.breaks > 1 || s.cfg.FirstBreak == 0 {
		away *= 0.5 + c.rng.Float64()
	}
	c.returns = s.now + max(away, 3)
	c.due = s.nextBreak(c.rng, c.returns+3)
}

package zone

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of posts.
const (
	settled   = 10 * time.Second // seen in the staff zone for so long: not only passing another's post
	blink     = 3 * time.Second  // unseen for longer, a track found elsewhere is not the officer it was
	leaning   = 1.25             // an officer who leans over the desk is hardly taller than before; a citizen is, being nearer
	samePlace = .3               // IoU of boxes at one place
	veilOn    = .5               // share of the post behind somebody from which it is hidden
	veilOff   = .1               // until it is less than this: boxes jitter, and hidden people are found again late
)

// post is where an officer of a staff zone was last seen. It asks little of identities: a tracker takes the citizen who
// steps in the way, or a colleague who passes behind, for the officer who is hidden. As long as a post that nobody was seen
// to leave is behind somebody, it is unknown whether the officer is there.
type post struct {
	box    models.Box
	holder int64     // track
	seen   time.Time // when the holder was last seen there
	held   time.Time // the same, or when the post was last behind somebody; zero: no post
	veiled bool
}

// takePost notes that somebody who counts is seen in a staff zone. Whoever only passes an officer's post does not take it.
func (a *area) takePost(p *person, sight time.Duration, at time.Time) {
	t := &a.post
	same := p.box.IoU(t.box) >= samePlace
	if p.track == t.holder && at.Sub(t.seen) > blink && !same {
		t.holder = 0 // somebody else whom the tracker took for the officer
	}
	if t.held.IsZero() || p.track == t.holder || same || sight >= settled && !t.veiled {
		t.box, t.holder, t.seen, t.held = p.box, p.track, at, at
	}
}

// leavePost notes that somebody was seen to leave a staff zone. A post is given up by its holder, who was there for a while,
// in plain sight, and not to the citizens' side.
func (a *area) leavePost(p *person, sight time.Duration) {
	if t := &a.post; p.track == t.holder && sight >= settled && p.seen.Sub(t.seen) <= blink && !a.lower(p.box) {
		t.held = time.Time{}
	}
}

// postHidden reports whether the post of a staff zone is behind somebody now. One that is seen empty for as long as an officer
// who vanished stays counted is no post any more.
func (a *area) postHidden(people []person, zone int, at time.Time) bool {
	t := &a.post
	if t.held.IsZero() || t.held.Equal(at) {
		t.veiled = false
		return false
	}
	most := 0.0
	for i := range people {
		p := &people[i]
		leans := p.track == t.holder && p.box.H < leaning*t.box.H
		if p.box != t.box && !leans && a.before(p, zone) {
			most = max(most, p.box.Intersect(t.box)/t.box.Area())
		}
	}
	t.veiled = most >= veilOn || t.veiled && most >= veilOff
	if t.veiled {
		t.held = at
	} else if at.Sub(t.held) >= holdStaff {
		t.held = time.Time{}
	}
	return t.veiled
}

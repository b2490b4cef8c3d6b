package analytics

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Turns shares the right to analyse between the cameras of a node: as many frames at once as there are slots, the earliest
// deadline first. A camera's deadline is one interval after its last one; after a pause it goes on from those of the others.
// While all is well deadlines hardly matter; when there is too little time they run slower than the clock,
// and every camera gets the same share of the rate it asks for: none starves, and none gains by having waited or by asking
// again soon. This is self-clocked fair queueing (Golestani, INFOCOM 1994) with a frame as the unit of service.
//
// It is safe for concurrent use.
type Turns struct {
	mu      sync.Mutex
	free    int
	clock   time.Duration // latest deadline of the turns given
	waiting []*turn
}

// claim is how far behind the others a camera's deadlines may be: between two of its turns, while it keeps what it found,
// others get theirs. A camera that comes back from a pause is ahead of them by no more than this.
const claim = time.Second

// turn is one camera's place in the queue.
type turn struct {
	turns *Turns
	every time.Duration // between the frames that the camera asks for
	due   time.Duration
	given chan struct{} // one word when it is the camera's turn
}

// NewTurns makes Turns of at least one slot.
func NewTurns(slots int) *Turns { return &Turns{free: max(slots, 1)} }

// join makes a place for a camera that asks for a frame every so often.
func (t *Turns) join(every time.Duration) *turn {
	return &turn{turns: t, every: every, given: make(chan struct{}, 1)}
}

// take waits for the camera's turn and reports whether it came before ctx ended; done must then be called. A camera takes
// one turn at a time.
func (u *turn) take(ctx context.Context) bool {
	t := u.turns
	t.mu.Lock()
	u.due = max(u.due, t.clock-claim) + u.every
	t.waiting = append(t.waiting, u)
	t.give()
	t.mu.Unlock()
	select {
	case <-u.given:
		return true
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, u); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	} else { // it came at the same moment
		<-u.given
		t.free++
		t.give()
	}
	return false
}

// done ends the camera's turn.
func (u *turn) done() {
	u.turns.mu.Lock()
	defer u.turns.mu.Unlock()
	u.turns.free++
	u.turns.give()
}

// give gives free slots to the earliest deadlines; of equal ones to who asked first. It needs mu.
func (t *Turns) give() {
	for t.free > 0 && len(t.waiting) > 0 {
		first := 0
		for i, u := range t.waiting {
			if u.due < t.waiting[first].due {
				first = i
			}
		}
		u := t.waiting[first]
		t.waiting = slices.Delete(t.waiting, first, first+1)
		t.free--
		t.clock = max(t.clock, u.due)
		u.given <- struct{}{}
	}
}

package analytics

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Turns shares a node's cores between its cameras: as many turns at once as there are slots, the earliest deadline first. In
// a turn a camera decodes what has come since its last one and analyses a frame, so no more decoders and networks run than
// there are cores. A camera's deadline is one interval after its last one; after a pause it goes on from those of the others.
// While all is well deadlines hardly matter; when there is too little time they run slower than the clock,
// and every camera gets the same share of the rate it asks for: none starves, and none gains by having waited or by asking
// again soon. This is self-clocked fair queueing (Golestani, INFOCOM 1994) with a frame as the unit of service.
//
// While cameras have to wait for too long, some of them are shed: see shed.go. It is safe for concurrent use.
type Turns struct {
	mu      sync.Mutex
	free    int
	clock   time.Duration // latest deadline of the turns given
	waiting []*turn
	load    load
}

const (
	// claim is how far behind the others a camera's deadlines may be: between two of its turns, while it keeps what it found,
	// others get theirs. A camera that comes back from a pause is ahead of them by no more than this.
	claim = time.Second
	// patience is how long a turn may last until its slot goes to the next: whoever takes so long hangs in a decoder rather
	// than uses its core.
	patience = 750 * time.Millisecond
)

// turn is one camera's place in the queue.
type turn struct {
	turns    *Turns
	every    time.Duration // between the frames that the camera asks for
	priority int           // 1..9: the lowest are shed first
	due      time.Duration
	asked    time.Time
	given    chan struct{} // one word when it is the camera's turn
	late     *time.Timer   // takes the slot away
	holds    bool          // the slot
	shed     bool          // the camera is to do less ..
	yields   bool          // .. and others come before it
}

// NewTurns makes Turns of at least one slot.
func NewTurns(slots int) *Turns { return &Turns{free: max(slots, 1)} }

// join makes a place for a camera that asks for a frame every so often.
func (t *Turns) join(every time.Duration, priority int) *turn {
	u := &turn{turns: t, every: every, priority: priority, given: make(chan struct{}, 1)}
	u.late = time.AfterFunc(time.Hour, u.giveUp)
	u.late.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.load.join(u)
	return u
}

// leave gives the place up.
func (u *turn) leave() {
	u.turns.mu.Lock()
	defer u.turns.mu.Unlock()
	u.turns.load.leave(u)
}

// take waits for the camera's turn and reports whether it came before ctx ended; done must then be called. A camera takes
// one turn at a time. One in which no frame is analysed costs it nothing.
func (u *turn) take(ctx context.Context, frame bool) bool {
	t := u.turns
	t.mu.Lock()
	u.due = max(u.due, t.clock-claim)
	if frame {
		u.due += u.cost()
	}
	u.asked = time.Now()
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
		u.release()
	}
	return false
}

// done ends the camera's turn.
func (u *turn) done() {
	u.turns.mu.Lock()
	defer u.turns.mu.Unlock()
	u.release()
}

// giveUp lets others use the slot of a turn that lasts too long.
func (u *turn) giveUp() { u.done() }

// release needs mu.
func (u *turn) release() {
	u.late.Stop()
	if !u.holds {
		return
	}
	u.holds = false
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
		u.holds = true
		now := time.Now()
		t.load.waited(now, now.Sub(u.asked), u.shed)
		u.late.Reset(patience)
		u.given <- struct{}{}
	}
}

package sandbox

import (
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// A camera whose units end its child again and again must not take its neighbours along.
const (
	strikesWithin = 5 * time.Minute // are counted together
	strikesAlone  = 3               // and the camera gets a child of its own
	firstWait     = time.Second     // before that child is started anew; doubled each time
	longestWait   = time.Minute
)

// history is what is remembered of one camera's ends of children. It is safe for concurrent use.
type history struct {
	camera string

	mu      sync.Mutex
	strikes []time.Time
	alone   bool
	wait    time.Duration
	after   time.Time // not before
}

func (h *history) String() string {
	if h.camera == "" {
		return "(unnamed)"
	}
	return h.camera
}

// strike notes that a child ended during a request of this camera; it reports whether that made the camera a lonely one.
func (h *history) strike(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	h.strikes = append(h.strikes, now)
	if len(h.strikes) < strikesAlone {
		return false
	}
	before := h.alone
	h.alone = true
	h.wait = min(max(2*h.wait, firstWait), longestWait)
	h.after = now.Add(h.wait)
	return !before
}

// may says whether the camera may be placed now, and whether alone.
func (h *history) may(now time.Time) (alone bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(now)
	if now.Before(h.after) {
		return true, models.Errorf(models.KindUnavailable,
			"camera %s has ended its decoding process %d times: next try in %v; another codec or profile in the camera's settings may help",
			h, len(h.strikes), h.after.Sub(now).Round(time.Second/10))
	}
	return h.alone, nil
}

// forget drops old strikes; a camera without any is like all others. It needs mu.
func (h *history) forget(now time.Time) {
	i := 0
	for i < len(h.strikes) && now.Sub(h.strikes[i]) > strikesWithin {
		i++
	}
	h.strikes = h.strikes[i:]
	if len(h.strikes) == 0 {
		h.alone, h.wait, h.after = false, 0, time.Time{}
	}
}

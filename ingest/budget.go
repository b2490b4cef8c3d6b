package ingest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// GCPercent is how much garbage, in percent of what is alive, a process full of rings should let lie (debug.SetGCPercent). What
// rings hold lives for seconds and is by far the most; Go's own 100 would double it. Forty cameras of 1 Mbit/s take 5.2 MB each
// at 100, 4.1 at 50 and 3.4 at 25, at the same processor time.
const GCPercent = 30

// Budget is the memory that a node has for coded pictures, divided among its cameras' rings by need: each is to keep
// DefaultRingDuration of its own bit rate. When the sum of that is too much, all keep the same fewer seconds, but never
// less than the group of pictures that is coming in. It is safe for concurrent use.
type Budget struct {
	used atomic.Int64

	mu    sync.Mutex
	total int
	sum   need
}

// need is what a ring, or all of them, must hold.
type need struct {
	rate  float64 // bytes a second
	group float64 // bytes of a group of pictures: a ring drops whole groups, so it holds up to one more than its seconds
}

// measuredOver is the time over which a camera's bit rate is averaged.
const measuredOver = 10 * time.Second

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{total: bytes} }

// Limit changes how many bytes the rings may hold together; each follows at its next key frame.
func (b *Budget) Limit(bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.total = bytes
}

// NewRing makes a ring that lives from the budget; Close it when its camera is no longer watched.
func (b *Budget) NewRing() *Ring {
	b.mu.Lock()
	r := NewRing(b.allowed(), min(DefaultRingBytes, b.total))
	b.mu.Unlock()
	r.budget = b
	return r
}

// share notes a group of pictures of a ring and returns for how long the ring may keep pictures now.
func (b *Budget) share(n *need, bytes int, took time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if took > 0 && took < time.Minute { // else the node's clock was set
		rate, weight := float64(bytes)/took.Seconds(), min(1, took.Seconds()/measuredOver.Seconds())
		if n.rate == 0 {
			weight = 1
		}
		b.sum.rate -= n.rate
		n.rate += weight * (rate - n.rate)
		b.sum.rate += n.rate
		b.sum.group += float64(bytes) - n.group
		n.group = float64(bytes)
	}
	return b.allowed()
}

// allowed needs mu.
func (b *Budget) allowed() time.Duration {
	if b.sum.rate <= 0 {
		return DefaultRingDuration
	}
	seconds := (float64(b.total) - b.sum.group) / b.sum.rate
	return time.Duration(min(max(seconds, 0), DefaultRingDuration.Seconds()) * float64(time.Second))
}

func (b *Budget) span() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.allowed()
}

func (b *Budget) leave(n need) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum.rate -= n.rate
	b.sum.group -= n.group
}

// Report says how much of the budget is used and what is left out to stay inside.
func (b *Budget) Report() models.Budget {
	b.mu.Lock()
	total := b.total
	b.mu.Unlock()
	out := models.Budget{Resource: "ring", Used: float64(b.used.Load()), Limit: float64(total)}
	if span := b.span(); span < DefaultRingDuration {
		out.Shed = fmt.Sprintf("coded pictures are kept for %.0f s instead of %.0f s: give the node more memory or its cameras lower bit rates",
			span.Seconds(), DefaultRingDuration.Seconds())
	}
	return out
}

package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The default bounds of a Ring. The bytes hold 15 s of a camera of 16 Mbit/s.
const (
	DefaultRingDuration = 15 * time.Second
	DefaultRingBytes    = 32 << 20
)

// Ring keeps the newest groups of pictures of one camera, whole, for readers that each go at their own pace. It holds
// at least one group and is bounded by time and bytes, and by its share of a Budget if it has one; a group that alone
// exceeds the bytes is dropped and the ring waits for the next key frame. Each unit is kept once, whoever reads it. It is
// safe for concurrent use: one writer, any number of cursors.
type Ring struct {
	duration time.Duration
	bytes    int
	budget   *Budget // may be nil

	mu      sync.Mutex
	need    need
	groups  []group
	size    int   // bytes that groups hold in memory
	next    int64 // sequence number of the next unit
	dropped int64
	cursors map[*Cursor]struct{}
}

// group is a key frame and what depends on it.
type group struct {
	first int64 // sequence number of the key frame
	units []*models.AccessUnit
	bytes int
}

// NewRing makes a ring; a bound of 0 is its default.
func NewRing(duration time.Duration, bytes int) *Ring {
	if duration == 0 {
		duration = DefaultRingDuration
	}
	if bytes == 0 {
		bytes = DefaultRingBytes
	}
	return &Ring{duration: duration, bytes: bytes, cursors: map[*Cursor]struct{}{}}
}

// Put appends a unit and never blocks. Units that no key frame precedes are dropped and counted.
func (r *Ring) Put(u *models.AccessUnit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !u.Key && (len(r.groups) == 0 || r.epoch() != u.Epoch) {
		r.dropped++
		return
	}
	if u.Key {
		r.measure(u)
		r.groups = append(r.groups, group{first: r.next})
	}
	u = compact(u)
	g := &r.groups[len(r.groups)-1]
	n := held(u)
	g.units = append(g.units, u)
	g.bytes += n
	r.grow(n)
	r.next++
	r.trim(u)
	for c := range r.cursors {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// epoch is that of the newest group.
func (r *Ring) epoch() uint64 { return r.groups[len(r.groups)-1].units[0].Epoch }

// measure takes what the group that a key frame ends tells of the camera's bit rate.
func (r *Ring) measure(key *models.AccessUnit) {
	if r.budget == nil || len(r.groups) == 0 || r.epoch() != key.Epoch {
		return
	}
	g := r.groups[len(r.groups)-1]
	r.duration = r.budget.share(&r.need, g.bytes, key.At.Sub(g.units[0].At))
}

// trim drops the oldest groups that the bounds do not allow. A group goes when the rest still spans the duration, and
// when it lies in the future because the node's clock was set back.
func (r *Ring) trim(newest *models.AccessUnit) {
	for len(r.groups) > 1 {
		age := newest.At.Sub(r.groups[1].units[0].At)
		if r.size <= r.bytes && age < r.duration && age > -maxJump {
			break
		}
		r.drop()
	}
	if r.size > r.bytes {
		r.dropped += int64(len(r.groups[0].units))
		r.drop()
	}
}

func (r *Ring) drop() {
	r.grow(-r.groups[0].bytes)
	r.groups[0] = group{}
	r.groups = r.groups[1:]
}

func (r *Ring) grow(bytes int) {
	r.size += bytes
	if r.budget != nil {
		r.budget.used.Add(int64(bytes))
	}
}

// Close forgets everything and leaves the budget to the other rings. Nothing may be Put any more; cursors find nothing.
func (r *Ring) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.groups) > 0 {
		r.drop()
	}
	if r.budget != nil {
		r.budget.leave(r.need)
		r.need = need{}
	}
}

// unitOverhead is what a unit costs in memory beside its bytes: the unit, its list of NAL units, the places that point to
// it, rounded up as the allocator does.
const unitOverhead = 192

// held is what a unit keeps alive.
func held(u *models.AccessUnit) int {
	n := unitOverhead
	for _, b := range u.NALUs {
		n += cap(b)
	}
	return n
}

// compact returns the unit, or a copy of it when its bytes are small pieces of large buffers: over UDP every packet has
// a buffer of 1.5 kB, and a still picture's unit of 100 bytes would keep all of it alive.
func compact(u *models.AccessUnit) *models.AccessUnit {
	n := u.Bytes()
	if held(u)-unitOverhead <= n+n/4 {
		return u
	}
	c, all := *u, make([]byte, 0, n)
	c.NALUs = make([][]byte, len(u.NALUs))
	for i, b := range u.NALUs {
		from := len(all)
		all = append(all, b...)
		c.NALUs[i] = all[from:len(all):len(all)]
	}
	return &c
}

// Dropped counts the units that had no key frame before them or were part of a group larger than the ring.
func (r *Ring) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

// Cursor is one reader of a Ring; it is used by one goroutine.
type Cursor struct {
	ring    *Ring
	wake    chan struct{}
	next    int64
	skipped int64
}

// NewCursor returns a reader that begins at the newest key frame.
func (r *Ring) NewCursor() *Cursor {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &Cursor{ring: r, wake: make(chan struct{}, 1), next: r.next}
	if n := len(r.groups); n > 0 {
		c.next = r.groups[n-1].first
	}
	r.cursors[c] = struct{}{}
	return c
}

// Next returns the next unit, waiting for it until ctx ends. A reader that was too slow for the ring goes on at the
// newest key frame, since at the oldest one it would be too slow again; Skipped counts what it missed.
func (c *Cursor) Next(ctx context.Context) (*models.AccessUnit, error) {
	for {
		if u := c.take(); u != nil {
			return u, nil
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Cursor) take() *models.AccessUnit {
	r := c.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.next == r.next || len(r.groups) == 0 {
		return nil
	}
	if c.next < r.groups[0].first {
		newest := r.groups[len(r.groups)-1].first
		c.skipped += newest - c.next
		c.next = newest
	}
	i := len(r.groups) - 1
	for c.next < r.groups[i].first {
		i--
	}
	u := r.groups[i].units[c.next-r.groups[i].first]
	c.next++
	return u
}

// Skipped counts the units that the reader missed because it was too slow.
func (c *Cursor) Skipped() int64 {
	c.ring.mu.Lock()
	defer c.ring.mu.Unlock()
	return c.skipped
}

// Close ends the reader.
func (c *Cursor) Close() {
	c.ring.mu.Lock()
	defer c.ring.mu.Unlock()
	delete(c.ring.cursors, c)
}

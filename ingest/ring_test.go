package ingest

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/counterwatch/counterwatch/models"
)

// unitAt is a unit of so many bytes.
func unitAt(i int, key bool, bytes int) *models.AccessUnit {
	return &models.AccessUnit{NALUs: [][]byte{make([]byte, bytes)}, Key: key, At: time.Unix(0, 0).Add(time.Duration(i) * 100 * time.Millisecond), PTS: time.Duration(i), Epoch: 1}
}

// Whatever is put and read in whatever order: the bounds hold, a reader sees units in order, begins and resumes at key
// frames, and what it did not see is counted.
func TestRingProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const maxBytes, maxTime = 1000 + 10*unitOverhead, 2 * time.Second
		r := NewRing(maxTime, maxBytes)
		type reader struct {
			c    *Cursor
			last time.Duration
			seen int64
			from int64
		}
		var readers []*reader
		var put int
		var accepted int64
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // Next never waits
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				u := unitAt(put, rapid.Float64Range(0, 1).Draw(t, "key") < 0.3, rapid.IntRange(1, 300).Draw(t, "bytes"))
				before := r.next
				r.Put(u)
				put++
				accepted += r.next - before
			},
			"open": func(t *rapid.T) {
				c := r.NewCursor()
				readers = append(readers, &reader{c: c, last: -1, from: c.next})
			},
			"read": func(t *rapid.T) {
				if len(readers) == 0 {
					t.Skip("no reader")
				}
				d := readers[rapid.IntRange(0, len(readers)-1).Draw(t, "reader")]
				skipped := d.c.Skipped()
				u, err := d.c.Next(ctx)
				if err != nil {
					return
				}
				if u.PTS <= d.last {
					t.Fatalf("unit %d after %d", u.PTS, d.last)
				}
				if (d.seen == 0 || d.c.Skipped() != skipped) && !u.Key {
					t.Fatalf("reading begins at a unit that is no key frame")
				}
				d.last = u.PTS
				d.seen++
				if d.from+d.seen+d.c.Skipped() != d.c.next {
					t.Fatalf("%d seen and %d skipped of %d", d.seen, d.c.Skipped(), d.c.next-d.from)
				}
			},
			"": func(t *rapid.T) {
				size := 0
				for i, g := range r.groups {
					if !g.units[0].Key {
						t.Fatal("a group without a key frame")
					}
					bytes := 0
					for _, u := range g.units {
						bytes += u.Bytes() + unitOverhead
					}
					if bytes != g.bytes || i > 0 && g.first != r.groups[i-1].first+int64(len(r.groups[i-1].units)) {
						t.Fatal("books do not balance")
					}
					size += bytes
				}
				if size != r.size || size > maxBytes {
					t.Fatalf("%d bytes, booked %d", size, r.size)
				}
				if n := len(r.groups); n > 1 {
					newest := r.groups[n-1].units
					if newest[len(newest)-1].At.Sub(r.groups[1].units[0].At) >= maxTime {
						t.Fatal("an old group stays")
					}
				}
			},
		})
	})
}

func TestRingWakesReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(0, 0)
		c := r.NewCursor()
		defer c.Close()
		go func() {
			time.Sleep(time.Second)
			r.Put(unitAt(0, true, 10))
		}()
		begun := time.Now()
		if u, err := c.Next(t.Context()); err != nil || !u.Key || time.Since(begun) != time.Second {
			t.Fatal(err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Next(ctx); err == nil {
			t.Fatal("a unit from nowhere")
		}
	})
}

func TestRingWaitsForAKeyFrameOfANewConnection(t *testing.T) {
	r := NewRing(0, 0)
	r.Put(unitAt(0, false, 1))
	r.Put(unitAt(1, true, 1))
	other := unitAt(2, false, 1)
	other.Epoch = 2
	r.Put(other)
	if r.Dropped() != 2 || r.next != 1 {
		t.Fatalf("%d dropped, %d kept", r.Dropped(), r.next)
	}
}

// Small pieces of large buffers are copied, so that what the ring counts is what it keeps alive.
func TestRingKeepsNoLargeBuffersAlive(t *testing.T) {
	r := NewRing(time.Hour, 0)
	c := r.NewCursor()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const units = 2000
	for i := range units {
		packet := make([]byte, 64<<10)
		r.Put(&models.AccessUnit{NALUs: [][]byte{packet[12:112], packet[200:300]}, Key: i%10 == 0, At: time.Unix(0, int64(i))})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept := int(after.HeapAlloc) - int(before.HeapAlloc)
	if kept > 2*r.size || r.size > units*(200+unitOverhead) {
		t.Fatalf("keeps %d bytes and counts %d", kept, r.size)
	}
	if u, err := c.Next(t.Context()); err != nil || len(u.NALUs) != 2 || len(u.NALUs[1]) != 100 {
		t.Fatal(u, err)
	}
	runtime.KeepAlive(r)
}

// When the node's clock is set back, what is older than the new time does not stay for ever.
func TestRingClockSetBack(t *testing.T) {
	r := NewRing(2*time.Second, 0)
	for i := range 100 {
		r.Put(unitAt(100000+i, i%10 == 0, 1))
	}
	for i := range 100 {
		r.Put(unitAt(i, i%10 == 0, 1))
	}
	if at := r.groups[0].units[0].At; at.After(time.Unix(1000, 0)) || len(r.groups) > 4 {
		t.Fatalf("%d groups since %v", len(r.groups), at)
	}
}

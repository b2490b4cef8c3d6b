package ingest

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/counterwatch/counterwatch/models"
)

// Whatever the cameras send: what all rings hold stays inside the budget to a picture each, or each holds no more than it must; where there
// is enough, everyone has its 15 s; where there is not, all have the same seconds.
func TestBudgetIsDividedByNeed(t *testing.T) {
	pixels := make([]byte, 20000)
	rapid.Check(t, func(t *rapid.T) {
		type camera struct {
			ring  *Ring
			fps   int
			gop   int // units
			bytes int // of a unit
		}
		total := rapid.IntRange(1<<16, 64<<20).Draw(t, "total")
		b := NewBudget(total)
		cameras := make([]camera, rapid.IntRange(1, 12).Draw(t, "cameras"))
		var want, least, pictures int
		for i := range cameras {
			c := camera{ring: b.NewRing(), fps: rapid.IntRange(5, 25).Draw(t, "fps"), bytes: rapid.IntRange(200, 20000).Draw(t, "bytes")}
			c.gop = c.fps * rapid.IntRange(1, 4).Draw(t, "gop")
			group := c.gop * (c.bytes + unitOverhead)
			want += 15*c.fps*(c.bytes+unitOverhead) + group
			least += 2 * group
			pictures += c.bytes + unitOverhead
			cameras[i] = c
		}
		begun := time.Unix(0, 0)
		for s := range 90 {
			for _, c := range cameras {
				for n := range c.fps {
					c.ring.Put(&models.AccessUnit{
						NALUs: [][]byte{pixels[:c.bytes:c.bytes]}, Key: (s*c.fps+n)%c.gop == 0, Epoch: 1,
						At: begun.Add(time.Duration(s)*time.Second + time.Duration(n)*time.Second/time.Duration(c.fps)),
					})
				}
			}
			if used := int(b.used.Load()); s > 70 && used > max(total, min(want, least))+pictures {
				t.Fatalf("at %d s: %d bytes of %d, wanted %d, least %d", s, used, total, want, least)
			}
		}
		report, held := b.Report(), 0
		for _, c := range cameras {
			held += c.ring.size
			g := c.ring.groups
			if len(g) == 0 {
				continue // one group alone is larger than the whole budget
			}
			last := g[len(g)-1].units
			kept := last[len(last)-1].At.Sub(g[0].units[0].At)
			if want < total && kept < 14*time.Second {
				t.Fatalf("%v kept though %d of %d bytes are wanted", kept, want, total)
			}
			if span, gop := b.span(), time.Duration(c.gop)*time.Second/time.Duration(c.fps); kept > span+gop {
				t.Fatalf("%v kept of %v and %v", kept, span, gop)
			}
		}
		if report.Used != float64(held) || (report.Shed == "") != (b.span() == DefaultRingDuration) || want < total && report.Shed != "" {
			t.Fatalf("%+v with %d held, wanted %d", report, held, want)
		}
		for _, c := range cameras {
			c.ring.Close()
		}
		if b.used.Load() != 0 || b.sum.rate > 1 || b.sum.group != 0 {
			t.Fatalf("%d used, %+v after all have gone", b.used.Load(), b.sum)
		}
	})
}

// A camera that goes leaves its memory to the others.
func TestBudgetGrowsBack(t *testing.T) {
	b := NewBudget(400 << 10)
	small, large := b.NewRing(), b.NewRing()
	film := func(r *Ring, from, seconds, bytes int) {
		for i := from * 10; i < (from+seconds)*10; i++ {
			r.Put(unitAt(i, i%10 == 0, bytes))
		}
	}
	film(large, 0, 30, 10000)
	film(small, 0, 30, 1000)
	if s := b.Report().Shed; !strings.Contains(s, "kept for 3 s instead of 15 s") {
		t.Fatal(s)
	}
	large.Close()
	film(small, 30, 30, 1000)
	if r := b.Report(); r.Shed != "" || len(small.groups) < 15 {
		t.Fatalf("%+v, %d groups", r, len(small.groups))
	}
	b.Limit(60 << 10)
	film(small, 60, 2, 1000)
	if r := b.Report(); !strings.Contains(r.Shed, "kept for 4 s") || r.Used > 60<<10 {
		t.Fatalf("with less for all: %+v", r)
	}
	b.Limit(0)
	film(small, 62, 2, 1000)
	if r := b.Report(); r.Used == 0 || len(small.groups) > 2 {
		t.Fatalf("with nothing the group that comes in is kept all the same: %+v, %d groups", r, len(small.groups))
	}
	b.Limit(400 << 10)
	film(small, 64, 20, 1000)
	if r := b.Report(); r.Shed != "" || len(small.groups) < 15 {
		t.Fatalf("%+v, %d groups", r, len(small.groups))
	}
}

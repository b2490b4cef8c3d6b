package track

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// waiting is a waiting room seen by a faulty detector: eight people sit in two rows for ten minutes; somebody comes in every 75 s, stands
// before one of them for 20 to 28 s, so that nothing is seen of who sits there, and goes again. People in plain view are missed
// now and then, boxes jitter, and false boxes flare up (all as measured on PETS09-S2L1).
type waiting struct {
	rng    *rand.Rand
	fps    float64
	ghosts float64 // false boxes that begin in a second
	missed [9]bool
	off    [9][2]float64 // by how much boxes are off
	ghost  models.Detection
	left   int // frames the false box goes on
}

const (
	seats = 8
	round = 75.0 // s from one visitor to the next
)

func seat(i int) models.Box {
	return models.Box{X: 150 + 180*float64(i%4), Y: 250 + 130*float64(i/4), W: 60, H: 110}
}

// visitor is where the visitor stands at t, if there is one, and for how long they stand before seat i.
func visitor(t float64) (b models.Box, i int, there bool) {
	n := int(t / round)
	i, t = n%seats, math.Mod(t, round)
	stay := 20 + 7*float64(n%3)/2
	at := seat(i)
	x, to := at.X-15, at.X+75 // from and to the left side, at 100 pixels a second
	switch way := to / 100; {
	case t < 20 || t > 20+stay+2*way:
		return b, i, false
	case t < 20+way:
		x -= to - 100*(t-20)
	case t > 20+way+stay:
		x -= 100 * (t - 20 - way - stay)
	}
	return models.Box{X: x, Y: at.Y - 80, W: 90, H: 260}, i, true
}

// look returns the detections at t, whom each is of (seats: the visitor; -1: nobody), and how many people are there.
func (w *waiting) look(t float64) (d []models.Detection, who []int, there int) {
	standing, _, in := visitor(t)
	keep := math.Exp(-2.3 / w.fps) // .72 from frame to frame at 7 a second
	put := func(i int, b models.Box) {
		if miss := .05; w.missed[i] {
			w.missed[i] = w.rng.Float64() < .5
		} else {
			w.missed[i] = w.rng.Float64() < miss
		}
		if there++; !w.missed[i] {
			for k := range w.off[i] {
				w.off[i][k] = keep*w.off[i][k] + .03*math.Sqrt(1-keep*keep)*w.rng.NormFloat64()
			}
			b.X += w.off[i][0] * b.H
			b.Y += w.off[i][1] * b.H
			d, who = append(d, models.Detection{Box: b, Score: .7 + .25*w.rng.Float64()}), append(who, i)
		}
	}
	for i := range seats {
		if b := seat(i); !in || standing.Intersect(b) < .7*b.Area() {
			put(i, b)
		} else {
			there++
		}
	}
	if in && standing.X > -45 {
		put(seats, standing)
	}
	if w.left--; w.left < 0 && w.rng.Float64() < w.ghosts/w.fps {
		w.left = int(w.fps * 1.2 * w.rng.Float64())
		w.ghost = models.Detection{Box: models.Box{X: 900 * w.rng.Float64(), Y: 100 + 350*w.rng.Float64(), W: 60, H: 150}, Score: .5 + .35*w.rng.Float64()}
	}
	if w.left >= 0 {
		d, who = append(d, w.ghost), append(who, -1)
	}
	return d, who, there
}

// People hidden for 20 to 28 s keep their identity, and memory invents nobody: no more people are remembered for longer than a
// moment than are out of sight. At 2 frames a second somebody who comes in is too often taken for who is just being hidden; false boxes
// as frequent as on PETS09-S2L1, here all over the room, now and then take a hidden person's place.
func TestWaitingRoom(t *testing.T) {
	for _, c := range []struct{ fps, ghosts, least, over float64 }{{2, 0, .7, .05}, {5, 0, .9, .05}, {10, 0, .9, .05}, {2, .34, .6, .2}, {5, .34, .55, .3}, {10, .34, .6, .2}} {
		fps := c.fps
		spells, kept, surplus, deficit, frames := 0, 0, 0.0, 0.0, 0
		for seed := range uint64(6) {
			w := &waiting{rng: rand.New(rand.NewPCG(seed, 9)), fps: fps, ghosts: c.ghosts}
			tr := New(Config{})
			var ids [seats]int64
			before := int64(0) // id of who was hidden last
			hidden := -1
			for n := 0; float64(n)/fps < 600; n++ {
				at := float64(n) / fps
				d, who, there := w.look(at)
				out := tr.Update(start.Add(time.Duration(at*1e9)), size, d)
				for _, p := range out {
					for j := range d {
						x, y := centre(d[j].Box)
						u, v := centre(p.Box)
						if i := who[j]; p.Seen && i >= 0 && i < seats && math.Hypot(x-u, y-v) < 1e-6 {
							if i == hidden && before != 0 && at > 30 {
								spells++
								if p.ID == before {
									kept++
								}
								hidden = -1
							}
							ids[i] = p.ID
						}
					}
				}
				if b, i, in := visitor(at); in && hidden < 0 && b.Intersect(seat(i)) >= .7*seat(i).Area() {
					hidden, before = i, ids[i]
				}
				if at > 10 {
					frames++
					long := there - len(d) // people not seen now, at most
					for _, i := range who {
						if i < 0 {
							long++
						}
					}
					for _, p := range out {
						if start.Add(time.Duration(at*1e9)).Sub(p.LastSeen) > 4*time.Second {
							long--
						}
					}
					surplus += math.Max(0, float64(-long))
					deficit += math.Max(0, float64(there-len(out)))
				}
			}
		}
		share, over, under := float64(kept)/float64(spells), surplus/float64(frames), deficit/float64(frames)
		t.Logf("%g fps, %g false boxes a second: %d of %d people hidden for 20 to 28 s kept their identity; %.3f too many, %.3f too few of 8 to 9 people", fps, c.ghosts, kept, spells, over, under)
		if spells < 40 || share < c.least || over > c.over || under > .15 {
			t.Errorf("%g fps: %d spells, %.2f kept, %.2f too many, %.2f too few", fps, spells, share, over, under)
		}
	}
}

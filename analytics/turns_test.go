package analytics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// asker is a camera that asks for a turn again as soon as a frame is there: one every interval, the newest only.
type asker struct {
	turn    *turn
	took    time.Duration
	idle    func(time.Duration) time.Duration // pause before the frame after a moment
	given   int
	longest time.Duration // between two turns
}

func (a *asker) run(ctx context.Context) {
	last, began := time.Now(), time.Now()
	for {
		next := last.Add(a.turn.every)
		if a.idle != nil {
			next = next.Add(a.idle(time.Since(began)))
		}
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		if !a.turn.take(ctx, true) {
			return
		}
		a.longest = max(a.longest, time.Since(last))
		last = time.Now()
		a.given++
		time.Sleep(a.took)
		a.turn.done()
	}
}

// Forty cameras want several times what two slots can do: each gets its share of the rate it asks for, and none waits much
// longer than its share says.
func TestTurnsAreFairUnderOverload(t *testing.T) {
	const cameras, slots, took, long = 40, 2, 50 * time.Millisecond, 200 * time.Second
	for _, c := range []struct {
		name string
		fps  func(i int) float64
		took func(i int) time.Duration
	}{
		{"all alike", func(int) float64 { return 2 }, func(int) time.Duration { return took }},
		{"one to five a second", func(i int) float64 { return 1 + float64(i%5) }, func(int) time.Duration { return took }},
		{"one that wants ten a second", func(i int) float64 { return []float64{10, 2}[min(i, 1)] }, func(int) time.Duration { return took }},
		{"some take four times as long", func(int) float64 { return 2 }, func(i int) time.Duration { return took / 2 * time.Duration(1+3*(i%2)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), long)
				defer stop()
				turns := NewTurns(slots)
				var wg sync.WaitGroup
				var askers []*asker
				var want, busy float64 // turns, and slot seconds, asked for a second
				for i := range cameras {
					a := &asker{turn: turns.join(time.Duration(float64(time.Second)/c.fps(i)), 5), took: c.took(i)}
					want += c.fps(i)
					busy += c.fps(i) * a.took.Seconds()
					askers = append(askers, a)
					wg.Go(func() { a.run(ctx) })
				}
				wg.Wait()
				share := slots / busy
				if share >= .8 {
					t.Fatalf("no overload: %.2f", share)
				}
				for i, a := range askers {
					fair := share * c.fps(i) * long.Seconds()
					if a.given < int(.85*fair)-1 || float64(a.given) > 1.15*fair+2 {
						t.Errorf("camera %d of %g a second: %d turns, fair are %.0f", i, c.fps(i), a.given, fair)
					}
					if limit := 2.5 * long.Seconds() / fair; a.longest.Seconds() > limit+1 {
						t.Errorf("camera %d of %g a second once waited %v", i, c.fps(i), a.longest)
					}
				}
				if turns.free != slots || len(turns.waiting) != 0 {
					t.Errorf("%d of %d slots are free at the end", turns.free, slots)
				}
			})
		})
	}
}

// Who comes back after a pause has no claim on what others did meanwhile.
func TestTurnsForgetPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Second)
		defer stop()
		turns := NewTurns(1)
		var wg sync.WaitGroup
		var askers []*asker
		for i := range 10 {
			a := &asker{turn: turns.join(200*time.Millisecond, 5), took: 100 * time.Millisecond}
			if i == 0 {
				a.idle = func(at time.Duration) time.Duration { return max(50*time.Second-at, 0) }
			}
			askers = append(askers, a)
			wg.Go(func() { a.run(ctx) })
		}
		wg.Wait()
		// 10 turns a second: nine cameras alone get 55 each in 50 s, then ten get 50 each.
		if n := askers[0].given; n < 45 || n > 55 {
			t.Errorf("the one that paused got %d turns", n)
		}
		for _, a := range askers[1:] {
			if a.given < 100 || a.given > 110 || a.longest > 1500*time.Millisecond {
				t.Errorf("%d turns, longest wait %v", a.given, a.longest)
			}
		}
	})
}

// Whatever comes and goes, no more than the slots are taken at once and none is lost.
func TestTurnsKeepTheirSlots(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const slots = 3
				turns := NewTurns(slots)
				var mu sync.Mutex
				var wg sync.WaitGroup
				busy, most := 0, 0
				for i := range 20 {
					r := rand.New(rand.NewPCG(seed, uint64(i)))
					u := turns.join(time.Duration(1+r.IntN(500))*time.Millisecond, 5)
					wg.Go(func() {
						for range 50 {
							ctx, cancel := context.WithTimeout(t.Context(), time.Duration(r.IntN(100))*time.Millisecond)
							if u.take(ctx, true) {
								mu.Lock()
								busy++
								most = max(most, busy)
								mu.Unlock()
								time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
								mu.Lock()
								busy--
								mu.Unlock()
								u.done()
							}
							cancel()
						}
					})
				}
				wg.Wait()
				if most != slots || turns.free != slots || len(turns.waiting) != 0 {
					t.Errorf("at most %d of %d slots were used, %d are free, %d wait", most, slots, turns.free, len(turns.waiting))
				}
			})
		})
	}
}

// TestTurnsDoNotWaitForWhoHangs: cameras whose decoder hangs cost the others a moment, once, even when they hold every slot.
func TestTurnsDoNotWaitForWhoHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
		defer stop()
		turns := NewTurns(2)
		var wg sync.WaitGroup
		for range 2 {
			hung := turns.join(500*time.Millisecond, 5)
			wg.Go(func() {
				for hung.take(ctx, true) {
					time.Sleep(20 * time.Second)
					hung.done()
				}
			})
		}
		var askers []*asker
		for range 4 {
			a := &asker{turn: turns.join(500*time.Millisecond, 5), took: 20 * time.Millisecond}
			askers = append(askers, a)
			wg.Go(func() { a.run(ctx) })
		}
		wg.Wait()
		for _, a := range askers {
			if a.given < 110 || a.longest > patience+500*time.Millisecond+100*time.Millisecond {
				t.Errorf("%d turns, longest wait %v", a.given, a.longest)
			}
		}
		if turns.free != 2 {
			t.Errorf("%d slots are free at the end", turns.free)
		}
	})
}

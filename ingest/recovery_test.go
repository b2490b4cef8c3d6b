package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// mortal is a camera in virtual time that comes and goes as a half-open connection does: nothing is refused, nothing is
// closed, bytes are not answered.
type mortal struct {
	mu    sync.Mutex
	alive bool
	gop   time.Duration
}

func (m *mortal) set(alive bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alive = alive
}

func (m *mortal) is() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alive
}

// Run answers four requests within 20 ms each; one that is lost is waited for 5 s. Then pictures come, ten a second. A
// connection survives outages of 3 s. A key frame comes when it is due, not when it is wanted.
func (m *mortal) Run(ctx context.Context, emit func(*models.AccessUnit)) error {
	for range 4 {
		time.Sleep(20 * time.Millisecond)
		if !m.is() {
			if !sleep(ctx, rtspTimeout) {
				return ctx.Err()
			}
			return models.Errorf(models.KindUnavailable, "the camera does not answer")
		}
	}
	for lost := 0; ctx.Err() == nil; sleep(ctx, 100*time.Millisecond) {
		if !m.is() {
			if lost++; lost >= 30 {
				return hangs(ctx)
			}
			continue
		}
		lost = 0
		emit(&models.AccessUnit{Key: time.Now().UnixMilli()/100*100%m.gop.Milliseconds() == 0})
	}
	return ctx.Err()
}

func (m *mortal) Probe(ctx context.Context) error {
	time.Sleep(2 * time.Millisecond)
	if !m.is() {
		<-ctx.Done()
		return ctx.Err()
	}
	time.Sleep(2 * time.Millisecond)
	return nil
}

// quantiles sorts d and returns its median and its 99th percentile.
func quantiles(d []time.Duration) (p50, p99 time.Duration) {
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// Four hundred outages of a second to ten minutes: each is noticed within 5 s of its beginning, and a key frame is there
// within 5 s of its end, whatever the supervisor was doing meanwhile.
func TestSupervisorIsBackSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		m := &mortal{alive: true, gop: 2 * time.Second}
		keys := make(chan time.Time, 1000)
		v := &Supervisor{
			Sources: []Source{m}, Log: quiet, Jitter: rand.New(rand.NewPCG(3, 4)).Float64,
			Emit: func(u *models.AccessUnit) {
				if u.Key {
					select {
					case keys <- time.Now():
					default:
					}
				}
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		var noticed, back []time.Duration
		for range 400 {
			time.Sleep(time.Duration(1000+r.IntN(120_000)) * time.Millisecond)
			m.set(false)
			fell := time.Now()
			long := time.Duration(1000*r.ExpFloat64()*float64(1+r.IntN(60))) * time.Millisecond
			for time.Since(fell) < long {
				time.Sleep(10 * time.Millisecond)
				if v.Health().State != models.CameraLive {
					noticed = append(noticed, time.Since(fell))
					time.Sleep(long - time.Since(fell))
					break
				}
			}
			m.set(true)
			came := time.Now()
			for len(keys) > 0 {
				<-keys
			}
			back = append(back, (<-keys).Sub(came))
		}
		cancel()
		<-done
		if p50, p99 := quantiles(noticed); len(noticed) < 200 || noticed[len(noticed)-1] > 5*time.Second {
			t.Errorf("%d outages noticed: p50 %v, p99 %v, worst %v", len(noticed), p50, p99, noticed[len(noticed)-1])
		}
		p50, p99 := quantiles(back)
		t.Logf("noticed: %d, worst %v; back: p50 %v, p99 %v, worst %v", len(noticed), noticed[len(noticed)-1], p50, p99, back[len(back)-1])
		if p99 > 5*time.Second {
			t.Errorf("back: p50 %v, p99 %v, worst %v", p50, p99, back[len(back)-1])
		}
	})
}

// A camera that answers but fails is not hammered: asking does not cut its back-off short.
func TestSupervisorAsksInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{begun: time.Now()}
		s.steps = append(s.steps, fails(models.Errorf(models.KindUnavailable, "500")))
		v := &Supervisor{Sources: []Source{answering{s}}, Emit: func(*models.AccessUnit) {}, Jitter: func() float64 { return .5 }, Log: quiet}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
		defer cancel()
		v.Run(ctx)
		if got := fmt.Sprint(s.runs); got != "[0s 0s 1s 3s 7s 15s 31s 1m1s 1m31s]" {
			t.Error(got)
		}
	})
}

// A main stream that stops again and again, of a camera that answers, gives way to the sub stream.
func TestSupervisorGivesUpAHungStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &played{begun: time.Now()}
		v := &Supervisor{
			Sources: []Source{
				answering{p.stream("main", shows(time.Second, false, hangs))}, answering{p.stream("sub", shows(time.Hour, false, ends))},
			},
			Emit: func(*models.AccessUnit) {}, Jitter: func() float64 { return .5 }, Log: quiet,
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		v.Run(ctx)
		if got := fmt.Sprint(p.log); got != "[main 0s main 6s main 11s sub 17s]" || v.Health().State != models.CameraLive {
			t.Errorf("%s, %+v", got, v.Health())
		}
	})
}

type answering struct{ Source }

func (answering) Probe(context.Context) error { return nil }

package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// played writes down when the streams of a camera were begun.
type played struct {
	mu    sync.Mutex
	begun time.Time
	log   []string
}

// stream is a script that notes its runs by name.
func (p *played) stream(name string, steps ...func(context.Context, func(*models.AccessUnit)) error) Source {
	n := 0
	return sourceFunc(func(ctx context.Context, emit func(*models.AccessUnit)) error {
		p.mu.Lock()
		p.log = append(p.log, fmt.Sprintf("%s %v", name, time.Since(p.begun).Round(time.Second)))
		step := steps[min(n, len(steps)-1)]
		n++
		p.mu.Unlock()
		return step(ctx, func(u *models.AccessUnit) {
			u.NALUs = [][]byte{[]byte(name)}
			emit(u)
		})
	})
}

type sourceFunc func(context.Context, func(*models.AccessUnit)) error

func (f sourceFunc) Run(ctx context.Context, emit func(*models.AccessUnit)) error {
	return f(ctx, emit)
}

func TestSupervisorFallsBack(t *testing.T) {
	unsupported := fails(models.Errorf(models.KindUnsupported, "VP8"))
	missing := fails(models.Errorf(models.KindNotFound, "404"))
	refused := fails(models.Errorf(models.KindUnauthenticated, "401"))
	lost := fails(models.Errorf(models.KindUnavailable, "500"))
	good := shows(24*time.Hour, false, ends)
	type steps = []func(context.Context, func(*models.AccessUnit)) error
	for _, c := range []struct {
		name      string
		main, sub steps
		during    time.Duration
		want      string
		health    string
	}{
		{"main works", steps{good}, steps{good}, 20 * time.Minute, "main 0s", "live "},
		{"main unsupported", steps{unsupported}, steps{good}, 15 * time.Minute, "main 0s, sub 0s, main 10m0s", "live "},
		{"main not found", steps{missing}, steps{good}, time.Minute, "main 0s, sub 0s", "live "},
		{
			"main comes back", steps{unsupported, unsupported, good}, steps{good}, 25 * time.Minute,
			"main 0s, sub 0s, main 10m0s, main 20m0s, main 20m10s", "live ", // proven beside the sub stream, then taken
		},
		{
			"main shows too little to come back", steps{unsupported, shows(5*time.Second, false, ends), good}, steps{good}, 15 * time.Minute,
			"main 0s, sub 0s, main 10m0s", "live ",
		},
		{"main fails again and again", steps{lost}, steps{good}, time.Minute, "main 0s, main 0s, main 1s, sub 3s", "live "},
		{"wrong password is not tried on the sub stream", steps{refused}, steps{good}, 4 * time.Minute, "main 0s, main 1m0s, main 2m0s", "refused 401"},
		{
			"both unsupported", steps{unsupported}, steps{missing}, 2*time.Minute + time.Second,
			"main 0s, sub 0s, main 1m0s, sub 1m0s, main 2m0s, sub 2m0s", "refused main stream: VP8; sub stream: 404",
		},
		{
			"both fail", steps{lost}, steps{lost}, 2 * time.Minute,
			"main 0s, main 0s, main 1s, sub 3s, sub 7s, sub 15s, main 31s, main 1m1s, main 1m31s", "offline 500",
		},
		{
			"sub is refused", steps{missing}, steps{refused}, 4 * time.Minute,
			"main 0s, sub 0s, main 1m0s, sub 1m0s, main 2m0s, sub 2m0s", "refused 401",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &played{begun: time.Now()}
				v := &Supervisor{
					Sources: []Source{p.stream("main", c.main...), p.stream("sub", c.sub...)}, Emit: func(*models.AccessUnit) {},
					Jitter: func() float64 { return .5 }, Log: quiet,
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); v.Run(ctx) }()
				time.Sleep(c.during)
				synctest.Wait()
				h := v.Health()
				if got := fmt.Sprintf("%s %s", h.State, h.Reason); got != c.health {
					t.Errorf("is %q, want %q", got, c.health)
				}
				p.mu.Lock()
				if got := strings.Join(p.log, ", "); got != c.want {
					t.Errorf("runs %s\nwant %s", got, c.want)
				}
				p.mu.Unlock()
				cancel()
				<-done
			})
		})
	}
}

// Going to the sub stream and back costs no more pictures than two connections do, and readers see that the stream is
// another one.
func TestFallBackLosesLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &played{begun: time.Now()}
		var last time.Time
		var worst time.Duration
		epochs := map[uint64]string{}
		v := &Supervisor{
			Sources: []Source{
				p.stream("main", shows(time.Minute, false, func(context.Context) error {
					return models.Errorf(models.KindUnsupported, "VP8")
				}), shows(24*time.Hour, false, ends)),
				p.stream("sub", shows(24*time.Hour, false, ends)),
			},
			Emit: func(u *models.AccessUnit) {
				if !last.IsZero() {
					worst = max(worst, time.Since(last))
				}
				last = time.Now()
				if was := epochs[u.Epoch]; was != "" && was != string(u.NALUs[0]) {
					t.Errorf("epoch %d is of %s and of %s", u.Epoch, was, u.NALUs[0])
				}
				epochs[u.Epoch] = string(u.NALUs[0])
			},
			Jitter: func() float64 { return .5 }, Log: quiet,
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		time.Sleep(15 * time.Minute)
		cancel()
		<-done
		if worst > 500*time.Millisecond || len(epochs) != 3 {
			t.Errorf("no picture for %v, epochs %v, runs %v", worst, epochs, p.log)
		}
	})
}

// The key frame watchdog goes by the camera's own group of pictures.
func TestSupervisorWatchesKeyFrames(t *testing.T) {
	for _, c := range []struct {
		name  string
		gop   time.Duration
		until time.Duration // key frames stop then
		lasts time.Duration // of the first run
	}{
		{"groups of 10 s are not cut", 10 * time.Second, time.Hour, 5 * time.Minute},
		{"groups of 25 s are not cut", 25 * time.Second, time.Hour, 5 * time.Minute},
		{"a short group is missed soon", time.Second, time.Minute, 70 * time.Second},
		{"a group of 10 s is missed after three", 10 * time.Second, time.Minute, 81 * time.Second},
		{"a group of minutes is missed in the end", 50 * time.Second, 101 * time.Second, 221 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				ended := 5 * time.Minute
				s := sourceFunc(func(ctx context.Context, emit func(*models.AccessUnit)) error {
					for i := 0; ctx.Err() == nil; i++ {
						at := time.Duration(i) * time.Second
						emit(&models.AccessUnit{Key: at%c.gop == 0 && at < c.until})
						time.Sleep(time.Second)
					}
					ended = min(ended, time.Since(begun))
					return ctx.Err()
				})
				v := &Supervisor{Sources: []Source{s}, Emit: func(*models.AccessUnit) {}, Jitter: func() float64 { return .5 }, Log: quiet}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				v.Run(ctx)
				if d := ended - c.lasts; d < -2*time.Second || d > 2*time.Second {
					t.Errorf("ended after %v, want %v", ended, c.lasts)
				}
			})
		})
	}
}

// What fails in the program on one camera's picture is that camera's error, also when the library calls from a goroutine
// of its own; and the camera goes on.
func TestSupervisorOutlivesPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sourceFunc(func(ctx context.Context, emit func(*models.AccessUnit)) error {
			done := make(chan struct{})
			go func() {
				defer close(done)
				emit(&models.AccessUnit{Key: true})
			}()
			<-done
			return hangs(ctx)
		})
		n := 0
		v := &Supervisor{Sources: []Source{s}, Jitter: func() float64 { return .5 }, Log: quiet, Emit: func(*models.AccessUnit) {
			if n++; n < 3 {
				panic("broken picture")
			}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		go func() {
			time.Sleep(500 * time.Millisecond)
			if h := v.Health(); h.State != models.CameraOffline || !strings.Contains(h.Reason, "broken picture") {
				t.Errorf("%+v", h)
			}
		}()
		v.Run(ctx)
		if n != 3 || v.Health().State != models.CameraLive {
			t.Errorf("%d pictures, %+v", n, v.Health())
		}
	})
}

// However many cameras want to connect at once: no more than the gate holds, in their order, none for long.
func TestGateStarvesNobody(t *testing.T) {
	for name, answer := range map[string]time.Duration{"all answer": 50 * time.Millisecond, "none answers": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewGate(0)
				var wg sync.WaitGroup
				var mu sync.Mutex
				var worst time.Duration
				starts := map[time.Duration]int{} // by half seconds
				begun := time.Now()
				for range 500 {
					wg.Go(func() {
						for range 5 {
							asked := time.Now()
							leave, err := g.enter(t.Context())
							if err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							worst = max(worst, time.Since(asked))
							starts[time.Since(begun).Truncate(gateHold)]++
							mu.Unlock()
							time.Sleep(answer)
							leave()
							leave()
						}
					})
				}
				wg.Wait()
				for at, n := range starts {
					if answer > gateHold && n > DefaultGate {
						t.Errorf("%d begin at %v", n, at)
					}
				}
				if worst > 10*time.Second {
					t.Errorf("one waited %v", worst)
				}
				if _, err := g.enter(t.Context()); err != nil || len(g.places) != 1 {
					t.Errorf("%d places are taken: %v", len(g.places), err)
				}
				time.Sleep(time.Second)
			})
		})
	}
	g := NewGate(1)
	if _, err := g.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	time.Sleep(gateHold + 100*time.Millisecond) // its timer ends before the test does
}

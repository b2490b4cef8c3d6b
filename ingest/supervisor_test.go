package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// script is a source of which each run does the next step; the last step repeats.
type script struct {
	steps []func(ctx context.Context, emit func(*models.AccessUnit)) error
	runs  []time.Duration // when each run began, since the test did
	begun time.Time
}

func (s *script) Run(ctx context.Context, emit func(*models.AccessUnit)) error {
	s.runs = append(s.runs, time.Since(s.begun).Round(time.Millisecond))
	return s.steps[min(len(s.runs), len(s.steps))-1](ctx, emit)
}

func fails(err error) func(context.Context, func(*models.AccessUnit)) error {
	return func(context.Context, func(*models.AccessUnit)) error { return err }
}

// shows delivers ten pictures a second, the first of each second a key frame unless noKeys, then does what then does.
func shows(d time.Duration, noKeys bool, then func(ctx context.Context) error) func(context.Context, func(*models.AccessUnit)) error {
	return func(ctx context.Context, emit func(*models.AccessUnit)) error {
		for i := 0; i < int(d/(100*time.Millisecond)) && ctx.Err() == nil; i++ {
			time.Sleep(100 * time.Millisecond)
			emit(&models.AccessUnit{Key: !noKeys && i%10 == 0})
		}
		return then(ctx)
	}
}

func hangs(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
func ends(context.Context) error      { return errors.New("connection lost") }

// supervise runs a script for d and returns the supervisor.
func supervise(t *testing.T, s *script, d time.Duration, check func(at time.Duration, h models.CameraHealth)) *Supervisor {
	t.Helper()
	s.begun = time.Now()
	v := &Supervisor{Sources: []Source{s}, Emit: func(*models.AccessUnit) {}, Jitter: func() float64 { return 0.5 }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); v.Run(ctx) }()
	for at := time.Duration(0); at < d; at += time.Second {
		time.Sleep(time.Second - time.Millisecond)
		synctest.Wait()
		if check != nil {
			check(at+time.Second, v.Health())
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	return v
}

func TestSupervisorBacksOff(t *testing.T) {
	type step = func(context.Context, func(*models.AccessUnit)) error
	offline := models.Errorf(models.KindUnavailable, "no route")
	for _, c := range []struct {
		name   string
		steps  []step
		during time.Duration
		runs   string
		state  models.CameraState
	}{
		{"unreachable", []step{fails(offline)}, 100 * time.Second, "[0s 0s 1s 3s 7s 15s 31s 1m1s 1m31s]", models.CameraOffline},
		{"wrong password", []step{fails(models.Errorf(models.KindUnauthenticated, "401"))}, 10 * time.Minute, "[0s 1m0s 2m0s 5m1s 6m1s 7m1s]", models.CameraRefused},
		{"wrong path", []step{fails(models.Errorf(models.KindNotFound, "404"))}, 200 * time.Second, "[0s 1m0s 2m0s 3m0s]", models.CameraRefused},
		{"no video", []step{fails(models.Errorf(models.KindUnsupported, "VP8"))}, 200 * time.Second, "[0s 1m0s 2m0s 3m0s]", models.CameraUnsupported},
		{"good video, then back at once", []step{fails(offline), fails(offline), fails(offline), shows(31*time.Second, false, ends)}, 70 * time.Second, "[0s 0s 1s 3s 34s 1m5s]", models.CameraLive},
		{"short video does not reset", []step{shows(10*time.Second, false, ends)}, 40 * time.Second, "[0s 10s 21s 33s]", models.CameraLive},
		{"short video is tried again soon", []step{shows(time.Second, false, ends)}, 30 * time.Second, "[0s 1s 3s 6s 11s 16s 21s 26s]", models.CameraOffline},
		{"stall", []step{shows(10*time.Second, false, hangs), shows(time.Hour, false, ends)}, 30 * time.Second, "[0s 14.5s]", models.CameraLive},
		{"silent from the beginning", []step{func(ctx context.Context, _ func(*models.AccessUnit)) error { return hangs(ctx) }}, 16 * time.Second, "[0s 15s]", models.CameraStalled},
		{"no key frames", []step{shows(time.Hour, true, ends)}, 65 * time.Second, "[0s 1m0.25s]", models.CameraLive},
		{"panic", []step{func(context.Context, func(*models.AccessUnit)) error { panic("broken") }}, 2 * time.Second, "[0s 0s 1s]", models.CameraOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: c.steps}
				v := supervise(t, s, c.during, nil)
				// The watchdog looks four times a second.
				for i := range s.runs {
					if c.name == "stall" || c.name == "silent from the beginning" || c.name == "no key frames" {
						s.runs[i] = s.runs[i].Truncate(250 * time.Millisecond)
					}
				}
				if got := fmt.Sprint(s.runs); got != c.runs || v.Health().State != c.state {
					t.Fatalf("runs at %s and is %v; want %s and %s", got, v.Health(), c.runs, c.state)
				}
			})
		})
	}
}

func TestSupervisorHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []func(context.Context, func(*models.AccessUnit)) error{
			shows(10*time.Second, false, hangs),                      // 0..14.5 s
			fails(models.Errorf(models.KindUnavailable, "no route")), // at once after the stall, then 1 s
			fails(models.Errorf(models.KindUnavailable, "no route")), // 2 s
			shows(time.Hour, false, ends),
		}}
		begun := time.Now()
		want := map[int]string{
			1: "live  0s", 10: "live  0s", 14: "live  0s", 15: "offline no route 14s", 17: "offline no route 14s", 20: "live  17s",
		}
		supervise(t, s, 22*time.Second, func(at time.Duration, h models.CameraHealth) {
			got := fmt.Sprintf("%s %s %v", h.State, h.Reason, h.Since.Sub(begun).Truncate(time.Second))
			if w, ok := want[int(at.Seconds())]; ok && got != w {
				t.Errorf("at %v: %q, want %q", at, got, w)
			}
		})
	})
}

// A camera that locks the account after many failed logins must never see more than three in five minutes.
func TestSupervisorNeverLocksAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []func(context.Context, func(*models.AccessUnit)) error{fails(models.Errorf(models.KindUnauthenticated, "401"))}}
		supervise(t, s, time.Hour, nil)
		if len(s.runs) < 20 {
			t.Fatalf("only %d tries in an hour", len(s.runs))
		}
		for i := 3; i < len(s.runs); i++ {
			if d := s.runs[i] - s.runs[i-3]; d < loginWindow {
				t.Fatalf("four logins in %v", d)
			}
		}
	})
}

func TestSupervisorJitterSpreads(t *testing.T) {
	v := &Supervisor{Jitter: func() float64 { return 0 }}
	if d := v.jittered(10 * time.Second); d != 8*time.Second {
		t.Fatal(d)
	}
	v.Jitter = func() float64 { return 1 }
	if d := v.jittered(10 * time.Second); d != 12*time.Second {
		t.Fatal(d)
	}
}

package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// locks is a camera that locks the account for half an hour after more than three failed logins within five minutes.
type locks struct {
	t      *testing.T
	fails  []time.Time
	locked bool
}

func (c *locks) Run(context.Context, func(*models.AccessUnit)) error {
	time.Sleep(20 * time.Millisecond)
	c.fails = append(c.fails, time.Now())
	if n := len(c.fails); n > loginFailures && c.fails[n-1].Sub(c.fails[n-1-loginFailures]) < loginWindow && !c.locked {
		c.locked = true
		c.t.Errorf("the account is locked after %d logins: %v", n, c.fails[n-1-loginFailures:])
	}
	return models.Errorf(models.KindUnauthenticated, "401")
}

// A storm of 401: two streams with the same wrong password, a program that is started again every few seconds.
func TestLoginsNeverLockTheAccount(t *testing.T) {
	for _, c := range []struct {
		name     string
		restarts time.Duration // of the program
		main     bool          // the main stream answers 404, so that the sub stream is asked
	}{
		{"no restarts", time.Hour, false},
		{"restarts", 7 * time.Second, false},
		{"restarts with a sub stream", 7 * time.Second, true},
		{"restarts at the worst moment", 150 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				camera, begun := &locks{t: t}, time.Now()
				var kept []byte
				for time.Since(begun) < time.Hour {
					logins, err := LoadLogins(kept, func(b []byte) error { kept = b; return nil })
					if err != nil {
						t.Fatal(err)
					}
					sources := []Source{camera, camera}
					if c.main {
						sources[0] = sourceFunc(fails(models.Errorf(models.KindNotFound, "404")))
					}
					v := &Supervisor{Sources: sources, Emit: func(*models.AccessUnit) {}, Log: quiet}
					v.Logins = logins.Of("cam", "rtsp://u:p@c/1", "rtsp://u:p@c/2")
					ctx, cancel := context.WithTimeout(t.Context(), c.restarts)
					v.Run(ctx)
					cancel()
					if h := v.Health(); h.State != models.CameraRefused {
						t.Fatalf("%+v", h)
					}
				}
				if n := len(camera.fails); n < 15 {
					t.Errorf("only %d logins in an hour: a corrected password is noticed too late", n)
				}
			})
		})
	}
}

func TestLogins(t *testing.T) {
	var kept []byte
	l, err := LoadLogins(nil, func(b []byte) error { kept = b; return errors.New("disk full") })
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	a := l.Of("a", "rtsp://u:geheim@c/1")
	for range loginFailures {
		a.failed(now)
	}
	if strings.Contains(string(kept), "geheim") || !json.Valid(kept) {
		t.Fatalf("kept %s", kept)
	}
	if d := a.wait(now); d != loginWindow+time.Second || l.Of("b", "x").wait(now) != 0 {
		t.Fatal(d)
	}
	if d := l.Of("a", "rtsp://u:geheim@c/1").wait(now.Add(time.Minute)); d != 4*time.Minute+time.Second {
		t.Fatalf("the camera is set up again: %v", d)
	}
	if d := l.Of("a", "rtsp://u:anders@c/1").wait(now); d != 0 {
		t.Fatalf("the password is typed anew: %v", d)
	}
	again, err := LoadLogins(kept, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if d := again.Of("a", "rtsp://u:geheim@c/1").wait(now.Add(2 * time.Minute)); d != 3*time.Minute+time.Second {
		t.Fatalf("after a restart: %v", d)
	}
	if d := again.Of("a", "rtsp://u:geheim@c/1").wait(now.Add(-time.Hour)); d != 0 {
		t.Fatalf("the clock was set back: %v", d)
	}
	broken, err := LoadLogins([]byte("{"), func([]byte) error { return nil })
	if err == nil {
		t.Fatal("broken bytes were taken")
	}
	broken.Of("a").failed(now)
}

// The same against a real server: however often the program starts, it logs in three times.
func TestLoginsOverRestarts(t *testing.T) {
	c := newCamera(t, &camera{user: "admin", password: "right"}, h264(true))
	var kept []byte
	for range 6 {
		logins, err := LoadLogins(kept, func(b []byte) error { kept = b; return nil })
		if err != nil {
			t.Fatal(err)
		}
		var ran atomic.Int64
		u := c.url("admin:wrong@")
		source := newRTSP(t, u)
		v := &Supervisor{
			Sources: []Source{sourceFunc(func(ctx context.Context, emit func(*models.AccessUnit)) error {
				defer ran.Add(1)
				return source.Run(ctx, emit)
			}), newRTSP(t, u)},
			Emit: func(*models.AccessUnit) {}, Logins: logins.Of("cam", u), Log: quiet,
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		for begun := time.Now(); v.Health().State != models.CameraRefused; time.Sleep(time.Millisecond) {
			if time.Since(begun) > 10*time.Second {
				t.Fatal("not refused within 10 s")
			}
		}
		cancel()
		<-done
	}
	if n := c.logins.Load(); n != loginFailures {
		t.Fatalf("%d failed logins", n)
	}
}

package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How a Supervisor restarts a source.
const (
	stallAfter    = 5 * time.Second  // without a complete access unit
	startWithin   = 15 * time.Second // from dialling to the first one: three answers of 5 s
	keyWithin     = time.Minute      // without a key frame nothing can be decoded
	goodAfter     = 30 * time.Second // of video: the next failure is a new one
	maxBackoff    = 30 * time.Second
	slowLane      = 60 * time.Second // refused or unsupported: a person must act first
	loginFailures = 3                // at most, in loginWindow, so that no camera locks the account
	loginWindow   = 5 * time.Minute
)

// Supervisor keeps one camera's source running and knows the camera's health. A source runs once; the supervisor
// restarts it: at once, then after 1, 2, 4 ... 30 s with 20 % jitter, from the beginning again after 30 s of video.
type Supervisor struct {
	Source Source
	Emit   func(*models.AccessUnit) // must return at once
	Log    *slog.Logger             // nil is slog.Default
	Jitter func() float64           // 0..1; nil is random

	mu     sync.Mutex
	health models.CameraHealth
	seen   progress
	logins []time.Time // of failed logins, the newest loginFailures
}

// progress is what one run of the source has delivered.
type progress struct {
	units            int64
	first, last, key time.Time
}

// Health is the camera's state now.
func (s *Supervisor) Health() models.CameraHealth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

// Run restarts the source until ctx ends.
func (s *Supervisor) Run(ctx context.Context) {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Jitter == nil {
		s.Jitter = rand.Float64
	}
	s.set(models.CameraConnecting, "")
	for failures := 0; ctx.Err() == nil; failures++ {
		err := s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.goodVideo() {
			failures = 0
		}
		wait := s.judge(err, failures)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// once runs the source until it ends or stalls, and returns why.
func (s *Supervisor) once(ctx context.Context) error {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.mu.Lock()
	s.seen = progress{}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watch(run, cancel)
	}()
	err := s.guarded(run)
	stalled := context.Cause(run)
	cancel(nil)
	<-done
	if stalled != nil && ctx.Err() == nil {
		return stalled
	}
	if err == nil {
		err = models.Errorf(models.KindUnavailable, "the stream ended")
	}
	return err
}

// guarded runs the source; a panic in it is this camera's error and nobody else's.
func (s *Supervisor) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("source panicked", "panic", p, "stack", string(debug.Stack()))
			err = models.Errorf(models.KindInternal, "the program failed on this camera's stream: %v", p)
		}
	}()
	return s.Source.Run(ctx, s.take)
}

// take notes a unit and hands it on.
func (s *Supervisor) take(u *models.AccessUnit) {
	now := time.Now()
	s.mu.Lock()
	if s.seen.units == 0 {
		s.seen.first, s.seen.key = now, now
	}
	s.seen.units++
	s.seen.last = now
	if u.Key {
		s.seen.key = now
	}
	s.mu.Unlock()
	s.set(models.CameraLive, "")
	s.Emit(u)
}

// stall is the reason for which the watchdog ends a run; it is the state "stalled".
type stall struct{ reason string }

func (s stall) Error() string { return s.reason }

// watch ends the run when pictures stop coming while the connection stays: keep-alives hide that from the library.
func (s *Supervisor) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	begun := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		p := s.seen
		s.mu.Unlock()
		switch now := time.Now(); {
		case p.units == 0 && now.Sub(begun) >= startWithin:
			cancel(stall{fmt.Sprintf("connected, but no picture within %.0f s", startWithin.Seconds())})
		case p.units > 0 && now.Sub(p.last) >= stallAfter:
			cancel(stall{fmt.Sprintf("no picture for %.0f s", stallAfter.Seconds())})
		case p.units > 0 && now.Sub(p.key) >= keyWithin:
			cancel(stall{fmt.Sprintf("no key frame for %.0f s: set the camera's key frame interval to 1-2 s", keyWithin.Seconds())})
		default:
			continue
		}
		// The state changes at once, though the source may take a moment to end.
		s.set(models.CameraStalled, context.Cause(ctx).Error())
		return
	}
}

// goodVideo reports whether the run that ended had shown pictures long enough to forget earlier failures.
func (s *Supervisor) goodVideo() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.units > 0 && s.seen.last.Sub(s.seen.first) >= goodAfter
}

// judge turns the reason of an end into a state and the time to wait before the next run.
func (s *Supervisor) judge(err error, failures int) time.Duration {
	if e, ok := errors.AsType[stall](err); ok {
		s.set(models.CameraStalled, e.reason)
		return s.backoff(failures)
	}
	switch models.KindOf(err) {
	case models.KindUnauthenticated:
		s.set(models.CameraRefused, err.Error())
		return max(s.jittered(slowLane), s.loginPause(time.Now()))
	case models.KindForbidden, models.KindNotFound:
		s.set(models.CameraRefused, err.Error())
		return s.jittered(slowLane)
	case models.KindUnsupported:
		s.set(models.CameraUnsupported, err.Error())
		return s.jittered(slowLane)
	default:
		s.set(models.CameraOffline, err.Error())
		return s.backoff(failures)
	}
}

// loginPause notes a failed login and returns how long to wait so that there are at most loginFailures in loginWindow.
func (s *Supervisor) loginPause(now time.Time) time.Duration {
	s.logins = append(s.logins, now)
	if len(s.logins) < loginFailures {
		return 0
	}
	s.logins = s.logins[len(s.logins)-loginFailures:]
	return loginWindow - now.Sub(s.logins[0]) + time.Second
}

// backoff is the wait before the run that follows so many failures: 0, 1, 2, 4 ... 30 s.
func (s *Supervisor) backoff(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return s.jittered(min(time.Second<<min(failures-1, 10), maxBackoff))
}

// jittered spreads a wait by 20 % both ways, so that cameras that fell together do not come back together.
func (s *Supervisor) jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*s.Jitter()))
}

// set changes the state; a change is logged, and Since moves only with the state.
func (s *Supervisor) set(state models.CameraState, reason string) {
	s.mu.Lock()
	old := s.health
	if old.State == state && old.Reason == reason {
		s.mu.Unlock()
		return
	}
	s.health.State, s.health.Reason = state, reason
	if old.State != state {
		s.health.Since = time.Now().UTC()
	}
	s.mu.Unlock()
	switch state {
	case models.CameraLive, models.CameraConnecting:
		s.Log.Info("camera", "state", state)
	default:
		s.Log.Warn("camera", "state", state, "reason", reason)
	}
}

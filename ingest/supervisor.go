package ingest

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How a Supervisor restarts its sources.
const (
	goodAfter  = 30 * time.Second // of video: the next failure is a new one
	maxBackoff = 30 * time.Second
	liveWait   = 4 * time.Second  // the longest wait of a camera that has just shown pictures
	slowLane   = 60 * time.Second // refused or unsupported: a person must act first
	giveUp     = 3                // failures of a stream, of a camera that answers, before the other one is tried
	mainAgain  = 10 * time.Minute // how often the main stream is tried while the sub stream is shown
	mainProof  = 10 * time.Second // of pictures that the main stream must show before it is taken again
)

// Supervisor keeps one camera's pictures coming and knows the camera's health. A source runs once; the supervisor
// restarts it: at once, then after 1, 2, 4 ... 30 s (4 s if it has just shown pictures) with 20 % jitter, from the
// beginning again after 30 s of video, and without waiting when the camera answers again after it did not (see Prober).
//
// Of two sources the first, the main stream, is shown. The second, the sub stream, is taken while the first is unsupported
// or refused, or has failed three times although the camera answers. Every 10 minutes the main stream is then tried beside
// the sub stream; it is taken again when it shows pictures for 10 s, so that no more is lost than one change of connection.
type Supervisor struct {
	Sources []Source                 // the main stream; the sub stream, if there is one
	Emit    func(*models.AccessUnit) // must return at once
	Logins  *LoginLimit              // of the camera, over both streams and restarts of the program; nil is one of its own
	Gate    *Gate                    // shared by the cameras of a node; nil lets everybody connect at once
	Log     *slog.Logger             // nil is slog.Default
	Jitter  func() float64           // 0..1; nil is random

	// Of the goroutine of Run, and of that which watches a run while it lasts.
	current  int           // index of the source that runs
	tries    int           // failures of that source since its last good video
	failures int           // failures since the last good video
	mainErr  error         // why the main stream was given up
	down     bool          // the camera did not answer when last asked, or fell silent
	away     bool          // it did not answer a question since its last picture: a true outage, not a fault of one stream
	fresh    bool          // this run began because the camera answered again
	gop      time.Duration // longest of the newest groups of pictures

	mu     sync.Mutex
	health models.CameraHealth
	epoch  uint64 // of the units emitted
	seen   progress
}

// progress is what one run of a source has delivered.
type progress struct {
	source           int       // its index
	begun            time.Time // when it was let in
	epoch            uint64    // as the source counts
	units            int64
	first, last, key time.Time
	keys             int64
}

// The reasons for which a run is ended that did not fail.
var (
	errAnswers = errors.New("the camera answers again")
	errMain    = errors.New("the main stream is back")
)

// Health is the camera's state now.
func (s *Supervisor) Health() models.CameraHealth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

// Stream is what is known of the stream that is shown now, or was last.
func (s *Supervisor) Stream() models.Stream {
	p := s.progress()
	gauged, ok := s.Sources[p.source].(interface{ Stream() models.Stream })
	if !ok {
		return models.Stream{}
	}
	stream := gauged.Stream()
	if p.units > 0 {
		stream.Source = [...]string{"main", "sub"}[p.source]
	}
	return stream
}

// Run restarts the sources until ctx ends.
func (s *Supervisor) Run(ctx context.Context) {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Jitter == nil {
		s.Jitter = rand.Float64
	}
	if s.Logins == nil {
		s.Logins = &LoginLimit{}
	}
	s.set(models.CameraConnecting, "")
	for ctx.Err() == nil {
		if wait := s.Logins.wait(time.Now()); wait > 0 {
			s.set(models.CameraRefused, loginsRefused)
			s.pause(ctx, wait, false)
			continue
		}
		err := s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if s.goodVideo() {
			s.failures, s.tries = 0, 0
		}
		wait, ask := s.judge(err)
		s.pause(ctx, wait, ask)
	}
}

// once runs the current source until it ends or is ended, and returns why.
func (s *Supervisor) once(ctx context.Context) error {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	leave, err := s.Gate.enter(run)
	if err != nil {
		return err
	}
	defer leave()
	s.mu.Lock()
	s.seen = progress{source: s.current, begun: time.Now()}
	s.mu.Unlock()
	s.gop = 0

	var beside sync.WaitGroup
	beside.Go(func() { s.watch(run, cancel) })
	if s.current > 0 {
		beside.Go(func() { s.proveMain(run, cancel) })
	}
	err = s.guarded(run, s.Sources[s.current], func(u *models.AccessUnit) {
		defer func() { // the source may call from a goroutine of its own
			if p := recover(); p != nil {
				cancel(s.panicked(p))
			}
		}()
		if run.Err() == nil {
			leave()
			s.take(u)
		}
	})
	why := context.Cause(run)
	cancel(nil)
	beside.Wait()
	if why != nil && ctx.Err() == nil {
		return why
	}
	if err == nil {
		err = models.Errorf(models.KindUnavailable, "the stream ended")
	}
	return err
}

// guarded runs a source; a panic in it is this camera's error and nobody else's.
func (s *Supervisor) guarded(ctx context.Context, source Source, emit func(*models.AccessUnit)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = s.panicked(p)
		}
	}()
	return source.Run(ctx, emit)
}

func (s *Supervisor) panicked(p any) error {
	s.Log.Error("the program failed on a camera's stream", "panic", p, "stack", string(debug.Stack()))
	return models.Errorf(models.KindInternal, "the program failed on this camera's stream: %v", p)
}

// take notes a unit and hands it on. Its epoch becomes one of the camera's: two streams count for themselves.
func (s *Supervisor) take(u *models.AccessUnit) {
	now := time.Now()
	s.mu.Lock()
	p := &s.seen
	if p.units == 0 {
		p.first = now
	}
	if p.units == 0 || p.epoch != u.Epoch {
		s.epoch++
		p.epoch = u.Epoch
	}
	u.Epoch = s.epoch
	p.units++
	p.last = now
	if u.Key {
		p.key = now
		p.keys++
	}
	s.mu.Unlock()
	s.set(models.CameraLive, "")
	s.Emit(u)
}

// goodVideo reports whether the run that ended had shown pictures long enough to forget earlier failures.
func (s *Supervisor) goodVideo() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.units > 0 && s.seen.last.Sub(s.seen.first) >= goodAfter
}

// judge turns the reason of an end into a state, chooses the next source and says how long to wait for its run, and
// whether to ask meanwhile if the camera answers again.
func (s *Supervisor) judge(err error) (wait time.Duration, ask bool) {
	switch err {
	case errMain:
		s.current, s.tries, s.failures = 0, 0, 0
		return 0, false
	case errAnswers:
		s.begin()
		return 0, false
	}
	p := s.progress()
	state, slow := verdict(err)
	if p.units > 0 && state == models.CameraStalled || p.units == 0 && time.Since(p.begun) >= probeWithin && !s.fresh {
		s.down = true // what it should have sent or answered did not come
	}
	s.fresh = false
	wait = s.backoff(s.failures)
	if p.units > 0 {
		wait = min(wait, s.jittered(liveWait))
	}
	if slow {
		wait = s.jittered(slowLane)
	}
	s.failures++
	s.tries++
	if models.KindOf(err) == models.KindUnauthenticated { // the other stream has the same password
		s.Logins.failed(time.Now())
		s.set(state, err.Error())
		s.current = 0
		return max(wait, s.Logins.wait(time.Now())), false
	}
	reason := err.Error()
	if s.current > 0 {
		reason = "main stream: " + s.mainErr.Error() + "; sub stream: " + reason
	}
	s.set(state, reason)
	if len(s.Sources) > 1 && (slow || s.tries >= giveUp && !s.away) {
		s.tries = 0
		if s.current = 1 - s.current; s.current > 0 {
			s.mainErr = err
			s.Log.Warn("the sub stream is taken", "reason", err)
			if slow {
				wait = 0
			}
		}
	}
	return wait, !slow && wait > 0
}

// begin prepares the run of a camera that answers again. After a true outage it is as if the camera had just been added, but
// for the first failure: what answers may not be ready yet.
func (s *Supervisor) begin() {
	if s.away {
		s.current, s.tries, s.failures = 0, 0, 1
	}
	s.down, s.away, s.fresh = false, false, true
}

// verdict is the state that an error means, and whether a person must act first.
func verdict(err error) (state models.CameraState, slow bool) {
	if _, ok := errors.AsType[stall](err); ok {
		return models.CameraStalled, false
	}
	switch models.KindOf(err) {
	case models.KindUnauthenticated, models.KindForbidden, models.KindNotFound:
		return models.CameraRefused, true
	case models.KindUnsupported:
		return models.CameraUnsupported, true
	default:
		return models.CameraOffline, false
	}
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

// proveMain tries the main stream now and then while another is shown, and ends the run once it works.
func (s *Supervisor) proveMain(ctx context.Context, cancel context.CancelCauseFunc) {
	for sleep(ctx, s.jittered(mainAgain)) {
		if s.Logins.wait(time.Now()) == 0 && s.mainWorks(ctx) {
			s.Log.Info("the main stream is taken again")
			cancel(errMain)
			return
		}
	}
}

// mainWorks reports whether the main stream shows pictures, with a key frame, for as long as it must.
func (s *Supervisor) mainWorks(ctx context.Context) bool {
	leave, err := s.Gate.enter(ctx)
	if err != nil {
		return false
	}
	defer leave()
	var works bool
	var key time.Time
	trial, end := context.WithTimeout(ctx, startWithin+mainProof)
	defer end()
	err = s.guarded(trial, s.Sources[0], func(u *models.AccessUnit) {
		if u.Key && key.IsZero() {
			key = time.Now()
		}
		if !key.IsZero() && time.Since(key) >= mainProof {
			works = true
			end()
		}
	})
	if models.KindOf(err) == models.KindUnauthenticated {
		s.Logins.failed(time.Now())
	}
	return works
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

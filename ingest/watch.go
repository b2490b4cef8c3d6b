package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How a run is watched. Keep-alives and reports hide from the library that pictures stopped, so only pictures count.
const (
	lookEvery   = 250 * time.Millisecond
	stallAfter  = 4500 * time.Millisecond // without a complete access unit: seen and said within 5 s
	startWithin = 15 * time.Second        // from dialling to the first one: three answers of 5 s
	keyFactor   = 3                       // groups of pictures without a key frame
	keyLeast    = 10 * time.Second        // a short group may be lost with its key frame, and the next one too
	keyMost     = 2 * time.Minute
	keyUnknown  = time.Minute // before the group's length is known
)

// How a camera that shows nothing is asked.
const (
	probeAfter  = time.Second     // a camera that is thought to be well has answered by then
	probeEvery  = 2 * time.Second // from the beginning of one question to that of the next
	probeWithin = 2 * time.Second
)

// Prober is a Source that can find out cheaply, without logging in, whether its camera answers.
type Prober interface {
	// Probe returns nil when the camera answers before ctx ends.
	Probe(ctx context.Context) error
}

// stall is the reason for which the watchdog ends a run; it is the state "stalled".
type stall struct{ reason string }

func (s stall) Error() string { return s.reason }

// watch ends the run when pictures stop coming while the connection stays, and when a camera that had not answered does so
// while the run still waits for an answer that got lost.
func (s *Supervisor) watch(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	ask := time.Now()
	if s.fresh || s.Health().State == models.CameraConnecting {
		ask = ask.Add(probeAfter)
	}
	var keys int64
	var key time.Time // of the newest key frame looked at
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		p := s.progress()
		if p.units > 0 {
			s.down, s.away = false, false
		} else if !now.Before(ask) {
			ask = now.Add(s.jittered(probeEvery))
			if s.back(ctx) && !s.fresh && s.progress().units == 0 {
				cancel(errAnswers)
				return
			}
		}
		if p.keys > keys {
			if keys > 0 {
				s.gop = max(s.gop*3/4, p.key.Sub(key)/time.Duration(p.keys-keys))
			}
			keys, key = p.keys, p.key
		}
		if why := s.late(p, now); why != "" {
			cancel(stall{why})
			// The state changes at once, though the source may take a moment to end.
			s.set(models.CameraStalled, context.Cause(ctx).Error())
			return
		}
	}
}

func (s *Supervisor) progress() progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// late says what has not come in time; empty when all is well.
func (s *Supervisor) late(p progress, now time.Time) string {
	if p.units == 0 {
		if now.Sub(p.begun) < startWithin {
			return ""
		}
		return fmt.Sprintf("connected, but no picture within %.0f s", startWithin.Seconds())
	}
	if now.Sub(p.last) >= stallAfter {
		return "no picture for 5 s"
	}
	within, since := keyUnknown, p.first
	if s.gop > 0 {
		within = min(max(keyFactor*s.gop, keyLeast), keyMost)
	}
	if p.keys > 0 {
		since = p.key
	}
	if now.Sub(since) < within {
		return ""
	}
	return fmt.Sprintf("no key frame for %.0f s: set the camera's key frame interval to 1-2 s", within.Seconds())
}

// back asks the camera, if its source can be asked, and reports whether it answers after it had not.
func (s *Supervisor) back(ctx context.Context) bool {
	source, ok := s.Sources[s.current].(Prober)
	if !ok {
		return false
	}
	within, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	err := source.Probe(within)
	if ctx.Err() != nil {
		return false
	}
	back := s.down && err == nil
	s.down = err != nil
	s.away = s.away || s.down
	return back
}

// pause waits before the next run; less if asked to ask and the camera answers again.
func (s *Supervisor) pause(ctx context.Context, wait time.Duration, ask bool) {
	until := time.Now().Add(wait)
	for ask && time.Until(until) > 0 {
		begun := time.Now()
		if s.back(ctx) {
			s.begin()
			return
		}
		if !sleep(ctx, min(time.Until(until), s.jittered(probeEvery)-time.Since(begun))) {
			return
		}
	}
	sleep(ctx, time.Until(until))
}

// sleep waits; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Package rules speaks: it judges every second by a table of rules and turns what goes on for long enough into incidents.
//
// Each rule is true, false or unknown in a second. For, KeepFiring and cooldown mean what they mean in Prometheus, except
// that unknown seconds neither count nor reset. One incident is one models.Event with one id, revised when it opens, closes
// or opens again, and resumed after a restart.
//
// Place on the road: after measure, before the outbox. In: models.Second and the camera's state. Out: models.Event. Pure and
// synchronous; only the pipeline imports it. The table of rules is in docs/METHOD.md.
package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Config is what the rules of one camera depend on. Zones and counters must be valid and have their defaults.
type Config struct {
	Node     string
	Camera   models.Camera
	Always   bool          // the site's calendar is around the clock: nothing opens late or closes early
	Detector string        // copied into events
	Cooldown time.Duration // a rule that fires again so soon re-opens its incident; 0 is 15 min, but for a counter never longer than its MaxAbsence
}

// Engine judges one camera.
type Engine struct {
	cfg    Config
	rules  []rule
	alarms []alarm // one for each rule
	gone   []alarm // incidents of rules that the camera had before a restart: they are to be closed
	now    models.Second
	live   time.Time
}

// truth is what a rule says of one second.
type truth uint8

const (
	unknown truth = iota
	no
	yes
)

// rule is one line of the table.
type rule struct {
	kind          models.EventKind
	counter, zone string
	hold          time.Duration // true so long before it fires (for)
	keep          time.Duration // false so long before it stops (keep_firing_for)
	blink         time.Duration // false for less than this does not begin hold anew
	cooldown      time.Duration
	judge         func(*models.Second) finding
	numbers       func(*models.Second, map[string]float64) // writes down thresholds and what they were compared with
}

// finding is what a rule found in one second.
type finding struct {
	truth   truth
	spell   models.Spell // when the rule knows better than the engine how long it has been going on
	ended   time.Time    // when what is complained about ended, if that is known to be before the rule stopped
	silentS float64      // of a camera
}

// New makes the rules of a camera.
func New(cfg Config) *Engine {
	e := &Engine{cfg: cfg}
	e.addCounters()
	e.addQueues()
	e.addCamera()
	e.alarms = make([]alarm, len(e.rules))
	return e
}

// Second judges one second and returns the incidents it changed.
func (e *Engine) Second(s models.Second) []models.Event {
	var out []models.Event
	e.now = s
	for i := range e.rules {
		if e.rules[i].judge == nil {
			continue
		}
		out = e.step(out, i, s.Start, time.Second, e.rules[i].judge(&e.now))
	}
	return out
}

// Health judges the camera itself. It is told at every frame that the camera is live, and at least once a second while no
// frame comes what its state is.
func (e *Engine) Health(at time.Time, state models.CameraState) []models.Event {
	if e.live.IsZero() {
		e.live = at
	}
	away := at.Sub(e.live)
	spell := models.Spell{Began: e.live, UnseenS: away.Seconds()}
	if state == models.CameraLive {
		e.live = at
	}
	out := closed(e.gone, at)
	e.gone = nil
	for i := range e.rules {
		r := &e.rules[i]
		if r.judge != nil {
			continue
		}
		f := finding{truth: no, spell: spell, silentS: away.Seconds()}
		if fits(r.kind, state) {
			if f.truth = unknown; away >= silence {
				f.truth = yes
			}
		}
		out = e.step(out, i, at, min(away, time.Second), f)
	}
	return out
}

// fits reports whether a camera's state is what a kind of event complains about.
func fits(kind models.EventKind, state models.CameraState) bool {
	switch state {
	case models.CameraLive:
		return false
	case models.CameraStalled:
		return kind == models.CameraStalledEvent
	default:
		return kind == models.CameraOfflineEvent
	}
}

// step gives one finding to one alarm and appends the incident when that changed it.
func (e *Engine) step(out []models.Event, i int, start time.Time, dt time.Duration, f finding) []models.Event {
	r, a := &e.rules[i], &e.alarms[i]
	if !a.step(r, start, dt, f, &e.now) {
		return out
	}
	ev := &a.Event
	if ev.ID == "" {
		ev.ID = models.RecordID(e.cfg.Node, e.cfg.Camera.ID, r.counter, r.zone, r.kind, models.MethodVersion, ev.Began.Truncate(time.Second))
		ev.Kind, ev.Node, ev.Camera, ev.Counter, ev.Zone = r.kind, e.cfg.Node, e.cfg.Camera.ID, r.counter, r.zone
		ev.Detector, ev.Method = e.cfg.Detector, models.MethodVersion
	}
	return append(out, a.copy())
}

// Close closes every incident that goes on: the camera is no longer watched.
func (e *Engine) Close(at time.Time) []models.Event {
	out := append(closed(e.alarms, at), closed(e.gone, at)...)
	e.gone = nil
	return out
}

// closed closes those of the incidents that go on.
func closed(alarms []alarm, at time.Time) []models.Event {
	var out []models.Event
	for i := range alarms {
		if a := &alarms[i]; a.firing() {
			a.close(nil, at, finding{}, nil)
			out = append(out, a.copy())
		}
	}
	return out
}

// CloseKept closes every incident that goes on in a state, for a camera of which nothing else is known any more.
func CloseKept(state []byte, at time.Time) ([]models.Event, error) {
	var e Engine // without rules
	if err := e.Restore(state); err != nil {
		return nil, err
	}
	return e.Close(at), nil
}

// open reports whether the incident of a rule goes on.
func (e *Engine) open(i int) bool { return e.alarms[i].firing() }

// State returns every incident that goes on or may open again, for Restore after a restart.
func (e *Engine) State() ([]byte, error) { return json.Marshal(e.named()) }

// Restore goes on from what State returned. Incidents of rules that no longer exist are closed by the
// next call of Health.
func (e *Engine) Restore(b []byte) error {
	var kept map[string]alarm
	if err := json.Unmarshal(b, &kept); err != nil {
		return fmt.Errorf("rules: restore: %w", err)
	}
	for i := range e.rules {
		if a, ok := kept[e.rules[i].name()]; ok {
			e.alarms[i] = a
			delete(kept, e.rules[i].name())
		}
	}
	e.gone = nil
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		e.gone = append(e.gone, kept[name])
	}
	return nil
}

func (e *Engine) named() map[string]alarm {
	m := map[string]alarm{}
	for i := range e.rules {
		if a := e.alarms[i]; a.Event.ID != "" || a.HeldS > 0 {
			m[e.rules[i].name()] = a
		}
	}
	return m
}

func (r *rule) name() string { return string(r.kind) + "/" + r.counter + "/" + r.zone }

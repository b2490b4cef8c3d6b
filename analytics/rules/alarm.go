package rules

import (
	"maps"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// alarm is the memory of one rule.
type alarm struct {
	Event  models.Event // the incident that goes on, or the last one; empty id before the first
	Began  time.Time    // when the rule became true
	HeldS  float64      // seconds it has been true, unknown ones left out
	QuietS float64      // while firing or about to: seconds it has been false
	Spell  models.Spell // how much of the incident was seen
}

func (a *alarm) firing() bool { return a.Event.Revision > 0 && a.Event.Open() }

// step takes the finding of the time dt that began at start. It reports whether the incident changed.
func (a *alarm) step(r *rule, start time.Time, dt time.Duration, f finding, now *models.Second) bool {
	s := dt.Seconds()
	a.watch(start, s, f)
	switch {
	case a.firing() && f.truth == no:
		if a.QuietS += s; a.QuietS < r.keep.Seconds() && r.keep > 0 {
			return false
		}
		a.close(r, start, f, now)
		return true
	case a.firing():
		if f.truth == yes {
			a.QuietS = 0
			a.note(r, f, now)
		}
		return false
	case f.truth == no:
		if a.QuietS += s; a.HeldS == 0 || a.QuietS >= r.blink.Seconds() {
			a.Began, a.HeldS, a.QuietS = time.Time{}, 0, 0
		}
		return false
	case f.truth == unknown:
		return false
	}
	if a.QuietS = 0; a.HeldS == 0 {
		a.Began = start
	}
	if a.HeldS += s; a.HeldS < r.hold.Seconds() {
		return false
	}
	a.open(r, start.Add(dt), f, now)
	return true
}

// watch keeps the observed share: the rule's own where it knows it, else that of the alarm.
func (a *alarm) watch(start time.Time, s float64, f finding) {
	switch {
	case f.spell.Running():
		a.Spell = f.spell
	case !a.firing() && a.HeldS == 0:
		a.Spell = models.Spell{Began: start}
		fallthrough
	case f.truth == unknown:
		if f.truth == unknown {
			a.Spell.UnseenS += s
			return
		}
		fallthrough
	default:
		a.Spell.SeenS += s
	}
}

// open begins an incident, or re-opens the last one inside the cooldown.
func (a *alarm) open(r *rule, at time.Time, f finding, now *models.Second) {
	began := a.Began
	if f.spell.Running() {
		began = f.spell.Began
	}
	if a.Event.ID != "" && at.Sub(a.Event.Closed) <= r.cooldown {
		a.Event.Closed = time.Time{}
		a.Event.Revision++
		a.note(r, f, now)
		a.Event.Numbers["reopened"]++
	} else {
		a.Event = models.Event{Opened: at, Began: began, Revision: 1}
		a.note(r, f, now)
	}
	a.QuietS, a.HeldS = 0, 0
}

func (a *alarm) close(r *rule, at time.Time, f finding, now *models.Second) {
	if at.Before(a.Event.Opened) {
		at = a.Event.Opened
	}
	a.Event.Closed = at
	a.Event.Revision++
	a.note(r, f, now)
	ended := at
	if f.ended.After(a.Event.Began) && f.ended.Before(at) {
		ended = f.ended
	}
	a.Event.Numbers["duration_s"] = ended.Sub(a.Event.Began).Seconds()
	a.QuietS, a.HeldS, a.Began = 0, 0, time.Time{}
}

// note takes over the numbers of a finding and the observed share.
func (a *alarm) note(r *rule, f finding, now *models.Second) {
	if a.Event.Numbers == nil {
		a.Event.Numbers = map[string]float64{}
	}
	switch {
	case f.truth != yes:
	case r.numbers != nil:
		r.numbers(now, a.Event.Numbers)
	default:
		a.Event.Numbers["silent_s"] = f.silentS
	}
	if t := a.Spell.SeenS + a.Spell.UnseenS; t > 0 {
		a.Event.ObservedRatio = a.Spell.SeenS / t
	}
}

// copy is the incident as it is handed out.
func (a *alarm) copy() models.Event {
	e := a.Event
	e.Numbers = maps.Clone(e.Numbers)
	return e
}

package rules

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The constants of the table (docs/METHOD.md).
const (
	cooldown  = 15 * time.Minute
	queueLong = 5 * time.Minute  // above, and below, the threshold
	flicker   = 5 * time.Second  // a citizen out of sight so briefly is still there
	silence   = 5 * time.Second  // of a camera
	healthy   = 10 * time.Second // of a camera
	graceS    = 10.0             // nobody so long: away, not hidden for a moment
	leastWait = 5                // waits behind a p90
)

func is(b bool) truth {
	if b {
		return yes
	}
	return no
}

// addCounters adds the rules of every counter. A group has those about officers in place of its members, whose citizens
// can be left alone all the same.
func (e *Engine) addCounters() {
	members := map[string]bool{}
	for i := range e.cfg.Camera.Counters {
		for _, id := range e.cfg.Camera.Counters[i].AnyOf {
			members[id] = true
		}
	}
	for i := range e.cfg.Camera.Counters {
		c := &e.cfg.Camera.Counters[i]
		if !members[c.ID] {
			e.addOfficers(i, c)
		}
		if len(c.AnyOf) == 0 {
			n := e.addCounter(i, c, models.CustomerUnattended, c.Unattended, flicker, unattended)
			e.rules[n].blink = flicker
		}
	}
}

// addOfficers adds the rules about the officers of a counter or group.
func (e *Engine) addOfficers(i int, c *models.Counter) {
	always, early := e.cfg.Always, -1
	if c.Calendar != nil {
		always = c.Calendar.Always
	}
	if !always {
		e.addCounter(i, c, models.CounterOpenedLate, 0, 0, openedLate)
		early = e.addCounter(i, c, models.CounterClosedEarly, 0, 0, closedEarly)
	}
	e.addCounter(i, c, models.CounterAbsent, 0, 0, func(c *models.Counter, s *models.CounterSecond) finding {
		f := absent(c, s)
		if early >= 0 && e.open(early) && f.truth == yes {
			f.truth = no // closing early is its own kind
		}
		return f
	})
	e.addCounter(i, c, models.CounterUnderstaffed, 0, 0, understaffed)
}

// addCounter adds one rule of the i-th counter and returns its place.
func (e *Engine) addCounter(i int, c *models.Counter, kind models.EventKind, hold, keep time.Duration, judge func(*models.Counter, *models.CounterSecond) finding) int {
	cool := e.cfg.Cooldown
	if cool == 0 {
		cool = min(cooldown, c.MaxAbsence)
	}
	e.rules = append(e.rules, rule{
		kind: kind, counter: c.ID, hold: hold, keep: keep, cooldown: cool,
		judge:   func(s *models.Second) finding { return judge(c, &s.Counters[i]) },
		numbers: func(s *models.Second, n map[string]float64) { counterNumbers(kind, c, &s.Counters[i], n) },
	})
	return len(e.rules) - 1
}

// absent: ABSENT, once the counter had been staffed in this session.
func absent(_ *models.Counter, s *models.CounterSecond) finding {
	return unlessUnknown(finding{truth: is(s.Staffing == models.Absent && !s.NotYet), spell: s.Away, ended: s.Back}, s)
}

// openedLate: ABSENT from the session's first second on.
func openedLate(_ *models.Counter, s *models.CounterSecond) finding {
	return unlessUnknown(finding{truth: is(s.Staffing == models.Absent && s.NotYet), spell: s.Away, ended: s.Back}, s)
}

// closedEarly: nobody since before the last minutes of the session, and not absent already.
func closedEarly(c *models.Counter, s *models.CounterSecond) finding {
	last := s.Session.To.Add(-c.OpenedLateAfter)
	gone := s.Working && s.Away.Running() && s.Away.SeenS >= graceS && !s.Away.Began.After(last)
	now := s.Away.Began.Add(time.Duration((s.Away.SeenS + s.Away.UnseenS) * float64(time.Second)))
	return unlessUnknown(finding{truth: is(gone && !s.NotYet && s.Staffing != models.Absent && !now.Before(last)), spell: s.Away, ended: s.Back}, s)
}

// understaffed: somebody, but for MaxAbsence fewer than required.
func understaffed(c *models.Counter, s *models.CounterSecond) finding {
	some := !s.Away.Running() || s.Away.SeenS < graceS
	return unlessUnknown(finding{truth: is(c.RequiredOnDuty > 1 && some && s.Short.Running() && s.Short.SeenS >= c.MaxAbsence.Seconds()), spell: s.Short}, s)
}

// unattended: a citizen at the counter and nobody behind it.
func unattended(_ *models.Counter, s *models.CounterSecond) finding {
	if s.Working && !s.Seen {
		return finding{}
	}
	return finding{truth: is(s.Working && s.Serving > 0 && s.Away.Running())}
}

// unlessUnknown withholds judgement while the counter's state is unknown.
func unlessUnknown(f finding, s *models.CounterSecond) finding {
	if s.Working && s.Staffing == models.StaffingUnknown {
		f.truth = unknown
	}
	return f
}

// counterNumbers writes down what a rule compared: limit_s is the limit that held, away_s and short_s what was seen of
// nobody and of too few, unseen_s what was not seen of it.
func counterNumbers(kind models.EventKind, c *models.Counter, s *models.CounterSecond, n map[string]float64) {
	n["required"], n["on_duty"] = float64(c.RequiredOnDuty), float64(s.OnDuty)
	n["waiting"], n["serving"] = float64(s.Waiting), float64(s.Serving)
	n["away_s"], n["unseen_s"] = s.Away.SeenS, s.Away.UnseenS
	n["max_absence_s"], n["max_absence_with_waiting_s"] = c.MaxAbsence.Seconds(), c.MaxAbsenceWithWaiting.Seconds()
	limit := c.MaxAbsence
	switch kind {
	case models.CounterAbsent:
		if s.Waiting+s.Serving > 0 {
			limit = min(limit, c.MaxAbsenceWithWaiting)
		}
		if held, ok := n["limit_s"]; ok {
			limit = min(limit, time.Duration(held*float64(time.Second))) // the one that was reached first
		}
	case models.CounterUnderstaffed:
		n["short_s"], n["unseen_s"] = s.Short.SeenS, s.Short.UnseenS
	case models.CounterOpenedLate, models.CounterClosedEarly:
		limit = c.OpenedLateAfter
	case models.CustomerUnattended:
		limit = c.Unattended
	}
	n["limit_s"] = limit.Seconds()
}

// addQueues adds the rules of every queue that has thresholds.
func (e *Engine) addQueues() {
	cool := e.cfg.Cooldown
	if cool == 0 {
		cool = cooldown
	}
	for i, z := range e.cfg.Camera.Zones {
		if z.Kind != models.ZoneQueue {
			continue
		}
		if z.LongAt > 0 {
			e.rules = append(e.rules, rule{
				kind: models.QueueLong, zone: z.ID, hold: queueLong, keep: queueLong, cooldown: cool,
				judge: func(s *models.Second) finding { return long(&z, &s.Zones[i]) },
				numbers: func(s *models.Second, n map[string]float64) {
					n["length"], n["long_at"], n["limit_s"] = float64(s.Zones[i].Count), float64(z.LongAt), queueLong.Seconds()
				},
			})
		}
		if z.WaitAt > 0 {
			e.rules = append(e.rules, rule{
				kind: models.WaitLong, zone: z.ID, cooldown: cool,
				judge: func(s *models.Second) finding { return waitLong(&z, &s.Zones[i]) },
				numbers: func(s *models.Second, n map[string]float64) {
					w := &s.Zones[i].Wait
					n["p90_s"], n["p90_low_s"], n["p90_high_s"], n["n"], n["wait_at_s"] = w.Value, w.Low, w.High, float64(w.N), z.WaitAt.Seconds()
				},
			})
		}
	}
}

func long(z *models.Zone, s *models.ZoneSecond) finding {
	if !s.Seen {
		return finding{}
	}
	return finding{truth: is(s.Count >= z.LongAt)}
}

func waitLong(z *models.Zone, s *models.ZoneSecond) finding {
	if !s.Seen {
		return finding{}
	}
	return finding{truth: is(s.Wait.N >= leastWait && s.Wait.Value >= z.WaitAt.Seconds())}
}

// addCamera adds the rules about the camera itself, which Health judges.
func (e *Engine) addCamera() {
	for _, kind := range []models.EventKind{models.CameraOfflineEvent, models.CameraStalledEvent} {
		cool := e.cfg.Cooldown
		if cool == 0 {
			cool = cooldown
		}
		e.rules = append(e.rules, rule{kind: kind, keep: healthy, cooldown: cool})
	}
}

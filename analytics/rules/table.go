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

// addCounters adds the rules of every counter.
func (e *Engine) addCounters() {
	for i := range e.cfg.Camera.Counters {
		c := &e.cfg.Camera.Counters[i]
		add := func(kind models.EventKind, hold, keep time.Duration, judge func(models.CounterSecond) finding) int {
			cool := e.cfg.Cooldown
			if cool == 0 {
				cool = min(cooldown, c.MaxAbsence)
			}
			e.rules = append(e.rules, rule{
				kind: kind, counter: c.ID, hold: hold, keep: keep, cooldown: cool,
				judge: func(s *models.Second) finding { return judge(s.Counters[i]) },
			})
			return len(e.rules) - 1
		}
		early := -1
		if !e.cfg.Always {
			add(models.CounterOpenedLate, 0, 0, func(s models.CounterSecond) finding { return openedLate(c, s) })
			early = add(models.CounterClosedEarly, 0, 0, func(s models.CounterSecond) finding { return closedEarly(c, s) })
		}
		add(models.CounterAbsent, 0, 0, func(s models.CounterSecond) finding {
			if early >= 0 && e.open(early) {
				s.NotYet = true // closing early is its own kind
			}
			return absent(c, s)
		})
		add(models.CounterUnderstaffed, 0, 0, func(s models.CounterSecond) finding { return understaffed(c, s) })
		add(models.CustomerUnattended, c.Unattended, flicker, func(s models.CounterSecond) finding { return unattended(c, s) })
	}
}

// absent: ABSENT, once the counter had been staffed in this session.
func absent(c *models.Counter, s models.CounterSecond) finding {
	f := finding{truth: is(s.Staffing == models.Absent && !s.NotYet), spell: s.Away, ended: s.Back, numbers: counterNumbers(c, s)}
	return unlessUnknown(f, s)
}

// openedLate: ABSENT from the session's first second on.
func openedLate(c *models.Counter, s models.CounterSecond) finding {
	f := finding{truth: is(s.Staffing == models.Absent && s.NotYet), spell: s.Away, ended: s.Back, numbers: counterNumbers(c, s)}
	return unlessUnknown(f, s)
}

// closedEarly: nobody since before the last minutes of the session, and not absent already.
func closedEarly(c *models.Counter, s models.CounterSecond) finding {
	last := s.Session.To.Add(-c.OpenedLateAfter)
	gone := s.Working && s.Away.Running() && s.Away.SeenS >= graceS && !s.Away.Began.After(last)
	now := s.Away.Began.Add(time.Duration((s.Away.SeenS + s.Away.UnseenS) * float64(time.Second)))
	f := finding{spell: s.Away, ended: s.Back, numbers: counterNumbers(c, s)}
	f.truth = is(gone && !s.NotYet && s.Staffing != models.Absent && !now.Before(last))
	return unlessUnknown(f, s)
}

// understaffed: somebody, but for MaxAbsence fewer than required.
func understaffed(c *models.Counter, s models.CounterSecond) finding {
	some := !s.Away.Running() || s.Away.SeenS < graceS
	f := finding{truth: is(c.RequiredOnDuty > 1 && some && s.Short.Running() && s.Short.SeenS >= c.MaxAbsence.Seconds()), spell: s.Short}
	f.numbers = counterNumbers(c, s)
	return unlessUnknown(f, s)
}

// unattended: a citizen at the counter and nobody behind it.
func unattended(c *models.Counter, s models.CounterSecond) finding {
	f := finding{truth: is(s.Working && s.Serving > 0 && s.Away.Running()), numbers: counterNumbers(c, s)}
	if s.Working && !s.Seen {
		f.truth = unknown
	}
	return f
}

// unlessUnknown withholds judgement while the counter's state is unknown.
func unlessUnknown(f finding, s models.CounterSecond) finding {
	if s.Working && s.Staffing == models.StaffingUnknown {
		f.truth = unknown
	}
	return f
}

func counterNumbers(c *models.Counter, s models.CounterSecond) [7]number {
	return [7]number{
		{"required", float64(c.RequiredOnDuty)}, {"on_duty", float64(s.OnDuty)},
		{"waiting", float64(s.Waiting)}, {"serving", float64(s.Serving)}, {"away_s", s.Away.SeenS},
		{"max_absence_s", c.MaxAbsence.Seconds()}, {"max_absence_with_waiting_s", c.MaxAbsenceWithWaiting.Seconds()},
	}
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
				judge: func(s *models.Second) finding { return long(&z, s.Zones[i]) },
			})
		}
		if z.WaitAt > 0 {
			e.rules = append(e.rules, rule{
				kind: models.WaitLong, zone: z.ID, cooldown: cool,
				judge: func(s *models.Second) finding { return waitLong(&z, s.Zones[i]) },
			})
		}
	}
}

func long(z *models.Zone, s models.ZoneSecond) finding {
	if !s.Seen {
		return finding{}
	}
	return finding{truth: is(s.Count >= z.LongAt), numbers: [7]number{{"length", float64(s.Count)}, {"long_at", float64(z.LongAt)}}}
}

func waitLong(z *models.Zone, s models.ZoneSecond) finding {
	if !s.Seen {
		return finding{}
	}
	return finding{
		truth:   is(s.Wait.N >= leastWait && s.Wait.Value >= z.WaitAt.Seconds()),
		numbers: [7]number{{"p90_s", s.Wait.Value}, {"n", float64(s.Wait.N)}, {"wait_at_s", z.WaitAt.Seconds()}},
	}
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

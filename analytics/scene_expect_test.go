package analytics

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// check compares what was reported with the expect lines. Incidents that no line expects are failures.
func (p *played) check(t *testing.T, path string) {
	t.Helper()
	expected := map[string]bool{}
	for _, e := range p.scene.expect {
		var problem string
		switch e.words[0] {
		case "event":
			problem = p.event(e, expected)
		case "visits":
			problem = p.countVisits(e)
		case "waits":
			problem = p.waits(e)
		case "total":
			problem = p.total(e)
		default:
			problem = p.live(e)
		}
		if problem != "" {
			t.Errorf("%s:%d: %s: %s", path, e.line, strings.Join(e.words, " "), problem)
		}
	}
	for _, id := range p.order {
		if !expected[id] {
			t.Errorf("%s: unexpected %s", path, p.tell(p.events[id]))
		}
	}
}

func (p *played) since(at time.Time) float64 { return at.Sub(p.scene.start).Seconds() }

func (p *played) tell(e models.Event) string {
	s := fmt.Sprintf("event %s %s%s began %.1f opened %.1f", e.Kind, e.Counter, e.Zone, p.since(e.Began), p.since(e.Opened))
	if e.Open() {
		return s + " open"
	}
	return s + fmt.Sprintf(" closed %.1f", p.since(e.Closed))
}

// event KIND SUBJECT [began T] [opened T] [closed T | open] [observed R]
func (p *played) event(e expectation, expected map[string]bool) string {
	kind, subject := models.EventKind(e.words[1]), e.words[2]
	reason := "there is none"
	for _, id := range p.order {
		ev := p.events[id]
		if expected[id] || ev.Kind != kind || subject != ev.Counter+ev.Zone && subject != "cam" {
			continue
		}
		if reason = p.differs(ev, e); reason == "" {
			expected[id] = true
			return ""
		}
	}
	return reason
}

func (p *played) differs(ev models.Event, e expectation) string {
	for w := e.words[3:]; len(w) > 0; {
		if w[0] == "open" {
			if !ev.Open() {
				return "closed: " + p.tell(ev)
			}
			w = w[1:]
			continue
		}
		got, want, within := 0.0, 0.0, e.within
		switch w[0] {
		case "began":
			got, want = p.since(ev.Began), clockTime(w[1]).Seconds()
		case "opened":
			got, want = p.since(ev.Opened), clockTime(w[1]).Seconds()
		case "closed":
			got, want = p.since(ev.Closed), clockTime(w[1]).Seconds()
		case "observed":
			got, want, within = ev.ObservedRatio, number(w[1]), .02
		case "revision":
			got, want, within = float64(ev.Revision), number(w[1]), 0
		default:
			return w[0] + "?"
		}
		if math.Abs(got-want) > within {
			return fmt.Sprintf("%s is %.1f: %s", w[0], got, p.tell(ev))
		}
		w = w[2:]
	}
	return ""
}

// visits ZONE ENDED N [closed-begin N]
func (p *played) countVisits(e expectation) string {
	n := 0
	for _, v := range p.visits {
		if v.Zone == e.words[1] && (string(v.Ended) == e.words[2] || e.words[2] == "any" || e.words[2] == "left-open" && v.LeftOpen) {
			n++
		}
	}
	if float64(n) != number(e.words[3]) {
		return fmt.Sprintf("there are %d of %+v", n, p.visits)
	}
	return ""
}

// waits ZONE S S S: first-in-first-out waits in order of exits.
func (p *played) waits(e expectation) string {
	var got []float64
	for _, m := range p.minutes {
		if m.Zone == e.words[1] {
			got = append(got, m.WaitsS...)
		}
	}
	want := e.words[2:]
	bad := len(got) != len(want)
	for i := 0; !bad && i < len(want); i++ {
		bad = math.Abs(got[i]-number(want[i])) > e.within
	}
	if bad {
		return fmt.Sprint("waits are ", got)
	}
	return ""
}

// working is a minute without what was counted outside working time.
func working(m models.Minute) models.Minute {
	if m.WorkingS == 0 {
		m.ObservedS, m.OccupancyS, m.Max = 0, 0, 0
	}
	return m
}

// total SUBJECT FIELD VALUE over all minutes, of working time only; off is the seconds outside
func (p *played) total(e expectation) string {
	var got float64
	for _, m := range p.minutes {
		if m.Zone+m.Counter != e.words[1] {
			continue
		}
		m = working(m)
		switch e.words[2] {
		case "working":
			got += m.WorkingS
		case "off":
			got += m.OffS
		case "observed":
			got += m.ObservedS
		case "occupancy":
			got += m.OccupancyS
		case "staffed":
			got += m.StaffedS
		case "absent":
			got += m.AbsentS
		case "unknown":
			got += m.UnknownS
		case "arrivals":
			got += float64(m.Arrivals)
		case "starts":
			got += float64(m.Starts)
		case "gaveup":
			got += float64(m.GaveUp)
		case "max":
			got = max(got, float64(m.Max))
		default:
			return e.words[2] + "?"
		}
	}
	if math.Abs(got-number(e.words[3])) > e.within {
		return fmt.Sprintf("is %g", got)
	}
	return ""
}

// TIME queue|service|staff ZONE N, TIME counter ID STATE, TIME coverage R
func (p *played) live(e expectation) string {
	live, ok := p.lives[clockTime(e.words[0])]
	if !ok {
		return "the scene has no such second"
	}
	switch e.words[1] {
	case "coverage":
		if math.Abs(live.Coverage-number(e.words[2])) > e.within {
			return fmt.Sprintf("is %.3f", live.Coverage)
		}
	case "counter":
		i := slices.IndexFunc(live.Counters, func(c models.LiveCounter) bool { return c.Counter == e.words[2] })
		if i < 0 || string(live.Counters[i].Staffing) != e.words[3] {
			return fmt.Sprintf("is %+v", live.Counters)
		}
	case "due":
		i := slices.IndexFunc(live.Counters, func(c models.LiveCounter) bool { return c.Counter == e.words[2] })
		if i < 0 || math.Abs(p.since(live.Counters[i].Due)-clockTime(e.words[3]).Seconds()) > e.within {
			return fmt.Sprintf("is %+v", live.Counters)
		}
	default:
		i := slices.IndexFunc(live.Zones, func(z models.LiveZone) bool { return z.Zone == e.words[2] })
		if i < 0 || live.Zones[i].Count != int(number(e.words[3])) {
			return fmt.Sprintf("is %+v", live.Zones)
		}
	}
	return ""
}

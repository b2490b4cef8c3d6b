package measure

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// TestStaffing plays seconds to the state machine. States are written as "STATE@second", where they begin.
func TestStaffing(t *testing.T) {
	session := models.Span{From: day.Add(time.Hour), To: day.Add(4 * time.Hour)}
	middle := session.From.Add(time.Hour)
	for _, c := range []struct {
		name     string
		from     time.Time
		required int
		play     string
		want     string
	}{
		{"staffed once sight has settled", middle, 1, "1x30", "STAFFED@4"},
		{"grace after 10 s", middle, 1, "1x30 0x20", "STAFFED@4 GRACE@39"},
		{"nine seconds are nothing", middle, 1, "1x30 0x9 1x10", "STAFFED@4"},
		{"grace and back", middle, 1, "1x30 0x20 1x20", "STAFFED@4 GRACE@39 STAFFED@64"},
		{"absent after the limit", middle, 1, "1x30 0x70", "STAFFED@4 GRACE@39 ABSENT@89"},
		{"sooner when somebody waits", middle, 1, "1x30 0wx40", "STAFFED@4 GRACE@39 ABSENT@59"},
		{"at once when somebody comes late", middle, 1, "1x30 0x45 0wx5", "STAFFED@4 GRACE@39 ABSENT@75"},
		{"back after absence", middle, 1, "1x30 0x70 1x20", "STAFFED@4 GRACE@39 ABSENT@89 STAFFED@114"},
		{"a glimpse is no return", middle, 1, "1x30 0x70 1x5 0x30", "STAFFED@4 GRACE@39 ABSENT@89"},
		{"15 of 20 s are a return", middle, 1, "1x30 0x70 1x8 0x3 1x10", "STAFFED@4 GRACE@39 ABSENT@89 STAFFED@117"},
		{"not declared while somebody is there", middle, 1, "1x30 0x55 1x20", "STAFFED@4 GRACE@39 STAFFED@99"},
		{"unseen is unknown", middle, 1, "1x30 ?x30", "STAFFED@4 UNKNOWN@34"},
		{"a blink is not", middle, 1, "1x30 ?x4 1x10", "STAFFED@4"},
		{"unseen time does not count", middle, 1, "1x30 0x30 ?x100 0x60", "STAFFED@4 GRACE@39 UNKNOWN@64 GRACE@164 ABSENT@189"},
		{"a blink at the limit pauses only while it lasts", middle, 1, "1x30 0x55 ?x3 0x10", "STAFFED@4 GRACE@39 ABSENT@92"},
		{"away, back unseen, and seen to be there", middle, 1, "1x30 0x30 ?x100 1x30", "STAFFED@4 GRACE@39 UNKNOWN@64 GRACE@164 STAFFED@178"},
		{"away unseen", middle, 1, "1x30 ?x100 0x70", "STAFFED@4 UNKNOWN@34 GRACE@139 ABSENT@189"},
		{"sight of a second now and then says nothing", middle, 1, "1x30 0x30 ?x10 0x4 ?x10 0x4 ?x10 0x4 ?x10 0x4 ?x10 0x4 ?x10 0x4 ?x10 0x4 ?x10", "STAFFED@4 GRACE@39 UNKNOWN@64"},
		{"one of two is short", middle, 2, "2x30 1x200", "STAFFED@4 GRACE@39"},
		{"none of two is absent", middle, 2, "2x30 1x30 0x70", "STAFFED@4 GRACE@39 ABSENT@119"},
		{"never seen", middle, 1, "0x70", "GRACE@9 ABSENT@59"},
		{"opened late", session.From.Add(-5 * time.Second), 1, "0x5 0x60", "OFF_SCHEDULE@0 UNKNOWN@5 GRACE@14 ABSENT@34"},
		{"the end of the session ends all", session.To.Add(-100 * time.Second), 1, "1x20 0x90", "STAFFED@4 GRACE@29 ABSENT@79 OFF_SCHEDULE@100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlayed(c.from, session, c.required)
			var states []string
			last := p.State
			for _, now := range p.play(c.play) {
				if now.Staffing != last {
					last = now.Staffing
					states = append(states, string(last)+"@"+strconv.Itoa(int(now.at.Sub(c.from).Seconds())))
				}
			}
			if got := strings.Join(states, " "); got != c.want {
				t.Errorf("states are %s, want %s", got, c.want)
			}
		})
	}
}

// TestEveryTransition brings a counter into each state and then lets everything happen to it that can. The counter needs
// two officers; its limits are those of newPlayed.
func TestEveryTransition(t *testing.T) {
	begin := day.Add(time.Hour)
	session := models.Span{From: begin, To: begin.Add(2 * time.Hour)}
	into := []struct {
		state models.Staffing
		from  time.Duration // after the session's begin
		play  string
	}{
		{models.StaffingUnknown, time.Hour, "?x30"},
		{models.OffSchedule, -2 * time.Minute, "2x110"},
		{models.ClosedByPlan, -2 * time.Minute, "2px110"},
		{models.Staffed, time.Hour, "2x30"},
		{models.Grace, time.Hour, "2x30 0x15"},
		{models.Absent, time.Hour, "2x30 0x70"},
	}
	inputs := []struct{ name, play string }{
		{"a second with enough", "2x1"}, {"enough for long", "2x30"}, {"too few for a moment", "1x9"}, {"too few for long", "1x30"},
		{"nobody for a moment", "0x9"}, {"nobody for a while", "0x20"}, {"nobody for very long", "0x90"}, {"nobody while somebody waits", "0wx40"},
		{"a blink without sight", "?x4"}, {"no sight for long", "?x30"}, {"outside working time", "2ox1"}, {"closed by plan", "2px1"},
	}
	const (
		u, o, p = models.StaffingUnknown, models.OffSchedule, models.ClosedByPlan
		s, g, a = models.Staffed, models.Grace, models.Absent
	)
	want := map[models.Staffing][]models.Staffing{ // in the order of inputs
		u: {u, s, u, g, u, g, a, a, u, u, o, p},
		o: {o, s, o, g, o, g, a, a, o, u, o, p}, // 10 s before the session, seen all the time
		p: {o, s, o, g, o, g, a, a, o, u, o, p},
		s: {s, s, s, g, s, g, a, a, s, u, o, p},
		g: {g, s, g, g, g, g, a, a, g, u, o, p},
		a: {a, s, a, g, a, a, a, a, a, u, o, p},
	}
	for _, from := range into {
		for i, input := range inputs {
			t.Run(string(from.state)+"/"+input.name, func(t *testing.T) {
				pl := newPlayed(begin.Add(from.from), session, 2)
				pl.play(from.play)
				if pl.State != from.state {
					t.Fatalf("%q leads to %s", from.play, pl.State)
				}
				pl.play(input.play)
				if pl.State != want[from.state][i] {
					t.Errorf("after %q it is %s, want %s", input.play, pl.State, want[from.state][i])
				}
			})
		}
	}
}

// played is a counter with its time: nobody may be away for 60 s, for 30 s while somebody waits or when a session begins.
type playedCounter struct {
	staffing
	post
	at      time.Time
	session models.Span
}

type playedSecond struct {
	models.CounterSecond
	at time.Time
}

func newPlayed(from time.Time, session models.Span, required int) *playedCounter {
	c := &models.Counter{RequiredOnDuty: required, MaxAbsence: time.Minute, MaxAbsenceWithWaiting: 30 * time.Second, OpenedLateAfter: 30 * time.Second}
	return &playedCounter{staffing: staffing{State: models.StaffingUnknown}, post: post{Counter: c}, at: from, session: session}
}

// play plays words such as 2x10: so many officers (? is unseen), w with somebody waiting, o outside working time, p closed by
// plan, and for how many seconds.
func (c *playedCounter) play(words string) (out []playedSecond) {
	for word := range strings.FieldsSeq(words) {
		what, times, _ := strings.Cut(word, "x")
		n, _ := strconv.Atoi(times)
		count := strings.TrimRight(what, "wop")
		in := sighting{seen: count != "?"}
		if strings.Contains(what, "w") {
			in.waiting = 1
		}
		in.onDuty, _ = strconv.Atoi(count)
		for range n {
			in.start = c.at
			h := hours{planned: strings.Contains(what, "p")}
			if c.session.Contains(c.at) && !strings.ContainsAny(what, "op") {
				h.session = c.session
			}
			if in.onDuty > 0 {
				in.last = c.at.Add(time.Second)
			}
			out = append(out, playedSecond{c.step(&c.post, in, h), c.at})
			c.at = c.at.Add(time.Second)
		}
	}
	return out
}

// TestOutagesCauseNoAbsence lets sight fail in every way while the officer is there, between breaks that are short
// enough and whose ends are seen (a return that nobody sees is not known): nobody is ever absent. The tracker needs two seconds to find the officer again after an outage longer than those through
// which it remembers, and misses one second in twenty besides.
func TestOutagesCauseNoAbsence(t *testing.T) {
	session := models.Span{From: day.Add(time.Hour), To: day.Add(5 * time.Hour)}
	for seed := range uint64(240) {
		r := rand.New(rand.NewPCG(seed, 3))
		c := newPlayed(session.From.Add(time.Duration(r.IntN(3600))*time.Second), session, 1)
		mean := []float64{3, 12, 60, 300}[seed%4] // seconds with, and without sight
		breaks := seed%2 == 1
		seen, left, blind, lost, away := true, 0, 0, 0, 0
		for range 2 * 3600 {
			if left--; left < 0 && (away < -30 || !breaks || !seen) {
				seen, left = !seen, int(r.ExpFloat64()*mean)
			}
			if away--; breaks && away < -120 && seen && r.IntN(300) == 0 {
				away = 25
			}
			word := "1x1"
			switch {
			case !seen:
				word = "?x1"
				if blind++; blind > 4 {
					lost = 2
				}
			case away >= 0 || lost > 0 || r.IntN(20) == 0:
				word = "0x1"
			}
			if seen {
				blind, lost = 0, max(lost-1, 0)
			}
			if got := c.play(word)[0]; got.Staffing == models.Absent {
				t.Fatalf("seed %d: absent at %s: %+v", seed, got.at, got.CounterSecond)
			}
		}
	}
}

// TestAbsenceIsDeclaredWhenDue lets sight fail in every way while the officer is really away: ABSENT comes within 10 s of
// the second in which the limit of seen time is reached.
func TestAbsenceIsDeclaredWhenDue(t *testing.T) {
	session := models.Span{From: day.Add(time.Hour), To: day.Add(9 * time.Hour)}
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 4))
		c := newPlayed(session.From.Add(time.Hour), session, 1)
		c.MaxAbsence = 15 * time.Minute
		c.play("1x60")
		seen, left, due := true, 0, 0
		for second := 0; ; second++ {
			if left--; left < 0 {
				seen = !seen
				left = 10 + int(r.ExpFloat64()*[]float64{120, 60}[seed%2])
			}
			word := "?x1"
			if seen {
				word = "0x1"
				due++
			}
			if got := c.play(word)[0]; got.Staffing == models.Absent {
				if due < 15*60 || due > 15*60+10 {
					t.Errorf("seed %d: declared after %d s of seen absence", seed, due)
				}
				break
			}
			if due > 15*60+10 && seen && left < 1 {
				t.Errorf("seed %d: not declared after %d s of seen absence", seed, due)
				break
			}
		}
	}
}

var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestScheduleOverMidnightAndChangeOfClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := schedule{calendar: models.Calendar{Sessions: []models.Session{{Weekday: time.Sunday, From: 60, To: 240}}}, location: berlin}
	// On 29 March 2026 clocks jump from 2:00 to 3:00: a session from 1:00 to 4:00 lasts two hours.
	n := 0
	for at := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin); at.Before(time.Date(2026, 3, 30, 12, 0, 0, 0, berlin)); at = at.Add(time.Minute) {
		if _, working := s.at(at); working {
			n++
		}
	}
	if n != 120 {
		t.Errorf("the session lasts %d minutes, want 120", n)
	}
}

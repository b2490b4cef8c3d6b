package rules

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var start = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// TestAlarm plays one rule: "y5 n3 ?2" is true for five seconds, false for three, unknown for two. Changes are written
// "open@second", "close@second", "reopen@second".
func TestAlarm(t *testing.T) {
	for _, c := range []struct {
		name       string
		hold, keep time.Duration
		play, want string
	}{
		{"fires at once", 0, 0, "n3 y5 n3", "open@4 close@8"},
		{"for", 4 * time.Second, 0, "n3 y3 n1 y6 n1", "open@11 close@13"},
		{"unknown does not count", 4 * time.Second, 0, "y2 ?9 y3 n1", "open@13 close@14"},
		{"unknown does not reset or close", 0, 0, "y2 ?50 n1", "open@1 close@52"},
		{"keep firing", 0, 3 * time.Second, "y2 n2 y2 n2 ?9 n1", "open@1 close@17"},
		{"a blink pauses", 4 * time.Second, 0, "y2 n2 y1 n2 y1 n1", "open@8 close@8"},
		{"more than a blink begins anew", 4 * time.Second, 0, "y3 n3 y4 n1", "open@10 close@10"},
		{"cooldown", 0, 0, "y2 n5 y2 n1", "open@1 close@2 reopen@8 close@9"},
		{"after the cooldown", 0, 0, "y2 n30 y2 n1", "open@1 close@2 open@33 close@34"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rule{hold: c.hold, keep: c.keep, cooldown: 20 * time.Second}
			if strings.Contains(c.name, "blink") {
				r.blink = 3 * time.Second
			}
			var a alarm
			var got []string
			s, opens := 0, 0
			for word := range strings.FieldsSeq(c.play) {
				n, _ := strconv.Atoi(word[1:])
				f := finding{truth: map[byte]truth{'y': yes, 'n': no, '?': unknown}[word[0]]}
				for range n {
					if a.step(&r, start.Add(time.Duration(s)*time.Second), time.Second, f, nil) {
						a.Event.ID = "x"
						switch {
						case !a.Event.Open():
							got = append(got, fmt.Sprintf("close@%.0f", a.Event.Closed.Sub(start).Seconds()))
						case a.Event.Revision == 1:
							got = append(got, fmt.Sprintf("open@%.0f", a.Event.Opened.Sub(start).Seconds()))
							opens++
						default:
							got = append(got, fmt.Sprintf("reopen@%d", s+1))
						}
					}
					s++
				}
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("%s, want %s", g, c.want)
			}
		})
	}
}

func TestObservedRatio(t *testing.T) {
	r, a := rule{}, alarm{}
	for s, v := range []truth{yes, yes, unknown, unknown, yes, no} {
		a.step(&r, start.Add(time.Duration(s)*time.Second), time.Second, finding{truth: v}, nil)
	}
	if e := a.Event; e.ObservedRatio < .65 || e.ObservedRatio > .68 || e.Numbers["duration_s"] != 5 {
		t.Errorf("%+v", e)
	}
}

func office() models.Camera {
	return models.Camera{
		ID: "cam", Zones: []models.Zone{{ID: "q1", Kind: models.ZoneQueue, LongAt: 5, WaitAt: time.Minute}},
		Counters: []models.Counter{{ID: "c1", RequiredOnDuty: 1, MaxAbsence: time.Minute, MaxAbsenceWithWaiting: time.Minute, Unattended: time.Minute, OpenedLateAfter: time.Minute}},
	}
}

// TestIDs: the same incident has the same id wherever it is computed, another one has another.
func TestIDs(t *testing.T) {
	absent := func(node string, began time.Time) string {
		e := New(Config{Node: node, Camera: office()})
		out := e.Second(models.Second{
			Start: start, Seen: true, Zones: make([]models.ZoneSecond, 1),
			Counters: []models.CounterSecond{{Seen: true, Working: true, Staffing: models.Absent, Away: models.Spell{Began: began, SeenS: 60}}},
		})
		if len(out) != 1 || out[0].Kind != models.CounterAbsent || out[0].Counter != "c1" {
			t.Fatalf("%+v", out)
		}
		return out[0].ID
	}
	a := absent("n", start)
	if b := absent("n", start.Add(300*time.Millisecond)); a != b {
		t.Error("the second decides, not its parts")
	}
	if a == absent("n", start.Add(2*time.Second)) || a == absent("m", start) {
		t.Error("other incidents have the same id")
	}
}

func TestQueueRules(t *testing.T) {
	e := New(Config{Node: "n", Camera: office()})
	var got []string
	for s := range 1300 {
		sec := models.Second{Start: start.Add(time.Duration(s) * time.Second), Seen: true, Zones: []models.ZoneSecond{{Seen: true}}, Counters: make([]models.CounterSecond, 1)}
		if s >= 100 && s < 500 {
			sec.Zones[0].Count = 6
		}
		if s >= 200 && s < 250 {
			sec.Zones[0].Wait = models.Estimate{Value: 90, N: 5}
		}
		for _, ev := range e.Second(sec) {
			got = append(got, fmt.Sprintf("%s r%d %d", ev.Kind, ev.Revision, s))
		}
	}
	want := "wait.long r1 200, wait.long r2 250, queue.long r1 399, queue.long r2 799"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("%s, want %s", g, want)
	}
}

// TestCameraRules: five seconds of silence open, ten healthy ones close, and a restart goes on with the same incident.
func TestCameraRules(t *testing.T) {
	e := New(Config{Node: "n", Camera: office()})
	var got []string
	note := func(s float64, events []models.Event) {
		for _, ev := range events {
			got = append(got, fmt.Sprintf("%s r%d %.0f", ev.Kind, ev.Revision, s))
		}
	}
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	for s := 0.0; s < 60; s += .5 {
		state := models.CameraLive
		if s >= 10 && s < 30 {
			state = models.CameraOffline
		}
		if s == 20 {
			kept, err := e.State()
			if err != nil {
				t.Fatal(err)
			}
			e = New(Config{Node: "n", Camera: office()})
			if err := e.Restore(kept); err != nil {
				t.Fatal(err)
			}
		}
		note(s, e.Health(at(s), state))
	}
	if g := strings.Join(got, ", "); g != "camera.offline r1 14, camera.offline r2 40" && g != "camera.offline r1 14, camera.offline r2 39" {
		t.Error(g)
	}
}

// An incident does not go on for ever when its rule or its camera has gone with a change of the configuration.
func TestIncidentsEndWithTheirRules(t *testing.T) {
	before := New(Config{Node: "n", Camera: group()})
	for away := 180.0; away < 185; away++ {
		before.Second(absence(away))
	}
	kept, err := before.State()
	if err != nil {
		t.Fatal(err)
	}
	at := start.Add(10 * time.Minute)
	less := group()
	less.Counters = less.Counters[:3] // without "night"
	after := New(Config{Node: "n", Camera: less})
	if err := after.Restore(kept); err != nil {
		t.Fatal(err)
	}
	ended := after.Health(at, models.CameraLive)
	if len(ended) != 1 || ended[0].Counter != "night" || !ended[0].Closed.Equal(at) || ended[0].Revision != 2 || len(after.Health(at, models.CameraLive)) != 0 {
		t.Errorf("a counter went: %+v", ended)
	}
	ended, err = CloseKept(kept, at)
	if err != nil || len(ended) != 2 || ended[0].Open() || ended[1].Open() || ended[0].ID == ended[1].ID {
		t.Errorf("the camera went: %v, %+v", err, ended)
	}
	if _, err := CloseKept([]byte("{"), at); err == nil {
		t.Error("a broken state was taken")
	}
}

// group is a camera with two counters of which one must be staffed, and one that stands alone with hours of its own.
func group() models.Camera {
	return models.Camera{ID: "cam", Counters: []models.Counter{
		{ID: "c1", Staff: []string{"o1"}}, {ID: "c2", Staff: []string{"o2"}}, {ID: "pair", AnyOf: []string{"c1", "c2"}},
		{ID: "night", Staff: []string{"o3"}, Calendar: &models.Calendar{Always: true}},
	}}.WithDefaults()
}

func TestWhatIsJudgedOfWhom(t *testing.T) {
	e := New(Config{Node: "n", Camera: group()})
	var got []string
	for _, r := range e.rules {
		if r.counter != "" {
			got = append(got, r.counter+" "+strings.TrimPrefix(string(r.kind), "counter."))
		}
	}
	want := "c1 customer.unattended, c2 customer.unattended, pair opened_late, pair closed_early, pair absent, pair understaffed, " +
		"night absent, night understaffed, night customer.unattended"
	if g := strings.Join(got, ", "); g != want {
		t.Errorf("rules are %s\nwant %s", g, want)
	}
}

// absence is a second in which everybody has been away for so long.
func absence(away float64) models.Second {
	session := models.Span{From: start.Add(-time.Hour), To: start.Add(3 * time.Hour)}
	c := models.CounterSecond{Seen: true, Working: true, Session: session, Staffing: models.Absent, Waiting: 2,
		Away: models.Spell{Began: start, SeenS: away, UnseenS: 60}, Short: models.Spell{Began: start, SeenS: away, UnseenS: 60}}
	return models.Second{Start: start.Add(time.Duration(away+60) * time.Second), Seen: true, Counters: []models.CounterSecond{c, c, c, c}}
}

func TestNumbersOfAnAbsence(t *testing.T) {
	e := New(Config{Node: "n", Camera: group()})
	var opened []models.Event
	for away := 180.0; away < 185; away++ {
		opened = append(opened, e.Second(absence(away))...)
	}
	if len(opened) != 2 || opened[0].Counter != "pair" || opened[1].Counter != "night" {
		t.Fatalf("opened: %+v", opened)
	}
	want := map[string]float64{"required": 1, "on_duty": 0, "waiting": 2, "serving": 0, "away_s": 180, "unseen_s": 60, "limit_s": 180,
		"max_absence_s": 900, "max_absence_with_waiting_s": 180}
	if ev := opened[0]; fmt.Sprint(ev.Numbers) != fmt.Sprint(want) || ev.ObservedRatio != .75 || !ev.Began.Equal(start) {
		t.Errorf("%+v", ev)
	}
	again := New(Config{Node: "n", Camera: group()}).Second(absence(180))
	if again[0].ID != opened[0].ID || opened[0].ID == opened[1].ID {
		t.Error("ids are not those of the incidents")
	}
}

// TestSteadyStateCostsNoMemory: a second in which nothing changes allocates nothing, whether an incident goes on or not.
func TestSteadyStateCostsNoMemory(t *testing.T) {
	e := New(Config{Node: "n", Camera: group()})
	quiet, away := absence(5), absence(200)
	for i := range quiet.Counters {
		quiet.Counters[i].Staffing = models.Grace
	}
	for name, s := range map[string]models.Second{"quiet": quiet, "while incidents go on": away} {
		e.Second(s)
		if n := testing.AllocsPerRun(100, func() { e.Second(s); e.Health(s.Start, models.CameraLive) }); n != 0 {
			t.Errorf("%s: %v allocations a second", name, n)
		}
	}
}

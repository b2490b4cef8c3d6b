package central_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/central"
	"github.com/counterwatch/counterwatch/models"
)

// office is the house of a site that works by a calendar, with one counter that is told of a whole Monday and Tuesday:
// staffed for 45 s of each minute, absent for 10, not seen for 5.
type office struct {
	*house
	decisions *central.Decisions
	monday    time.Time // local midnight
	counter   models.SeriesKey
	queue     models.SeriesKey
}

func newOffice(t *testing.T) *office {
	h := newHouse(t)
	hanoi, err := (&models.Site{}).Location()
	if err != nil {
		t.Fatal(err)
	}
	o := &office{house: h, monday: time.Date(2026, 3, 2, 0, 0, 0, 0, hanoi), counter: models.SeriesKey{Camera: "c1", Counter: "k"}, queue: models.SeriesKey{Camera: "c1", Zone: "q"}}
	o.now = o.monday.AddDate(0, 0, 7)
	h.series.Law, h.events.Law, h.events.Now = h.registry.Law, h.registry.Law, h.clock
	o.decisions = &central.Decisions{Series: h.series, Events: h.events, Changed: h.registry.Changed, Log: quiet}
	o.calendar(t)
	o.tell(t, 0, 2*24*60)
	return o
}

// calendar decides about the site's exceptions.
func (o *office) calendar(t *testing.T, exceptions ...models.Exception) {
	t.Helper()
	cam := camera("c1", "n1")
	square := models.Polygon{{X: .1, Y: .1}, {X: .9, Y: .1}, {X: .9, Y: .9}}
	cam.Zones = []models.Zone{{ID: "q", Kind: models.ZoneQueue, Polygon: square}, {ID: "o", Kind: models.ZoneStaff, Polygon: square}}
	cam.Counters = []models.Counter{{ID: "k", Staff: []string{"o"}, Queues: []string{"q"}}}
	site := models.Site{ID: "s", Unit: "u", Calendar: models.Calendar{Exceptions: exceptions}}
	if err := o.registry.Apply(t.Context(), []models.Unit{{ID: "u"}}, []models.Site{site}, []models.Camera{cam}); err != nil {
		t.Fatal(err)
	}
}

// tell stores what a node with the default calendar says of the minutes from..to.
func (o *office) tell(t *testing.T, from, to int) {
	t.Helper()
	var all []models.Minute
	for i := from; i < to; i++ {
		all = append(all, o.minute(i)...)
	}
	if err := o.series.Put(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
}

func (o *office) minute(i int) []models.Minute {
	at := o.monday.Add(time.Duration(i) * time.Minute)
	var calendar models.Calendar
	_, working, _ := calendar.Session(at, at.Location())
	k := models.Minute{Camera: "c1", Counter: "k", Start: at, ObservedS: 55, OccupancyS: 45, Max: 1, OffS: 60}
	k.AtCount[0], k.AtCount[1] = 10, 45
	q := models.Minute{Camera: "c1", Zone: "q", Kind: models.ZoneQueue, Start: at, ObservedS: 60, OccupancyS: 120, Max: 2, OffS: 60}
	q.AtCount[2] = 60
	if working {
		k.WorkingS, k.OffS, k.StaffedS, k.AbsentS, k.UnknownS = 60, 0, 45, 10, 5
		q.WorkingS, q.OffS = 60, 0
	}
	return []models.Minute{k, q}
}

// figures are the working, staffed, absent and unknown minutes of each day, from roll-ups and from minutes.
func (o *office) figures(t *testing.T) string {
	t.Helper()
	var out string
	for _, step := range []models.Step{models.StepDay, models.StepHour} {
		sums, err := o.series.Sums(t.Context(), []models.SeriesKey{o.counter, o.queue}, step, o.monday, o.monday.AddDate(0, 0, 2), o.monday.Location())
		if err != nil {
			t.Fatal(err)
		}
		days := map[string]*models.Sum{}
		for key, parts := range sums {
			for _, p := range parts {
				name := p.Start.In(o.monday.Location()).Format("Mon ") + key.Counter + key.Zone
				if days[name] == nil {
					days[name] = &models.Sum{}
				}
				days[name].Merge(p)
			}
		}
		text := ""
		for _, name := range []string{"Mon k", "Tue k", "Mon q", "Tue q"} {
			if s := days[name]; s != nil && s.WorkingS > 0 {
				text += fmt.Sprintf("%s %g/%g/%g/%g; ", name, s.WorkingS/60, s.StaffedS, s.AbsentS, s.UnknownS)
			}
		}
		if out != "" && text != out {
			t.Errorf("days say %q, their hours %q", out, text)
		}
		out = text
	}
	return out
}

func (o *office) incident(t *testing.T, id string, kind models.EventKind, from, to time.Duration, revision int) {
	t.Helper()
	e := models.Event{ID: id, Kind: kind, Node: "n1", Camera: "c1", Counter: "k", Began: o.monday.Add(from), Opened: o.monday.Add(from + 15*time.Minute),
		Revision: revision, ObservedRatio: 1, Method: 1, Numbers: map[string]float64{"limit_s": 900}}
	if to > 0 {
		e.Closed = o.monday.Add(to + 15*time.Second)
		e.Numbers["duration_s"] = (to - from).Seconds()
	}
	if err := o.events.Put(t.Context(), []models.Event{e}); err != nil {
		t.Fatal(err)
	}
}

// stands tells how an incident stands: from when to when on Monday, or why it was withdrawn.
func (o *office) stands(t *testing.T, id string) string {
	t.Helper()
	e, err := o.sql.Event(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if e.Withdrawn != "" {
		return "withdrawn: " + e.Withdrawn
	}
	end := "open"
	if !e.Open() {
		end = e.Began.Add(time.Duration(e.Numbers["duration_s"]) * time.Second).In(o.monday.Location()).Format("15:04")
	}
	return e.Began.In(o.monday.Location()).Format("15:04-") + end
}

const (
	ordinary = "Mon k 450/20250/4500/2250; Tue k 450/20250/4500/2250; Mon q 450/0/0/0; Tue q 450/0/0/0; "
	tuesday  = "Tue k 450/20250/4500/2250; Tue q 450/0/0/0; "
)

func TestLateDecisionOfTheCalendar(t *testing.T) {
	o := newOffice(t)
	h := time.Hour
	o.incident(t, "morning", models.CounterAbsent, 9*h, 10*h, 2)
	o.incident(t, "noon", models.CounterAbsent, 10*h+50*time.Minute, 11*h+30*time.Minute, 2)
	o.incident(t, "late", models.CounterOpenedLate, 7*h+30*time.Minute, 8*h+20*time.Minute, 2)
	o.incident(t, "tuesday", models.CounterAbsent, 33*h, 34*h, 2)
	queue := models.Event{ID: "queue", Kind: models.QueueLong, Node: "n1", Camera: "c1", Zone: "q", Opened: o.monday.Add(9 * h), Began: o.monday.Add(9 * h), Revision: 1}
	if err := o.events.Put(t.Context(), []models.Event{queue}); err != nil {
		t.Fatal(err)
	}
	session := func(from, to int) models.Session { return models.Session{From: from, To: to} }
	for _, c := range []struct {
		name      string
		decided   []models.Exception
		figures   string
		incidents string // morning, noon, late, tuesday
	}{
		{"nothing", nil, ordinary, "09:00-10:00, 10:50-11:30, 07:30-08:20, 09:00-10:00"},
		{"the day was a holiday", []models.Exception{{Date: "2026-03-02", Reason: "Nghỉ bù"}}, tuesday,
			"withdrawn: Nghỉ bù, withdrawn: Nghỉ bù, withdrawn: Nghỉ bù, 09:00-10:00"},
		{"no, it was not", nil, ordinary, "09:00-10:00, 10:50-11:30, 07:30-08:20, 09:00-10:00"},
		{"a storm shortened it", []models.Exception{{Date: "2026-03-02", Reason: "Bão", Sessions: []models.Session{session(8*60, 9*60+30), session(10*60, 11*60)}}},
			"Mon k 150/6750/1500/750; Tue k 450/20250/4500/2250; Mon q 150/0/0/0; Tue q 450/0/0/0; ",
			"09:00-09:30, withdrawn: Bão, 08:00-08:20, 09:00-10:00"},
		{"the evening was worked too", []models.Exception{{Date: "2026-03-02", Reason: "Làm thêm", Sessions: []models.Session{session(7*60+30, 11*60+30), session(13*60, 20*60)}}},
			"Mon k 660/29700/6600/3300; Tue k 450/20250/4500/2250; Mon q 660/0/0/0; Tue q 450/0/0/0; ", "09:00-10:00, 10:50-11:30, 07:30-08:20, 09:00-10:00"},
		{"an ordinary day after all", nil, ordinary, "09:00-10:00, 10:50-11:30, 07:30-08:20, 09:00-10:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o.calendar(t, c.decided...)
			for range 2 { // doing it again changes nothing
				if err := o.decisions.Apply(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := o.figures(t); got != c.figures {
					t.Errorf("figures %s\nwant    %s", got, c.figures)
				}
				got := o.stands(t, "morning") + ", " + o.stands(t, "noon") + ", " + o.stands(t, "late") + ", " + o.stands(t, "tuesday")
				if got != c.incidents {
					t.Errorf("incidents %s\nwant      %s", got, c.incidents)
				}
			}
			o.tell(t, 9*60, 9*60+30) // late, and once more, from a node that does not know the decision
			if got := o.figures(t); got != c.figures {
				t.Errorf("after late data: figures %s\nwant    %s", got, c.figures)
			}
			if got := o.stands(t, "queue"); got != "09:00-open" {
				t.Errorf("the queue's incident became %s", got)
			}
		})
	}
	history, err := o.sql.EventHistory(t.Context(), "morning")
	if err != nil || len(history) != 5 || history[1].Withdrawn != "Nghỉ bù" || history[2].Withdrawn != "" {
		t.Errorf("history of %d revisions: %+v %v", len(history), history, err)
	}
}

func TestIncidentToldAfterTheDecision(t *testing.T) {
	o := newOffice(t)
	o.calendar(t, models.Exception{Date: "2026-03-02", Reason: "Nghỉ bù"})
	o.now = o.monday.Add(10 * time.Hour)
	o.incident(t, "e", models.CounterAbsent, 9*time.Hour, 0, 1)
	if got := o.stands(t, "e"); got != "withdrawn: Nghỉ bù" {
		t.Errorf("open: %s", got)
	}
	if open, err := o.sql.OpenEvents(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("%v incidents go on, %v", open, err)
	}
	standing, err := o.sql.Events(t.Context(), models.EventQuery{Standing: true})
	if all, err2 := o.sql.Events(t.Context(), models.EventQuery{}); err != nil || err2 != nil || len(standing) != 0 || len(all) != 1 {
		t.Errorf("%d of %d incidents stand, %v %v", len(standing), len(all), err, err2)
	}
	o.incident(t, "e", models.CounterAbsent, 9*time.Hour, 10*time.Hour, 2)
	if got := o.stands(t, "e"); got != "withdrawn: Nghỉ bù" {
		t.Errorf("closed: %s", got)
	}
	o.calendar(t)
	if err := o.decisions.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := o.stands(t, "e"); got != "09:00-10:00" {
		t.Errorf("the decision taken back: %s", got)
	}
}

// TestDecisionTakenBackBeforeItWasCarriedOut: what came in between was judged by it, and must not stay so.
func TestDecisionTakenBackBeforeItWasCarriedOut(t *testing.T) {
	o := newOffice(t)
	o.calendar(t, models.Exception{Date: "2026-03-04", Reason: "Nghỉ bù"})
	o.tell(t, 48*60, 72*60)
	o.incident(t, "e", models.CounterAbsent, 57*time.Hour, 58*time.Hour, 2)
	o.calendar(t)
	if err := o.decisions.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	sums, err := o.series.Sums(t.Context(), []models.SeriesKey{o.counter}, models.StepDay, o.monday.AddDate(0, 0, 2), o.monday.AddDate(0, 0, 3), o.monday.Location())
	if s := sums[o.counter]; err != nil || len(s) != 1 || s[0].WorkingS != 450*60 || o.stands(t, "e") != "09:00-10:00" {
		t.Errorf("%+v %v, the incident %s", s, err, o.stands(t, "e"))
	}
}

// stopping breaks off after the first day, as a crash would.
type stopping struct {
	central.LawStore
	after int
}

var errStopped = errors.New("stopped")

func (s *stopping) Rejudge(ctx context.Context, key models.SeriesKey, each func(models.Day, int), finish func(models.Law, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := s.LawStore.Rejudge(ctx, key, func(d models.Day, n int) {
		each(d, n)
		if s.after--; s.after == 0 {
			cancel()
		}
	}, func(law models.Law, first time.Time) error {
		if err := finish(law, first); err != nil || s.after > 0 {
			return err
		}
		return errStopped
	})
	return err
}

// TestDecisionInterrupted breaks the work off at every place in turn and then does it again.
func TestDecisionInterrupted(t *testing.T) {
	for after := 1; after <= 4; after++ {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			o := newOffice(t)
			o.incident(t, "monday", models.CounterAbsent, 9*time.Hour, 10*time.Hour, 2)
			o.calendar(t, models.Exception{Date: "2026-03-02", Until: "2026-03-03", Reason: "Nghỉ bù"})
			store := o.decisions.Series
			o.decisions.Series = &stopping{store, after}
			if err := o.decisions.Apply(t.Context()); err == nil {
				t.Fatal("it was not interrupted")
			}
			o.decisions.Series = store
			if err := o.decisions.Apply(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := o.figures(t); got != "" || o.stands(t, "monday") != "withdrawn: Nghỉ bù" {
				t.Errorf("figures %s, the incident %s", got, o.stands(t, "monday"))
			}
			if stale, err := o.series.Stale(t.Context()); err != nil || len(stale) != 0 {
				t.Errorf("still to do: %v %v", stale, err)
			}
		})
	}
}

func TestDecisionsRunWhenTheRegistryChanges(t *testing.T) {
	o := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.decisions.Run(ctx) }()
	o.incident(t, "e", models.CounterAbsent, 9*time.Hour, 10*time.Hour, 2)
	bell := o.events.Changed()
	o.calendar(t, models.Exception{Date: "2026-03-02", Reason: "Nghỉ bù"})
	select {
	case <-bell: // the incident was judged
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened")
	}
	if got := o.stands(t, "e"); got != "withdrawn: Nghỉ bù" {
		t.Error(got)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

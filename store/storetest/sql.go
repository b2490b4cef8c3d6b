package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/sql"
)

// SQL holds a database to the promises of package sql. open makes a fresh store that the test cleans up.
func SQL(t *testing.T, open func(t *testing.T) *sql.Store) {
	for name, test := range map[string]func(*testing.T, *sql.Store){
		"directory":                         directory,
		"directory is all or nothing":       directoryFails,
		"events keep the newest revision":   revisions,
		"events are listed by pages":        eventPages,
		"changes are numbered":              changes,
		"decisions about events":            judged,
		"users, sign-ins":                   users,
		"a ticket works once":               tickets,
		"nodes":                             nodes,
		"snapshots":                         snapshots,
		"quarantine":                        quarantine,
		"two writers wait for each other":   writers,
		"what cannot be stored is an error": notStorable,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isKind(t *testing.T, err error, kind models.Kind) {
	t.Helper()
	if err == nil || models.KindOf(err) != kind {
		t.Fatalf("%v, want the kind %s", err, kind)
	}
}

func world() (units []models.Unit, sites []models.Site, cameras []models.Camera) {
	units = []models.Unit{{ID: "p", Name: "Đồng Nai", Kind: "province"}, {ID: "w", Parent: "p", Name: "Phường Một", Kind: "ward"}}
	sites = []models.Site{{ID: "s1", Unit: "w", Name: "Một cửa", TimeZone: "Asia/Ho_Chi_Minh", Calendar: models.Calendar{
		Sessions: []models.Session{{Weekday: time.Monday, From: 450, To: 690}}, Exceptions: []models.Exception{{Date: "2026-02-17", Reason: "Tết"}}}}}
	cameras = []models.Camera{{ID: "c1", Site: "s1", Node: "n1", URL: "rtsp://admin:geheim@10.0.0.1/1", SubURL: "rtsp://admin:geheim@10.0.0.1/2", AnalyseFPS: 2,
		Zones:    []models.Zone{{ID: "q", Kind: models.ZoneQueue, Polygon: models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}}, MinDwell: 3 * time.Second}},
		Counters: []models.Counter{{ID: "k", Staff: []string{"o"}, MaxAbsence: 15 * time.Minute}}}}
	return units, sites, cameras
}

func directory(t *testing.T, s *sql.Store) {
	units, sites, cameras := world()
	for range 2 {
		must(t, s.PutDirectory(t.Context(), units, sites, cameras))
	}
	cameras[0].Name, cameras[0].Node = "door", "n2"
	must(t, s.PutDirectory(t.Context(), nil, nil, cameras))
	u, err := s.Units(t.Context())
	must(t, err)
	si, err := s.Sites(t.Context())
	must(t, err)
	c, err := s.Cameras(t.Context())
	must(t, err)
	if !reflect.DeepEqual(u, units) || !reflect.DeepEqual(si, sites) || !reflect.DeepEqual(c, cameras) {
		t.Fatalf("%+v\n%+v\n%+v", u, si, c)
	}
	if c[0].URL.Reveal() != "rtsp://admin:geheim@10.0.0.1/1" || c[0].SubURL.Reveal() != "rtsp://admin:geheim@10.0.0.1/2" {
		t.Fatal("the camera's address is not what was put")
	}
}

func directoryFails(t *testing.T, s *sql.Store) {
	units, sites, cameras := world()
	cameras[0].Site = "nowhere"
	if err := s.PutDirectory(t.Context(), units, sites, cameras); err == nil {
		t.Fatal("a camera of no site was stored")
	}
	if u, err := s.Units(t.Context()); err != nil || len(u) != 0 {
		t.Fatalf("%d units of a failed transaction are there, %v", len(u), err)
	}
}

func event(i, revision int) models.Event {
	e := models.Event{ID: fmt.Sprintf("e%04d", i), Kind: models.CounterAbsent, Node: "n1", Camera: fmt.Sprint("c", i%3), Counter: "k",
		Opened: first.Add(time.Duration(i/2) * time.Minute), Revision: revision, ObservedRatio: 0.9, Numbers: map[string]float64{"max_absence_s": 900},
		Snapshots: []models.Snapshot{{ID: fmt.Sprint("p", i), Role: models.SnapshotOpening, At: first}}, Method: 1}
	if i%5 == 0 {
		e.Kind = models.QueueLong
	}
	if revision > 1 {
		e.Closed = e.Opened.Add(time.Duration(revision) * time.Minute)
	}
	return e
}

func revisions(t *testing.T, s *sql.Store) {
	for _, step := range []struct {
		revisions []int
		newest    []int // of these
		kept      int
	}{
		{[]int{1}, []int{1}, 1},
		{[]int{1, 1}, nil, 1},
		{[]int{3}, []int{3}, 3},
		{[]int{2}, nil, 3},
		{[]int{4, 5, 3}, []int{4, 5}, 5},
	} {
		var put []models.Event
		for _, r := range step.revisions {
			put = append(put, event(1, r))
		}
		got, err := s.PutEvents(t.Context(), put)
		must(t, err)
		var newest []int
		for _, c := range got {
			newest = append(newest, c.Event.Revision)
		}
		e, err := s.Event(t.Context(), "e0001")
		must(t, err)
		if !slices.Equal(newest, step.newest) || !reflect.DeepEqual(e, event(1, step.kept)) {
			t.Fatalf("put %v: newest %v, kept %+v", step.revisions, newest, e)
		}
	}
	h, err := s.EventHistory(t.Context(), "e0001")
	must(t, err)
	if len(h) != 5 || h[1].Revision != 2 {
		t.Fatalf("history %+v", h)
	}
	_, err = s.Event(t.Context(), "nothing")
	isKind(t, err, models.KindNotFound)
}

func eventPages(t *testing.T, s *sql.Store) {
	var all []models.Event
	for i := range 60 {
		e := event(i, 1)
		if i%4 == 0 {
			e = event(i, 2)
		}
		all = append(all, e)
	}
	_, err := s.PutEvents(t.Context(), all)
	must(t, err)
	yes, no := true, false
	for name, c := range map[string]struct {
		q    models.EventQuery
		want func(models.Event) bool
	}{
		"all":     {models.EventQuery{}, func(models.Event) bool { return true }},
		"open":    {models.EventQuery{Open: &yes}, func(e models.Event) bool { return e.Open() }},
		"closed":  {models.EventQuery{Open: &no}, func(e models.Event) bool { return !e.Open() }},
		"kind":    {models.EventQuery{Kinds: []models.EventKind{models.QueueLong, models.WaitLong}}, func(e models.Event) bool { return e.Kind == models.QueueLong }},
		"cameras": {models.EventQuery{Cameras: []string{"c1", "c2"}, Counter: "k"}, func(e models.Event) bool { return e.Camera != "c0" }},
		"none":    {models.EventQuery{Cameras: []string{}}, func(models.Event) bool { return false }},
		"node":    {models.EventQuery{Node: "n2"}, func(models.Event) bool { return false }},
		"time": {models.EventQuery{From: first.Add(5 * time.Minute), To: first.Add(9 * time.Minute)}, func(e models.Event) bool {
			return !e.Opened.Before(first.Add(5*time.Minute)) && e.Opened.Before(first.Add(9*time.Minute))
		}},
	} {
		var want []string
		for _, e := range slices.Backward(all) {
			if c.want(e) {
				want = append(want, e.ID)
			}
		}
		var got []string
		for c.q.Limit = 7; ; {
			page, err := s.Events(t.Context(), c.q)
			must(t, err)
			for _, e := range page {
				got = append(got, e.ID)
			}
			if len(page) < 7 {
				break
			}
			l := page[6]
			c.q.After = &models.EventKey{Opened: l.Opened, ID: l.ID}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", name, got, want)
		}
	}
	open, err := s.OpenEvents(t.Context())
	must(t, err)
	n := 0
	for _, kinds := range open {
		for _, k := range kinds {
			n += k
		}
	}
	if n != 45 || open["c1"][models.QueueLong] == 0 {
		t.Errorf("%d open events: %v", n, open)
	}
}

func changes(t *testing.T, s *sql.Store) {
	if n, err := s.LastChange(t.Context()); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	for _, e := range []models.Event{event(1, 1), event(2, 2), event(2, 1), event(1, 2), event(1, 2)} {
		_, err := s.PutEvents(t.Context(), []models.Event{e})
		must(t, err)
	}
	got, err := s.Changes(t.Context(), 0, 10)
	must(t, err)
	if len(got) != 3 || got[2].Event.ID != "e0001" || got[2].Event.Revision != 2 || got[0].Seq >= got[1].Seq || got[1].Seq >= got[2].Seq {
		t.Fatalf("changes %+v", got)
	}
	rest, err := s.Changes(t.Context(), got[0].Seq, 1)
	must(t, err)
	if len(rest) != 1 || rest[0].Seq != got[1].Seq {
		t.Fatalf("after the first: %+v", rest)
	}
	if n, err := s.LastChange(t.Context()); err != nil || n != got[2].Seq {
		t.Fatal(n, err)
	}
}

func users(t *testing.T, s *sql.Store) {
	ctx := t.Context()
	if has, err := s.HasUsers(ctx); err != nil || has {
		t.Fatal(has, err)
	}
	u := models.User{ID: "an", Name: "Nguyễn An", PasswordHash: "$argon2id$...", Created: first}
	must(t, s.CreateUser(ctx, u))
	isKind(t, s.CreateUser(ctx, u), models.KindConflict)
	got, err := s.User(ctx, "an")
	must(t, err)
	if got != u {
		t.Fatalf("%+v", got)
	}
	if has, err := s.HasUsers(ctx); err != nil || !has {
		t.Fatal(has, err)
	}
	_, err = s.User(ctx, "binh")
	isKind(t, err, models.KindNotFound)

	in := models.SignIn{Hash: "h1", User: "an", Created: first, Expires: first.Add(time.Hour)}
	must(t, s.PutSession(ctx, in))
	in.Expires = first.Add(2 * time.Hour)
	must(t, s.PutSession(ctx, in))
	if got, err := s.Session(ctx, "h1"); err != nil || got != in {
		t.Fatalf("%+v, %v", got, err)
	}
	must(t, s.PutSession(ctx, models.SignIn{Hash: "h2", User: "an", Created: first.Add(3 * time.Hour), Expires: last}))
	_, err = s.Session(ctx, "h1")
	isKind(t, err, models.KindNotFound) // it had expired when h2 was made
	must(t, s.DeleteSession(ctx, "h2"))
	must(t, s.DeleteSession(ctx, "h2"))
	_, err = s.Session(ctx, "h2")
	isKind(t, err, models.KindNotFound)
	if err := s.PutSession(ctx, models.SignIn{Hash: "h3", User: "nobody", Expires: last}); err == nil {
		t.Fatal("a session of nobody was stored")
	}
}

func tickets(t *testing.T, s *sql.Store) {
	ctx := t.Context()
	want := models.Ticket{Hash: "t", Purpose: "signin", User: "an", Expires: first.Add(time.Hour)}
	must(t, s.PutTicket(ctx, want, first))
	must(t, s.PutTicket(ctx, models.Ticket{Hash: "old", Expires: first.Add(time.Minute)}, first))
	must(t, s.PutTicket(ctx, models.Ticket{Hash: "new", Expires: last}, first.Add(2*time.Minute)))
	_, err := s.TakeTicket(ctx, "old")
	isKind(t, err, models.KindNotFound)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if got, err := s.TakeTicket(ctx, "t"); err == nil {
				won.Add(1)
				if got != want {
					t.Errorf("%+v", got)
				}
			} else if models.KindOf(err) != models.KindNotFound {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("the ticket worked %d times", won.Load())
	}
}

func nodes(t *testing.T, s *sql.Store) {
	ctx := t.Context()
	check := func(secret string, want bool) {
		t.Helper()
		if ok, err := s.CheckNodeSecret(ctx, "n1", secret); err != nil || ok != want {
			t.Fatalf("secret %q: %v, %v", secret, ok, err)
		}
	}
	check("", false)
	must(t, s.EnrolNode(ctx, "n1", "one", first))
	check("one", true)
	check("two", false)
	must(t, s.EnrolNode(ctx, "n1", "two", first))
	check("one", false)
	check("two", true)
	must(t, s.SawNode(ctx, "n1", "v1", last))
	must(t, s.SawNode(ctx, "never enrolled", "v1", last))
	got, err := s.Nodes(ctx)
	must(t, err)
	if len(got) != 1 || got[0] != (models.Node{ID: "n1", Enrolled: first, LastSeen: last, Version: "v1"}) {
		t.Fatalf("%+v", got)
	}
}

func snapshots(t *testing.T, s *sql.Store) {
	want := models.StoredSnapshot{ID: "p1", Event: "e", Camera: "c1", At: first, Type: "image/jpeg", Bytes: 7}
	for range 2 {
		must(t, s.PutSnapshot(t.Context(), want))
	}
	got, err := s.Snapshot(t.Context(), "p1")
	must(t, err)
	all, err := s.Snapshots(t.Context(), "e")
	must(t, err)
	if got != want || len(all) != 1 || all[0] != want {
		t.Fatalf("%+v, %+v", got, all)
	}
	_, err = s.Snapshot(t.Context(), "p2")
	isKind(t, err, models.KindNotFound)

	later := want
	later.ID, later.At = "p3", want.At.Add(time.Hour)
	must(t, s.PutSnapshot(t.Context(), later))
	cameras, err := s.SnapshotCameras(t.Context())
	must(t, err)
	old, err := s.OldSnapshots(t.Context(), "c1", later.At, 10)
	must(t, err)
	others, err := s.OldSnapshots(t.Context(), "c2", later.At, 10)
	must(t, err)
	if !slices.Equal(cameras, []string{"c1"}) || len(old) != 1 || old[0] != want || len(others) != 0 {
		t.Fatalf("%v, %+v, %+v", cameras, old, others)
	}
	for range 2 {
		must(t, s.DeleteSnapshot(t.Context(), "p1"))
	}
	_, err = s.Snapshot(t.Context(), "p1")
	isKind(t, err, models.KindNotFound)
}

func quarantine(t *testing.T, s *sql.Store) {
	for _, payload := range []string{"a", "b", "a"} {
		must(t, s.Quarantine(t.Context(), "n1", []byte(payload), "why", first))
	}
	if n, err := s.Quarantined(t.Context()); err != nil || n != 2 {
		t.Fatal(n, err)
	}
}

func writers(t *testing.T, s *sql.Store) {
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				e := event(i, 1)
				e.ID = fmt.Sprint(w, "-", i)
				if _, err := s.PutEvents(t.Context(), []models.Event{e}); err != nil {
					t.Error(err)
				}
				if _, err := s.Events(t.Context(), models.EventQuery{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := s.LastChange(t.Context()); err != nil || n != 100 {
		t.Fatal(n, err)
	}
}

// judged is the road of a late decision: what the node told stays, what was decided stands in its place.
func judged(t *testing.T, s *sql.Store) {
	ctx := t.Context()
	told := event(1, 1)
	told.Counter = "k"
	_, err := s.PutEvents(ctx, []models.Event{told, event(2, 1)})
	must(t, err)
	after, err := s.ToldEvents(ctx, told.Camera, "k", told.Opened)
	must(t, err)
	none, err := s.ToldEvents(ctx, told.Camera, "k", told.Opened.Add(1))
	must(t, err)
	undecided, err := s.JudgedEvents(ctx)
	must(t, err)
	if len(after) != 1 || after[0].ID != told.ID || len(none) != 0 || len(undecided) != 0 {
		t.Fatalf("%+v, %+v, %+v", after, none, undecided)
	}
	decided := told
	decided.Withdrawn = "the day became a holiday"
	for i, want := range []int{1, 0} { // the second time it is so already
		changes, err := s.JudgeEvents(ctx, []models.Event{decided})
		must(t, err)
		if len(changes) != want || want == 1 && changes[0].Seq != 3 {
			t.Fatalf("time %d: %+v", i, changes)
		}
	}
	now, err := s.Event(ctx, told.ID)
	must(t, err)
	standing, err := s.Events(ctx, models.EventQuery{Standing: true})
	must(t, err)
	history, err := s.EventHistory(ctx, told.ID)
	must(t, err)
	before, err := s.JudgedEvents(ctx)
	must(t, err)
	if now.Withdrawn == "" || len(standing) != 1 || len(history) != 2 || history[0].Withdrawn != "" || len(before) != 1 || before[0].Withdrawn != "" {
		t.Fatalf("now %+v, standing %d, history %+v, as told %+v", now, len(standing), history, before)
	}
	newer := told
	newer.Revision = 2
	_, err = s.PutEvents(ctx, []models.Event{newer})
	must(t, err)
	changes, err := s.JudgeEvents(ctx, []models.Event{decided}) // about a revision that is no longer the newest
	must(t, err)
	if len(changes) != 0 {
		t.Fatalf("a decision about what is past changed %+v", changes)
	}
}

func notStorable(t *testing.T, s *sql.Store) {
	e := event(1, 1)
	zero := 0.0
	e.ObservedRatio = zero / zero
	_, err := s.PutEvents(t.Context(), []models.Event{event(2, 1), e})
	isKind(t, err, models.KindInvalid)
	if n, err := s.LastChange(t.Context()); err != nil || n != 0 {
		t.Fatal("part of a failed batch is stored", n, err)
	}
}

package central_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/central"
	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/blob"
	"github.com/counterwatch/counterwatch/store/series"
	"github.com/counterwatch/counterwatch/store/sql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	epoch = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
)

// house is a centre on real stores, with a clock that the test moves.
type house struct {
	sql      *sql.Store
	series   *series.Store
	events   *central.Events
	registry *central.Registry
	pushed   []string // node and version
	now      time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{now: epoch}
	dir := t.TempDir()
	var err error
	if h.sql, err = sql.Open(t.Context(), filepath.Join(dir, "c.db"), seal.New([32]byte{}, "the key file")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.sql.Close() })
	h.events = central.NewEvents(h.sql)
	h.registry, err = central.NewRegistry(t.Context(), h.sql, func(node string, c models.NodeConfig) error {
		h.pushed = append(h.pushed, node+" "+c.Version)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.series, err = series.Open(t.Context(), filepath.Join(dir, "s.db"), h.registry.Location); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.series.Close() })
	return h
}

func (h *house) clock() time.Time { return h.now }

func (h *house) apply(t *testing.T, cameras ...models.Camera) {
	t.Helper()
	err := h.registry.Apply(t.Context(), []models.Unit{{ID: "u"}}, []models.Site{{ID: "s", Unit: "u", TimeZone: "Europe/Paris"}}, cameras)
	if err != nil {
		t.Fatal(err)
	}
}

func camera(id, node string) models.Camera {
	return models.Camera{ID: id, Site: "s", Node: node, URL: models.SecretURL("rtsp://u:p@h/" + id)}
}

func (h *house) intake(t *testing.T) *central.Intake {
	h.apply(t, camera("c1", "n1"), camera("c2", "n2"))
	return &central.Intake{Events: h.events, Series: h.series, Quarantine: h.sql, Knows: h.registry.Knows, Now: h.clock, Log: quiet}
}

func minute(i int) models.Minute {
	return models.Minute{Camera: "c1", Zone: "q", Kind: models.ZoneQueue, Start: epoch.Add(time.Duration(i) * time.Minute), WorkingS: 60}
}

func event(revision int) models.Event {
	return models.Event{ID: "e", Kind: models.CounterAbsent, Node: "n1", Camera: "c1", Opened: epoch, Revision: revision}
}

func (h *house) minutes(t *testing.T) int {
	t.Helper()
	m, err := h.series.Minutes(t.Context(), models.SeriesKey{Camera: "c1", Zone: "q"}, epoch, epoch.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	return len(m)
}

func TestIntakeStoresAndRings(t *testing.T) {
	h := newHouse(t)
	in := h.intake(t)
	bell := h.events.Changed()
	batch := []models.Record{models.MinuteRecord("n1", minute(0)), models.EventRecord("n1", event(1)), models.MinuteRecord("n1", minute(1))}
	for range 3 { // sent again and again
		if err := in.Batch(t.Context(), "n1", batch); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-bell:
	default:
		t.Error("nobody was told of the event")
	}
	select {
	case <-h.events.Changed():
		t.Error("the bell rang for an event that was there already")
	default:
	}
	changes, err := h.events.Changes(t.Context(), 0, 10)
	if err != nil || len(changes) != 1 || h.minutes(t) != 2 {
		t.Fatalf("%d changes, %d minutes, %v", len(changes), h.minutes(t), err)
	}
}

func TestPoisonIsQuarantinedAndBlocksNobody(t *testing.T) {
	bad := minute(9)
	bad.ObservedS = math.NaN()
	negative := minute(9)
	negative.Max = -1
	elsewhere := minute(9)
	elsewhere.Camera = "c9"
	foreign := event(1)
	foreign.Node = "n2"
	backwards := event(2)
	backwards.Closed = epoch.Add(-time.Hour)
	for name, r := range map[string]models.Record{
		"not a number":          models.MinuteRecord("n1", bad),
		"impossible":            models.MinuteRecord("n1", negative),
		"unknown camera":        models.MinuteRecord("n1", elsewhere),
		"another node's record": models.MinuteRecord("n2", minute(9)),
		"another node's event":  models.EventRecord("n1", foreign),
		"closes before opening": models.EventRecord("n1", backwards),
		"nothing":               {ID: "x", Node: "n1"},
		"two things":            {ID: "x", Node: "n1", Minute: &bad, Event: &foreign},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			in := h.intake(t)
			batch := []models.Record{models.MinuteRecord("n1", minute(0)), r, models.MinuteRecord("n1", minute(1)), models.EventRecord("n1", event(1))}
			for range 2 {
				if err := in.Batch(t.Context(), "n1", batch); err != nil {
					t.Fatal(err)
				}
			}
			n, err := h.sql.Quarantined(t.Context())
			if err != nil || n != 1 || h.minutes(t) != 2 {
				t.Fatalf("%d in quarantine, %d minutes stored, %v", n, h.minutes(t), err)
			}
			if _, err := h.events.Event(t.Context(), "e"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

type brokenSeries struct{ error }

func (b brokenSeries) Put(context.Context, []models.Minute, []models.Visit) error { return b.error }

func TestABrokenStoreIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	in := h.intake(t)
	in.Series = brokenSeries{errors.New("disk full")}
	if err := in.Batch(t.Context(), "n1", []models.Record{models.MinuteRecord("n1", minute(0))}); err == nil {
		t.Fatal("acknowledged")
	}
	if n, err := h.sql.Quarantined(t.Context()); err != nil || n != 0 {
		t.Fatal("a record was quarantined because the disk is full", n, err)
	}
}

func TestRegistry(t *testing.T) {
	h := newHouse(t)
	h.apply(t, camera("c1", "n1"), camera("c2", "n2"))
	if len(h.pushed) != 2 {
		t.Fatalf("pushed %v", h.pushed)
	}
	h.apply(t, camera("c1", "n1"), camera("c2", "n2"))
	if len(h.pushed) != 2 {
		t.Fatalf("applying the same pushed %v", h.pushed[2:])
	}
	cfg, err := h.registry.NodeConfig(t.Context(), "n1")
	if err != nil || len(cfg.Cameras) != 1 || len(cfg.Sites) != 1 || cfg.Cameras[0].URL.Reveal() != "rtsp://u:p@h/c1" || h.pushed[0] != "n1 "+cfg.Version && h.pushed[1] != "n1 "+cfg.Version {
		t.Fatalf("%+v, %v; pushed %v", cfg, err, h.pushed)
	}
	changed := camera("c1", "n1")
	changed.URL = "rtsp://u:new@h/c1" // only the password
	h.apply(t, changed)
	if len(h.pushed) != 3 || !strings.HasPrefix(h.pushed[2], "n1 ") || h.pushed[2] == "n1 "+cfg.Version {
		t.Fatalf("a new password pushed %v", h.pushed[2:])
	}
	h.apply(t, camera("c1", "n2")) // moves: n1 has nothing left
	if len(h.pushed) != 5 {
		t.Fatalf("a move pushed %v", h.pushed[3:])
	}
	if got := h.registry.Location("c1").String(); got != "Europe/Paris" {
		t.Errorf("location %s", got)
	}
	if got := h.registry.Location("nobody").String(); got != models.DefaultTimeZone {
		t.Errorf("location of nobody %s", got)
	}
	again, err := central.NewRegistry(t.Context(), h.sql, nil)
	if err != nil || !again.Knows("c2") {
		t.Fatal("forgotten after a restart", err)
	}
}

func TestRegistryRefuses(t *testing.T) {
	h := newHouse(t)
	h.apply(t, camera("c1", "n1"))
	square := models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}}
	desk := func(id string) models.Camera {
		c := camera(id, "n1")
		c.Zones = []models.Zone{{ID: "o", Kind: models.ZoneStaff, Polygon: square}}
		c.Counters = []models.Counter{{ID: "k", Staff: []string{"o"}}}
		return c
	}
	h.apply(t, desk("c2"))
	lost := camera("c3", "n1")
	lost.Site = "nowhere"
	for name, c := range map[string]struct {
		camera models.Camera
		field  string
	}{
		"site does not exist":          {lost, "cameras[0].site"},
		"id":                           {camera("C3", "n1"), "cameras[0].id"},
		"counter of another camera":    {desk("c3"), "counters[0].id"},
		"node with the bus's own word": {camera("c3", "config"), "cameras[0].node"},
	} {
		err := h.registry.Apply(t.Context(), nil, nil, []models.Camera{c.camera})
		if err == nil || models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v, want something about %s", name, err, c.field)
		}
	}
	if h.registry.Knows("c3") {
		t.Error("a refused camera was kept")
	}
}

func TestSilentNodes(t *testing.T) {
	h := newHouse(t)
	h.apply(t, camera("c1", "n1"))
	for _, n := range []string{"n1", "spare"} { // spare has no cameras
		if err := h.sql.EnrolNode(t.Context(), n, "x", epoch.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *central.Live {
		l, err := central.NewLive(t.Context(), h.events, h.sql, h.registry.Nodes, h.clock, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	at := func(s int) {
		t.Helper()
		h.now = epoch.Add(time.Duration(s) * time.Second)
		if err := l.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	incidents := func(want int) (last models.Event) {
		t.Helper()
		list, err := h.events.Events(t.Context(), models.EventQuery{})
		if err != nil || len(list) != want {
			t.Fatalf("%d incidents, want %d, %v", len(list), want, err)
		}
		if want == 0 {
			return models.Event{}
		}
		return list[0]
	}
	at(14)
	incidents(0) // the centre has just started: the node gets its time
	bell := l.Changed()
	l.Beat("n1", models.Beat{Node: "somebody else", Version: "v1", Cameras: []models.Live{{Camera: "c1", People: 3}}})
	<-bell
	at(28)
	incidents(0)
	if c, ok := l.Camera("c1"); !ok || c.People != 3 || c.Health.State == models.CameraOffline || l.Beats()[0].Beat.Node != "n1" {
		t.Fatalf("%+v %v", c, ok)
	}
	at(29)
	e := incidents(1)
	if e.Kind != models.NodeOffline || e.Node != "n1" || !e.Open() || !e.Opened.Equal(epoch.Add(29*time.Second)) || !e.Began.Equal(epoch.Add(14*time.Second)) {
		t.Fatalf("%+v", e)
	}
	if c, ok := l.Camera("c1"); !ok || c.Health.State != models.CameraOffline {
		t.Fatalf("a camera of a silent node shows %+v", c.Health)
	}
	at(300)
	incidents(1)
	l = open() // the centre restarts and goes on with the incident, but gives the node its time again
	at(310)
	l.Beat("n1", models.Beat{})
	at(311)
	if e = incidents(1); e.Open() || e.Revision != 2 {
		t.Fatalf("%+v", e)
	}
	nodes, err := h.sql.Nodes(t.Context())
	if err != nil || !nodes[0].LastSeen.Equal(epoch.Add(310*time.Second)) {
		t.Fatalf("%+v, %v", nodes, err)
	}
	if _, ok := l.Camera("nobody"); ok {
		t.Error("a camera that nobody showed")
	}
}

func TestNodes(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	n, err := central.NewNodes(dir, h.sql, h.clock, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, central.EnrolTokenFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	again, err := central.NewNodes(dir, h.sql, h.clock, quiet)
	if err != nil || again.Token() != n.Token() {
		t.Fatal("another token after a restart", err)
	}
	for name, c := range map[string]struct {
		token, node string
		kind        models.Kind
	}{
		"wrong token":      {"guess", "n1", models.KindForbidden},
		"no token":         {"", "n1", models.KindForbidden},
		"not an id":        {n.Token(), "N 1", models.KindInvalid},
		"word of the bus":  {n.Token(), "config", models.KindInvalid},
		"the centre's own": {n.Token(), "$centre", models.KindInvalid},
	} {
		if _, err := n.Enrol(t.Context(), c.token, c.node); err == nil || models.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, err := n.Enrol(t.Context(), n.Token(), "n1")
	if err != nil || !n.Verify("n1", one) || n.Verify("n1", "x") || n.Verify("n2", one) {
		t.Fatal("the secret does not work", err)
	}
	two, err := n.Enrol(t.Context(), n.Token(), "n1")
	if err != nil || n.Verify("n1", one) || !n.Verify("n1", two) {
		t.Fatal("the old secret goes on", err)
	}
	if ids, err := n.List(t.Context()); err != nil || len(ids) != 1 || ids[0] != "n1" {
		t.Fatal(ids, err)
	}
	if err := os.WriteFile(filepath.Join(dir, central.EnrolTokenFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := central.NewNodes(dir, h.sql, h.clock, quiet); err == nil {
		t.Fatal("an empty token was taken")
	}
}

func TestMedia(t *testing.T) {
	h := newHouse(t)
	h.apply(t, camera("c1", "n1"), camera("c2", "n2"))
	disk, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	m := &central.Media{Blobs: disk, Snapshots: h.sql, Events: h.events, Camera: h.registry.Camera}
	if err := h.events.Put(t.Context(), []models.Event{event(1)}); err != nil {
		t.Fatal(err)
	}
	jpeg := []byte{0xff, 0xd8, 0xff, 0xe0, 1, 2, 3}
	pic := models.Media{ID: "pic1", Camera: "c1", Event: "e", At: epoch, Type: "image/jpeg", Data: jpeg}
	with := func(change func(*models.Media)) models.Media { p := pic; change(&p); return p }
	for name, c := range map[string]struct {
		node string
		p    models.Media
		kind models.Kind
	}{
		"another node's camera": {"n2", pic, models.KindForbidden},
		"unknown camera":        {"n1", with(func(p *models.Media) { p.Camera = "c9" }), models.KindForbidden},
		"a page":                {"n1", with(func(p *models.Media) { p.Data = []byte("<script>") }), models.KindUnsupported},
		"a page by type":        {"n1", with(func(p *models.Media) { p.Type = "text/html" }), models.KindUnsupported},
		"a path":                {"n1", with(func(p *models.Media) { p.ID = "../../x" }), models.KindInvalid},
	} {
		if err := m.PutMedia(t.Context(), c.node, c.p); err == nil || models.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		if err := m.PutMedia(t.Context(), "n1", pic); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.PutMedia(t.Context(), "n2", with(func(p *models.Media) { p.Camera = "c2" })); models.KindOf(err) != models.KindForbidden {
		t.Fatalf("a picture of another node was replaced: %v", err)
	}
	got, err := m.Snapshot(t.Context(), "pic1")
	if err != nil || got.Camera != "c1" || string(got.Data) != string(jpeg) || !got.At.Equal(epoch) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := m.Snapshot(t.Context(), "pic2"); models.KindOf(err) != models.KindNotFound {
		t.Fatal(err)
	}
	h.apply(t, camera("c1", "n2")) // the camera moves; n1 still has a picture of its incident
	if err := m.PutMedia(t.Context(), "n1", with(func(p *models.Media) { p.ID = "pic3" })); err != nil {
		t.Fatal(err)
	}
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/series"
	sqlstore "github.com/counterwatch/counterwatch/store/sql"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// world is a centre with real stores, one site with two cameras, and a clock that stands still.
type world struct {
	t        testing.TB
	sql      *sqlstore.Store
	series   *series.Store
	live     *liveMemory
	events   *eventMemory
	pictures *pictureMemory
	prober   *proberMemory
	log      *bytes.Buffer
	server   *Server
	http     *httptest.Server
	auth     *Auth
	mu       sync.Mutex
	clock    time.Time
	token    string // of a signed-in user
}

// start is a Tuesday, 10:00 in Viet Nam.
var start = time.Date(2026, 3, 3, 3, 0, 0, 0, time.UTC)

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// signal is closed and replaced at each change.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

func (s *signal) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
	}
	s.c = nil
}

type liveMemory struct {
	signal
	beats map[string]Heard
}

func (l *liveMemory) Beats() []Heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Heard
	for _, b := range l.beats {
		out = append(out, b)
	}
	return out
}

func (l *liveMemory) hear(h Heard) {
	l.mu.Lock()
	l.beats[h.Beat.Node] = h
	l.mu.Unlock()
	l.raise()
}

type eventMemory struct {
	signal
	*sqlstore.Store
}

func (e *eventMemory) put(t testing.TB, events ...models.Event) {
	t.Helper()
	if _, err := e.PutEvents(context.Background(), events); err != nil {
		t.Fatal(err)
	}
	e.raise()
}

type pictureMemory struct{ put map[string]models.Media }

func (p *pictureMemory) Still(_ context.Context, node, camera string) (models.Still, error) {
	if camera != "cam1" {
		return models.Still{}, models.Errorf(models.KindUnavailable, "node %s does not answer", node)
	}
	return models.Still{JPEG: []byte("\xff\xd8\xffstill"), At: start, Live: models.Live{Camera: camera, People: 3}}, nil
}

func (p *pictureMemory) Snapshot(_ context.Context, id string) (models.Media, error) {
	m, ok := p.put[id]
	if !ok {
		return m, models.Errorf(models.KindNotFound, "there is no snapshot %s", id)
	}
	return m, nil
}

func (p *pictureMemory) PutMedia(_ context.Context, _ string, m models.Media) error {
	p.put[m.ID] = m
	return nil
}

// proberMemory is a node1 that finds what it is told to.
type proberMemory struct {
	order models.CameraOrder
	trial models.CameraTrial
	err   error
}

func (p *proberMemory) TryCamera(_ context.Context, node string, o models.CameraOrder) (models.CameraTrial, error) {
	p.order = o
	if node != "node1" {
		return models.CameraTrial{}, models.Errorf(models.KindUnavailable, "bus: node %s is not connected", node)
	}
	return p.trial, p.err
}

type nodeMemory struct{}

func (nodeMemory) Enrol(_ context.Context, token, _ string) (string, error) {
	if token != "let-me-in" {
		return "", models.Errorf(models.KindForbidden, "the enrolment token is wrong")
	}
	return "secret1", nil
}
func (nodeMemory) Verify(node, secret string) bool        { return node == "node1" && secret == "secret1" }
func (nodeMemory) List(context.Context) ([]string, error) { return []string{"node1", "node2"}, nil }

func square(x float64) models.Polygon {
	return models.Polygon{{X: x, Y: .1}, {X: x + .2, Y: .1}, {X: x + .2, Y: .9}, {X: x, Y: .9}}
}

func camera(id, site, counter string) models.Camera {
	return models.Camera{
		ID: id, Site: site, Node: "node1", Name: "Camera " + id, URL: "rtsp://admin:canary-password@10.0.0.1/1",
		Zones: []models.Zone{
			{ID: "q1", Kind: models.ZoneQueue, Polygon: square(.1)},
			{ID: "s1", Kind: models.ZoneService, Polygon: square(.4)},
			{ID: "o1", Kind: models.ZoneStaff, Polygon: square(.7)},
		},
		Counters: []models.Counter{{ID: counter, Name: "Quầy " + counter, Staff: []string{"o1"}, Service: []string{"s1"}, Queues: []string{"q1"}}},
	}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, clock: start, live: &liveMemory{beats: map[string]Heard{}}, pictures: &pictureMemory{put: map[string]models.Media{}}}
	var err error
	if w.sql, err = sqlstore.Open(ctx, filepath.Join(t.TempDir(), "centre.db"), seal.New([32]byte{1}, "key")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.sql.Close() })
	loc, err := time.LoadLocation(models.DefaultTimeZone)
	if err != nil {
		t.Fatal(err)
	}
	if w.series, err = series.Open(ctx, filepath.Join(t.TempDir(), "series.db"), func(string) *time.Location { return loc }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.series.Close() })
	err = w.sql.PutDirectory(ctx,
		[]models.Unit{{ID: "tinh", Name: "Tỉnh", Kind: "province"}, {ID: "xa-a", Parent: "tinh", Name: "Xã A", Kind: "commune"}, {ID: "xa-b", Parent: "tinh", Name: "Xã B", Kind: "commune"}},
		[]models.Site{{ID: "site-a", Unit: "xa-a", Name: "Một cửa A"}, {ID: "site-b", Unit: "xa-b", Name: "Một cửa B", Notice: "mô phỏng"}},
		[]models.Camera{camera("cam1", "site-a", "c1"), camera("cam2", "site-b", "c1")})
	if err != nil {
		t.Fatal(err)
	}
	w.events = &eventMemory{Store: w.sql}
	w.auth = NewAuth(w.sql, w.now)
	w.prober, w.log = &proberMemory{}, &bytes.Buffer{}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.server, err = New(Config{
		Directory: w.sql, Live: w.live, Events: w.events, Series: w.series, Pictures: w.pictures, Nodes: nodeMemory{}, Prober: w.prober, Auth: w.auth,
		Page: fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>page</title>")}, "assets/app.js": {Data: []byte("1")}},
		Endpoints: func(host string) Endpoints {
			return Endpoints{NATS: "nats://" + host, HTTPS: "https://" + host, CA: []byte("pem")}
		},
		Log: log, Now: w.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewServer(w.server)
	t.Cleanup(func() { w.http.Close(); w.server.Close() })
	return w
}

// signIn makes a user and signs in.
func (w *world) signIn() {
	w.t.Helper()
	token, err := w.auth.OneTimeToken(context.Background(), "lan", "Lan")
	if err != nil {
		w.t.Fatal(err)
	}
	w.token = str(w.t, w.call("POST", "/api/v1/auth:exchange", map[string]any{"token": token, "bearer": true}, 200), "token")
}

// call makes a request as the signed-in user and returns the JSON of its answer, whose code must be want.
func (w *world) call(method, path string, body any, want int) map[string]any {
	w.t.Helper()
	code, b := w.raw(method, path, body)
	if code != want {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, code, b, want)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		w.t.Fatalf("%s %s: %v in %s", method, path, err, b)
	}
	return out
}

func (w *world) raw(method, path string, body any) (int, []byte) {
	w.t.Helper()
	var r io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, w.http.URL+path, r)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.token != "" {
		req.Header.Set("Authorization", "Bearer "+w.token)
	}
	resp, err := w.http.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, b
}

// at walks into decoded JSON: keys of objects and, as numbers, indexes of arrays.
func at(t testing.TB, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("no %v in %v", path, v)
			}
			v = m[k]
		case int:
			l, ok := v.([]any)
			if !ok || k >= len(l) {
				t.Fatalf("no %v in %v", path, v)
			}
			v = l[k]
		}
	}
	return v
}

func str(t testing.TB, v any, path ...any) string {
	t.Helper()
	s, _ := at(t, v, path...).(string)
	return s
}

// names of a list's entries.
func names(t testing.TB, v any, list string) string {
	t.Helper()
	var out []string
	entries, _ := at(t, v, list).([]any)
	for _, e := range entries {
		out = append(out, str(t, e, "name"))
	}
	return strings.Join(out, " ")
}

package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// open begins a stream as Server-Sent Events and returns what reads the next message that is not a sign of life.
func (w *world) open(path, lastID string) (next func() (id string, m map[string]any), done func()) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", w.http.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+w.token)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := w.http.Client().Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("%s: %s %s", path, resp.Status, resp.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(resp.Body)
	return func() (id string, m map[string]any) {
		w.t.Helper()
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "id: "):
				id = strings.TrimPrefix(line, "id: ")
			case strings.HasPrefix(line, "data: "):
				if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &m); err != nil {
					w.t.Fatal(err)
				}
				return id, m
			}
		}
		w.t.Fatalf("%s ended: %v", path, lines.Err())
		return
	}, func() { cancel(); resp.Body.Close() }
}

func absence(i, revision int) models.Event {
	e := models.Event{ID: fmt.Sprint("e", i), Kind: models.CounterAbsent, Node: "node1", Camera: "cam1", Counter: "c1", Opened: start, Revision: revision}
	if revision > 1 {
		e.Closed = start.Add(time.Minute)
	}
	return e
}

func TestWatchEventsResumes(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.events.put(t, absence(0, 1)) // before the watcher came
	next, done := w.open("/api/v1/events:watch", "")
	if _, m := next(); m["event"] != nil || str(t, m, "cursor") == "" {
		t.Fatalf("the first message is not just a cursor: %v", m)
	}
	w.events.put(t, absence(1, 1))
	id, m := next()
	if str(t, m, "event", "name") != "events/e1" || id == "" || id != str(t, m, "cursor") {
		t.Fatalf("%s %v", id, m)
	}
	done()
	w.events.put(t, absence(1, 2), absence(2, 1)) // while it was away
	next, done = w.open("/api/v1/events:watch", id)
	defer done()
	var got []string
	for len(got) < 2 {
		if _, m := next(); m["event"] != nil {
			got = append(got, fmt.Sprint(str(t, m, "event", "name"), at(t, m, "event", "revision")))
		}
	}
	if s := strings.Join(got, " "); s != "events/e12 events/e21" {
		t.Errorf("after coming back: %s", s)
	}
}

func TestWatchEventsFiltersAndReplays(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	for i := range 3 * changesAtOnce {
		e := absence(i, 1)
		if i%100 == 0 {
			e.Camera = "cam2"
		}
		w.events.put(t, e)
	}
	next, done := w.open("/api/v1/events:watch?cursor=0&filter=site%3Dsites%2Fsite-b", "")
	defer done()
	n := 0
	for n < 6 {
		if _, m := next(); m["event"] != nil {
			n++
			if str(t, m, "event", "camera") != "cameras/cam2" {
				t.Fatalf("%v", m)
			}
		}
	}
}

func TestWatchLive(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	next, done := w.open("/api/v1/live:watch?scope=sites/site-a", "")
	defer done()
	if _, m := next(); len(at(t, m, "cameras").([]any)) != 1 {
		t.Fatalf("the first message has not all cameras: %v", m)
	}
	w.beat()
	if _, m := next(); str(t, m, "cameras", 0, "state") != "CAMERA_STATE_LIVE" {
		t.Errorf("%v", m)
	}
}

// TestWatchInLines reads a stream without Server-Sent Events: one JSON object a line.
func TestWatchInLines(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.events.put(t, absence(0, 1))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", w.http.URL+"/api/v1/events:watch?cursor=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	resp, err := w.http.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		var m map[string]any
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if e := at(t, m, "result", "event"); e != nil {
			if str(t, e, "name") != "events/e0" {
				t.Errorf("%v", e)
			}
			return
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
}

func TestTooManyWatchers(t *testing.T) {
	var g gate
	leave := make([]func(), 0, maxWatchers)
	for range maxWatchers {
		l, err := g.enter()
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	if _, err := g.enter(); models.KindOf(err) != models.KindLimited {
		t.Errorf("%v", err)
	}
	for _, l := range leave {
		l()
	}
	if _, err := g.enter(); err != nil {
		t.Error(err)
	}
}

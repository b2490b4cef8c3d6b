package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/counterwatch/counterwatch/models"
)

func TestEveryKindHasACode(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, nil))
	for _, k := range []models.Kind{
		models.KindInvalid, models.KindNotFound, models.KindConflict, models.KindUnauthenticated, models.KindForbidden, models.KindLimited,
		models.KindUnavailable, models.KindUnsupported, models.KindInternal,
	} {
		if _, ok := kindCodes[k]; !ok {
			t.Errorf("%s has no code", k)
		}
	}
	err := toStatus(errors.New("secret detail"), l, "m")
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") || !strings.Contains(log.String(), "secret detail") {
		t.Errorf("a defect answers %v and logs %q", err, log.String())
	}
}

func TestBadInputIsNamed(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	cases := map[string]struct {
		method, path, body string
		code               int
		says               string
	}{
		"unknown path":        {"GET", "/api/v1/nope", "", 404, "openapi.json"},
		"unknown version":     {"GET", "/api/v2/units", "", 404, "openapi.json"},
		"wrong method":        {"DELETE", "/api/v1/units", "", 405, "DELETE"},
		"unknown parameter":   {"GET", "/api/v1/units?page_siez=1", "", 400, "page_siez"},
		"not a number":        {"GET", "/api/v1/units?pageSize=x", "", 400, "page_size"},
		"twice":               {"GET", "/api/v1/units?pageSize=1&pageSize=2", "", 400, "2 times"},
		"negative":            {"GET", "/api/v1/units?pageSize=-1", "", 400, "negative"},
		"bad token":           {"GET", "/api/v1/units?pageToken=!!", "", 400, "token"},
		"bad event token":     {"GET", "/api/v1/events?pageToken=eA", "", 400, "token"},
		"bad id":              {"GET", "/api/v1/units/A", "", 400, "units/{id}"},
		"path not UTF-8":      {"GET", "/api/v1/units/%ff", "", 400, "UTF-8"},
		"query not UTF-8":     {"GET", "/api/v1/units?filter=%ff", "", 400, "UTF-8"},
		"no such unit":        {"GET", "/api/v1/units/x", "", 404, "units/x"},
		"no such counter":     {"GET", "/api/v1/sites/site-a/counters/x", "", 404, "counters/x"},
		"no such event":       {"GET", "/api/v1/events/x", "", 404, "x"},
		"bad filter field":    {"GET", "/api/v1/events?filter=colour%3Dred", "", 400, "colour"},
		"bad filter operator": {"GET", "/api/v1/events?filter=kind%3E1", "", 400, "kind takes ="},
		"bad filter value":    {"GET", "/api/v1/events?filter=open%3Dperhaps", "", 400, "true or false"},
		"bad filter join":     {"GET", "/api/v1/events?filter=open%3Dtrue+OR+open%3Dfalse", "", 400, "AND"},
		"open quote":          {"GET", "/api/v1/events?filter=kind%3D%22x", "", 400, "quote"},
		"bad cursor":          {"GET", "/api/v1/events:watch?cursor=x", "", 400, "cursor"},
		"lost cursor":         {"GET", "/api/v1/events:watch?cursor=99", "", 400, "cursor"},
		"no measure":          {"GET", "/api/v1/series:query", "", 400, "MEASURE_QUEUE"},
		"unknown measure":     {"GET", "/api/v1/series:query?measure=MEASURE_LOVE", "", 400, "measure"},
		"wrong statistic":     {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&statistic=STATISTIC_P90", "", 400, "statistic"},
		"backwards":           {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&startTime=2026-03-04T00:00:00Z&endTime=2026-03-03T00:00:00Z", "", 400, "start_time"},
		"too long":            {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&step=STEP_MINUTE&startTime=2025-03-04T00:00:00Z", "", 400, "wider step"},
		"another age":         {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&startTime=0001-03-04T00:00:00Z", "", 400, "2000"},
		"bad scope":           {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&scope=rooms/x", "", 400, "units/{id}"},
		"no such scope":       {"GET", "/api/v1/series:query?measure=MEASURE_QUEUE&scope=units/x", "", 404, "units/x"},
		"not JSON":            {"POST", "/api/v1/auth:signin", "{", 400, ""},
		"unknown field":       {"POST", "/api/v1/auth:signin", `{"name":"x"}`, 400, "name"},
		"too large":           {"POST", "/api/v1/auth:signin", `{"user":"` + strings.Repeat("x", maxBody) + `"}`, 400, "larger"},
	}
	for name, c := range cases {
		req, err := http.NewRequest(c.method, w.http.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.token)
		resp, err := w.http.Client().Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var m struct {
			Code    int
			Message string
			Details []any
		}
		err = json.NewDecoder(resp.Body).Decode(&m)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.code || m.Code == 0 || m.Details == nil || !strings.Contains(m.Message, c.says) {
			t.Errorf("%s: %d %+v %v, want %d and %q", name, resp.StatusCode, m, err, c.code, c.says)
		}
	}
}

func TestPageFiles(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]struct {
		code  int
		cache string
	}{
		"/":                  {200, "no-cache"},
		"/wall/main":         {200, "no-cache"}, // a view
		"/assets/app.js":     {200, "public, max-age=31536000, immutable"},
		"/assets/missing.js": {404, ""},
		"/..%2f..%2fetc":     {200, "no-cache"},
	} {
		resp, err := w.http.Client().Get(w.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want.code || resp.Header.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d %q", path, resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
		if csp := resp.Header.Get("Content-Security-Policy"); csp == "" || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

// FuzzGateway asks for anything as somebody who is signed in: the answer may be an error, never a defect.
func FuzzGateway(f *testing.F) {
	w := newWorld(f)
	for _, path := range []string{
		"/api/v1/units?filter=parent%3Dunits/tinh", "/api/v1/sites/-/counters", "/api/v1/cameras/cam1/still", "/api/v1/events?pageToken=MSBlMQ",
		"/api/v1/series:query?measure=MEASURE_WAIT&step=STEP_DAY&startTime=2026-01-01T00:00:00Z", "/api/v1/live?cameras=cameras/cam1", "/api/v1/snapshots/a",
		"/api/v1/overview?unit=units/tinh", "/api/v1/nodes/node1", "/alerts", "/api/openapi.json",
	} {
		f.Add("GET", path, "")
	}
	f.Add("POST", "/api/v1/auth:signin", `{"user":"lan","password":"x","bearer":true}`)
	f.Add("PUT", "/api/v1/media/x", "x")
	w.signIn()
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || strings.HasSuffix(u.Path, ":watch") || len(body) > 1<<16 {
			return // a stream would not end
		}
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.Header.Set("Authorization", "Bearer "+w.token)
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if code := rec.Code; code == 500 || code == 501 || code > 503 {
			t.Fatalf("%s %s: %d %s", method, path, code, rec.Body)
		}
	})
}

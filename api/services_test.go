package api

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestDirectory(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	lists := map[string]struct{ path, list, want string }{
		"units":            {"/api/v1/units", "units", "units/tinh units/xa-a units/xa-b"},
		"units below":      {"/api/v1/units?filter=" + url.QueryEscape(`parent = "units/tinh"`), "units", "units/xa-a units/xa-b"},
		"sites of a unit":  {"/api/v1/sites?filter=" + url.QueryEscape("unit=units/xa-a"), "sites", "sites/site-a"},
		"sites below":      {"/api/v1/sites?filter=" + url.QueryEscape("unit=units/tinh"), "sites", "sites/site-a sites/site-b"},
		"cameras":          {"/api/v1/cameras", "cameras", "cameras/cam1 cameras/cam2"},
		"cameras of both":  {"/api/v1/cameras?filter=" + url.QueryEscape("unit = units/xa-b AND site = sites/site-a"), "cameras", ""},
		"cameras of node":  {"/api/v1/cameras?filter=" + url.QueryEscape("node = nodes/node2"), "cameras", ""},
		"counters":         {"/api/v1/sites/-/counters", "counters", "sites/site-a/counters/c1 sites/site-b/counters/c1"},
		"counters of site": {"/api/v1/sites/site-b/counters", "counters", "sites/site-b/counters/c1"},
		"nodes":            {"/api/v1/nodes", "nodes", "nodes/node1 nodes/node2"},
	}
	for name, c := range lists {
		if got := names(t, w.call("GET", c.path, nil, 200), c.list); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	cam := w.call("GET", "/api/v1/cameras/cam1", nil, 200)
	if str(t, cam, "zones", 0, "kind") != "ZONE_KIND_QUEUE" || at(t, cam, "zones", 0, "polygon", 2, "y") != .9 {
		t.Errorf("zones of %v", cam)
	}
	if k := w.call("GET", "/api/v1/sites/site-a/counters/c1", nil, 200); str(t, k, "camera") != "cameras/cam1" {
		t.Errorf("%v", k)
	}
	for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/cam1", "/api/v1/live", "/api/v1/nodes/node1"} {
		if _, body := w.raw("GET", path, nil); strings.Contains(string(body), "canary-password") || strings.Contains(string(body), "rtsp") {
			t.Errorf("%s tells the camera's address", path)
		}
	}
}

// What a node tells of itself and of its cameras' streams reaches whoever asks, with its units.
func TestNodeTellsHowItIs(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	now := w.now()
	w.live.hear(Heard{At: now, Beat: models.Beat{
		Node: "node1", At: now, Budgets: []models.Budget{{Resource: "memory", Used: 3 << 30, Limit: 2 << 30, Shed: "rings are shorter"}},
		Cameras: []models.Live{{
			Camera: "cam1", Health: models.CameraHealth{State: models.CameraLive}, Mode: models.DecodeShed, Counts: models.Counts{Units: 9, Shed: 5, Restarts: 1},
			Stream: models.Stream{
				Source: "sub", Codec: models.CodecH265, Transport: "udp", Size: models.Size{W: 704, H: 576}, FPS: 15, BitRate: 1e6,
				GOP: 2 * time.Second, Skew: -3 * time.Second, SkewKnown: true, Lost: 7,
			},
		}},
	}})
	node := w.call("GET", "/api/v1/nodes/node1", nil, 200)
	if at(t, node, "budgets", 0, "used") != float64(3<<30) || str(t, node, "budgets", 0, "shed") != "rings are shorter" {
		t.Errorf("budgets: %v", node["budgets"])
	}
	live := w.call("GET", "/api/v1/live?cameras=cameras/cam1", nil, 200)
	for name, told := range map[string]any{"node": node, "live": live} {
		for path, want := range map[string]string{
			"stream source": "sub", "stream codec": "h265", "stream transport": "udp", "stream gop": "2s", "stream clockSkew": "-3s", "stream packetsLost": "7",
			"mode": "DECODE_MODE_SHED", "counts received": "9", "counts shed": "5", "counts decoderRestarts": "1",
		} {
			keys := []any{"cameras", 0}
			for k := range strings.FieldsSeq(path) {
				keys = append(keys, k)
			}
			if got := str(t, told, keys...); got != want {
				t.Errorf("%s: %s is %q, want %q", name, path, got, want)
			}
		}
		if at(t, told, "cameras", 0, "stream", "width") != 704.0 || at(t, told, "cameras", 0, "stream", "bitRate") != 1e6 {
			t.Errorf("%s: %v", name, told)
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	var all []string
	token := ""
	for range 5 {
		got := w.call("GET", "/api/v1/units?pageSize=1&pageToken="+token, nil, 200)
		all = append(all, names(t, got, "units"))
		if token = str(t, got, "nextPageToken"); token == "" {
			break
		}
	}
	if got := strings.Join(all, " "); got != "units/tinh units/xa-a units/xa-b" {
		t.Errorf("pages of one: %s", got)
	}
}

// beat lets node1 say that cam1 shows a staffed counter and a queue of 4.
func (w *world) beat() {
	now := w.now()
	w.live.hear(Heard{At: now, Beat: models.Beat{Node: "node1", At: now, Started: start, Cameras: []models.Live{{
		Camera: "cam1", At: now, Health: models.CameraHealth{State: models.CameraLive}, FPSAnalysed: 2, Coverage: 1,
		Boxes:    []models.LiveBox{{Track: 7, Box: models.Box{X: .1, Y: .2, W: .1, H: .3}, Zone: "q1"}},
		Zones:    []models.LiveZone{{Zone: "q1", Kind: models.ZoneQueue, Count: 4}},
		Counters: []models.LiveCounter{{Counter: "c1", Staffing: models.Staffed, OnDuty: 1}},
	}}}})
}

// remember stores an hour of minutes of cam1, from 09:00 local time: a queue of 3, 40 waits of 5 min, the counter staffed for
// three quarters, services of 200 to 259 s, ten people who gave up.
func (w *world) remember() {
	w.t.Helper()
	var ms []models.Minute
	for i := range 60 {
		at := start.Add(-time.Hour + time.Duration(i)*time.Minute)
		q := models.Minute{Camera: "cam1", Zone: "q1", Kind: models.ZoneQueue, Start: at, WorkingS: 60, ObservedS: 60, OccupancyS: 180, Max: 4}
		q.AtCount[3] = 60
		if i < 40 {
			q.WaitsS, q.Starts, q.Arrivals = []float64{290 + float64(i%20)}, 1, 1
			q.SinceOpenS = []float64{q.WaitsS[0] - 100}
		} else if i < 50 {
			q.GaveUp = 1
		}
		s := models.Minute{Camera: "cam1", Zone: "s1", Kind: models.ZoneService, Start: at, WorkingS: 60, ObservedS: 60}
		s.AtCount[1] = 60
		if s.ServiceS = []float64{200 + float64(i)}; i%10 == 0 {
			s.ServiceS, s.CutS = nil, s.ServiceS
		}
		k := models.Minute{Camera: "cam1", Counter: "c1", Start: at, WorkingS: 60, ObservedS: 60, StaffedS: 45, AbsentS: 15}
		k.AtCount[1] = 60
		ms = append(ms, q, s, k)
	}
	if err := w.series.Put(w.t.Context(), ms, nil); err != nil {
		w.t.Fatal(err)
	}
}

func TestSeries(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.remember()
	query := func(params string) map[string]any {
		t.Helper()
		return w.call("GET", "/api/v1/series:query?"+params, nil, 200)
	}
	period := "&startTime=2026-03-03T01:00:00Z&endTime=2026-03-03T03:00:00Z&step=STEP_HOUR"
	cases := map[string]struct {
		params string
		want   float64
		within float64
	}{
		"queue of a site":     {"measure=MEASURE_QUEUE&scope=sites/site-a", 3, 0},
		"queue of the tree":   {"measure=MEASURE_QUEUE&scope=units/tinh", 3, 0},
		"longest queue":       {"measure=MEASURE_QUEUE&statistic=STATISTIC_MAX", 4, 0},
		"queue of a zone":     {"measure=MEASURE_QUEUE&scope=cameras/cam1/zones/q1", 3, 0},
		"median wait":         {"measure=MEASURE_WAIT&scope=sites/site-a/counters/c1", 300, 10},
		"p90 wait":            {"measure=MEASURE_WAIT&statistic=STATISTIC_P90&scope=cameras/cam1", 308, 16},
		"waits over five min": {"measure=MEASURE_WAIT&statistic=STATISTIC_SHARE_OVER&overS=300", .5, .1},
		"since the opening":   {"measure=MEASURE_WAIT_SINCE_OPEN&scope=cameras/cam1/zones/q1", 200, 10},
		"gave up":             {"measure=MEASURE_GAVE_UP&scope=sites/site-a", .2, 0},
		"service":             {"measure=MEASURE_SERVICE&scope=sites/site-a/counters/c1", 230, 8},
		"long services":       {"measure=MEASURE_SERVICE&statistic=STATISTIC_SHARE_OVER&overS=240&scope=cameras/cam1/zones/s1", .33, .12},
		"staffing":            {"measure=MEASURE_STAFFING&scope=units/xa-a", .75, 0},
		"coverage of an hour": {"measure=MEASURE_COVERAGE&scope=sites/site-a/counters/c1", 1, 0},
	}
	for name, c := range cases {
		got := query(c.params + period)
		points, _ := at(t, got, "points").([]any)
		if len(points) != 2 {
			t.Fatalf("%s: %d points: %v", name, len(points), got)
		}
		if at(t, points[0], "value") != nil || str(t, points[0], "quality") != "QUALITY_UNKNOWN" {
			t.Errorf("%s: an hour that nobody saw says %v", name, points[0])
		}
		v, ok := at(t, points[1], "value").(float64)
		if !ok || math.Abs(v-c.want) > c.within {
			t.Errorf("%s: %v, want %v", name, points[1], c.want)
		}
		if at(t, points[1], "coverage") != 1.0 {
			t.Errorf("%s: coverage of %v", name, points[1])
		}
	}
	wait := query("measure=MEASURE_WAIT&scope=sites/site-a" + period)
	if n := at(t, wait, "total", "n"); n != 40.0 || str(t, wait, "total", "method") != "fifo" || at(t, wait, "total", "low") == nil {
		t.Errorf("total %v", at(t, wait, "total"))
	}
	if share := query("measure=MEASURE_WAIT&statistic=STATISTIC_SHARE_OVER" + period); str(t, share, "unit") != "ratio" || at(t, share, "overS") != 1800.0 {
		t.Errorf("share over half an hour: %v of %v s", share["unit"], share["overS"])
	}
	gone := at(t, query("measure=MEASURE_GAVE_UP"+period), "total")
	if str(t, gone, "method") != "wilson" || at(t, gone, "n") != 50.0 || at(t, gone, "low").(float64) < .1 || at(t, gone, "high").(float64) > .34 {
		t.Errorf("gave up: %v", gone)
	}
	for _, bad := range []string{"measure=MEASURE_WAIT&overS=60", "measure=MEASURE_WAIT&statistic=STATISTIC_SHARE_OVER&overS=-5", "measure=MEASURE_GAVE_UP&statistic=STATISTIC_P90"} {
		w.call("GET", "/api/v1/series:query?"+bad, nil, 400)
	}
	if today := query("measure=MEASURE_QUEUE&scope=sites/site-b"); str(t, today, "notices", 0) != "mô phỏng" || str(t, today, "timeZone") != "Asia/Ho_Chi_Minh" {
		t.Errorf("today of site-b: notices %v", today["notices"])
	}
	if days := query("measure=MEASURE_STAFFING&step=STEP_DAY&startTime=2026-03-01T17:00:00Z"); len(at(t, days, "points").([]any)) != 2 {
		t.Errorf("local days: %v", days["points"])
	}
}

func TestLive(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.beat()
	got := w.call("GET", "/api/v1/live?scope=units/tinh", nil, 200)
	if str(t, got, "cameras", 0, "state") != "CAMERA_STATE_LIVE" || at(t, got, "cameras", 0, "zones", 0, "count") != 4.0 {
		t.Errorf("cam1 shows %v", at(t, got, "cameras", 0))
	}
	if str(t, got, "cameras", 1, "camera") != "cameras/cam2" || str(t, got, "cameras", 1, "state") != "CAMERA_STATE_UNSPECIFIED" {
		t.Errorf("cam2 shows %v", at(t, got, "cameras", 1))
	}
	w.advance(20 * time.Second)
	got = w.call("GET", "/api/v1/live?cameras=cameras/cam1", nil, 200)
	if str(t, got, "cameras", 0, "state") == "CAMERA_STATE_LIVE" {
		t.Error("a camera whose node is silent is live")
	}
	if tile := w.call("GET", "/api/v1/cameras/cam1/tile", nil, 200); at(t, tile, "live", "people") != 3.0 || str(t, tile, "jpeg") == "" {
		t.Errorf("tile %v", tile)
	}
	w.call("GET", "/api/v1/cameras/cam2/tile", nil, 503)
}

func TestOverview(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.remember()
	w.beat()
	w.events.put(t, models.Event{ID: "e1", Kind: models.QueueLong, Node: "node1", Camera: "cam1", Zone: "q1", Opened: start, Revision: 1})
	got := w.call("GET", "/api/v1/overview", nil, 200)
	if n := names(t, got, "places"); n != "units/tinh units/xa-a sites/site-a units/xa-b sites/site-b" {
		t.Errorf("places %s", n)
	}
	a := at(t, got, "places", 2, "status")
	for field, want := range map[string]any{
		"severity": "SEVERITY_ATTENTION", "openAttention": 1.0, "cameras": 1.0, "camerasWithoutData": 0.0,
		"countersDue": 1.0, "countersStaffed": 1.0, "waiting": 4.0,
	} {
		if at(t, a, field) != want {
			t.Errorf("site-a: %s is %v, want %v", field, at(t, a, field), want)
		}
	}
	if b := at(t, got, "places", 4, "status"); at(t, b, "severity") != "SEVERITY_NO_DATA" || at(t, b, "countersUnknown") != 1.0 {
		t.Errorf("site-b, of which nothing is known: %v", b)
	}
	today := at(t, got, "total", "today")
	if at(t, today, "visits") != 40.0 || at(t, today, "staffing", "value") != .75 || at(t, today, "events") != 1.0 {
		t.Errorf("today %v", today)
	}
	w.events.put(t, models.Event{ID: "e2", Kind: models.CounterAbsent, Node: "node1", Camera: "cam2", Counter: "c1", Opened: start, Revision: 1})
	got = w.call("GET", "/api/v1/overview", nil, 200)
	if n := names(t, got, "places"); !strings.HasPrefix(n, "units/tinh units/xa-b") {
		t.Errorf("worst first: %s", n)
	}
	if n := names(t, w.call("GET", "/api/v1/overview?unit=units/xa-a", nil, 200), "places"); n != "units/xa-a sites/site-a" {
		t.Errorf("below a unit: %s", n)
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	for i := range 7 {
		e := models.Event{
			ID: fmt.Sprint("e", i), Kind: models.CounterAbsent, Node: "node1", Camera: fmt.Sprint("cam", 1+i%2), Counter: "c1", Revision: 1,
			Opened: start.Add(time.Duration(i) * time.Minute), Numbers: map[string]float64{"absent_s": 180},
			Snapshots: []models.Snapshot{{ID: "snap1", Role: models.SnapshotOpening, At: start}},
		}
		if i < 3 {
			e.Closed = e.Opened.Add(time.Minute)
		}
		w.events.put(t, e)
	}
	list := func(filter string) string {
		t.Helper()
		return names(t, w.call("GET", "/api/v1/events?filter="+url.QueryEscape(filter), nil, 200), "events")
	}
	cases := map[string]struct{ filter, want string }{
		"all, newest first": {"", "events/e6 events/e5 events/e4 events/e3 events/e2 events/e1 events/e0"},
		"open":              {"open = true AND camera = cameras/cam1", "events/e6 events/e4"},
		"counter":           {"counter = sites/site-b/counters/c1 AND open=false", "events/e1"},
		"kind":              {"kind = queue.long", ""},
		"time":              {`open_time >= "2026-03-03T03:05:00Z"`, "events/e6 events/e5"},
		"contradiction":     {"site = sites/site-a AND unit = units/xa-b", ""},
		"node":              {"node = nodes/node1 AND open_time < 2026-03-03T03:01:00Z", "events/e0"},
	}
	for name, c := range cases {
		if got := list(c.filter); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	var all []string
	for token := ""; ; {
		got := w.call("GET", "/api/v1/events?pageSize=3&pageToken="+token, nil, 200)
		all = append(all, names(t, got, "events"))
		if token = str(t, got, "nextPageToken"); token == "" {
			break
		}
	}
	if got := strings.Join(all, " | "); got != "events/e6 events/e5 events/e4 | events/e3 events/e2 events/e1 | events/e0" {
		t.Errorf("pages: %s", got)
	}
	e := w.call("GET", "/api/v1/events/e6", nil, 200)
	for field, want := range map[string]string{
		"severity": "SEVERITY_CRITICAL", "site": "sites/site-a", "counter": "sites/site-a/counters/c1", "subjectDisplayName": "Quầy c1", "siteDisplayName": "Một cửa A",
	} {
		if got := str(t, e, field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if str(t, e, "snapshots", 0, "name") != "snapshots/snap1" || at(t, e, "closeTime") != nil {
		t.Errorf("%v", e)
	}
}

func TestMedia(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	put := func(id, contentType, secret string, body []byte, want int) {
		t.Helper()
		req, err := http.NewRequest("PUT", w.http.URL+"/api/v1/media/"+id, strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("node1", secret)
		req.Header.Set("Content-Type", contentType)
		req.Header.Set("X-Camera", "cam1")
		req.Header.Set("X-Event", "e1")
		req.Header.Set("X-At", start.Format(time.RFC3339Nano))
		resp, err := w.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s: %d, want %d", id, contentType, resp.StatusCode, want)
		}
	}
	picture := []byte("\xff\xd8\xffpicture")
	put("snap1", jpeg, "secret1", picture, 204)
	put("snap1", jpeg, "secret2", picture, 401)
	put("snap2", "text/html", "secret1", picture, 400)
	put("snap2", jpeg, "secret1", []byte("<script>"), 400)
	put("..%2f..%2fx", jpeg, "secret1", picture, 400)
	put("snap3", jpeg, "secret1", append(picture, make([]byte, maxBody)...), 400)
	for path, want := range map[string]string{"/api/v1/snapshots/snap1": string(picture), "/api/v1/cameras/cam1/still": "\xff\xd8\xffstill"} {
		req, err := http.NewRequest("GET", w.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+w.token)
		resp, err := w.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		h := resp.Header
		resp.Body.Close()
		if _, got := w.raw("GET", path, nil); string(got) != want {
			t.Errorf("%s: %q", path, got)
		}
		if h.Get("Content-Type") != jpeg || !strings.Contains(h.Get("Cache-Control"), "no-store") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	w.call("GET", "/api/v1/snapshots/unknown", nil, 404)
}

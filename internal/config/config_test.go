package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

const good = `camera: {id: cam1, detector: {net: yolox_nano, threshold: 0.5}, analyse_fps: 5}
zones:
  - {id: q1, kind: queue,   anchor: foot,   polygon: [[0.1,0.5],[0.9,0.5],[0.9,1],[0.1,1]], min_dwell: 3s}
  - {id: s1, kind: service, anchor: foot,   polygon: [[0.45,0.7],[0.75,0.7],[0.75,1],[0.45,1]], min_dwell: 5s}
  - {id: o1, kind: staff,   anchor: centre, polygon: [[0.4,0.1],[0.8,0.1],[0.8,0.4],[0.4,0.4]]}
counters:
  - {id: c1, staff: [o1], service: [s1], queues: [q1], required_on_duty: 1, max_absence: 15m, max_absence_with_waiting: 3m}
calendar: always
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "camera.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadCamera(t *testing.T) {
	cam, site, err := LoadCamera(write(t, good))
	if err != nil {
		t.Fatal(err)
	}
	if !site.Calendar.Always || cam.ID != "cam1" || cam.Detector.Kind != "network" || cam.Detector.Threshold != 0.5 || cam.AnalyseFPS != 5 {
		t.Errorf("camera %+v, site %+v", cam, site)
	}
	if len(cam.Zones) != 3 || cam.Zones[0].MinDwell != 3*time.Second || cam.Zones[2].Anchor != models.AnchorCentre || cam.Zones[0].Polygon[1] != (models.Point{X: 0.9, Y: 0.5}) {
		t.Errorf("zones %+v", cam.Zones)
	}
	if k := cam.Counters[0]; k.MaxAbsence != 15*time.Minute || k.MaxAbsenceWithWaiting != 3*time.Minute || k.Unattended != time.Minute {
		t.Errorf("counter %+v", k)
	}
}

const full = `camera:
  id: cam1
  detector: {kind: auto, view: whole, tiles: 2, motion_gate: off}
  heights: [{y: 0.3, min: 0.1, max: 0.3}, {y: 1, min: 0.3, max: 0.9}]
zones:
  - {id: q1, kind: queue, polygon: [[0.1,0.5],[0.9,0.5],[0.9,1]], discipline: any}
  - {id: o1, kind: staff, polygon: [[0.4,0.1],[0.8,0.1],[0.8,0.4]]}
  - {id: o2, kind: staff, polygon: [[0.1,0.1],[0.3,0.1],[0.3,0.4]]}
counters:
  - {id: c1, staff: [o1], queues: [q1]}
  - {id: c2, staff: [o2], queues: [q1], calendar: {sessions: [{days: sat, from: "07:30", to: "11:30"}]}}
  - {id: g1, any_of: [c1, c2], required_on_duty: 1}
`

func TestLoadCameraWithEverything(t *testing.T) {
	cam, _, err := LoadCamera(write(t, full))
	if err != nil {
		t.Fatal(err)
	}
	if d := cam.Detector; d.View != "whole" || d.Tiles != 2 || d.MotionGate != "off" {
		t.Errorf("detector %+v", d)
	}
	if len(cam.Heights) != 2 || cam.Heights[1] != (models.HeightAt{Y: 1, Min: .3, Max: .9}) {
		t.Errorf("heights %+v", cam.Heights)
	}
	k := cam.Counters
	if cam.Zones[0].Discipline != models.DisciplineAny || k[0].Calendar != nil || k[1].Calendar == nil || len(k[1].Calendar.Sessions) != 1 || len(k[2].AnyOf) != 2 {
		t.Errorf("zones %+v, counters %+v", cam.Zones, k)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"switch", "motion_gate: off", "motion_gate: maybe", `"maybe" is not a switch`},
		{"view", "view: whole", "view: half", `"half" is not a view`},
		{"tiles", "tiles: 2", "tiles: 20", "20 is out of range"},
		{"heights out of order", "y: 0.3", "y: 1", "lines from the top"},
		{"heights inside out", "min: 0.3, max: 0.9", "min: 0.9, max: 0.3", "not possible"},
		{"discipline", "discipline: any", "discipline: lottery", `"lottery" is not the discipline of a queue`},
		{"discipline of a staff zone", "[0.8,0.4]]}", "[0.8,0.4]], discipline: fifo}", "only a queue has a discipline"},
		{"group of nobody", "[c1, c2]", "[c1, c9]", `names counter "c9", which does not exist`},
		{"group of itself", "[c1, c2]", "[c1, g1]", "is a group itself"},
		{"member twice", "[c1, c2]", "[c1, c1]", "is in a group already"},
		{"too many required", "required_on_duty: 1", "required_on_duty: 3", "3 of them cannot be required"},
		{"group with zones", "any_of: [c1, c2]", "any_of: [c1, c2], staff: [o1]", "give it none"},
		{"counter's calendar", `from: "07:30", to: "11:30"`, `from: "12:30", to: "11:30"`, "is not possible"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(full, c.old, c.new, 1)
			if text == full {
				t.Fatal("the case changes nothing")
			}
			if _, _, err := LoadCamera(write(t, text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadCameraErrorsSayWhere(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"unknown field", "analyse_fps: 5", "analyze_fps: 5", `unknown field "analyze_fps"`},
		{"wrong type", "analyse_fps: 5", "analyse_fps: fast", `camera.yaml:1:78: camera.analyse_fps: a float64 is expected, "fast" is not one`},
		{"not YAML", "zones:", "zones: [", "camera.yaml:"},
		{"bad duration", "max_absence: 15m", "max_absence: 15 minutes", `camera.yaml:7:90: counters[0].max_absence: "15 minutes" is not a duration: write 3s, 15m, 1h30m or 7d`},
		{"unknown kind", "kind: queue", "kind: line", `zones[0].kind: "line" is not a kind of zone: use queue`},
		{"outside the picture", "[0.9,0.5],[0.9,1]", "[1.9,0.5],[0.9,1]", "camera.yaml:3:"},
		{"crossing itself", "[[0.1,0.5],[0.9,0.5],[0.9,1],[0.1,1]]", "[[0.1,0.5],[0.9,1],[0.9,0.5],[0.1,1]]", "crosses itself"},
		{"two points", "[[0.4,0.1],[0.8,0.1],[0.8,0.4],[0.4,0.4]]", "[[0.4,0.1],[0.8,0.1]]", "at least 3"},
		{"counter without zone", "staff: [o1]", "staff: [o9]", `camera.yaml:7:`},
		{"zone of the wrong kind", "staff: [o1]", "staff: [q1]", "a staff zone is expected"},
		{"unknown calendar", "calendar: always", "calendar: sometimes", `"sometimes" is not a calendar`},
		{"overlapping sessions", "calendar: always", "calendar: {sessions: [{days: mon-fri, from: '07:30', to: '12:00'}, {days: mon, from: '11:00', to: '13:00'}]}", "the sessions Monday 07:30-12:00 and Monday 11:00-13:00 overlap"},
		{"always and sessions", "calendar: always", "calendar: {always: true, sessions: [{days: mon, from: '11:00', to: '13:00'}]}", "keep one of them"},
		{"overlapping seasons", "calendar: always", "calendar: {sessions: [{days: mon-fri, from: '07:30', to: '11:30', until: '2026-04-16'}, {days: mon-fri, from: '07:00', to: '11:00', since: '2026-04-16'}]}",
			"Monday 07:30-11:30 until 2026-04-16 and Monday 07:00-11:00 since 2026-04-16 overlap"},
		{"two exceptions of a day", "calendar: always", "calendar: {exceptions: [{date: '2026-02-16', until: '2026-02-20', reason: Tết}, {date: '2026-02-20', reason: bão}]}",
			"2026-02-16 to 2026-02-20 (Tết) and 2026-02-20 (bão) are exceptions of the same day"},
		{"no such date", "calendar: always", "calendar: {exceptions: [{date: '2026-02-31', reason: Tết}]}", "is not a date"},
		{"an exception without a reason", "calendar: always", "calendar: {exceptions: [{date: '2026-02-16'}]}", "needs a reason"},
		{"time zone", "calendar: always", "calendar: always\ntime_zone: Mars", "not an IANA time zone"},
		{"threshold", "threshold: 0.5", "threshold: 5", "camera.yaml:1:"},
		{"empty", good, "", "is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			if text == good {
				t.Fatal("the case changes nothing")
			}
			_, _, err := LoadCamera(write(t, text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			if models.KindOf(err) != models.KindInvalid {
				t.Errorf("kind %s", models.KindOf(err))
			}
		})
	}
	if _, _, err := LoadCamera("/does/not/exist.yaml"); err == nil || !strings.Contains(err.Error(), "/does/not/exist.yaml") {
		t.Errorf("missing file: %v", err)
	}
}

const registry = `units:
  - {id: p, name: Tỉnh, kind: province}
  - {id: w, parent: p, name: Phường, kind: ward}
sites:
  - id: s1
    unit: w
    name: Bộ phận Một cửa
    networks: [10.20.0.0/16, "fd00::/8"]
    retention: {pictures: 30d, series: 9600h}
    calendar:
      sessions: [{days: mon-fri, from: "07:30", to: "11:30", since: "2026-03-01"}]
      exceptions: [{date: "2026-09-02", until: "2026-09-04", reason: Quốc khánh}]
cameras:
  - id: cam1
    site: s1
    node: n1
    url: rtsp://admin:secret@127.0.0.1/1
    sub_url: rtsp://admin:secret@127.0.0.1/2
    transport: udp
    priority: 9
    tls: {fingerprint: "00112233445566778899aabbccddeeff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"}
    zones: [{id: o1, kind: staff, polygon: [[0,0],[1,0],[1,1]]}]
    counters: [{id: c1, staff: [o1]}]
`

func TestLoadRegistry(t *testing.T) {
	r, err := LoadRegistry(write(t, registry))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Units) != 2 || len(r.Cameras) != 1 || r.Sites[0].Calendar.Exceptions[0].Reason != "Quốc khánh" || len(r.Sites[0].Calendar.Sessions) != 5 ||
		r.Sites[0].Calendar.Sessions[4].Since != "2026-03-01" || r.Sites[0].Calendar.Exceptions[0].Until != "2026-09-04" {
		t.Errorf("%+v", r)
	}
	if got := r.Cameras[0].URL; got.String() != "rtsp://***@127.0.0.1/1" || got.Reveal() != "rtsp://admin:secret@127.0.0.1/1" {
		t.Errorf("url %v", got)
	}
	c := r.Cameras[0]
	if c.SubURL.Reveal() != "rtsp://admin:secret@127.0.0.1/2" || c.Transport != "udp" || c.Priority != 9 || len(c.TLS.Fingerprint) != 80 ||
		len(r.Sites[0].Networks) != 2 || r.Sites[0].Retention != (models.Retention{Pictures: 30 * 24 * time.Hour, Series: 400 * 24 * time.Hour}) {
		t.Errorf("%+v %+v", c, r.Sites[0])
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"kept too short", "pictures: 30d", "pictures: 5m", "sites[0].retention.pictures"},
		{"no number of days", "pictures: 30d", "pictures: -1d", "is not a duration"},
		{"no transport", "transport: udp", "transport: sctp", `"sctp" is not a transport`},
		{"no priority", "priority: 9", "priority: 10", "cameras[0].priority"},
		{"half a fingerprint", "00112233445566778899aabbccddeeff:", "", "64 hexadecimal digits"},
		{"no authority", "tls: {", "tls: {ca: x, ", "cameras[0].tls.ca"},
		{"no network", "10.20.0.0/16", "10.20.0.300/16", "sites[0].networks[0]"},
		{"no such unit", "unit: w", "unit: x", `camera.yaml:6:`},
		{"no such site", "site: s1", "site: s2", `cameras[0].site: site "s2" does not exist`},
		{"loop of units", "{id: p, name", "{id: p, parent: w, name", "above itself"},
		{"camera twice", "cameras:\n", "cameras:\n  - {id: cam1, site: s1, node: n1, zones: []}\n", `"cam1" is there twice`},
		{"deep field", "[1,1]]", "[1,7]]", "cameras[0].zones[0].polygon[2]"},
		{"no reason", ", reason: Quốc khánh", "", "needs a reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadRegistry(write(t, strings.Replace(registry, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

func FuzzLoadCamera(f *testing.F) {
	f.Add(good)
	f.Add("camera: {id: [}")
	f.Add("calendar: {sessions: [{days: fri-mon}]}")
	f.Fuzz(func(t *testing.T, text string) {
		_, _, _ = LoadCamera(write(t, text))
	})
}

func TestDemoFileLoads(t *testing.T) {
	d, err := LoadDemo("../../deploy/examples/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Cameras) != 3 || len(d.Simulate) != 3 || d.Simulate[0].Office == nil || d.Simulate[2].Office != nil || d.Sites[0].Notice == "" {
		t.Errorf("%+v", d)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/internal/office"
)

func run(t *testing.T, args ...string) error {
	t.Helper()
	root := &cobra.Command{Use: "camsim", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(officeCommand(), replayCommand())
	root.SetArgs(args)
	root.SetOut(&bytes.Buffer{})
	return root.ExecuteContext(t.Context())
}

func TestOfficeIntoFiles(t *testing.T) {
	dir := t.TempDir()
	video, truth, camera := filepath.Join(dir, "out.mp4"), filepath.Join(dir, "truth.json"), filepath.Join(dir, "camera.yaml")
	err := run(t, "office", "--seed", "7", "--for", "20s", "--speed", "8", "--size", "320x180", "--counters", "2", "--queue", "seats",
		"--video", video, "--truth", truth, "--config", camera)
	if err != nil {
		t.Fatal(err)
	}
	var got office.Truth
	b, err := os.ReadFile(truth)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &got); err != nil || got.Seconds != 20 || got.FPS != 15 || len(got.Occupancy) != 5 {
		t.Errorf("%v: %s", err, b)
	}
	cam, site, err := config.LoadCamera(camera)
	if err != nil {
		t.Fatal(err)
	}
	want := office.Config{Seed: 7, Speed: 8, Counters: 2, Queue: office.Seats}.Camera()
	if !reflect.DeepEqual(cam.Detector, want.Detector) || cam.AnalyseFPS != want.AnalyseFPS || !site.Calendar.Always {
		t.Errorf("read back %+v, %+v", cam, site)
	}
	for i, z := range cam.Zones {
		if w := want.Zones[i]; z.ID != w.ID || z.Kind != w.Kind || z.Anchor != w.Anchor || z.MinDwell != w.MinDwell || !reflect.DeepEqual(z.Polygon, w.Polygon) {
			t.Errorf("zone %d read back as %+v, want %+v", i, z, w)
		}
	}
	for i, c := range cam.Counters {
		if w := want.Counters[i]; c.ID != w.ID || c.MaxAbsence != w.MaxAbsence || c.MaxAbsenceWithWaiting != w.MaxAbsenceWithWaiting ||
			!reflect.DeepEqual([][]string{c.Staff, c.Service, c.Queues}, [][]string{w.Staff, w.Service, w.Queues}) {
			t.Errorf("counter %d read back as %+v, want %+v", i, c, w)
		}
	}
	if info, err := os.Stat(video); err != nil || info.Size() < 10_000 {
		t.Errorf("video: %v, %v", info, err)
	}
}

// TestPeopleIntoFiles renders people cut out of the first half minute of PETS09-S2L1.
func TestPeopleIntoFiles(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: no office of real people is rendered")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", filepath.Join(data, "video/vtest.avi"), "-frames:v", "200", "-c", "copy", at("street.avi")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rows, err := mot.ReadFile(filepath.Join(data, "mot15/PETS09-S2L1/gt/gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(at("gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	early := slices.DeleteFunc(rows, func(r mot.Row) bool { return r.Frame > 200 })
	if err := errors.Join(mot.Write(f, early), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, seed := range []string{"1", "2"} { // the second time from the cache
		err = run(t, "office", "--look", "people", "--people", at("street.avi"), "--people-truth", at("gt.txt"), "--seed", seed, "--for", "12s", "--speed", "20",
			"--fps", "2", "--arrivals", "60", "--occlusion", "0.5", "--standing", "0", "--noise", "0", "--profile", "morning", "--families", "0.3",
			"--video", at("out.mp4"), "--truth", at("truth.json"), "--config", at("camera.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var got office.Truth
		b, err := os.ReadFile(at("truth.json"))
		if err := errors.Join(err, json.Unmarshal(b, &got)); err != nil || !strings.Contains(got.Staff["c1"], "s") || strings.Contains(got.Staff["c1"], "t") {
			t.Errorf("%v: officers never stand here: %v", err, got.Staff)
		}
		if cam, _, err := config.LoadCamera(at("camera.yaml")); err != nil || cam.Detector.Kind != "network" {
			t.Errorf("%v, detector %+v", err, cam.Detector)
		}
		if info, err := os.Stat(at("out.mp4")); err != nil || info.Size() < 50_000 {
			t.Errorf("video: %v, %v", info, err)
		}
	}
}

func TestFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args string
		want string
	}{
		"video without length": {"office --video x.mp4", "--for"},
		"negative length":      {"office --for -3s", "--for"},
		"queue":                {"office --queue crowd", "use line or seats"},
		"counters":             {"office --counters 9", "use 1 to 6"},
		"no counters":          {"office --counters 0", "--counters"},
		"speed":                {"office --speed 0", "--speed"},
		"patience":             {"office --patience -3m", "--no-give-up"},
		"too fast":             {"office --speed 100", "use 1 to 60"},
		"size":                 {"office --size big", "use WIDTHxHEIGHT"},
		"odd size":             {"office --size 641x361", "even"},
		"gop":                  {"office --gop -1", "gop"},
		"look":                 {"office --look clay", "use drawn or people"},
		"people of no video":   {"office --look people", "--people-truth"},
		"drawn from a video":   {"office --people x.avi", "add --look people"},
		"missing video":        {"office --look people --people none.avi --people-truth testdata/one.txt", "none.avi: there is no such file"},
		"missing truth":        {"office --look people --people none.avi --people-truth none.txt", "none.txt: no such file"},
		"truth is no MOT file": {"office --look people --people main.go --people-truth main.go", "main.go:1: 2 fields, expected frame,id"},
		"people of no picture": {"office --look people --people main.go --people-truth testdata/one.txt", "main.go is not a video"},
		"people's counters":    {"office --look people --counters 5 --people a --people-truth b", "use 1 to 4"},
		"profile":              {"office --profile 1h:30", "FROM=PER_HOUR"},
		"profile's beginning":  {"office --profile 1h=30", "let it begin at 0s"},
		"profile's order":      {"office --profile 0s=1,2h=3,1h=3", "put the times in order"},
		"shape":                {"office --service-shape flat", "use lognormal, gamma or exponential"},
		"noise":                {"office --noise -1", "use 0 for none"},
		"families":             {"office --families 2", "share of families"},
		"drift":                {"office --light-drift 0.9", "light drift"},
		"hidden officers":      {"office --occlusion 0.5", "add --look people"},
		"bitrate":              {"office --bitrate 3", "bitrate"},
		"cameras":              {"office --cameras 500", "--cameras"},
		"one truth":            {"office --cameras 2 --truth t.json", "--truth"},
		"stray word":           {"office now", "unknown command"},
		"port":                 {"office --listen here", "HOST:PORT"},
		"nothing to replay":    {"replay", "requires at least 1 arg"},
		"missing file":         {"replay none.mp4 --listen 127.0.0.1:0", "no such file"},
		"user only":            {"replay none.mp4 --user a --listen 127.0.0.1:0", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t, strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/mot"
)

const testCamera = `
camera: {id: cam1, detector: {kind: foreground}, analyse_fps: 5}
zones:
  - {id: q1, kind: queue, polygon: [[0,0],[1,0],[1,1],[0,1]], min_dwell: 1s}
  - {id: o1, kind: staff, polygon: [[0,0],[0.1,0],[0.1,0.1],[0,0.1]]}
counters:
  - {id: c1, staff: [o1], queues: [q1], max_absence: 20s, max_absence_with_waiting: 5s}
calendar: always
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// analyze runs the command and returns what it printed.
func analyze(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := newAnalyzeCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(ctx)
	return out.String(), err
}

// makeVideo is a grey room for 8 s, 10 frames a second, with noise, in which a dark figure stands from second 3 on.
func makeVideo(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("the ffmpeg program is not installed: analysis of a video is not tested")
	}
	path := filepath.Join(t.TempDir(), "room.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=0x909090:s=320x240:r=10:d=8",
		"-vf", "drawbox=x=140:y=80:w=30:h=80:color=0x204080:t=fill:enable='gte(t,3)',noise=alls=4:allf=t", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	return path
}

func table(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAnalyzeVideo(t *testing.T) {
	video, config, dir := makeVideo(t), write(t, "camera.yaml", testCamera), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	out, err := analyze(t.Context(), video, "--config", config, "--tracks", at("t.txt"), "--visits", at("v.csv"),
		"--minutes", at("m.csv"), "--events", at("e.json"), "--annotated", at("a.mp4"))
	if err != nil {
		t.Fatal(err, out)
	}
	if !strings.Contains(out, "80 frames, 40 analysed") || !strings.Contains(out, "detector foreground") {
		t.Errorf("said %q", out)
	}
	rows, err := mot.ReadFile(at("t.txt"))
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows of tracks, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.Frame < 31 || r.Frame%2 != 1 || r.ID != rows[0].ID {
			t.Fatalf("row %+v: somebody stands there from frame 31 on, and odd frames are analysed", r)
		}
	}
	if minutes := table(t, at("m.csv")); len(minutes) != 4 || minutes[0][9] != "s0" || minutes[0][len(minutes[0])-1] != "s20" || minutes[1][2] != "0" {
		t.Errorf("minutes %v", minutes)
	}
	if visits := table(t, at("v.csv")); len(visits) != 2 || visits[1][0] != "q1" || !strings.HasPrefix(visits[1][3], "3") || visits[1][5] != "day_end" {
		t.Errorf("visits %v", visits)
	}
	if st, err := os.Stat(at("a.mp4")); err != nil || st.Size() == 0 {
		t.Errorf("annotated video: %v", err)
	}
}

// One person stands in the queue for 30 s while nobody is at the counter.
func TestAnalyzeDetections(t *testing.T) {
	info := write(t, "seqinfo.ini", "[Sequence]\nframeRate=2\nseqLength=60\nimWidth=640\nimHeight=480\n")
	var det strings.Builder
	for f := 1; f <= 60; f++ {
		det.WriteString(strings.Replace("F,-1,300,200,40,120,0.99,-1,-1,-1\n", "F", itoa(f), 1))
	}
	detections, config, dir := write(t, "det.txt", det.String()), write(t, "camera.yaml", strings.Replace(testCamera, "analyse_fps: 5", "analyse_fps: 0", 1)), t.TempDir()
	events, minutes := filepath.Join(dir, "e.json"), filepath.Join(dir, "m.csv")
	if out, err := analyze(t.Context(), info, "--config", config, "--detections", detections, "--events", events, "--minutes", minutes); err != nil {
		t.Fatal(err, out)
	}
	b, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(b, &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if _, has := r["closed_s"]; !has || len(r) != 6 || r["camera"] != "cam1" {
			t.Errorf("event %v", r)
		}
	}
	for _, m := range table(t, minutes)[1:] {
		if m[0] == "q1" && (m[3] != "30" || m[5] != "1") {
			t.Errorf("queue %v, want 30 s seen and at most 1 person", m)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestAnalyzeRefuses(t *testing.T) {
	t.Setenv("COUNTERWATCH_DATA", "")
	good, info := write(t, "camera.yaml", testCamera), write(t, "seqinfo.ini", "frameRate=2\nimWidth=640\nimHeight=480\nseqLength=5\n")
	nets := t.TempDir()
	for _, c := range []struct {
		name, says string
		args       []string
	}{
		{"no video", "no such file", []string{"none.mp4", "--config", good}},
		{"empty video", "empty", []string{write(t, "empty.mp4", ""), "--config", good}},
		{"not a video", "junk.mp4", []string{write(t, "junk.mp4", "this is no video at all"), "--config", good}},
		{"no config", "nowhere.yaml", []string{info, "--config", "nowhere.yaml"}},
		{"unknown field", "colour", []string{info, "--config", write(t, "c.yaml", testCamera+"colour: red\n")}},
		{"missing weights", "cwctl nets pull yolox_nano", []string{makeVideo(t), "--config", good, "--detector", "yolox_nano", "--nets", nets}},
		{"unknown network", "resnet", []string{makeVideo(t), "--config", good, "--detector", "resnet", "--nets", nets}},
		{"bad detections", "det.txt", []string{info, "--config", good, "--detections", write(t, "det.txt", "1,2,three\n")}},
		{"detections behind the end", "frame 9", []string{info, "--config", good, "--detections", write(t, "det.txt", "9,-1,1,1,5,5,1,-1,-1,-1\n")}},
		{"film of no pictures", "--annotated", []string{info, "--config", good, "--detections", write(t, "det.txt", ""), "--annotated", "a.mp4"}},
		{"no folder", "cannot write", []string{info, "--config", good, "--detections", write(t, "det.txt", ""), "--tracks", filepath.Join(nets, "no", "t.txt")}},
		{"bad start", "--start", []string{info, "--config", good, "--start", "yesterday"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, err := analyze(t.Context(), c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one with %q; said %q", err, c.says, out)
			}
		})
	}
}

func TestAnalyzeInterruptedKeepsWhatItSaw(t *testing.T) {
	info := write(t, "seqinfo.ini", "frameRate=2\nimWidth=640\nimHeight=480\nseqLength=60\n")
	minutes := filepath.Join(t.TempDir(), "m.csv")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := analyze(ctx, info, "--config", write(t, "c.yaml", testCamera), "--detections", write(t, "det.txt", ""), "--minutes", minutes)
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("error %v", err)
	}
	if rows := table(t, minutes); len(rows) == 0 || rows[0][0] != "zone" {
		t.Errorf("minutes %v", rows)
	}
}

package native

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/analytics/native/ort"
	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// TestMain lets tests find what `make onnxruntime` brought into the checkout.
func TestMain(m *testing.M) {
	if found, _ := filepath.Glob("../../.cache/onnxruntime/libonnxruntime.so*"); len(found) > 0 && os.Getenv("COUNTERWATCH_ORT") == "" {
		os.Setenv("COUNTERWATCH_ORT", found[0])
	}
	os.Exit(m.Run())
}

func TestDetectors(t *testing.T) {
	frames, people := vtest(t)
	for name, cfg := range map[string]models.DetectorConfig{
		"foreground":             {Kind: "foreground"},
		"hog":                    {Kind: "hog"},
		"yolox_nano opencv":      {Net: "yolox_nano", Engine: "opencv"},
		"yolox_nano onnxruntime": {Net: "yolox_nano", Engine: "onnxruntime"},
		"yolo_fastest opencv":    {Net: "yolo_fastest"}, // auto is OpenCV: nothing else runs it
	} {
		t.Run(name, func(t *testing.T) {
			c := detecttest.Case{Frames: frames, People: people, Find: len(people) - 1, New: func(t *testing.T) detect.Detector {
				return newDetector(t, cfg)
			}}
			switch {
			case frames == nil && cfg.Net != "":
				t.Skip("COUNTERWATCH_DATA is not set: networks have no weights")
			case name == "foreground":
				c.Find, c.Learns = 3, true // its scene holds some of them from the first picture on
			case name == "hog":
				c.Frames, c.Find = c.Frames[max(len(c.Frames)-1, 0):], 3
			case cfg.Net != "":
				c.Frames = c.Frames[len(c.Frames)-1:]
			}
			detecttest.Run(t, c)
		})
	}
}

func newDetector(t *testing.T, cfg models.DetectorConfig) detect.Detector {
	t.Helper()
	if _, ok := ort.Library(os.Getenv("COUNTERWATCH_ORT")); !ok && cfg.Engine == "onnxruntime" {
		t.Skip("libonnxruntime is not installed: its engine is not tested (make onnxruntime)")
	}
	d, err := NewDetector(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// vtest returns some frames of vtest.avi, 10 a second, and the people of the last one; nil without data.
func vtest(t *testing.T) (frames []*models.Frame, people []models.Box) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Log("COUNTERWATCH_DATA is not set: detectors are not shown real people")
		return nil, nil
	}
	frames = film(t, "vtest.avi", 100)
	truth, err := mot.ReadFile(filepath.Join(data, "mot15", "PETS09-S2L1", "gt", "gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range truth.Detections(nil, len(frames)) {
		people = append(people, d.Box)
	}
	return frames, people
}

// film returns the first frames of a video of the data, in BGR.
func film(t testing.TB, name string, most int) (frames []*models.Frame) {
	f, err := OpenFile(filepath.Join(os.Getenv("COUNTERWATCH_DATA"), "video", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for len(frames) < most {
		fr, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, inBGR(t, fr))
	}
	return frames
}

// Both engines run the same network: the same boxes on pictures of streets and rooms, on parts of them, and on odd sizes.
func TestEnginesAgree(t *testing.T) {
	if os.Getenv("COUNTERWATCH_DATA") == "" {
		t.Skip("COUNTERWATCH_DATA is not set: engines are not compared")
	}
	a := newDetector(t, models.DetectorConfig{Net: "yolox_nano", Engine: "onnxruntime"})
	defer a.Close()
	b := newDetector(t, models.DetectorConfig{Net: "yolox_nano", Engine: "opencv"})
	defer b.Close()
	var frames []*models.Frame
	for _, name := range []string{"vtest.avi", "preview-classroom.gif", "preview-store-aisle-detection.gif", "preview-worker-zone-detection.gif"} {
		f := film(t, name, 40)
		frames = append(frames, f[0], f[len(f)/2], f[len(f)-1])
	}
	whole := frames[0]
	for _, s := range []models.Size{{W: 301, H: 407}, {W: 767, H: 111}, {W: 97, H: 575}, {W: 53, H: 31}} {
		frames = append(frames, detecttest.Crop(whole, whole.W-s.W, (whole.H-s.H)/2, s))
	}
	if n := detecttest.Agree(t, a, b, frames, .05, 0); n < 40 {
		t.Errorf("only %d detections to compare", n)
	}
}

// The detections of another program on the same network.
func TestYoloFastestAsDetectedElsewhere(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: Yolo-Fastest has no weights")
	}
	rows, err := mot.ReadFile(filepath.Join(data, "detections", "yolofastest1.1body_640x480.step1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := &detect.Replay{Name: "elsewhere", Frames: map[int64][]models.Detection{}}
	for n := range 20 {
		for _, d := range rows.Detections(nil, n+1) {
			if d.Box = detect.Clip(d.Box, models.Size{W: 768, H: 576}); d.Score >= track.YOLOFastest.Low {
				elsewhere.Frames[int64(n+1)] = append(elsewhere.Frames[int64(n+1)], d)
			}
		}
	}
	d := newDetector(t, models.DetectorConfig{Net: "yolo_fastest"})
	defer d.Close()
	if d.Info().Thresholds != track.YOLOFastest || d.Info().String() != "yolo_fastest (opencv)" {
		t.Errorf("detector %+v", d.Info())
	}
	ours := &detect.Replay{Name: "ours", Frames: map[int64][]models.Detection{}}
	frames := film(t, "vtest.avi", 20)
	for _, f := range frames {
		found, err := d.Detect(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			if p.Score >= track.YOLOFastest.Low {
				ours.Frames[f.Number] = append(ours.Frames[f.Number], p)
			}
		}
	}
	if n := detecttest.Agree(t, ours, elsewhere, frames, track.YOLOFastest.Low, 1); n < 70 {
		t.Errorf("only %d detections to compare", n)
	}
}

func TestAutoWithoutWeightsSaysSo(t *testing.T) {
	t.Setenv("COUNTERWATCH_DATA", "")
	var log bytes.Buffer
	d, err := NewDetector(models.DetectorConfig{}, Options{NetsDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if i := d.Info(); !i.Basic || i.Name != "foreground" {
		t.Errorf("detector %+v", i)
	}
	if s := log.String(); !strings.Contains(s, "cwctl nets pull yolox_nano") || !strings.Contains(s, "WARN") {
		t.Errorf("log %q does not say how to get weights", s)
	}
}

func TestNewDetectorRefuses(t *testing.T) {
	t.Setenv("COUNTERWATCH_DATA", "")
	altered := t.TempDir()
	if err := os.WriteFile(filepath.Join(altered, "yolox_nano.onnx"), []byte("not a network"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(altered, "yolo-fastest-1.1_body.cfg"), []byte("[net]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cfg  models.DetectorConfig
		dir  string
		kind models.Kind
		says string
	}{
		{"missing weights", models.DetectorConfig{Net: "yolox_nano"}, t.TempDir(), models.KindNotFound, "cwctl nets pull yolox_nano"},
		{"altered weights", models.DetectorConfig{Net: "yolox_nano"}, altered, models.KindInvalid, "yolox_nano"},
		{"altered weights under auto", models.DetectorConfig{}, altered, models.KindInvalid, "yolox_nano"},
		{"altered weights of two files", models.DetectorConfig{Net: "yolo_fastest"}, altered, models.KindInvalid, "yolo-fastest-1.1_body.cfg"},
		{"unknown net", models.DetectorConfig{Net: "resnet"}, altered, models.KindInvalid, "yolox_nano, yolox_s, yolo_fastest"},
		{"unknown kind", models.DetectorConfig{Kind: "magic"}, altered, models.KindInvalid, "foreground"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewDetector(c.cfg, Options{NetsDir: c.dir})
			if err == nil || models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want kind %s with %q", err, c.kind, c.says)
			}
		})
	}
}

// Which engine runs a card, and what is said where it cannot.
func TestEngineOfCard(t *testing.T) {
	if os.Getenv("COUNTERWATCH_DATA") == "" {
		t.Skip("COUNTERWATCH_DATA is not set: networks have no weights")
	}
	for _, c := range []struct {
		name       string
		cfg        models.DetectorConfig
		runs, says string
		kind       models.Kind
	}{
		{name: "Darknet under auto", cfg: models.DetectorConfig{Net: "yolo_fastest"}, runs: "yolo_fastest (opencv)"},
		{name: "Darknet on ONNX Runtime", cfg: models.DetectorConfig{Net: "yolo_fastest", Engine: "onnxruntime"}, kind: models.KindInvalid, says: "opencv or auto"},
		{name: "unknown engine", cfg: models.DetectorConfig{Net: "yolox_nano", Engine: "tpu"}, kind: models.KindInvalid, says: "auto, opencv or onnxruntime"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := NewDetector(c.cfg, Options{})
			if c.runs == "" {
				if err == nil || models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v, want kind %s with %q", err, c.kind, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if d.Info().String() != c.runs {
				t.Errorf("runs %s, want %s", d.Info(), c.runs)
			}
		})
	}
}

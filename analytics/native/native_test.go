package native

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/analytics/native/ort"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

func TestDetectors(t *testing.T) {
	frames, people := vtest(t)
	for name, cfg := range map[string]models.DetectorConfig{
		"foreground":             {Kind: "foreground"},
		"hog":                    {Kind: "hog"},
		"yolox_nano opencv":      {Net: "yolox_nano", Engine: "opencv"},
		"yolox_nano onnxruntime": {Net: "yolox_nano", Engine: "onnxruntime"},
	} {
		t.Run(name, func(t *testing.T) {
			c := detecttest.Case{Frames: frames, People: people, Find: len(people) - 1, New: func(t *testing.T) detect.Detector {
				return newDetector(t, cfg)
			}}
			switch {
			case frames == nil && cfg.Net != "":
				t.Skip("COUNTERWATCH_DATA is not set: networks have no weights")
			case name == "foreground":
				c.Find = 3 // its scene holds some of them from the first picture on
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
	f, err := OpenFile(filepath.Join(data, "video", "vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for len(frames) < 100 {
		fr, err := f.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, fr)
	}
	truth, err := mot.ReadFile(filepath.Join(data, "mot15", "PETS09-S2L1", "gt", "gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range truth.Detections(nil, len(frames)) {
		people = append(people, d.Box)
	}
	return frames, people
}

// Both engines run the same network: the same boxes to within a pixel.
func TestEnginesAgree(t *testing.T) {
	frames, _ := vtest(t)
	if frames == nil {
		t.Skip("COUNTERWATCH_DATA is not set: engines are not compared")
	}
	a := newDetector(t, models.DetectorConfig{Net: "yolox_nano", Engine: "onnxruntime"})
	defer a.Close()
	b := newDetector(t, models.DetectorConfig{Net: "yolox_nano", Engine: "opencv"})
	defer b.Close()
	for _, f := range frames[:3] {
		x, err := a.Detect(f)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Detect(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(x) != len(y) || len(x) == 0 {
			t.Fatalf("%d and %d detections", len(x), len(y))
		}
		for i := range x {
			p, q := x[i], y[i]
			d := math.Max(math.Max(math.Abs(p.Box.X-q.Box.X), math.Abs(p.Box.Y-q.Box.Y)), math.Max(math.Abs(p.Box.W-q.Box.W), math.Abs(p.Box.H-q.Box.H)))
			if d > 1 || math.Abs(p.Score-q.Score) > .01 {
				t.Errorf("detection %d: %v and %v", i, p, q)
			}
		}
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
		{"unknown net", models.DetectorConfig{Net: "resnet"}, altered, models.KindInvalid, "yolox_nano, yolox_s"},
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

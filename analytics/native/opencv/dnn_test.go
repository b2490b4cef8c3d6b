package opencv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// darknet is a network of one region layer and what its weights look like: a header, then biases and filters.
func darknet() (cfg, weights []byte) {
	cfg = []byte("[net]\nwidth=32\nheight=32\nchannels=3\n\n[convolutional]\nfilters=18\nsize=1\nstride=1\npad=0\nactivation=linear\n\n" +
		"[yolo]\nmask=0,1,2\nanchors=7,17, 20,50, 45,99\nclasses=1\nnum=3\n")
	return cfg, append([]byte{0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 4*(18+18*3))...)
}

// Hashes are checked before a network is read; all the same nothing that is read wrongly may end the program or be run.
func TestUnreadableNetworksAreErrors(t *testing.T) {
	cfg, weights := darknet()
	cut := func(b []byte, n int) []byte { return b[:len(b)-n] }
	for _, c := range []struct {
		name, says   string
		cfg, weights []byte
	}{
		{"ONNX of nothing", "cannot be read", nil, nil},
		{"ONNX of text", "cannot be read", nil, []byte("not a network")},
		{"ONNX of another format", "make onnxruntime", nil, weights},
		{"Darknet without .cfg", ".cfg is empty", []byte{}, weights},
		{"Darknet of text", "cannot be read", []byte("not a network"), weights},
		{"Darknet cut in a layer", "cannot be read", cut(cfg, 6), weights},
		{"Darknet cut behind a layer", "does not end in region layers", cfg[:strings.Index(string(cfg), "[yolo]")], weights},
		{"Darknet without weights", "pull it again", cfg, nil},
		{"Darknet with a header only", "cut", cfg, weights[:20]},
		{"Darknet with weights cut", "cut", cfg, cut(weights, 4)},
		{"Darknet with other weights", "do not belong", cfg, append(weights[:len(weights):len(weights)], 0, 0, 0, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := func() (*Engine, error) { return NewDarknetEngine(c.cfg, c.weights) }
			if strings.HasPrefix(c.name, "ONNX") {
				read = func() (*Engine, error) { return NewEngine(c.weights) }
			}
			e, err := read()
			if err == nil || e != nil || models.KindOf(err) != models.KindUnsupported || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "detector.net") {
				t.Errorf("error %v, want one with %q", err, c.says)
			}
		})
	}
}

func TestDarknetRuns(t *testing.T) {
	e, err := NewDarknetEngine(darknet())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, s := range []models.Size{{W: 32, H: 32}, {W: 64, H: 32}, {W: 32, H: 96}} {
		out, err := e.Infer(make([]float32, 3*s.W*s.H), s)
		// Weights of 0: every box sits in the middle of its cell, as wide as its anchor is in a network of this width.
		if err != nil || len(out) != 3*6*s.W*s.H || out[0] != .5/float32(s.W) || out[4] != .5 || out[5] != .25 {
			t.Errorf("%v: %d values, %v", s, len(out), err)
		}
	}
}

func TestInferRefuses(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: there is no network to refuse inputs")
	}
	onnx, err := os.ReadFile(filepath.Join(data, "nets", "yolox_nano.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(onnx)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for name, c := range map[string]struct {
		values int
		size   models.Size
		kind   models.Kind
	}{
		"nothing":         {0, models.Size{W: 416}, models.KindInvalid},
		"too little":      {3*416*416 - 1, models.Size{W: 416, H: 416}, models.KindInvalid},
		"no multiple":     {3 * 33 * 17, models.Size{W: 33, H: 17}, models.KindUnsupported},
		"right after all": {3 * 64 * 32, models.Size{W: 64, H: 32}, ""},
	} {
		out, err := e.Infer(make([]float32, c.values), c.size)
		if (err == nil) != (c.kind == "") || err != nil && models.KindOf(err) != c.kind || err == nil && len(out) != detect.YOLOXRows(c.size)*85 {
			t.Errorf("%s: %d values, %v", name, len(out), err)
		}
	}
}

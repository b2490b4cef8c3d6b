package api

import (
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestProbe(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.prober.trial = models.CameraTrial{
		OK: true, Stream: models.Stream{Codec: models.CodecH264, Size: models.Size{W: 1280, H: 720}, GOP: 10 * time.Second},
		Pictures: 80, KeyFrames: 1,
		Findings: []models.Finding{{Code: "gop_long", Weight: models.WeightTrouble, Text: "every 10 s", Advice: "set 1-2 s"}},
		Snapshot: []byte("jpeg"),
	}
	got := w.call("POST", "/api/v1/cameras/cam1:test", map[string]any{}, 200)
	if at(t, got, "ok") != true || str(t, got, "stream", "gop") != "10s" || str(t, got, "findings", 0, "code") != "gop_long" ||
		str(t, got, "findings", 0, "weight") != "WEIGHT_TROUBLE" || str(t, got, "snapshot") == "" ||
		w.prober.order != (models.CameraOrder{Camera: "cam1"}) {
		t.Fatalf("%v after %v", got, w.prober.order)
	}

	const secret = "rtsp://admin:canary-f00d@10.0.0.9/x?key=canary-f00d"
	body := map[string]any{"url": secret, "transport": "udp", "tlsFingerprint": "ab", "tlsCa": "pem"}
	got = w.call("POST", "/api/v1/nodes/node1:testCamera", body, 200)
	want := models.CameraOrder{URL: secret, Transport: "udp", TLS: models.CameraTLS{Fingerprint: "ab", CA: "pem"}}
	if at(t, got, "ok") != true || w.prober.order != want {
		t.Fatalf("%v after %v", got, w.prober.order)
	}

	w.prober.err = models.Errorf(models.KindLimited, "another camera is being tested on this node")
	for _, c := range []struct {
		path string
		body map[string]any
		code int
		says string
	}{
		{"/api/v1/cameras/cam1:test", map[string]any{}, 429, "another camera"},
		{"/api/v1/cameras/none:test", map[string]any{}, 404, "cameras/none"},
		{"/api/v1/nodes/node2:testCamera", body, 503, "not connected"},
		{"/api/v1/nodes/node1:testCamera", map[string]any{}, 400, "url"},
		{"/api/v1/nodes/node1:testCamera", map[string]any{"url": secret, "extra": 1}, 400, ""},
		{"/api/v1/nodes/No Node:testCamera", body, 400, ""},
	} {
		code, answer := w.raw("POST", strings.ReplaceAll(c.path, " ", "%20"), c.body)
		if code != c.code || !strings.Contains(string(answer), c.says) || strings.Contains(string(answer), "canary-f00d") {
			t.Errorf("%s: %d %s", c.path, code, answer)
		}
	}
	if text := w.log.String(); strings.Contains(text, "canary") || !strings.Contains(text, "user=lan") || !strings.Contains(text,
		"10.0.0.9") {
		t.Errorf("the log tells %s", text)
	}
}

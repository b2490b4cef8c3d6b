package ingest

import (
	"testing"
	"time"
)

// FuzzLoadLogins: whatever the file of failed logins holds, no camera waits for longer than the rule says.
func FuzzLoadLogins(f *testing.F) {
	f.Add([]byte(`{"cam":["2026-03-02T01:00:00Z","2026-03-02T01:00:01Z","2026-03-02T01:00:02Z"]}`))
	f.Add([]byte(`{"cam":["9999-03-02T01:00:00Z","9999-03-02T01:00:01Z","9999-03-02T01:00:02Z"],"other":null}`))
	f.Add([]byte(`{"cam":7}`))
	f.Add([]byte(`[`))
	f.Add([]byte(``))
	now := time.Date(2026, 3, 2, 1, 0, 3, 0, time.UTC)
	f.Fuzz(func(t *testing.T, kept []byte) {
		l, _ := LoadLogins(kept, func([]byte) error { return nil })
		for _, camera := range []string{"cam", "other"} {
			limit := l.Of(camera, "rtsp://h/")
			if wait := limit.wait(now); wait > loginWindow+2*time.Second {
				t.Errorf("camera %s waits %v", camera, wait)
			}
		}
	})
}

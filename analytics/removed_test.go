package analytics

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// What is open at a camera ends with the camera, also when the camera was removed before it was watched again after a restart.
func TestRemovedBeforeTheFirstPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.cfg.State = []byte(`{"Pipeline":"old"}`)
		d.start()
		synctest.Wait()
		d.end(ErrRemoved)
		if log := strings.Join(d.log, " "); !strings.Contains(log, "close 0.0 gap") || len(d.shelf.records) != 1 {
			t.Errorf("%s, %d records", log, len(d.shelf.records))
		}
	})
}

type nobody struct{}

func (nobody) Detect(*models.Frame) ([]models.Detection, error) { return nil, nil }
func (nobody) Info() detect.Info                                { return detect.Info{} }
func (nobody) Close() error                                     { return nil }

func TestCloseKept(t *testing.T) {
	camera := models.Camera{ID: "cam", Site: "s", Node: "n", URL: "rtsp://192.168.0.9/"}
	p, err := NewPipeline(Config{Node: "n", Camera: camera, Detector: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	var opened []models.Event
	for range 10 {
		opened = append(opened, p.Gap(at, models.CameraHealth{State: models.CameraOffline}).Events...)
		at = at.Add(time.Second)
	}
	pipeline, err := p.State()
	if err != nil || len(opened) != 1 {
		t.Fatal(err, opened)
	}
	proof := []models.Snapshot{{ID: "p", Role: models.SnapshotOpening, At: at}}
	state, err := json.Marshal(runnerState{pipeline, map[string]taken{opened[0].ID: {Snapshots: proof}}})
	if err != nil {
		t.Fatal(err)
	}
	records, err := CloseKept("n", state, at)
	if err != nil || len(records) != 1 {
		t.Fatal(err, records)
	}
	e := records[0].Event
	if e.ID != opened[0].ID || !e.Closed.Equal(at) || e.Revision != 2 || len(e.Snapshots) != 1 || records[0].Node != "n" {
		t.Errorf("%+v", records[0])
	}
	for _, broken := range []string{"", "{", `{"Pipeline":7}`, `{"Pipeline":{"Rules":7}}`} {
		if _, err := CloseKept("n", []byte(broken), at); err == nil {
			t.Errorf("state %q was taken", broken)
		}
	}
}

package analytics

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// FuzzRestore: a kept state that something has damaged is refused or goes on; it never takes the node down.
func FuzzRestore(f *testing.F) {
	corners := models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}}
	camera := models.Camera{
		ID: "cam", Site: "s", Node: "n", URL: "rtsp://192.168.0.9/",
		Zones: []models.Zone{
			{ID: "q", Kind: models.ZoneQueue, Polygon: corners}, {ID: "o", Kind: models.ZoneStaff, Polygon: corners},
			{ID: "w", Kind: models.ZoneService, Polygon: corners},
		},
		Counters: []models.Counter{{ID: "c", Staff: []string{"o"}, Service: []string{"w"}, Queues: []string{"q"}}},
	}
	site := models.Site{ID: "s", Unit: "u", Calendar: models.Calendar{Always: true}}
	pipeline := func(t testing.TB) *Pipeline {
		p, err := NewPipeline(Config{Node: "n", Camera: camera, Site: site, Detector: nobody{}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	play := func(t testing.TB, p *Pipeline, from time.Time, frames int) {
		bright := make([]byte, 16*8*3)
		for i := range bright {
			bright[i] = byte(i * 7)
		}
		for i := range frames {
			f := &models.Frame{At: from.Add(time.Duration(i) * 500 * time.Millisecond), Size: models.Size{W: 16, H: 8}, Stride: 48, Pix: bright}
			if _, err := p.Step(f); err != nil {
				t.Fatal(err)
			}
		}
		p.Gap(from.Add(time.Duration(frames)*500*time.Millisecond+10*time.Second), models.CameraHealth{State: models.CameraOffline})
	}
	p := pipeline(f)
	for _, frames := range []int{0, 10, 500} {
		play(f, p, at, frames)
		at = at.Add(5 * time.Minute)
		state, err := p.State()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(state)
	}
	f.Add([]byte(`{"Zone":{},"Measure":{},"Rules":{}}`))
	f.Add([]byte(`{"Zone":null,"Measure":null,"Rules":{"camera.offline//":{"Event":{"ID":"x","Revision":1}}}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		p := pipeline(t)
		if p.Restore(state) == nil {
			play(t, p, at, 4)
			p.Close(at.Add(time.Minute), models.EndGap)
		}
		if kept, err := json.Marshal(runnerState{Pipeline: state}); err == nil {
			_, _ = CloseKept("n", kept, at)
		}
	})
}

package detect_test

import (
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/models"
)

func TestReplay(t *testing.T) {
	box := models.Box{X: -3, Y: 10, W: 20, H: 40} // as recorded: it leaves the picture
	detecttest.Run(t, detecttest.Case{
		New: func(*testing.T) detect.Detector {
			return &detect.Replay{Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .7, Immediate: .8},
				Frames: map[int64][]models.Detection{3: {{Box: box, Score: .5}}}}
		},
		Frames: []*models.Frame{{Number: 2}, {Number: 3}}, People: []models.Box{box}, Find: 1, Replays: true,
	})
	r := &detect.Replay{Frames: map[int64][]models.Detection{3: {{Box: box, Score: .5}}}}
	for n, want := range map[int64]int{2: 0, 3: 1} {
		if d, err := r.Detect(&models.Frame{Number: n}); err != nil || len(d) != want {
			t.Errorf("frame %d: %v, %v", n, d, err)
		}
	}
}

package detect

import (
	"sync/atomic"

	"github.com/counterwatch/counterwatch/models"
)

// Replay is a Detector that repeats detections made earlier, by Frame.Number; frames then need no pixels. Boxes come back as
// they were recorded, neither clipped nor sorted.
type Replay struct {
	Name       string // empty is "replay"
	Thresholds models.Thresholds
	Frames     map[int64][]models.Detection

	closed atomic.Bool
}

// Detect returns what was found in the frame of that number.
func (r *Replay) Detect(f *models.Frame) ([]models.Detection, error) {
	if r.closed.Load() {
		return nil, ErrClosed
	}
	return append([]models.Detection(nil), r.Frames[f.Number]...), nil
}

// Info names the replay.
func (r *Replay) Info() Info {
	name := r.Name
	if name == "" {
		name = "replay"
	}
	return Info{Name: name, Thresholds: r.Thresholds}
}

// Close ends the replay.
func (r *Replay) Close() error {
	r.closed.Store(true)
	return nil
}

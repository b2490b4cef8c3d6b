package detect

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// A network that finds a person wherever a thing stands: people move now and then, things do not.
func TestThingsAreNobody(t *testing.T) {
	box := models.Box{X: 90, Y: 180, W: 40, H: 60}
	for _, c := range []struct {
		name string
		x    func(s float64) int // of what is in the box
		at   func(frame *models.Frame)
		gone bool // after ten minutes
	}{
		{"a poster", func(float64) int { return 100 }, nil, true},
		{"somebody who leans a little every other minute", func(s float64) int { return 100 + 4*(int(s)/120%2) }, nil, false},
		{"somebody before a frozen camera", func(float64) int { return 100 }, func(f *models.Frame) { clear(f.Pix) }, false},
		{"a coat that was hung up eight minutes ago", func(s float64) int { return map[bool]int{true: 100, false: 300}[s > 120] }, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage()
			d := &everywhere{box}
			k := ForCamera(models.Camera{Detector: models.DetectorConfig{View: "whole"}}, d, nil)
			for i := range 61 {
				f := s.shot(10*time.Second, 2, 0, c.x(float64(10*i)))
				if c.at != nil {
					c.at(f)
				}
				found, err := k.Detect(f)
				if err != nil {
					t.Fatal(err)
				}
				if i < 29 && len(found) != 1 || i == 60 && len(found) == 1 == c.gone {
					t.Fatalf("after %d s: %v", 10*i, found)
				}
			}
		})
	}
}

// everywhere is a network that always finds one person.
type everywhere struct{ box models.Box }

func (e *everywhere) Detect(*models.Frame) ([]models.Detection, error) {
	return []models.Detection{{Box: e.box, Score: .9}}, nil
}
func (e *everywhere) Info() Info   { return Info{Name: "everywhere", Engine: "opencv"} }
func (e *everywhere) Close() error { return nil }

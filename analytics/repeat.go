package analytics

import (
	"time"

	"github.com/counterwatch/counterwatch/analytics/measure"
	"github.com/counterwatch/counterwatch/models"
)

// Unchanged reports whether a frame, later than all that Step was given, shows what the newest of them showed: nothing has
// moved where it matters, or it is as dark as before. What lies between the two may then be told with Repeat.
func (p *Pipeline) Unchanged(f *models.Frame) bool {
	if d := dark(f); d || p.dark {
		return d && p.dark
	}
	return !f.Damaged && p.detector.Unchanged(f)
}

// Repeat tells that at a moment the picture was what it had been in the newest frame: who was found there is there still, and
// what was too dark to be seen still is.
func (p *Pipeline) Repeat(at time.Time) Result {
	if !at.After(p.last) {
		return p.result(nil, nil, measure.Figures{}, nil)
	}
	if p.dark {
		return p.Gap(at, p.live.Health)
	}
	return p.see(at, p.live.Size, p.detector.Last())
}

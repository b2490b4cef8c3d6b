package analytics

import "github.com/counterwatch/counterwatch/models"

// Result is everything one call of the pipeline found out. All of it is valid until the next call: what is kept for longer
// must be copied (a Minute, Visit or Event as a value; Live with its Clone).
type Result struct {
	Detections []models.Detection // of this frame, pixels
	Gated      bool               // nothing had moved since the last inference: the detections are those
	Calm       bool               // it would be a waste to look at every frame: see Pipeline.Unchanged
	Tracks     []models.Track     // of this frame, pixels
	Live       models.Live        // without FPSIn, FPSAnalysed and Gated, which the runner knows
	Minutes    []models.Minute
	Visits     []models.Visit
	Events     []models.Event // revisions of incidents, without snapshots
}

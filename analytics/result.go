package analytics

import "github.com/counterwatch/counterwatch/models"

// Result is everything one call of the pipeline found out.
type Result struct {
	Detections []models.Detection // of this frame, pixels; valid until the next call
	Tracks     []models.Track     // likewise
	Live       models.Live        // without FPSIn and FPSAnalysed, which the runner knows
	Minutes    []models.Minute
	Visits     []models.Visit
	Events     []models.Event // revisions of incidents, without snapshots
}

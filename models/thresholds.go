package models

// Thresholds are the scores by which detections become tracks; every detector has its own, because scores of different
// detectors do not mean the same.
type Thresholds struct {
	Low       float64 // below: not used at all
	High      float64 // below: only continues a track that was just seen
	Birth     float64 // from here a new track may begin
	Immediate float64 // from here one detection confirms a track
}

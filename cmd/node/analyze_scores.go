package main

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// A file of detections does not say who made it, and scores of different detectors do not mean the same. What they mean is
// told from the file itself, in two steps: normalise brings the scores to 0..1, replayThresholds finds the detector they look like.

// replayScores brings the scores of a file to 0..1, in place, and returns the thresholds that fit them.
func replayScores(rows mot.Rows) models.Thresholds {
	normalise(rows)
	return replayThresholds(rows)
}

// normalise brings scores to 0..1:
//   - scores within 0..1 stay;
//   - scores of 0..100, some above 10, are percentages;
//   - one score for all says nothing: every box is good enough to begin a person, who is believed when seen a second time;
//   - any other scale (margins of a classifier, log-odds, negative ones) has an order only: each score becomes that of the
//     same rank in the reference files, Faster R-CNN's.
func normalise(rows mot.Rows) {
	if len(rows) == 0 {
		return
	}
	scores := make([]float64, len(rows))
	for i, r := range rows {
		scores[i] = r.Score
	}
	slices.Sort(scores)
	lowest, highest := scores[0], scores[len(scores)-1]
	for i := range rows {
		s := &rows[i].Score
		switch {
		case lowest == highest:
			*s = (track.FasterRCNN.Birth + track.FasterRCNN.Immediate) / 2
		case lowest >= 0 && highest <= 1:
		case lowest >= 0 && highest > 10 && highest <= 100:
			*s /= 100
		default:
			from, _ := slices.BinarySearch(scores, *s)
			to, _ := slices.BinarySearch(scores, math.Nextafter(*s, math.Inf(1)))
			*s = reference(float64(from+to) / 2 / float64(len(scores)))
		}
	}
}

// reference is the score of Faster R-CNN's detections at a rank of 0..1, the mean of the eight sequences' quantiles.
func reference(rank float64) float64 {
	ranks := [...]float64{0, .1, .25, .35, .5, .9, 1}
	at := [...]float64{.5, .73, .894, .94, .972, .995, 1}
	for i := 1; i < len(ranks); i++ {
		if rank <= ranks[i] {
			return at[i-1] + (at[i]-at[i-1])*(rank-ranks[i-1])/(ranks[i]-ranks[i-1])
		}
	}
	return 1
}

// replayThresholds tells by the best box of each frame how sure a detector is of a person in plain view; a file that was
// cut at some score has the same best boxes. Faster R-CNN and Yolo-Fastest are nearly certain (.99), and differ in what
// their middling scores are worth; a file that begins at .45 or above is taken for the former's, as its published files do. YOLOX is
// never certain: .885 at its best. The thresholds of a detector that is surer or less sure than that move along, on the log-odds scale.
func replayThresholds(rows mot.Rows) models.Thresholds {
	const (
		certain = .96
		nano    = .885 // YOLOX-nano on PETS09-S2L1
		alike   = .25  // log-odds within which a detector is taken for YOLOX-nano
	)
	var best []float64
	lowest, frame := 1.0, 0
	for _, r := range rows {
		if r.Frame != frame {
			best, frame = append(best, r.Score), r.Frame
		}
		best[len(best)-1] = max(best[len(best)-1], r.Score)
		lowest = min(lowest, r.Score)
	}
	if len(best) == 0 {
		return track.FasterRCNN
	}
	slices.Sort(best)
	sure := best[len(best)*3/4]
	switch shift := logOdds(min(max(sure, .02), .98)) - logOdds(nano); {
	case sure >= certain && lowest < .45:
		return track.YOLOFastest
	case sure >= certain || lowest == best[len(best)-1]:
		return track.FasterRCNN
	case math.Abs(shift) < alike:
		return track.YOLOXNano
	default:
		return nets.WithThreshold(track.YOLOXNano, 1/(1+math.Exp(-shift)))
	}
}

func logOdds(p float64) float64 { return math.Log(p / (1 - p)) }

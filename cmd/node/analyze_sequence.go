package main

import (
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// sequence is the frames of a seqinfo.ini: times and sizes, no pixels.
type sequence struct {
	info   mot.Info
	base   time.Time
	number int64
}

// replayThresholds tells from the scores of a detections file which detector's thresholds fit, since such a file does not say
// who made it, and the scores of different detectors mean different things: YOLOX is never sure (0.93 at most on PETS), Yolo-Fastest
// and Faster R-CNN nearly always are, and the latter's published files begin at 0.5.
func replayThresholds(scores []float64) models.Thresholds {
	if len(scores) == 0 {
		return track.FasterRCNN
	}
	scores = slices.Sorted(slices.Values(scores))
	switch lowest, high := scores[0], scores[len(scores)*9/10]; {
	case lowest >= .45:
		return track.FasterRCNN
	case high >= .95:
		return track.YOLOFastest
	}
	return track.YOLOXNano
}

// openSequence opens a seqinfo.ini and the detections made on it. detector.threshold of the configuration
// moves the thresholds, detector.net does not matter.
func openSequence(info, detections string, cfg models.DetectorConfig, base time.Time) (frames, detect.Detector, error) {
	s := &sequence{base: base}
	var err error
	if s.info, err = mot.ReadInfoFile(info); err != nil {
		return nil, nil, err
	}
	rows, err := mot.ReadFile(detections)
	if err != nil {
		return nil, nil, err
	}
	if s.info.Length == 0 {
		s.info.Length = rows.Last()
	}
	d := &detect.Replay{Name: filepath.Base(detections), Frames: map[int64][]models.Detection{}}
	var scores []float64
	for _, r := range rows {
		if r.Frame > s.info.Length {
			return nil, nil, models.Errorf(models.KindInvalid, "%s: frame %d is behind the last (%d) of %s", detections, r.Frame, s.info.Length, info)
		}
		d.Frames[int64(r.Frame)] = append(d.Frames[int64(r.Frame)], models.Detection{Box: r.Box, Score: r.Score})
		scores = append(scores, r.Score)
	}
	d.Thresholds = nets.WithThreshold(replayThresholds(scores), cfg.Threshold)
	return s, d, nil
}

// Next returns the next frame, without pixels.
func (s *sequence) Next() (*models.Frame, error) {
	if s.number >= int64(s.info.Length) {
		return nil, io.EOF
	}
	s.number++
	t := time.Duration(float64(s.number-1) / s.info.FrameRate * float64(time.Second))
	return &models.Frame{Number: s.number, At: s.base.Add(t), Size: s.info.Size}, nil
}

func (s *sequence) Frames() int64 { return int64(s.info.Length) }
func (s *sequence) FPS() float64  { return s.info.FrameRate }
func (s *sequence) Close() error  { return nil }

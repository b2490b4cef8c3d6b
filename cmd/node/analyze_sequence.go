package main

import (
	"io"
	"path/filepath"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
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

// replayThresholds are for detections whose detector nobody named; found on the detections of the SORT paper.
var replayThresholds = models.Thresholds{Low: .5, High: .9, Birth: .8, Immediate: .97}

// openSequence opens a seqinfo.ini and the detections made on it. A network named in the configuration lends its
// thresholds.
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
	d := &detect.Replay{Name: filepath.Base(detections), Thresholds: replayThresholds, Frames: map[int64][]models.Detection{}}
	if cfg.Net != "" {
		card, err := nets.Find(cfg.Net)
		if err != nil {
			return nil, nil, models.Invalid("detector.net", "%v", err)
		}
		d.Thresholds = card.Thresholds
	}
	d.Thresholds = nets.WithThreshold(d.Thresholds, cfg.Threshold)
	for _, r := range rows {
		if r.Frame > s.info.Length {
			return nil, nil, models.Errorf(models.KindInvalid, "%s: frame %d is behind the last (%d) of %s", detections, r.Frame, s.info.Length, info)
		}
		d.Frames[int64(r.Frame)] = append(d.Frames[int64(r.Frame)], models.Detection{Box: r.Box, Score: r.Score})
	}
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

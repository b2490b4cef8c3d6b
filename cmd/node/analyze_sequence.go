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
	info  mot.Info
	base  time.Time
	first int // number of the first frame that was looked at, from 1
	step  int // every step-th was
	next  int
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
	if last := rows.Last(); last > s.info.Length {
		return nil, nil, models.Errorf(models.KindInvalid, "%s: frame %d is behind the last (%d) of %s", detections, last, s.info.Length, info)
	}
	thresholds := replayScores(rows)
	d := &detect.Replay{Name: filepath.Base(detections), Frames: map[int64][]models.Detection{}, Thresholds: nets.WithThreshold(thresholds, cfg.Threshold)}
	for _, r := range rows {
		d.Frames[int64(r.Frame)] = append(d.Frames[int64(r.Frame)], models.Detection{Box: r.Box, Score: r.Score})
	}
	s.first, s.step = stride(rows, s.info.Length)
	s.next = s.first
	return s, d, nil
}

// stride tells which frames a detector looked at: first, first+step, ... A file of every third frame that keeps the frames'
// numbers has rows in every third frame only. The frames between were not looked at: nobody is missing in them. Taken to be
// thinned out is a file whose frames all lie on such a grid and fill at least a third of it.
func stride(rows mot.Rows, length int) (first, step int) {
	filled, last := 0, 0
	for _, r := range rows {
		if r.Frame == last {
			continue
		}
		if filled++; last == 0 {
			first = r.Frame
		}
		step, last = gcd(step, r.Frame-first), r.Frame
	}
	if step < 2 || filled < 3 || 3*filled*step < length {
		return 1, 1
	}
	return (first-1)%step + 1, step
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Next returns the next frame that was looked at, without pixels.
func (s *sequence) Next() (*models.Frame, error) {
	n := s.next
	if n > s.info.Length {
		return nil, io.EOF
	}
	s.next += s.step
	t := time.Duration(float64(n-s.first) / s.info.FrameRate * float64(time.Second))
	return &models.Frame{Number: int64(n), At: s.base.Add(t), Size: s.info.Size}, nil
}

func (s *sequence) Frames() int64 { return int64((s.info.Length - s.first + s.step) / s.step) }
func (s *sequence) FPS() float64  { return s.info.FrameRate / float64(s.step) }
func (s *sequence) Close() error  { return nil }

package nodeapp

import (
	"errors"
	"sync"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/models"
)

// detectors makes the cameras' detectors. A network is shared by all cameras that ask for it alike, with one session per
// slot, so that weights lie in memory once per core; a foreground detector learns its own camera's background.
type detectors struct {
	cfg Config

	mu   sync.Mutex
	nets map[models.DetectorConfig]*pool
}

func newDetectors(cfg Config) *detectors {
	return &detectors{cfg: cfg, nets: map[models.DetectorConfig]*pool{}}
}

// get returns the detector of a camera, and what frees it when the camera ends.
func (d *detectors) get(c models.Camera) (detect.Detector, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.nets[c.Detector]; p != nil {
		return p, func() {}, nil
	}
	opts := native.Options{NetsDir: d.cfg.NetsDir, Log: d.cfg.Log.With("camera", c.ID)}
	first, err := native.NewDetector(c.Detector, opts)
	if err != nil {
		return nil, nil, err
	}
	if first.Info().Basic {
		return first, func() { _ = first.Close() }, nil
	}
	p := &pool{Detector: first, free: make(chan detect.Detector, d.cfg.Slots), all: []detect.Detector{first}}
	for len(p.all) < d.cfg.Slots {
		more, err := native.NewDetector(c.Detector, opts)
		if err != nil {
			return nil, nil, errors.Join(err, p.Close())
		}
		p.all = append(p.all, more)
	}
	for _, s := range p.all {
		p.free <- s
	}
	d.nets[c.Detector] = p
	return p, func() {}, nil
}

// close frees the networks.
func (d *detectors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.nets {
		_ = p.Close()
	}
}

// pool is several equal detectors as one.
type pool struct {
	detect.Detector // for Info
	free            chan detect.Detector
	all             []detect.Detector
}

// Detect runs on a detector that is free. There are as many as slots, so one is.
func (p *pool) Detect(f *models.Frame) ([]models.Detection, error) {
	d := <-p.free
	defer func() { p.free <- d }()
	return d.Detect(f)
}

// Close frees all.
func (p *pool) Close() error {
	var errs []error
	for _, d := range p.all {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

package nodeapp

import (
	"errors"
	"sync"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// detectors makes the cameras' detectors. A network is shared by all cameras that name the same one, whatever their
// thresholds and views, with one session per slot, so that weights lie in memory once per core; a foreground detector learns
// its own camera's background.
type detectors struct {
	cfg Config

	mu   sync.Mutex
	nets map[models.DetectorConfig]*pool // by what makes a session: kind, net, engine
}

func newDetectors(cfg Config) *detectors {
	return &detectors{cfg: cfg, nets: map[models.DetectorConfig]*pool{}}
}

// get returns the detector of a camera, and what frees it when the camera ends.
func (d *detectors) get(c models.Camera) (detect.Detector, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	session := models.DetectorConfig{Kind: c.Detector.Kind, Net: c.Detector.Net, Engine: c.Detector.Engine}
	p := d.nets[session]
	if p == nil {
		opts := native.Options{NetsDir: d.cfg.NetsDir, Log: d.cfg.Log.With("camera", c.ID)}
		first, err := native.NewDetector(session, opts)
		if err != nil {
			return nil, nil, err
		}
		if !first.Info().Network() {
			return first, func() { _ = first.Close() }, nil
		}
		p = newPool(first, d.cfg.Slots)
		for len(p.all) < d.cfg.Slots {
			more, err := native.NewDetector(session, opts)
			if err != nil {
				return nil, nil, errors.Join(err, p.Close())
			}
			p.add(more)
		}
		d.nets[session] = p
	}
	own := share{p, p.first.Info()}
	own.info.Thresholds = nets.WithThreshold(own.info.Thresholds, c.Detector.Threshold)
	return own, func() {}, nil
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
	first detect.Detector
	free  chan detect.Detector
	all   []detect.Detector
}

func newPool(first detect.Detector, slots int) *pool {
	p := &pool{first: first, free: make(chan detect.Detector, max(slots, 1))}
	p.add(first)
	return p
}

func (p *pool) add(d detect.Detector) {
	p.all = append(p.all, d)
	p.free <- d
}

// Detect runs on a detector that is free. There are as many as turns are given at once (analytics.Turns), so one is.
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

// share is one camera's use of a pool, with thresholds of its own.
type share struct {
	*pool
	info detect.Info
}

func (s share) Info() detect.Info { return s.info }

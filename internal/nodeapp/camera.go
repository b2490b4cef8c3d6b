package nodeapp

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

// assembleAgain is how long a camera that cannot be set up waits: weights may be installed meanwhile.
const assembleAgain = 30 * time.Second

// camera is one camera's whole road: source, supervisor, ring, runner.
type camera struct {
	fleet  *fleet
	conf   models.Camera
	site   models.Site
	log    *slog.Logger
	cancel context.CancelCauseFunc
	done   chan struct{}

	mu     sync.Mutex
	health models.CameraHealth // while there is no runner
	runner *analytics.Runner
}

func newCamera(f *fleet, c models.Camera) *camera {
	return &camera{
		fleet: f, conf: c, log: f.cfg.Log.With("camera", c.ID), done: make(chan struct{}),
		health: models.CameraHealth{State: models.CameraConnecting, Since: time.Now().UTC()},
	}
}

// begin starts the camera; end waits for it.
func (c *camera) begin() {
	var ctx context.Context
	ctx, c.cancel = context.WithCancelCause(context.Background())
	go func() {
		defer close(c.done)
		c.run(ctx)
	}()
}

func (c *camera) end(why error) {
	c.cancel(why)
	<-c.done
}

// run sets the camera up and runs it. A camera that cannot be set up shows why, and the others go on.
func (c *camera) run(ctx context.Context) {
	for {
		err := c.watch(ctx)
		if ctx.Err() != nil {
			return
		}
		c.log.Error("camera cannot be watched", "err", err)
		c.mu.Lock()
		c.health = models.CameraHealth{State: models.CameraUnsupported, Reason: err.Error(), Since: time.Now().UTC()}
		c.mu.Unlock()
		select {
		case <-time.After(assembleAgain):
		case <-ctx.Done():
			return
		}
	}
}

// watch joins the stops of the camera's road and runs them until ctx ends; it returns an error when they cannot be joined.
func (c *camera) watch(ctx context.Context) error {
	sup, ring, err := c.fleet.links.link(c.conf, c.site, c.log)
	if err != nil {
		return err
	}
	defer ring.Close()
	detector, release, err := c.fleet.detectors.get(c.conf)
	if err != nil {
		return err
	}
	defer release()
	conf := analytics.Config{Node: c.fleet.node, Camera: c.conf, Site: c.site, Detector: detector}
	if _, err := analytics.NewPipeline(conf); err != nil { // now, while somebody looks
		return err
	}
	state, err := c.fleet.outbox.State(ctx, c.conf.ID)
	if err != nil {
		return err
	}
	c.log.Info("camera is analysed", "detector", detect.ForCamera(c.conf, detector, nil).String())
	runner := analytics.NewRunner(analytics.RunnerConfig{
		Node: c.fleet.node, Camera: c.conf, State: state, Turns: c.fleet.turns, Log: c.log,
		NewStepper: func() (analytics.Stepper, error) { return analytics.NewPipeline(conf) },
		NewDecoder: native.NewDecoder,
		Units:      func() analytics.Units { return ring.NewCursor() },
		Health:     sup.Health,
		Sink:       sink{c.fleet.outbox, c.conf.ID},
	})
	c.mu.Lock()
	c.runner = runner
	c.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { sup.Run(ctx) })
	both.Go(func() { runner.Run(ctx) })
	both.Wait()
	return ctx.Err()
}

func (c *camera) live() models.Live {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runner == nil {
		return models.Live{Camera: c.conf.ID, Health: c.health}
	}
	return c.runner.Live()
}

func (c *camera) still() (models.Still, error) {
	c.mu.Lock()
	runner, health := c.runner, c.health
	c.mu.Unlock()
	if runner == nil {
		return models.Still{}, models.Errorf(models.KindUnavailable, "camera %s is not watched: %s", c.conf.ID, health.Reason)
	}
	return runner.Still()
}

// sink keeps one camera's findings in the outbox.
type sink struct {
	outbox *outbox.Outbox
	camera string
}

func (s sink) Put(ctx context.Context, records []models.Record, media []models.Media, state []byte) error {
	return s.outbox.Put(ctx, s.camera, records, media, state)
}

package nodeapp

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
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

// errRestart is the cause of the end of a camera's life that goes on at once with another one.
var errRestart = errors.New("the camera begins again")

// camera is one camera's whole road: source, supervisor, ring, runner. Whatever goes wrong on it stays on it: a panic is this
// camera's error, and the road is built anew.
type camera struct {
	fleet  *fleet
	conf   models.Camera
	site   models.Site
	log    *slog.Logger
	cancel context.CancelCauseFunc
	done   chan struct{}

	mu     sync.Mutex
	health models.CameraHealth     // while there is no runner
	runner *analytics.Runner       // of this life
	stream func() models.Stream    // likewise
	again  context.CancelCauseFunc // ends this life, and the next begins
	rest   string                  // why the camera is to rest; empty while it is watched
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

// setRest lets the camera rest for a reason, or watches it again for the empty one. It returns at once.
func (c *camera) setRest(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rest == why {
		return
	}
	if c.rest = why; c.again != nil {
		c.again(errRestart)
	}
}

// run lives one life of the camera after the other. A camera that cannot be set up shows why, and the others go on.
func (c *camera) run(ctx context.Context) {
	for ctx.Err() == nil {
		life, again := context.WithCancelCause(ctx)
		c.mu.Lock()
		c.again = again
		rest := c.rest
		c.mu.Unlock()
		err := c.guard(func() error { return c.watch(life, rest) })
		ended := life.Err() != nil
		again(nil)
		if ended {
			continue
		}
		c.log.Error("camera cannot be watched", "err", err)
		c.mu.Lock()
		c.runner = nil
		c.health = models.CameraHealth{State: models.CameraUnsupported, Reason: err.Error(), Since: time.Now().UTC()}
		c.mu.Unlock()
		select {
		case <-time.After(assembleAgain):
		case <-ctx.Done():
		}
	}
}

// watch joins the stops of the camera's road and runs them until ctx ends; it returns an error when they cannot be joined.
// A camera that rests has no source: its analysis goes on and tells that nothing is seen.
func (c *camera) watch(ctx context.Context, rest string) error {
	sup, ring, err := c.fleet.links.link(c.conf, c.site, c.log)
	if err != nil {
		return err
	}
	defer ring.Close()
	pull, health, stream := sup.Run, sup.Health, sup.Stream
	if rest != "" {
		since := time.Now().UTC()
		pull = func(ctx context.Context) { <-ctx.Done() }
		health = func() models.CameraHealth {
			return models.CameraHealth{State: models.CameraOffline, Reason: rest, Since: since}
		}
		stream = func() models.Stream { return models.Stream{} }
	}
	detector, release, err := c.fleet.detectors.get(c.conf)
	if err != nil {
		return err
	}
	defer release()
	conf := analytics.Config{Node: c.fleet.node, Camera: c.conf, Site: c.site, Detector: detector, Scale: native.Scale}
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
		NewDecoder: c.fleet.decoder(c.conf.ID),
		Units:      func() analytics.Units { return ring.NewCursor() },
		Health:     health,
		Sink:       sink{c.fleet.outbox, c.conf.ID},
		Lean:       c.fleet.isLean.Load,
	})
	c.mu.Lock()
	c.runner, c.stream = runner, stream
	c.mu.Unlock()
	return c.together(ctx, pull, runner.Run)
}

// together runs the parts of a road until ctx ends. When one of them panics, the others end too, and the panic is the error.
func (c *camera) together(ctx context.Context, parts ...func(context.Context)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for _, run := range parts {
		all.Go(func() {
			if err := c.guard(func() error { run(ctx); return nil }); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// guard turns a panic into an error; where it was goes to the log.
func (c *camera) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("the program failed on this camera", "panic", p, "stack", string(debug.Stack()))
			err = models.Errorf(models.KindInternal, "the program failed on this camera: %v", p)
		}
	}()
	return do()
}

func (c *camera) live() models.Live {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runner == nil {
		return models.Live{Camera: c.conf.ID, Health: c.health}
	}
	l := c.runner.Live()
	l.Stream, l.Counts.Restarts = c.stream(), c.fleet.restarts(c.conf.ID)
	return l
}

func (c *camera) still() (s models.Still, err error) {
	c.mu.Lock()
	runner, health := c.runner, c.health
	c.mu.Unlock()
	if runner == nil {
		return s, models.Errorf(models.KindUnavailable, "camera %s is not watched: %s", c.conf.ID, health.Reason)
	}
	err = c.guard(func() (err error) {
		s, err = runner.Still()
		return err
	})
	return s, err
}

// sink keeps one camera's findings in the outbox.
type sink struct {
	outbox *outbox.Outbox
	camera string
}

func (s sink) Put(ctx context.Context, records []models.Record, media []models.Media, state []byte) error {
	return s.outbox.Put(ctx, s.camera, records, media, state)
}

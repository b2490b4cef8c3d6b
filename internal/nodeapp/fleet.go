package nodeapp

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

// fleet is the node's cameras, each running by itself. A change of configuration starts, stops and restarts only the
// cameras it is about. It is safe for concurrent use.
type fleet struct {
	node      string
	cfg       Config
	outbox    *outbox.Outbox
	detectors *detectors
	turns     *analytics.Turns
	links     links

	applying sync.Mutex
	mu       sync.Mutex
	cameras  map[string]*camera
}

func newFleet(node string, cfg Config, o *outbox.Outbox) *fleet {
	return &fleet{
		node: node, cfg: cfg, outbox: o, detectors: newDetectors(cfg),
		turns: analytics.NewTurns(cfg.Slots), links: newLinks(cfg.DataDir, cfg.Log), cameras: map[string]*camera{},
	}
}

// apply makes the running cameras those of a configuration.
func (f *fleet) apply(c models.NodeConfig) {
	f.applying.Lock()
	defer f.applying.Unlock()
	want := map[string]*camera{}
	for _, m := range c.Cameras {
		k := newCamera(f, m)
		for _, s := range c.Sites {
			if s.ID == m.Site {
				k.site = s
			}
		}
		want[m.ID] = k
	}
	var ending sync.WaitGroup
	for id, old := range f.running() {
		k := want[id]
		if k != nil && reflect.DeepEqual(k.conf, old.conf) && reflect.DeepEqual(k.site, old.site) {
			delete(want, id)
			continue
		}
		var why error
		if k == nil {
			why = analytics.ErrRemoved
			f.cfg.Log.Info("camera is no longer watched", "camera", id)
		}
		ending.Go(func() { old.end(why) })
		f.mu.Lock()
		delete(f.cameras, id)
		f.mu.Unlock()
	}
	ending.Wait()
	for id, k := range want {
		k.begin()
		f.mu.Lock()
		f.cameras[id] = k
		f.mu.Unlock()
	}
}

// running is a copy of the cameras.
func (f *fleet) running() map[string]*camera {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(map[string]*camera, len(f.cameras))
	for id, c := range f.cameras {
		out[id] = c
	}
	return out
}

// stop ends all cameras with their state kept.
func (f *fleet) stop() {
	f.applying.Lock()
	defer f.applying.Unlock()
	var ending sync.WaitGroup
	for _, c := range f.running() {
		ending.Go(func() { c.end(nil) })
	}
	ending.Wait()
	f.detectors.close()
}

// live is what the cameras show now, in the order of their ids.
func (f *fleet) live() []models.Live {
	var out []models.Live
	for _, c := range f.running() {
		out = append(out, c.live())
	}
	slices.SortFunc(out, func(a, b models.Live) int { return strings.Compare(a.Camera, b.Camera) })
	return out
}

// still is a camera's newest picture.
func (f *fleet) still(_ context.Context, id string) (models.Still, error) {
	c := f.running()[id]
	if c == nil {
		return models.Still{}, models.Errorf(models.KindNotFound, "node %s has no camera %q", f.node, id)
	}
	return c.still()
}

package nodeapp

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/native"
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
	isLean    atomic.Bool // no pictures are kept aside
	decoder   func(camera string) func(models.Codec) (decode.Decoder, error)
	restarts  func(camera string) int64 // of the process of its decoder

	applying sync.Mutex
	mu       sync.Mutex
	cameras  map[string]*camera
}

func newFleet(node string, cfg Config, o *outbox.Outbox) *fleet {
	return &fleet{
		node: node, cfg: cfg, outbox: o, detectors: newDetectors(cfg),
		turns: analytics.NewTurns(cfg.Slots), links: newLinks(cfg.DataDir, cfg.Limits.Memory, cfg.Log),
		decoder:  func(string) func(models.Codec) (decode.Decoder, error) { return native.NewDecoder },
		restarts: decoders{}.restarts, cameras: map[string]*camera{},
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
	f.settle(c.Cameras)
	for id, k := range want {
		k.begin()
		f.mu.Lock()
		f.cameras[id] = k
		f.mu.Unlock()
	}
}

// settle closes what is still open at cameras that are no longer the node's, whenever they went, and forgets their states.
func (f *fleet) settle(cameras []models.Camera) {
	ctx := context.Background()
	ids, err := f.outbox.Cameras(ctx)
	for _, id := range ids {
		if slices.ContainsFunc(cameras, func(c models.Camera) bool { return c.ID == id }) {
			continue
		}
		state, bad := f.outbox.State(ctx, id)
		var records []models.Record
		if bad == nil {
			records, bad = analytics.CloseKept(f.node, state, time.Now().UTC())
		}
		if bad != nil { // it will not be better the next time
			f.cfg.Log.Warn("what was open at a camera that is no longer watched cannot be closed", "camera", id, "err", bad)
		}
		err = errors.Join(err, f.outbox.Put(ctx, id, records, nil, []byte{}))
	}
	if err != nil {
		f.cfg.Log.Error("cameras that are no longer watched cannot be forgotten; trying again with the next configuration", "err", err)
	}
}

// lean keeps no pictures aside while it is true.
func (f *fleet) lean(on bool) { f.isLean.Store(on) }

// rest lets n cameras rest, those of the lowest priority first, and watches the others; it returns the ids of the resting ones.
func (f *fleet) rest(n int, why string) (resting []string) {
	all := slices.SortedFunc(maps.Values(f.running()), func(a, b *camera) int {
		return cmp.Or(cmp.Compare(cmp.Or(a.conf.Priority, 5), cmp.Or(b.conf.Priority, 5)), strings.Compare(a.conf.ID, b.conf.ID))
	})
	for i, c := range all {
		if i < n {
			c.setRest(why)
			resting = append(resting, c.conf.ID)
		} else {
			c.setRest("")
		}
	}
	return resting
}

// running is a copy of the cameras.
func (f *fleet) running() map[string]*camera {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.cameras)
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

package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/counterwatch/counterwatch/internal/centralapp"
	"github.com/counterwatch/counterwatch/models"
)

// rig is a node as an operator starts it, and a centre in this process to ask what the node says of its cameras.
type rig struct {
	centre *centralapp.App
	node   *process
	stop   context.CancelFunc
	ended  sync.WaitGroup
	log    *os.File
	told   int64 // bytes of the node's log that have been read
}

// newRig starts both on cameras, in a folder of their own below dir. nodeArgs are further flags of the node.
func newRig(ctx context.Context, dir string, cameras []models.Camera, nodeArgs ...string) (r *rig, err error) {
	r = &rig{}
	if dir, err = os.MkdirTemp(dir, "rig-"); err != nil {
		return nil, err
	}
	if r.log, err = os.Create(filepath.Join(dir, "central.log")); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(r.log, nil))
	r.centre, err = centralapp.Open(ctx, centralapp.Config{DataDir: filepath.Join(dir, "central"), Listen: "127.0.0.1:0",
		NATSListen: "127.0.0.1:0", Log: log})
	if err != nil {
		return nil, errors.Join(err, r.log.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.ended.Go(func() { _ = r.centre.Run(serving) }) // its failure shows as a node that nobody hears
	var sites []models.Site                          // one for each camera: all have a counter c1
	for i, c := range cameras {
		sites = append(sites, models.Site{ID: c.ID, Unit: "bench", Name: c.ID, Networks: []string{"127.0.0.0/8"},
			Calendar: models.Calendar{Always: true}})
		c.Site, c.Node = c.ID, "bench"
		cameras[i] = c.WithDefaults()
	}
	if err := r.centre.Registry.Apply(ctx, []models.Unit{{ID: "bench", Name: "Bench"}}, sites, cameras); err != nil {
		return nil, errors.Join(err, r.end())
	}
	args := append([]string{"--data", filepath.Join(dir, "node"), "--central", r.centre.URL(), "--token",
		r.centre.Nodes.Token(), "--name", "bench"}, nodeArgs...)
	if r.node, err = launch(ctx, dir, "node", program("node"), args...); err != nil {
		return nil, errors.Join(err, r.end())
	}
	return r, nil
}

// lives are what the centre knows of the cameras now; those it has not heard of are missing.
func (r *rig) lives(cameras []models.Camera) map[string]models.Live {
	out := map[string]models.Live{}
	for _, c := range cameras {
		if l, ok := r.centre.Live.Camera(c.ID); ok {
			out[c.ID] = l
		}
	}
	return out
}

func (r *rig) end() error {
	if r.node != nil {
		r.node.end()
	}
	r.stop()
	r.ended.Wait()
	return errors.Join(r.centre.Close(), r.log.Close())
}

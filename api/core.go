package api

import (
	"context"
	"log/slog"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// staleAfter is the age from which a live figure says nothing any more.
const staleAfter = 10 * time.Second

// nodeSilent is the pause between heartbeats from which a node counts as offline.
const nodeSilent = 15 * time.Second

// core is what all services share.
type core struct {
	directory Directory
	live      Live
	events    Events
	series    Series
	pictures  Pictures
	nodes     Nodes
	prober    Prober
	log       *slog.Logger
	now       func() time.Time
}

func (c *core) catalogue(ctx context.Context) (*catalogue, error) {
	return loadCatalogue(ctx, c.directory)
}

// heard is what one camera last showed and how old that is.
type heard struct {
	models.Live
	at time.Time // when its node's heartbeat was heard
}

// fresh reports whether the figures still describe what happens now: the node speaks, and its newest analysed frame is young
// by the node's own clock.
func (h heard) fresh(now time.Time) bool {
	return !h.Live.At.IsZero() && now.Sub(h.at) < staleAfter && h.Live.Health.State == models.CameraLive
}

// heardCameras is what every camera last showed, by camera id. A camera that moved between nodes is taken from the newer.
func (c *core) heardCameras() map[string]heard {
	out := map[string]heard{}
	for _, b := range c.live.Beats() {
		for _, l := range b.Beat.Cameras {
			if old, ok := out[l.Camera]; !ok || old.at.Before(b.At) {
				out[l.Camera] = heard{l, b.At}
			}
		}
	}
	return out
}

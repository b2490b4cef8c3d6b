package ingest

import (
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// gauge keeps what is known of a stream: fed by the goroutine that reads the network, read by anybody.
type gauge struct {
	mu  sync.Mutex
	now models.Stream
	key time.Duration // time stamp of the last key frame
	in  uint64        // and its epoch
}

// connected begins a new connection.
func (g *gauge) connected(codec models.Codec, transport string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.Codec, g.now.Transport = codec, transport
	g.now.Connections++
}

// saw takes a unit in.
func (g *gauge) saw(u *models.AccessUnit, jumps int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.Jumps = int64(jumps)
	if !u.Key {
		return
	}
	if g.in == u.Epoch {
		g.now.GOP = u.PTS - g.key
	}
	g.key, g.in = u.PTS, u.Epoch
}

func (g *gauge) stream() models.Stream {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

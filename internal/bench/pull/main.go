// Command pull is the ingest of a node and nothing else: for each address given it runs a source, a supervisor and a ring,
// as internal/nodeapp joins them, without decoding. `make bench` measures what that costs. For each line on its standard
// input it tells its totals as one line of JSON; it ends with its input. PROFILE=file profiles it. Nobody imports it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/bench/tally"
	"github.com/counterwatch/counterwatch/models"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if name := os.Getenv("PROFILE"); name != "" {
		f, err := os.Create(name)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			log.Error("no profile", "err", err)
		}
		defer pprof.StopCPUProfile()
	}
	debug.SetGCPercent(ingest.GCPercent) // as a node does
	ctx, stop := context.WithCancel(context.Background())
	var total counter
	var running sync.WaitGroup
	budget, gate := ingest.NewBudget(1<<30), ingest.NewGate(0)
	for _, url := range os.Args[1:] {
		source, err := ingest.NewRTSP(ingest.RTSPConfig{URL: models.SecretURL(url), Log: log})
		if err != nil {
			fmt.Fprintln(os.Stderr, "pull:", err)
			os.Exit(2)
		}
		ring := budget.NewRing()
		c := &camera{total: &total, put: ring.Put}
		s := &ingest.Supervisor{Sources: []ingest.Source{source}, Emit: c.take, Gate: gate, Log: log}
		running.Go(func() { s.Run(ctx) })
	}
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		_ = out.Encode(total.now()) // a reader that has gone does not ask
	}
	stop()
	running.Wait()
}

// counter adds up all cameras.
type counter struct{ units, bytes, lost, connections atomic.Int64 }

func (c *counter) now() tally.Tally {
	return tally.Tally{Units: c.units.Load(), Bytes: c.bytes.Load(), Lost: c.lost.Load(), Connections: c.connections.Load()}
}

// camera counts one camera's units on their way into its ring.
type camera struct {
	total *counter
	put   func(*models.AccessUnit)

	epoch     uint64
	last      time.Duration
	step      time.Duration // least time between two units: what lies further apart has lost some
	connected bool
}

func (c *camera) take(u *models.AccessUnit) {
	c.total.units.Add(1)
	c.total.bytes.Add(int64(u.Bytes()))
	gap := u.PTS - c.last
	switch {
	case !c.connected || c.epoch != u.Epoch:
		c.connected, c.epoch = true, u.Epoch
		c.total.connections.Add(1)
	case gap > 0 && (c.step == 0 || gap < c.step):
		c.step = gap
	case c.step > 0:
		c.total.lost.Add(int64(math.Round(gap.Seconds()/c.step.Seconds())) - 1)
	}
	c.last = u.PTS
	c.put(u)
}

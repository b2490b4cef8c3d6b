package nodeapp

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/metrics"
	"time"
)

// vitalsEvery is how often vitals speak.
const vitalsEvery = 10 * time.Second

// vitals write to the log, at level debug, what would grow if something leaked and cannot be seen from outside: goroutines,
// and the bytes of the heap that the last collection found alive. `make soak` reads them.
func vitals(ctx context.Context, log *slog.Logger) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(vitalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			metrics.Read(live)
			log.Debug("vitals", "goroutines", runtime.NumGoroutine(), "heap", live[0].Value.Uint64())
		}
	}
}

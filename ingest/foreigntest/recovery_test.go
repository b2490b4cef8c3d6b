package foreigntest

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

// TestRecovery stalls and closes twenty cameras at random and says how soon that is told, and how soon a key frame is there
// again once the network is well. COUNTERWATCH_RECOVERY=10 does so ten times instead of once.
func TestRecovery(t *testing.T) {
	t.Parallel()
	rounds := 1
	if v := os.Getenv("COUNTERWATCH_RECOVERY"); v != "" {
		var err error
		if rounds, err = strconv.Atoi(v); err != nil {
			t.Fatalf("COUNTERWATCH_RECOVERY=%s is not a number of rounds", v)
		}
	}
	camera := camsimtest.Camera(t, 150, 15, "", "")
	var mu sync.Mutex
	var told, back []time.Duration
	var wg sync.WaitGroup
	for i := range 20 {
		x := behind(t, camera)
		w := watch(t, ingest.RTSPConfig{URL: x.url})
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 5))
			for range rounds {
				live := time.Now()
				for time.Since(live) < 20*time.Second && w.sup.Health().State != models.CameraLive {
					time.Sleep(10 * time.Millisecond)
				}
				time.Sleep(time.Duration(r.IntN(3000)) * time.Millisecond)
				fell, long := time.Now(), 5*time.Second+time.Duration(r.ExpFloat64()*4*float64(time.Second))
				stalls := r.IntN(2) == 0
				if stalls {
					x.poison("timeout(timeout=0)")
				} else {
					x.refuse()
				}
				for time.Since(fell) < long && w.sup.Health().State == models.CameraLive {
					time.Sleep(5 * time.Millisecond)
				}
				noticed := time.Since(fell)
				time.Sleep(time.Until(fell.Add(long)))
				if stalls {
					x.cure()
				} else {
					x.admit()
				}
				well := time.Now()
				again := w.keyAfter(well, 20*time.Second)
				mu.Lock()
				told, back = append(told, noticed), append(back, again)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(told)
	slices.Sort(back)
	n := len(back)
	t.Logf("%d outages: told p50 %v, p99 %v; back p50 %v, p99 %v", n, told[n/2], told[n*99/100], back[n/2], back[n*99/100])
	if told[n*99/100] > 5*time.Second || back[n*99/100] > 5*time.Second {
		t.Errorf("told: %v\nback: %v", told, back)
	}
}

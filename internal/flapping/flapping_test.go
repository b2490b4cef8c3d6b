package flapping

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// ended is what Go's runtime keeps of the ten goroutines of a camera when they have ended, to use it again.
const ended = 8 << 10

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFlapping: 100 cameras for 20 s; with COUNTERWATCH_FLAPPING=10m, 500 cameras for so long. None that could answer goes
// unseen for longer than 10 s, and everything is given back.
func TestFlapping(t *testing.T) {
	cameras, long := 100, 20*time.Second
	if v := os.Getenv("COUNTERWATCH_FLAPPING"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			t.Fatalf("COUNTERWATCH_FLAPPING=%s is not a duration: write 10m", v)
		}
		cameras, long = 500, d
	}
	r, err := Run(t.Context(), cameras, long)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cameras, %d returns, %d units; back p50 %v, p99 %v; worst %v, %d starved; %.0f %% of a core",
		r.Cameras, r.Flaps, r.Units, r.Quantile(.5).Round(time.Millisecond),
		r.Quantile(.99).Round(time.Millisecond), r.Worst.Round(time.Millisecond), r.Starved, 100*r.CPUShare)
	t.Logf("before %+v, during %+v, after %+v", r.Before, r.During, r.After)
	if r.Starved > 0 {
		t.Errorf("%d cameras starved, one for %v", r.Starved, r.Worst)
	}
	if r.Flaps < cameras/2 || r.Units < int64(cameras)*int64(long/time.Second) {
		t.Errorf("%d returns and %d units prove little", r.Flaps, r.Units)
	}
	if r.After.Goroutines > r.Before.Goroutines || r.After.Descriptors > r.Before.Descriptors ||
		r.After.Heap > r.Before.Heap+uint64(cameras)*ended {
		t.Errorf("not everything is given back: before %+v, after %+v", r.Before, r.After)
	}
}

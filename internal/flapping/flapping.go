// Package flapping measures how an ingest node stands cameras that come and go: hundreds of small RTSP cameras in this process,
// pulled through real sockets by the true supervisors, which share a gate and a budget of rings as on a node. The number of
// cameras and a time go in; how long cameras that could answer were not shown, and whether goroutines, descriptors and memory
// are what they were before, come out. Imported by internal/bench; its test is the short form of the measurement.
package flapping

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// Report is what happened.
type Report struct {
	Cameras  int
	Flaps    int             // times that a camera came back
	Units    int64           // access units received
	Back     []time.Duration // from coming back to the first picture, of those that came to it, sorted
	Worst    time.Duration   // longest time that a camera which could answer was not shown
	Starved  int             // cameras for which that was more than Patience
	Before   Use             // with the cameras standing by and nobody pulling them
	During   Use             // in the middle
	After    Use             // when nobody pulls them any more
	CPUShare float64         // of one core, the cameras' own work included
}

// Patience is how long a camera that could answer may go unseen.
const Patience = 10 * time.Second

// Use is what the process holds.
type Use struct {
	Goroutines  int
	Descriptors int    // -1 where the system does not tell
	Heap        uint64 // bytes; before and after: that live after a collection
}

// settled is what is held once all is collected that can be.
func settled() Use {
	runtime.GC()
	runtime.GC() // what finalizers and pools had kept
	return use()
}

func use() Use {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := Use{Goroutines: runtime.NumGoroutine(), Descriptors: -1, Heap: m.HeapAlloc}
	if d, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.Descriptors = len(d)
	}
	return u
}

// Quantile is the time within which so large a share of the returns came to a picture.
func (r *Report) Quantile(share float64) time.Duration {
	if len(r.Back) == 0 {
		return 0
	}
	return r.Back[min(int(share*float64(len(r.Back))), len(r.Back)-1)]
}

// subject is one camera with what pulls it.
type subject struct {
	camera *camera
	ring   *ingest.Ring
	last   atomic.Int64 // when the newest picture came, nanoseconds since the beginning

	since time.Duration // when the camera last became able to answer
	able  bool
	shown bool // since then
	worst time.Duration
}

// Run lets so many cameras flap for so long, or until ctx ends, which is an error. All of them begin at once, each is away for 1 to 20 s again and again, and
// in the middle all fall silent together for 8 s and come back together.
func Run(ctx context.Context, cameras int, long time.Duration) (*Report, error) {
	subjects := make([]*subject, cameras)
	for i := range subjects {
		c, err := newCamera()
		if err != nil {
			return nil, err
		}
		defer c.close()
		subjects[i] = &subject{camera: c}
	}
	report := &Report{Cameras: cameras, Before: settled()}
	cpu := processTime()
	begun := time.Now()
	running, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var wg sync.WaitGroup
	var units atomic.Int64
	if err := pull(running, &wg, subjects, begun, &units); err != nil {
		cancel()
		wg.Wait()
		return nil, err
	}
	report.look(running, subjects, begun, long)
	report.Units = units.Load()
	report.CPUShare = (processTime() - cpu).Seconds() / time.Since(begun).Seconds()
	wg.Wait()
	for _, s := range subjects {
		s.camera.turn(gone)
		s.ring.Close()
		s.ring = nil
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if report.After = settled(); report.After.Goroutines <= report.Before.Goroutines && report.After.Descriptors <= report.Before.Descriptors {
			break
		}
	}
	slices.Sort(report.Back)
	return report, ctx.Err()
}

// pull begins to pull all cameras, as a node does.
func pull(ctx context.Context, wg *sync.WaitGroup, subjects []*subject, begun time.Time, units *atomic.Int64) error {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	gate, budget := ingest.NewGate(0), ingest.NewBudget(256<<20)
	for _, s := range subjects {
		source, err := ingest.NewRTSP(ingest.RTSPConfig{URL: s.camera.url(), Log: log})
		if err != nil {
			return err
		}
		ring := budget.NewRing()
		s.ring = ring
		sup := &ingest.Supervisor{Sources: []ingest.Source{source}, Gate: gate, Log: log, Emit: func(u *models.AccessUnit) {
			s.last.Store(int64(time.Since(begun)))
			units.Add(1)
			ring.Put(u)
		}}
		wg.Go(func() { sup.Run(ctx) })
	}
	return nil
}

// look turns cameras on and off and watches whether those that could answer are shown.
func (r *Report) look(ctx context.Context, subjects []*subject, begun time.Time, long time.Duration) {
	random := rand.New(rand.NewPCG(1, 1))
	change := make([]time.Duration, len(subjects)) // when each changes next
	for i, s := range subjects {
		s.able = true
		change[i] = time.Duration(random.ExpFloat64() * float64(20*time.Second))
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	measured := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Since(begun)
		if !measured && now > long*2/5 {
			measured, r.During = true, use()
		}
		together := now > long/2 && now < long/2+8*time.Second
		for i, s := range subjects {
			r.see(s, now)
			switch {
			case together:
				if s.able {
					s.able = false
					s.camera.turn(silent)
				}
				change[i] = long/2 + 8*time.Second
			case now < change[i]:
			case s.able:
				s.able = false
				s.camera.turn([]int32{silent, gone}[random.IntN(2)])
				change[i] = now + time.Second + time.Duration(random.IntN(19_000))*time.Millisecond
			default:
				s.able, s.shown, s.since = true, false, now
				s.camera.turn(up)
				r.Flaps++
				change[i] = now + 2*time.Second + time.Duration(random.ExpFloat64()*float64(20*time.Second))
			}
		}
	}
}

// see notes how long a camera that can answer has not been shown.
func (r *Report) see(s *subject, now time.Duration) {
	if !s.able {
		return
	}
	last := time.Duration(s.last.Load())
	if !s.shown && last > s.since {
		s.shown = true
		if s.since > 0 {
			r.Back = append(r.Back, last-s.since)
		}
	}
	unseen := now - max(last, s.since)
	if unseen > s.worst {
		if unseen > Patience && s.worst <= Patience {
			r.Starved++
		}
		s.worst = unseen
		r.Worst = max(r.Worst, unseen)
	}
}

package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How cameras are stalled: groups of them, each one server process that is stopped and woken, its connections open, as a
// camera that hangs; for times after which a supervisor would wait ever longer.
const (
	stallGroups  = 6
	stallCameras = 10 // of a group
)

var stallFor = []time.Duration{8 * time.Second, 13 * time.Second, 21 * time.Second, 34 * time.Second}

// stalls measures how soon a node tells that cameras hang, and how soon it analyses them again.
func (b *bench) stalls(ctx context.Context) ([]figure, error) {
	s := soakScene(1, 320, 240)
	file, err := s.file(ctx)
	if err != nil {
		return nil, err
	}
	var servers []*process
	var cameras []models.Camera
	for g := range stallGroups {
		p, urls, err := b.serve(ctx, stallCameras, "replay", file, "--cameras", strconv.Itoa(stallCameras))
		if err != nil {
			return nil, err
		}
		defer p.end()
		servers = append(servers, p)
		for i, u := range urls {
			c := s.camera(fmt.Sprintf("cam%d-%d", g, i), u)
			c.AnalyseFPS = analyseFPS
			cameras = append(cameras, c)
		}
	}
	r, err := newRig(ctx, b.dir, cameras)
	if err != nil {
		return nil, err
	}
	defer r.end()
	if err := r.until(ctx, 40*time.Second, cameras,
		func(l models.Live) bool { return l.Health.State == models.CameraLive && !l.At.IsZero() }); err != nil {
		return nil, fmt.Errorf("before any stall: %w", err)
	}
	var all delays
	var wg sync.WaitGroup
	for g, p := range servers {
		wg.Go(func() {
			all.add(r.stall(ctx, p, cameras[g*stallCameras:(g+1)*stallCameras], time.Duration(g)*900*time.Millisecond))
		})
	}
	step("%d cameras in %d groups, stalled %d times", len(cameras), stallGroups, len(stallFor))
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := float64(len(all.detected))
	return []figure{
		atMost("stall detected after, p99", quantile(all.detected, .99), "s", 5),
		atMost("analysed again after the camera can answer, p99", quantile(all.again, .99), "s", 5),
		plain("stall detected after, median", median(all.detected), "s"),
		plain("analysed again after the camera can answer, median", median(all.again), "s"),
		plain("stalls of a camera measured", n, ""),
		atMost("stalls not detected, or not recovered from within 40 s", float64(all.missed), "", 0),
	}, nil
}

// delays are what stalls took, in seconds.
type delays struct {
	mu              sync.Mutex
	detected, again []float64
	missed          int
}

func (d *delays) add(o *delays) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.detected, d.again, d.missed = append(d.detected, o.detected...), append(d.again, o.again...), d.missed+o.missed
}

// stall stops and wakes one server again and again, and times its cameras by what the centre hears of them.
func (r *rig) stall(ctx context.Context, server *process, cameras []models.Camera, first time.Duration) *delays {
	var d delays
	for _, length := range stallFor {
		if pause(ctx, first+3*time.Second) != nil {
			return &d
		}
		stopped := time.Now()
		server.signal(syscall.SIGSTOP)
		since := map[string]time.Time{}
		for time.Since(stopped) < length && pause(ctx, 200*time.Millisecond) == nil {
			for id, l := range r.lives(cameras) {
				if l.Health.State != models.CameraLive && l.Health.Since.After(stopped) && since[id].IsZero() {
					since[id] = l.Health.Since // the node's own clock, which is this machine's
				}
			}
		}
		woken := time.Now()
		server.signal(syscall.SIGCONT)
		back := map[string]bool{}
		for time.Since(woken) < 40*time.Second && len(back) < len(cameras) && pause(ctx, 50*time.Millisecond) == nil {
			for id, l := range r.lives(cameras) {
				// At is when the newest analysed picture was taken; that it is told here comes up to a second later, which counts.
				if l.Health.State == models.CameraLive && l.At.After(woken) && !back[id] {
					back[id] = true
					d.again = append(d.again, time.Since(woken).Seconds())
				}
			}
		}
		for _, at := range since {
			d.detected = append(d.detected, at.Sub(stopped).Seconds())
		}
		d.missed += 2*len(cameras) - len(since) - len(back)
	}
	return &d
}

// until waits for what is true of all cameras.
func (r *rig) until(ctx context.Context, within time.Duration, cameras []models.Camera, is func(models.Live) bool) error {
	for end := time.Now().Add(within); ; {
		n := 0
		for _, l := range r.lives(cameras) {
			if is(l) {
				n++
			}
		}
		if n == len(cameras) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("only %d of %d cameras within %s", n, len(cameras), within)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

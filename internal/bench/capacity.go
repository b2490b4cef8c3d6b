package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

const (
	needCoverage = .98
	analyseFPS   = 2
	stepCameras  = 4  // capacities are told to so many cameras
	mostCameras  = 96 // served at once
)

// load is what a number of cameras cost a node.
type load struct {
	cameras         int
	coverage, worst float64 // mean over the cameras, and of the least seen
	node, server    float64 // % of a core
	pss             float64 // MB, children included
	gated, idle     float64 // shares of analysed frames without inference, and of time in which only key frames are decoded
}

// capacity finds how many cameras a node carries, and how many the usual loop does.
func (b *bench) capacity(ctx context.Context) ([]figure, error) {
	model, err := weights()
	if err != nil {
		return nil, err
	}
	cuts, files, err := halfDay(ctx)
	if err != nil {
		return nil, err
	}
	best, all, err := b.climb(24, func(n int) (load, error) { return b.carry(ctx, n, cuts, files) })
	if err != nil {
		return nil, err
	}
	usual, err := b.usualLoop(ctx, model, files)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		b.remark("%d cameras: coverage %.3f (least seen camera %.3f), node %.0f %% and camera server %.0f %% of a core, "+
			"%.0f MB; %.0f %% of the time key frames only, %.0f %% of analysed frames without inference.",
			l.cameras, l.coverage, l.worst, l.node, l.server, l.pss, 100*l.idle, 100*l.gated)
	}
	n := float64(best.cameras)
	return []figure{
		atLeast("cameras on this machine at coverage ≥ 0.98, their server on the same cores", n, "cameras", 40),
		plain("coverage at that number", best.coverage, ""),
		plain("node, CPU a camera", best.node/n, "% of a core"),
		plain("node, memory a camera (PSS)", best.pss/n, "MB"),
		plain("share of time in which nothing moves and key frames are enough", best.idle, ""),
		plain("VideoCapture and OpenCV DNN on every sampled picture, cameras", float64(usual), "cameras"),
		atLeast("cameras against the usual loop", n/float64(usual), "x", 5.5),
	}, nil
}

// weights says where the weights of the default network are.
func weights() (path string, err error) {
	card, err := nets.Find(nets.Default)
	if err != nil {
		return "", err
	}
	path, ok := nets.Open("", os.Getenv).Find(card)
	if !ok {
		return "", missing("the weights of " + card.Name + " are not here: bin/cwctl nets pull " + card.Name)
	}
	return path, nil
}

// climb finds the largest number of cameras that measure carries: a first guess from the cost of a few, then by steps.
func (b *bench) climb(first int, measure func(int) (load, error)) (best load, all []load, err error) {
	low, high := 0, mostCameras+stepCameras // carried, and not carried
	stride := 2 * stepCameras
	for n := first; low+stepCameras < high; {
		l, err := measure(n)
		if err != nil {
			return best, all, err
		}
		all = append(all, l)
		step("%d cameras: coverage %.3f, node %.0f %% of a core, server %.0f %%", n, l.coverage, l.node, l.server)
		if l.coverage >= needCoverage {
			low, best = n, l
		} else {
			high = n
		}
		next := (low + high) / 2
		if len(all) == 1 { // what two cores would carry at this cost
			guess := .95 * float64(n) * (100*float64(runtime.NumCPU()) - l.server) / l.node
			next = min(max(int(guess), low+stepCameras), high-stepCameras)
		} else if high > mostCameras {
			next, stride = low+stride, 2*stride // ever longer strides until it is too much
		}
		n = min(max(next/stepCameras*stepCameras, low+stepCameras), high-stepCameras)
		if n <= low || n >= high {
			break
		}
	}
	if low == 0 {
		return best, all, fmt.Errorf("not even %d cameras are seen for %.0f %% of the time", all[len(all)-1].cameras, 100*needCoverage)
	}
	return best, all, nil
}

// carry runs a node on n cameras and asks the centre how much of one whole minute was seen.
func (b *bench) carry(ctx context.Context, n int, cuts []scene, files []string) (l load, err error) {
	cams, urls, err := b.serveCuts(ctx, n, files)
	if err != nil {
		return l, err
	}
	defer cams.end()
	var cameras []models.Camera
	for i, u := range urls {
		c := cuts[i%len(cuts)].camera("cam"+strconv.Itoa(i+1), u)
		c.AnalyseFPS, c.Detector.Net = analyseFPS, nets.Default
		cameras = append(cameras, c)
	}
	r, err := newRig(ctx, b.dir, cameras)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	began := time.Now().Add(20 * time.Second).Truncate(time.Minute).Add(time.Minute) // a whole minute, behind the start
	if err := wait(ctx, fmt.Sprintf("%d cameras, starting", n), time.Until(began).Round(time.Second)); err != nil {
		return l, err
	}
	l = load{cameras: n}
	before := [2]usage{r.node.usage(), cams.usage()}
	for at := began; time.Since(began) < time.Minute; at = at.Add(time.Second) {
		if err := pause(ctx, time.Until(at)); err != nil {
			return l, err
		}
		for _, v := range r.lives(cameras) {
			l.gated += v.Gated / 60 / float64(n)
			if v.Mode == models.DecodeIdle {
				l.idle += 1. / 60 / float64(n)
			}
		}
	}
	took := time.Since(began).Seconds()
	after := [2]usage{r.node.usage(), cams.usage()}
	l.node, l.server, l.pss = 100*(after[0].seconds-before[0].seconds)/took, 100*(after[1].seconds-before[1].seconds)/took, after[0].pss
	l.coverage, l.worst, err = r.coverage(ctx, cameras, began)
	return l, err
}

// coverage is the share of a minute in which cameras were seen, as the centre has it from the node: the mean, and the least.
func (r *rig) coverage(ctx context.Context, cameras []models.Camera, minute time.Time) (all, worst float64, err error) {
	for deadline := time.Now().Add(20 * time.Second); ; {
		all, worst = 0, 1
		told := 0
		for _, c := range cameras {
			rows, err := r.centre.Series.Minutes(ctx, models.SeriesKey{Camera: c.ID, Zone: queueOf(c)}, minute, minute.Add(time.Minute))
			if err != nil {
				return 0, 0, err
			}
			seen := 0.
			for _, m := range rows {
				seen += m.ObservedS / 60
				told++
			}
			all += seen / float64(len(cameras))
			worst = min(worst, seen)
		}
		if told == len(cameras) || time.Now().After(deadline) { // a camera of which nothing is told was not seen
			return all, worst, nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return 0, 0, err
		}
	}
}

// queueOf is the zone by which a camera's sight is told: a queue is seen whenever the picture is, a counter not while somebody
// hides its officer.
func queueOf(c models.Camera) string {
	for _, z := range c.Zones {
		if z.Kind == models.ZoneQueue {
			return z.ID
		}
	}
	return ""
}

// serveCuts serves the cuts at the size of the benchmark; the n cameras are not in step.
func (b *bench) serveCuts(ctx context.Context, n int, files []string) (*process, []models.SecretURL, error) {
	args := append([]string{"replay"}, files...)
	return b.serve(ctx, n, append(args, "--size", "704x576", "--bitrate", "1000", "--stagger", "2s", "--cameras", strconv.Itoa(n))...)
}

// usualLoop finds how many cameras VideoCapture and OpenCV's DNN module carry in one process: as many as get their two
// pictures a second through the network.
func (b *bench) usualLoop(ctx context.Context, model string, files []string) (cameras int, err error) {
	path, err := b.build(ctx, "videocapture")
	if err != nil {
		return 0, err
	}
	failed := 0 // the smallest number that was too much
	for n := 7; n > 0 && n != failed; {
		cams, urls, err := b.serveCuts(ctx, n, files)
		if err != nil {
			return 0, err
		}
		p, err := launch(ctx, b.dir, "videocapture", path, append([]string{"loop", model}, reveal(urls)...)...)
		if err != nil {
			cams.end()
			return 0, err
		}
		share, cost, err := b.analysed(ctx, p, n)
		p.end()
		cams.end()
		if err != nil {
			return 0, err
		}
		b.remark("The usual loop, %d cameras: %.3f of the sampled pictures analysed, %.0f %% of a core.", n, share, cost.percent)
		step("the usual loop, %d cameras: %.3f analysed, %.0f %% of a core", n, share, cost.percent)
		if share >= needCoverage {
			cameras = n
			n++
		} else {
			failed = n
			n = max(n-1, cameras)
		}
		if n == cameras {
			break
		}
	}
	if cameras == 0 {
		return 0, errors.New("the usual loop carries no camera on this machine")
	}
	return cameras, nil
}

// analysed is the share of due pictures that went through the network.
func (b *bench) analysed(ctx context.Context, p *process, cameras int) (share float64, c cost, err error) {
	if err := wait(ctx, fmt.Sprintf("the usual loop on %d cameras, starting", cameras), 10*time.Second); err != nil {
		return 0, c, err
	}
	before, err := p.ask()
	if err != nil {
		return 0, c, err
	}
	short := &bench{length: min(b.length, 30*time.Second)}
	costs, err := short.measure(ctx, []*process{p})
	if err != nil {
		return 0, c, err
	}
	after, err := p.ask()
	if err != nil {
		return 0, c, err
	}
	due := analyseFPS * float64(cameras) * short.length.Seconds()
	return float64(after.Units-before.Units) / due, costs[0], nil
}

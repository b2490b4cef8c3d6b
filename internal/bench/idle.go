package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// idlePath watches empty offices with a whole node, with ffmpeg at two pictures a second and with VideoCapture.Read.
func (b *bench) idlePath(ctx context.Context) ([]figure, error) {
	const n = 4
	if _, err := weights(); err != nil {
		return nil, err
	}
	empty := scene{length: 30 * time.Second, enc: camsim.Encoding{Bitrate: 3000}, // before anybody comes
		office: office.Config{Name: "empty", Seed: 1, Size: models.Size{W: 1920, H: 1080}, FPS: 15, Opens: time.Hour}}
	file, err := empty.file(ctx)
	if err != nil {
		return nil, err
	}
	cams, urls, err := b.serve(ctx, n, "replay", file, "--stagger", "2s", "--cameras", strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer cams.end()
	var cameras []models.Camera
	for i, u := range urls {
		c := empty.camera("cam"+strconv.Itoa(i+1), u)
		c.AnalyseFPS, c.Detector = analyseFPS, models.DetectorConfig{Kind: "network", Net: nets.Default}
		cameras = append(cameras, c)
	}
	r, err := newRig(ctx, b.dir, cameras)
	if err != nil {
		return nil, err
	}
	defer r.end()
	groups := [][]*process{{r.node}, nil, nil}
	for i, u := range urls {
		p, err := launch(ctx, b.dir, fmt.Sprintf("ffmpeg-%d", i), "ffmpeg", "-nostdin", "-v", "error", "-threads", "1",
			"-rtsp_transport", "tcp", "-i", u.Reveal(),
			"-an", "-vf", "fps=2", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-y", "/dev/null")
		if err != nil {
			return nil, err
		}
		defer p.end()
		groups[1] = append(groups[1], p)
	}
	path, err := b.build(ctx, "videocapture")
	if err != nil {
		return nil, err
	}
	reader, err := launch(ctx, b.dir, "videocapture", path, append([]string{"read"}, reveal(urls)...)...)
	if err != nil {
		return nil, err
	}
	defer reader.end()
	groups[2] = append(groups[2], reader)
	if err := wait(ctx, "learning what stands still", 30*time.Second); err != nil {
		return nil, err
	}
	watching := b.watchIdle(ctx, r, cameras)
	read, err := reader.ask()
	if err != nil {
		return nil, err
	}
	costs, err := b.measure(ctx, groups...)
	if err != nil {
		return nil, err
	}
	done, err := reader.ask()
	if err != nil {
		return nil, err
	}
	if got, want := float64(done.Units-read.Units), 15*n*b.length.Seconds(); got < .9*want {
		b.remark("VideoCapture read only %.0f of %.0f pictures: its cost is too low.", got, want)
	}
	return []figure{
		atLeast("idle 1080p, ffmpeg fps=2, CPU against the whole node", costs[1].percent/costs[0].percent, "x", 4),
		atLeast("idle 1080p, VideoCapture.Read, CPU against the whole node", costs[2].percent/costs[0].percent, "x", 6),
		plain("idle 1080p, node, CPU a camera", costs[0].percent/n, "% of a core"),
		plain("idle 1080p, ffmpeg fps=2, CPU a camera", costs[1].percent/n, "% of a core"),
		plain("idle 1080p, VideoCapture.Read, CPU a camera", costs[2].percent/n, "% of a core"),
		plain("idle 1080p, share of the time in which the node decodes key frames only", <-watching, ""),
		plain("idle 1080p, node, memory a camera (PSS)", costs[0].pss/n, "MB"),
		plain("idle 1080p, ffmpeg fps=2, memory a camera (PSS)", costs[1].pss/n, "MB"),
	}, nil
}

// watchIdle looks every second for the run's length; what it sends is the share in which cameras were idle.
func (b *bench) watchIdle(ctx context.Context, r *rig, cameras []models.Camera) <-chan float64 {
	share := make(chan float64, 1)
	go func() { // ends before the measurement does
		idle, looks := 0, 0
		for end := time.Now().Add(b.length - time.Second); time.Now().Before(end) && pause(ctx, time.Second) == nil; {
			for _, l := range r.lives(cameras) {
				looks++
				if l.Mode == models.DecodeIdle {
					idle++
				}
			}
		}
		share <- float64(idle) / float64(max(looks, 1))
	}()
	return share
}

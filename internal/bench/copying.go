package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// noisy is an office whose pictures are full of the sensor's noise, so that the encoder uses up its bit rate.
func noisy(w, h, bitrate int, length time.Duration) scene {
	o := office.Config{Name: "noisy", Seed: 1, Size: models.Size{W: w, H: h}, FPS: 15, Noise: 8}
	return scene{office: o, length: length, enc: camsim.Encoding{Bitrate: bitrate}}
}

// copying pulls the same cameras at the same time with the node's ingest, with an ffmpeg each, and with go2rtc where there is one.
func (b *bench) copying(ctx context.Context) ([]figure, error) {
	const n = 60 // a node holds hundreds; what it does once for all of them should not weigh on a few
	file, err := noisy(720, 576, 1000, time.Minute).file(ctx)
	if err != nil {
		return nil, err
	}
	cams, urls, err := b.serve(ctx, n, "replay", file, "--size", "704x576", "--bitrate", "1000", "--cameras", strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer cams.end()
	ours, err := b.pull(ctx, urls)
	if err != nil {
		return nil, err
	}
	defer ours.end()
	contenders := [][]*process{{ours}, nil}
	for i, u := range urls {
		p, err := launch(ctx, b.dir, fmt.Sprintf("ffmpeg-%d", i), "ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport",
			"tcp", "-i", u.Reveal(), "-an", "-c", "copy", "-f", "null", "-")
		if err != nil {
			return nil, err
		}
		defer p.end()
		contenders[1] = append(contenders[1], p)
	}
	if g, err := b.go2rtc(ctx, urls); err != nil {
		b.remark("%v: its figures are those recorded before (0.22 %% of a core and 6 MB a camera).", err)
	} else {
		defer g.end()
		contenders = append(contenders, []*process{g})
	}
	if err := wait(ctx, "connecting", 20*time.Second); err != nil { // rings fill
		return nil, err
	}
	before, err := ours.ask()
	if err != nil {
		return nil, err
	}
	costs, err := b.measure(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	after, err := ours.ask()
	if err != nil {
		return nil, err
	}
	each := costs[0].percent / n
	out := []figure{
		plain("ingest with a 15 s ring, bit rate a camera", 8*float64(after.Bytes-before.Bytes)/1e6/b.length.Seconds()/n, "Mbit/s"),
		atMost("ingest with ring, CPU a camera", each, "% of a core", .15),
		atLeast("ffmpeg -c copy, CPU against ours", costs[1].percent/costs[0].percent, "x", 5),
		atLeast("ffmpeg -c copy, memory (RSS) against ours", costs[1].rss/costs[0].rss, "x", 12),
		plain("ffmpeg -c copy, memory (PSS) against ours", costs[1].pss/costs[0].pss, "x"),
		plain("ingest with ring, memory a camera (RSS)", costs[0].rss/n, "MB"),
		plain("ffmpeg -c copy, CPU a camera", costs[1].percent/n, "% of a core"),
		plain("ffmpeg -c copy, memory a camera (RSS)", costs[1].rss/n, "MB"),
		atMost("ingest with ring, lost units", float64(after.Lost-before.Lost), "units", 0),
	}
	if len(costs) > 2 {
		out = append(out, plain("go2rtc, pulling only, CPU a camera", costs[2].percent/n, "% of a core"),
			plain("go2rtc, memory a camera (RSS)", costs[2].rss/n, "MB"),
			plain("go2rtc, CPU against ours", costs[2].percent/costs[0].percent, "x"))
	}
	return out, nil
}

// many pulls 200 cameras at once.
func (b *bench) many(ctx context.Context) ([]figure, error) {
	const n = 200
	file, err := noisy(640, 360, 1000, time.Minute).file(ctx)
	if err != nil {
		return nil, err
	}
	cams, urls, err := b.serve(ctx, n, "replay", file, "--cameras", strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	defer cams.end()
	ours, err := b.pull(ctx, urls)
	if err != nil {
		return nil, err
	}
	defer ours.end()
	if err := wait(ctx, "connecting", 20*time.Second); err != nil {
		return nil, err
	}
	before, err := ours.ask()
	if err != nil {
		return nil, err
	}
	costs, err := b.measure(ctx, []*process{ours}, []*process{cams})
	if err != nil {
		return nil, err
	}
	after, err := ours.ask()
	if err != nil {
		return nil, err
	}
	units := float64(after.Units - before.Units)
	if units == 0 || before.Connections < n {
		return nil, fmt.Errorf("only %d of %d streams were connected", before.Connections, n)
	}
	return []figure{
		atMost("200 streams, CPU", costs[0].percent, "% of a core", 25),
		atMost("200 streams, lost units", float64(after.Lost-before.Lost), "units", 0),
		plain("200 streams, units received", units, "units"),
		plain("200 streams, connected again", float64(after.Connections-before.Connections), "times"),
		plain("200 streams, bit rate each", 8*float64(after.Bytes-before.Bytes)/1e6/b.length.Seconds()/n, "Mbit/s"),
		plain("200 streams, memory (RSS)", costs[0].rss, "MB"),
		plain("200 streams, CPU of the server that sends them", costs[1].percent, "% of a core"),
	}, nil
}

// pull starts the node's ingest without the rest of the node.
func (b *bench) pull(ctx context.Context, urls []models.SecretURL) (*process, error) {
	path, err := b.build(ctx, "pull")
	if err != nil {
		return nil, err
	}
	return launch(ctx, b.dir, "pull", path, reveal(urls)...)
}

func reveal(urls []models.SecretURL) (out []string) {
	for _, u := range urls {
		out = append(out, u.Reveal())
	}
	return out
}

// build compiles one of the programs below internal/bench.
func (b *bench) build(ctx context.Context, name string) (string, error) {
	path := filepath.Join(b.dir, "bench-"+name)
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "./internal/bench/"+name).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build ./internal/bench/%s: %w: %s", name, err, out)
	}
	return path, nil
}

// go2rtc starts go2rtc (GO2RTC, or the one in PATH) pulling the cameras all the time.
func (b *bench) go2rtc(ctx context.Context, urls []models.SecretURL) (*process, error) {
	path, err := exec.LookPath(cmp.Or(os.Getenv("GO2RTC"), "go2rtc"))
	if err != nil {
		return nil, missing("go2rtc is not here (GO2RTC=path names one)")
	}
	var streams, preload strings.Builder
	for i, u := range urls {
		fmt.Fprintf(&streams, "  cam%d: %s\n", i, u.Reveal())
		fmt.Fprintf(&preload, "  cam%d: video\n", i)
	}
	conf := "api: {listen: \"\"}\nrtsp: {listen: \"\"}\nwebrtc: {listen: \"\"}\nsrtp: {listen: \"\"}\n" +
		"streams:\n" + streams.String() + "preload:\n" + preload.String()
	file := filepath.Join(b.dir, "go2rtc.yaml")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return nil, err
	}
	return launch(ctx, b.dir, "go2rtc", path, "-config", file)
}

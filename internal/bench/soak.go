package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// soakColumns are what a soak writes down every ten seconds.
var soakColumns = []string{"time", "seconds", "rss_mb", "heap_mb", "goroutines", "descriptors", "threads",
	"cpu_seconds", "live", "units"}

// soakCameras are cameras as bad as they come, all of 5 pictures a second: two that work, one that flaps, one that comes back
// with another picture size, one that freezes with its connection open, one whose password is wrong.
var soakCameras = []string{"steady-1", "steady-2", "flapping", "resizing", "freezing", "locked"}

func soakScene(seed uint64, w, h int) scene {
	o := office.Config{Name: "soak", Seed: seed, Speed: 8, Counters: 2, Size: models.Size{W: w, H: h}, FPS: 5}
	return scene{office: o, length: 5 * time.Minute, enc: camsim.Encoding{Bitrate: 200}}
}

// soak runs a node for a long time and writes what could leak into a CSV file.
func soak(ctx context.Context, length time.Duration, file string) error {
	dir, err := os.MkdirTemp("", "counterwatch-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var small, large []string
	for seed := range uint64(2) {
		for _, s := range []scene{soakScene(seed, 320, 240), soakScene(seed, 480, 360)} {
			path, err := s.file(ctx)
			if err != nil {
				return err
			}
			if s.office.Size.W == 320 {
				small = append(small, path)
			} else {
				large = append(large, path)
			}
		}
	}
	street := &street{dir: dir}
	street.ctx, street.stop = context.WithCancel(ctx)
	defer street.end()
	steady, urls, err := serve(street.ctx, dir, "steady", 2, "replay", small[0], small[1], "--listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer steady.end()
	for _, files := range [][]string{{small[0]}, {small[1], large[1]}, {small[0]}} { // flapping, resizing, freezing
		at, err := freeAddress()
		if err != nil {
			return err
		}
		urls = append(urls, models.SecretURL("rtsp://"+at+"/cam1"))
		freeze := len(urls) == 5
		street.Go(func() { street.trouble(at, files, freeze) })
	}
	guarded, locked, err := serve(street.ctx, dir, "locked", 1, "replay", small[0], "--listen", "127.0.0.1:0", "--user",
		"admin", "--password", "right")
	if err != nil {
		return err
	}
	defer guarded.end()
	urls = append(urls, models.SecretURL(strings.Replace(locked[0].Reveal(), "rtsp://", "rtsp://admin:wrong@", 1)))

	var cameras []models.Camera
	for i, id := range soakCameras {
		c := soakScene(0, 320, 240).camera(id, urls[i])
		c.AnalyseFPS = 2
		cameras = append(cameras, c)
	}
	r, err := newRig(ctx, dir, cameras, "--log", "debug")
	if err != nil {
		return err
	}
	step("soak: %d cameras for %s, every 10 s into %s", len(cameras), length, file)
	return errors.Join(r.record(ctx, length, file, cameras), r.end())
}

// street is where cameras misbehave.
type street struct {
	sync.WaitGroup
	ctx  context.Context
	stop context.CancelFunc
	dir  string
}

func (s *street) end() {
	s.stop()
	s.Wait()
}

// trouble serves the files one after the other at one address: each for 20 to 80 s, with 2 to 20 s of nothing between them.
// freeze stops the server in between instead, its connections open, as a camera that hangs.
func (s *street) trouble(at string, files []string, freeze bool) {
	between := func(low, high float64) time.Duration {
		return time.Duration((low + (high-low)*rand.Float64()) * float64(time.Second))
	}
	for n := 0; s.ctx.Err() == nil; n++ {
		p, _, err := serve(s.ctx, s.dir, "trouble", 1, "replay", files[n%len(files)], "--listen", at)
		if err != nil {
			if s.ctx.Err() == nil {
				step("a camera did not come back: %v", err)
			}
			_ = pause(s.ctx, time.Second)
			continue
		}
		for range map[bool]int{true: 20, false: 1}[freeze] {
			_ = pause(s.ctx, between(20, 80))
			if freeze {
				p.signal(syscall.SIGSTOP)
				_ = pause(s.ctx, between(2, 20))
				p.signal(syscall.SIGCONT)
			}
		}
		p.end()
		_ = pause(s.ctx, between(2, 20))
	}
}

// freeAddress is one at which nobody listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

var vitalsLine = regexp.MustCompile(`vitals goroutines=(\d+) heap=(\d+)`)

// record takes a sample whenever the node has told its vitals.
func (r *rig) record(ctx context.Context, length time.Duration, file string, cameras []models.Camera) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write(soakColumns) // Flush tells
	began, seen, said := time.Now(), 0, time.Now()
	for time.Since(began) < length {
		if err := pause(ctx, time.Second); err != nil {
			break // what was recorded stays
		}
		told, err := r.vitals()
		if err != nil {
			return err
		}
		if len(told) == 0 {
			if time.Since(said) > time.Minute {
				return fmt.Errorf("the node says nothing for a minute (%s)", r.node.lastWords())
			}
			continue
		}
		seen++
		last := told[len(told)-1]
		heap, _ := strconv.ParseFloat(string(last[2]), 64)
		u, live, units := r.node.usage(), 0, int64(0)
		for _, l := range r.lives(cameras) {
			units += l.Counts.Units
			if l.Health.State == models.CameraLive {
				live++
			}
		}
		_ = w.Write([]string{time.Now().UTC().Format(time.RFC3339), number(time.Since(began).Seconds(), 1),
			number(u.rss, 3), number(heap/1e6, 3), string(last[1]), strconv.Itoa(u.descriptors), strconv.Itoa(u.threads),
			number(u.seconds, 2), strconv.Itoa(live), strconv.FormatInt(units, 10)})
		w.Flush()
		if err := w.Error(); err != nil {
			return err
		}
		if said = time.Now(); seen%60 == 1 {
			step("%s: %.1f MB, %s goroutines, %d descriptors, %d of %d cameras live", time.Since(began).Round(time.Second),
				u.rss, last[1], u.descriptors, live, len(cameras))
		}
	}
	return nil
}

// vitals are what the node has told since they were asked for last.
func (r *rig) vitals() ([][][]byte, error) {
	f, err := os.Open(r.node.log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(r.told, io.SeekStart); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	b = b[:bytes.LastIndexByte(b, '\n')+1] // whole lines
	r.told += int64(len(b))
	return vitalsLine.FindAllSubmatch(b, -1), err
}

func number(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

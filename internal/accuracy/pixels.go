package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// drawn plays offices of drawn people on the pixel road, with the foreground detector: what a user without weights gets.
func (r *report) drawn(ctx context.Context) ([]Figure, error) {
	days, err := r.film(ctx, "drawn offices", r.seeds(6, 2), models.Size{W: 640, H: 360}, func(i int) []string {
		return []string{"--queue", []string{"line", "seats"}[i%2], "--fps", "5"}
	})
	const name = "pixel road, drawn people, foreground: "
	return pixelFigures(name, days), err
}

// peopled plays offices of people cut out of recorded video, whom networks take for people, on the pixel road.
func (r *report) peopled(ctx context.Context) ([]Figure, error) {
	days, err := r.film(ctx, "peopled offices", r.seeds(20, 2), models.Size{W: 1280, H: 720}, func(i int) []string {
		return []string{
			"--look", "people", "--people", filepath.Join(r.data, "video", "vtest.avi"),
			"--people-truth", filepath.Join(r.data, "mot15", "PETS09-S2L1", "gt", "gt.txt"), "--fps", "3",
			"--queue", []string{"line", "seats"}[i%2], "--counters", strconv.Itoa(2 + i%3), "--occlusion", []string{"0", "0.15", "0.3"}[i/2%3],
		}
	})
	const name = "pixel road, people cut out of video, yolox_nano: "
	figures := pixelFigures(name, days)
	return append(figures, staffFigures(name, days)...), err
}

// pixelFigures are those that short films can tell.
func pixelFigures(name string, days []score) []Figure {
	if len(days) == 0 {
		return nil
	}
	figures := append(queueFigures(name, days), pooledWaits(name, days)...)
	return append(append(figures, staffingFigures(name, days)...), absenceFigures(name, days)...)
}

// film plays offices into videos with bin/camsim, analyses them with bin/node, and scores what was written. Office time runs
// eight times as fast as the video; people walk as fast as ever.
func (r *report) film(ctx context.Context, what string, seeds []uint64, size models.Size, flags func(i int) []string) ([]score, error) {
	days := make([]score, len(seeds))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(2)
	var done atomic.Int64
	for i, seed := range seeds {
		work.Go(func() error {
			d, err := r.filmOne(ctx, seed, size, flags(i))
			if err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			days[i] = d.score()
			step("%s: %d of %d", what, done.Add(1), len(seeds))
			return nil
		})
	}
	return days, work.Wait()
}

// filmOne makes one office's video, analyses it and reads what came out. The video is removed.
func (r *report) filmOne(ctx context.Context, seed uint64, size models.Size, flags []string) (*day, error) {
	at := func(name string) string { return filepath.Join(r.dir, fmt.Sprintf("%d-%s", seed, name)) }
	defer os.Remove(at("video.mp4"))
	args := []string{"office", "--seed", strconv.FormatUint(seed, 10), "--speed", "8", "--for", "6m", "--break-every", "25m", "--size", fmt.Sprintf("%dx%d", size.W, size.H),
		"--video", at("video.mp4"), "--truth", at("truth.json"), "--config", at("camera.yaml")}
	if err := command(ctx, camsim, append(args, flags...)...); err != nil {
		return nil, err
	}
	if err := command(ctx, node, "analyze", at("video.mp4"), "--config", at("camera.yaml"), "--minutes", at("minutes.csv"),
		"--waits", at("waits.csv"), "--events", at("events.json"), "--tracks", at("tracks.txt")); err != nil {
		return nil, err
	}
	return readDay(fmt.Sprintf("seed %d %v", seed, flags), size, at)
}

// readDay reads what camsim and node wrote.
func readDay(name string, size models.Size, at func(string) string) (*day, error) {
	d := &day{name: name, size: size, base: time.Unix(0, 0).UTC()}
	var err error
	if d.camera, _, err = config.LoadCamera(at("camera.yaml")); err != nil {
		return nil, err
	}
	d.camera = d.camera.WithDefaults()
	var events []struct {
		Kind    models.EventKind `json:"kind"`
		Counter string           `json:"counter"`
		OpenedS float64          `json:"opened_s"`
	}
	if err := readJSON(at("truth.json"), &d.truth); err != nil {
		return nil, err
	}
	if err := readJSON(at("events.json"), &events); err != nil {
		return nil, err
	}
	for _, e := range events {
		d.told = append(d.told, told{e.Kind, e.Counter, e.OpenedS})
	}
	if err := d.readMinutes(at); err != nil {
		return nil, err
	}
	people, err := mot.ReadFile(at("tracks.txt"))
	if err == nil {
		d.staffSeen(people)
	}
	return d, err
}

// readMinutes reads the minutes and the waits that ended in them.
func (d *day) readMinutes(at func(string) string) error {
	minutes, err := readCSV(at("minutes.csv"))
	if err != nil {
		return err
	}
	waits, err := readCSV(at("waits.csv"))
	if err != nil {
		return err
	}
	for _, row := range minutes {
		m := models.Minute{
			Zone: row["zone"], Counter: row["counter"], Start: d.time(row["minute_s"]), ObservedS: value(row["observed_s"]), WorkingS: 60,
			OccupancyS: value(row["occupancy_s"]), StaffedS: value(row["staffed_s"]), AbsentS: value(row["absent_s"]), UnknownS: value(row["unknown_s"]),
		}
		for _, z := range d.camera.Zones {
			if z.ID == m.Zone {
				m.Kind = z.Kind
			}
		}
		for _, w := range waits {
			if m.Zone == w["zone"] && row["minute_s"] == w["minute_s"] {
				m.WaitsS = append(m.WaitsS, value(w["wait_s"]))
			}
		}
		d.minutes = append(d.minutes, m)
	}
	return nil
}

// time is a moment given in seconds of the video.
func (d *day) time(seconds string) time.Time {
	return d.base.Add(time.Duration(value(seconds) * float64(time.Second)))
}

// value reads a number of our own CSV.
func value(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64)
	return v
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// readCSV reads a table with a header.
func readCSV(path string) ([]map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s: no table: %w", path, err)
	}
	var table []map[string]string
	for _, r := range rows[1:] {
		m := map[string]string{}
		for i, k := range rows[0] {
			m[k] = r[i]
		}
		table = append(table, m)
	}
	return table, nil
}

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
	"github.com/counterwatch/counterwatch/models"
)

// drawn plays offices of drawn people on the pixel road, with the foreground detector: what a user without weights gets.
func (r *report) drawn(ctx context.Context) ([]Figure, error) {
	days, err := r.film(ctx, "drawn offices", r.seeds(6, 2), func(i int) []string {
		return []string{"--queue", []string{"line", "seats"}[i%2], "--fps", "5"}
	})
	const name = "pixel road, drawn people, foreground: "
	return pixelFigures(name, days), err
}

// pixelFigures are those that short films can tell.
func pixelFigures(name string, days []score) []Figure {
	if len(days) == 0 {
		return nil
	}
	figures := append(queueFigures(name, days), waitFigures(name, days)...)
	return append(append(figures, staffingFigures(name, days)...), absenceFigures(name, days)...)
}

// film plays offices into videos with bin/camsim, analyses them with bin/node, and scores what was written. Office time runs
// eight times as fast as the video; people walk as fast as ever.
func (r *report) film(ctx context.Context, what string, seeds []uint64, flags func(i int) []string) ([]score, error) {
	days := make([]score, len(seeds))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(2)
	var done atomic.Int64
	for i, seed := range seeds {
		work.Go(func() error {
			d, err := r.filmOne(ctx, seed, flags(i))
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
func (r *report) filmOne(ctx context.Context, seed uint64, flags []string) (*day, error) {
	at := func(name string) string { return filepath.Join(r.dir, fmt.Sprintf("%d-%s", seed, name)) }
	defer os.Remove(at("video.mp4"))
	args := []string{"office", "--seed", strconv.FormatUint(seed, 10), "--speed", "8", "--for", "10m", "--break-every", "25m",
		"--video", at("video.mp4"), "--truth", at("truth.json"), "--config", at("camera.yaml")}
	if err := command(ctx, camsim, append(args, flags...)...); err != nil {
		return nil, err
	}
	if err := command(ctx, node, "analyze", at("video.mp4"), "--config", at("camera.yaml"), "--minutes", at("minutes.csv"),
		"--waits", at("waits.csv"), "--visits", at("visits.csv"), "--events", at("events.json")); err != nil {
		return nil, err
	}
	return readDay(fmt.Sprintf("seed %d %v", seed, flags), at)
}

// readDay reads what camsim and node wrote.
func readDay(name string, at func(string) string) (*day, error) {
	d := &day{name: name, base: time.Unix(0, 0).UTC()}
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
	visits, err := readCSV(at("visits.csv"))
	for _, v := range visits {
		d.visits = append(d.visits, models.Visit{
			Zone: v["zone"], Kind: models.ZoneKind(v["kind"]), Counter: v["counter"], Ended: models.Ended(v["ended"]),
			Entered: d.time(v["entered_s"]), Left: d.time(v["left_s"]),
		})
	}
	return d, err
}

// readMinutes reads the minutes and the waits that ended in them. How people left a queue is counted from visits: files hold
// no more.
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

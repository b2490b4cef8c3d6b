package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// officeSeeds were not looked at while the detector was written.
var officeSeeds = []int{901, 902, 903, 904, 905, 906}

// day is one simulated office: what was so, and what the node wrote.
type day struct {
	truth   office.Truth
	camera  models.Camera
	minutes []map[string]string
	waits   []float64
	events  []event
}

type event struct {
	Kind    models.EventKind `json:"kind"`
	Counter string           `json:"counter"`
	OpenedS float64          `json:"opened_s"`
}

// offices plays simulated offices of drawn people, analyses their videos with the foreground detector, and scores queues,
// waits, staffing and absences. Office time runs eight times as fast as the video; people walk as fast as ever.
func offices(ctx context.Context, dir, _ string) ([]Figure, error) {
	days := make([]*day, len(officeSeeds))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(2)
	for i, seed := range officeSeeds {
		work.Go(func() (err error) {
			step("office %d (%d of %d)", seed, i+1, len(officeSeeds))
			days[i], err = playOffice(ctx, dir, seed, []string{"line", "seats"}[i%2])
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	const name = "offices, drawn people, foreground: "
	figures := append(queueFigures(name, days), waitFigures(name, days)...)
	figures = append(figures, staffingFigure(name, days))
	return append(figures, absenceFigures(name, days)...), nil
}

// playOffice makes one office's video, analyses it and reads what came out. The video is removed.
func playOffice(ctx context.Context, dir string, seed int, queue string) (*day, error) {
	at := func(name string) string { return filepath.Join(dir, fmt.Sprintf("%d-%s", seed, name)) }
	defer os.Remove(at("video.mp4"))
	if err := command(ctx, camsim, "office", "--seed", strconv.Itoa(seed), "--queue", queue, "--speed", "8", "--for", "10m", "--fps", "5",
		"--break-every", "25m", "--video", at("video.mp4"), "--truth", at("truth.json"), "--config", at("camera.yaml")); err != nil {
		return nil, err
	}
	if err := command(ctx, node, "analyze", at("video.mp4"), "--config", at("camera.yaml"), "--minutes", at("minutes.csv"),
		"--waits", at("waits.csv"), "--events", at("events.json")); err != nil {
		return nil, err
	}
	d := &day{}
	var err error
	if d.camera, _, err = config.LoadCamera(at("camera.yaml")); err != nil {
		return nil, err
	}
	d.camera = d.camera.WithDefaults()
	if err := readJSON(at("truth.json"), &d.truth); err != nil {
		return nil, err
	}
	if err := readJSON(at("events.json"), &d.events); err != nil {
		return nil, err
	}
	if d.minutes, err = readCSV(at("minutes.csv")); err != nil {
		return nil, err
	}
	waits, err := readCSV(at("waits.csv"))
	for _, w := range waits {
		d.waits = append(d.waits, value(w["wait_s"]))
	}
	return d, err
}

// queueFigures compare the mean queue of every minute.
func queueFigures(name string, days []*day) []Figure {
	var off, abs []float64
	for _, d := range days {
		for _, m := range d.minutes {
			if m["zone"] == "" || kind(d.camera, m["zone"]) != models.ZoneQueue || value(m["observed_s"]) < 30 {
				continue
			}
			t, ok := mean(d.truth.Occupancy[m["zone"]], int(value(m["minute_s"])))
			if !ok {
				continue
			}
			e := value(m["occupancy_s"])/value(m["observed_s"]) - t
			off, abs = append(off, e), append(abs, math.Abs(e))
		}
	}
	return []Figure{
		figure(name+"queue per minute, error, people", len(abs), len(abs), func(i []int) float64 { return pick(abs, i) }).atMostTarget(.5),
		figure(name+"queue per minute, bias, people", len(off), len(off), func(i []int) float64 { return pick(off, i) }),
	}
}

// waitFigures compare the distribution of waits, joining the queue to the start of service, of whole offices.
func waitFigures(name string, days []*day) []Figure {
	waits := func(index []int) (found, truth []float64) {
		for _, i := range index {
			found = append(found, days[i].waits...)
			for _, v := range days[i].truth.Visits {
				if v.Entered != nil && v.ServiceStart != nil {
					truth = append(truth, *v.ServiceStart-*v.Entered)
				}
			}
		}
		return found, truth
	}
	relative := func(stat func([]float64) float64) func([]int) float64 {
		return func(index []int) float64 {
			found, truth := waits(index)
			if len(found) == 0 || len(truth) == 0 {
				return math.NaN()
			}
			return 100 * (stat(found)/stat(truth) - 1)
		}
	}
	n := 0
	for _, d := range days {
		n += len(d.waits)
	}
	return []Figure{
		figure(name+"mean wait (first in, first out), error, %", len(days), n, relative(func(v []float64) float64 { return pick(v, all(v)) })),
		figure(name+"median wait (first in, first out), error, %", len(days), n, relative(func(v []float64) float64 { return quantile(v, .5) })),
		figure(name+"90 % wait (first in, first out), error, %", len(days), n, relative(func(v []float64) float64 { return quantile(v, .9) })),
	}
}

// staffingFigure compares the seconds in which each counter had its officers.
func staffingFigure(name string, days []*day) Figure {
	var truth, off []float64
	for _, d := range days {
		for _, c := range d.camera.Counters {
			var f, t float64
			for _, m := range d.minutes {
				if m["counter"] == c.ID {
					f += value(m["staffed_s"])
				}
			}
			for s := range int(d.truth.Seconds) {
				if on(d, c.Staff, s) >= max(c.RequiredOnDuty, 1) {
					t++
				}
			}
			truth, off = append(truth, t), append(off, math.Abs(f-t))
		}
	}
	return figure(name+"staffed seconds by counter, error, %", len(off), len(off), func(i []int) float64 { return 100 * pick(off, i) / pick(truth, i) }).atMostTarget(1)
}

// on is how many people are in the zones at a second.
func on(d *day, zones []string, second int) int {
	n := 0
	for _, z := range zones {
		if o := d.truth.Occupancy[z]; second < len(o) {
			n += o[second]
		}
	}
	return n
}

const (
	presenceS = 20. // an absence closes up to this long after the officer is back
	marginS   = 5.  // an absence due this close to its end may or may not be told
)

// absenceFigures match the events to the absences that were due.
func absenceFigures(name string, days []*day) []Figure {
	var found, missed, wrong []float64 // by office
	var delays []float64
	for _, d := range days {
		var f, m float64
		used := make([]bool, len(d.events))
		for _, a := range d.truth.Absences {
			i := slices.IndexFunc(d.camera.Counters, func(c models.Counter) bool { return c.ID == a.Counter })
			at, must := d.truth.Due(d.camera.Counters[i], a)
			k := slices.IndexFunc(d.events, func(e event) bool {
				return e.Kind == models.CounterAbsent && e.Counter == a.Counter && e.OpenedS >= a.From && e.OpenedS <= a.To+presenceS
			})
			if k >= 0 {
				used[k] = true
			}
			switch {
			case k < 0 && (!must || at > min(a.To, d.truth.Seconds)-marginS): // nothing had to be told
			case k < 0:
				m++
			default:
				f++
				if must {
					delays = append(delays, d.events[k].OpenedS-at)
				}
			}
		}
		w := 0.
		for i, e := range d.events {
			if e.Kind == models.CounterAbsent && !used[i] {
				w++
			}
		}
		found, missed, wrong = append(found, f), append(missed, m), append(wrong, w)
	}
	n := int(pick(found, all(found))*float64(len(found)) + .5)
	ratio := func(with []float64) func([]int) float64 {
		return func(i []int) float64 { return pick(found, i) / (pick(found, i) + pick(with, i)) }
	}
	late := make([]float64, len(delays))
	for i, s := range delays {
		late[i] = math.Abs(s)
	}
	return []Figure{
		figure(name+"absences told that were (precision)", len(days), n, ratio(wrong)).atLeastTarget(.98),
		figure(name+"absences due that were told (recall)", len(days), n, ratio(missed)).atLeastTarget(.98),
		figure(name+"absence told after it was due, mean, s", len(delays), len(delays), func(i []int) float64 { return pick(delays, i) }),
		figure(name+"absence told, furthest from due, s", len(late), len(late), func(i []int) float64 {
			m := 0.
			for _, k := range i {
				m = max(m, late[k])
			}
			return m
		}).atMostTarget(10),
	}
}

func kind(c models.Camera, zone string) models.ZoneKind {
	for _, z := range c.Zones {
		if z.ID == zone {
			return z.Kind
		}
	}
	return ""
}

// mean is the mean of the minute that begins at a second; ok is false when the minute is not whole.
func mean(perSecond []int, from int) (v float64, ok bool) {
	if from+60 > len(perSecond) {
		return 0, false
	}
	for _, n := range perSecond[from : from+60] {
		v += float64(n)
	}
	return v / 60, true
}

func all(v []float64) []int {
	index := make([]int, len(v))
	for i := range index {
		index[i] = i
	}
	return index
}

func quantile(v []float64, q float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[min(int(q*float64(len(v))), len(v)-1)]
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

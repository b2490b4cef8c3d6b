package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// outputPaths are where `node analyze` writes; empty is nowhere.
type outputPaths struct{ tracks, visits, minutes, waits, events, annotated string }

// outputs writes what the road found, as it comes; events, which change until they close, at the end.
type outputs struct {
	base    time.Time
	files   []*os.File
	flush   []func() error
	tracks  io.Writer
	trail   track.Trail // of what goes to tracks
	visits  *csv.Writer
	minutes *csv.Writer
	waits   *csv.Writer
	events  io.Writer
	film    *film
	open    map[string]models.Event // newest revision by id
	sum     totals
}

var (
	waitColumns   = []string{"zone", "minute_s", "wait_s", "since_open_s"}
	visitColumns  = []string{"zone", "kind", "counter", "entered_s", "left_s", "ended"}
	minuteColumns = []string{"zone", "counter", "minute_s", "observed_s", "occupancy_s", "max", "staffed_s", "absent_s", "unknown_s"}
)

// openOutputs makes the files at once, so that a wrong path is known before the work.
func openOutputs(p outputPaths, base time.Time, camera models.Camera, fps float64) (*outputs, error) {
	o := &outputs{base: base, open: map[string]models.Event{}, sum: newTotals(camera)}
	tracks, e1 := o.create(p.tracks)
	visits, e2 := o.create(p.visits)
	minutes, e3 := o.create(p.minutes)
	waits, e4 := o.create(p.waits)
	events, e5 := o.create(p.events)
	if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.tracks, o.events = tracks, events
	o.visits, o.waits = o.table(visits, visitColumns), o.table(waits, waitColumns)
	columns := slices.Clone(minuteColumns)
	for i := range models.MaxCount + 1 {
		columns = append(columns, fmt.Sprintf("s%d", i))
	}
	o.minutes = o.table(minutes, columns)
	if p.annotated != "" {
		o.film = &film{path: p.annotated, camera: camera, fps: fps}
	}
	return o, nil
}

// create opens a file for buffered writing; an empty path takes everything and keeps nothing.
func (o *outputs) create(path string) (io.Writer, error) {
	if path == "" {
		return io.Discard, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, models.Errorf(models.KindInvalid, "cannot write: %w", err)
	}
	w := bufio.NewWriter(f)
	o.files = append(o.files, f)
	o.flush = append(o.flush, w.Flush)
	return w, nil
}

func (o *outputs) table(w io.Writer, columns []string) *csv.Writer {
	t := csv.NewWriter(w)
	_ = t.Write(columns) // an error stays and is told by Error
	o.flush = slices.Insert(o.flush, 0, func() error { t.Flush(); return t.Error() })
	return t
}

// put writes what one step of the road returned; f is nil when it closed.
func (o *outputs) put(f *models.Frame, r analytics.Result) error {
	if f != nil {
		shown := 0
		for _, t := range r.Tracks {
			if t.Shown {
				shown++
			}
		}
		o.sum.people(shown)
		if err := o.follow(o.trail.Add(f.Number, f.At, r.Tracks)); err != nil {
			return err
		}
		if o.film != nil {
			if err := o.film.add(f, r); err != nil {
				return err
			}
		}
	}
	for _, v := range r.Visits {
		o.sum.visit(v)
		_ = o.visits.Write([]string{v.Zone, string(v.Kind), v.Counter, o.seconds(v.Entered), o.seconds(v.Left), string(v.Ended)})
	}
	for _, m := range r.Minutes {
		o.sum.minute(m)
		row := []string{m.Zone, m.Counter, o.seconds(m.Start), number(m.ObservedS), number(m.OccupancyS), strconv.Itoa(m.Max),
			number(m.StaffedS), number(m.AbsentS), number(m.UnknownS)}
		for _, s := range m.AtCount {
			row = append(row, number(s))
		}
		_ = o.minutes.Write(row)
		for i, s := range m.WaitsS {
			_ = o.waits.Write([]string{m.Zone, o.seconds(m.Start), number(s), number(m.SinceOpenS[i])})
		}
	}
	for _, e := range r.Events {
		o.open[e.ID] = e
	}
	return errors.Join(o.visits.Error(), o.minutes.Error(), o.waits.Error())
}

// follow writes the tracks of frames that are final.
func (o *outputs) follow(frames []track.TrailFrame) error {
	var rows mot.Rows
	for _, f := range frames {
		for _, t := range f.Tracks {
			rows = append(rows, mot.Row{Frame: int(f.Number), ID: t.ID, Box: t.Box, Score: t.Score})
		}
	}
	if err := mot.Write(o.tracks, rows); err != nil {
		return fmt.Errorf("write tracks: %w", err)
	}
	return nil
}

// seconds is a time as seconds from the first frame.
func (o *outputs) seconds(t time.Time) string { return number(t.Sub(o.base).Seconds()) }

// number prints to the millisecond, without needless zeros.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }

// eventRow is one event of the JSON file.
type eventRow struct {
	Kind          models.EventKind `json:"kind"`
	Counter       string           `json:"counter"`
	Camera        string           `json:"camera"`
	OpenedS       float64          `json:"opened_s"`
	ClosedS       *float64         `json:"closed_s"`
	ObservedRatio float64          `json:"observed_ratio"`
}

// list returns the events in the order in which they opened.
func (o *outputs) list() []eventRow {
	rows := []eventRow{}
	round := func(t time.Time) float64 { return math.Round(t.Sub(o.base).Seconds()*1000) / 1000 }
	for _, e := range o.open {
		row := eventRow{e.Kind, e.Counter, e.Camera, round(e.Opened), nil, e.ObservedRatio}
		if !e.Open() {
			closed := round(e.Closed)
			row.ClosedS = &closed
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b eventRow) int {
		return cmp.Or(cmp.Compare(a.OpenedS, b.OpenedS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Counter, b.Counter))
	})
	return rows
}

// close writes the events and finishes all files, also those of an analysis that was interrupted.
func (o *outputs) close() error {
	var errs []error
	if o.tracks != nil {
		errs = append(errs, o.follow(o.trail.Flush()))
	}
	if o.events != nil {
		j := json.NewEncoder(o.events)
		j.SetIndent("", "  ")
		errs = append(errs, j.Encode(o.list()))
	}
	for _, f := range o.flush {
		errs = append(errs, f())
	}
	for _, f := range o.files {
		errs = append(errs, f.Close())
	}
	if o.film != nil {
		errs = append(errs, o.film.close())
	}
	return errors.Join(errs...)
}

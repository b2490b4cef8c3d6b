package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// soakPart is the section of docs/BENCHMARKS.md that `make soak` writes; it takes too long to be a part of `make bench`.
var soakPart = part{name: "soak", title: "Soak",
	about: "A node on six cameras of 5 pictures a second: two that work, one that goes and comes, one that comes back " +
		"with another picture size, one whose server is stopped " +
		"with its connections open, one with a wrong password. Every ten seconds memory and descriptors are read from " +
		"/proc, and goroutines and the heap that the last " +
		"collection found alive from the node's log. After a warm-up of a quarter of the time, at most 30 minutes, a " +
		"straight line is fitted to the means of eight " +
		"blocks; the interval of its slope is Student's with six degrees of freedom. Blocks, because samples of a living " +
		"process are not independent: their own interval would be far too narrow. " +
		"A day is `make soak FOR=24h`; the program that was measured may be older than the rest of this page."}

// watched are the columns that must not grow.
var watched = []struct{ column, name, unit string }{
	{"rss_mb", "memory (RSS)", "MB an hour"}, {"heap_mb", "live heap", "MB an hour"},
	{"goroutines", "goroutines", "an hour"}, {"descriptors", "descriptors", "an hour"},
}

var lineColours = []color.Color{
	color.NRGBA{30, 60, 110, 255}, color.NRGBA{90, 130, 190, 255}, color.NRGBA{200, 70, 40, 255}, color.NRGBA{130, 130, 130, 255},
}

// soakRecord is a CSV file that has been read.
type soakRecord struct {
	file    string
	hours   []float64
	columns map[string][]float64
	began   time.Time
}

func readSoak(file string) (r soakRecord, err error) {
	f, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	if len(rows) < 2 || !slices.Equal(rows[0], soakColumns) {
		return r, fmt.Errorf("%s is not the record of a soak", file)
	}
	r = soakRecord{file: file, columns: map[string][]float64{}}
	if r.began, err = time.Parse(time.RFC3339, rows[1][0]); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	for i, name := range soakColumns[1:] {
		for n, row := range rows[1:] {
			v, err := strconv.ParseFloat(row[i+1], 64)
			if err != nil {
				return r, fmt.Errorf("%s, line %d, %s: %w", file, n+2, name, err)
			}
			r.columns[name] = append(r.columns[name], v)
		}
	}
	for _, s := range r.columns["seconds"] {
		r.hours = append(r.hours, s/3600)
	}
	return r, nil
}

// warm is the first sample behind the warm-up.
func (r soakRecord) warm() int {
	until := min(.5, r.hours[len(r.hours)-1]/4)
	i, _ := slices.BinarySearch(r.hours, until)
	return i
}

// figures are the slopes.
func (r soakRecord) figures() (out []figure, remarks []string, err error) {
	from, n := r.warm(), len(r.hours)
	out = append(out, plain("soak, length", r.hours[n-1], "hours"))
	for _, w := range watched {
		t, ok := trendOf(r.hours[from:], r.columns[w.column][from:])
		if !ok {
			return nil, nil, fmt.Errorf("%s is too short: %d samples", r.file, n)
		}
		out = append(out, flat("soak, growth of "+w.name, t.Slope, w.unit, t.flat()),
			plain("soak, mean "+w.name, t.Mean, strings.TrimSuffix(strings.TrimSuffix(w.unit, "an hour"), " ")))
		remarks = append(remarks, fmt.Sprintf("%s: %s %s, 95 %% interval %s to %s.", w.name, digits(t.Slope), w.unit,
			digits(t.Low), digits(t.High)))
	}
	return append(out, plain("soak, CPU", 100*r.columns["cpu_seconds"][n-1]/r.columns["seconds"][n-1], "% of a core")), remarks, nil
}

// soakReport says whether a node grew; RECORD=1 keeps it with a plot.
func soakReport(file string) error {
	r, err := readSoak(file)
	if err != nil {
		return err
	}
	figures, remarks, err := r.figures()
	if err != nil {
		return err
	}
	if os.Getenv("RECORD") == "1" {
		if err := r.draw(filepath.Join("docs", "benchmarks", "soak.svg")); err != nil {
			return err
		}
		remarks = append(remarks, "![memory, heap, goroutines and descriptors over time](benchmarks/soak.svg)")
	}
	command := fmt.Sprintf("make soak FOR=%s", (time.Duration(r.hours[len(r.hours)-1]*60) * time.Minute))
	return tell([]record{{Part: "soak", Command: command, Machine: machine(),
		Date: r.began.Format("2006-01-02 15:04 UTC"), Figures: figures, Remarks: remarks}}, nil)
}

// draw writes all columns as one picture: each as a share of its mean behind the warm-up.
func (r soakRecord) draw(file string) error {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	plot.DefaultFont, plotter.DefaultFont = sans, sans
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Soak: each as a share of its own mean", "hours", "share of the mean"
	p.Title.Padding, p.Legend.Top, p.Y.Min = 8, true, 0
	p.Add(plotter.NewGrid())
	for i, w := range watched {
		all := r.columns[w.column]
		m := mean(all[r.warm():])
		xy := make(plotter.XYs, len(all))
		for k, v := range all {
			xy[k] = plotter.XY{X: r.hours[k], Y: v / max(m, 1e-9)}
		}
		l, err := plotter.NewLine(xy)
		if err != nil {
			return err
		}
		l.Color = lineColours[i]
		p.Add(l)
		p.Legend.Add(fmt.Sprintf("%s (mean %s)", w.name, digits(m)), l)
	}
	p.Y.Max *= 1.35 // room for the legend
	canvas := vgsvg.New(18*vg.Centimeter, 11*vg.Centimeter)
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	const margin = 3 * vg.Millimeter
	p.Draw(draw.Crop(all, margin, -2*margin, margin, -margin))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

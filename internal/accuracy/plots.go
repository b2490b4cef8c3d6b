package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// picture is one plot of docs/ACCURACY.md.
type picture struct {
	file, caption string
	plot          *plot.Plot
}

var (
	dark  = color.NRGBA{30, 60, 110, 255}
	pale  = color.NRGBA{90, 130, 190, 110}
	alarm = color.NRGBA{200, 70, 40, 255}
	grey  = color.NRGBA{130, 130, 130, 255}
)

// newPlot is an empty plot with titles.
func newPlot(title, x, y string) *plot.Plot {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	plot.DefaultFont, plotter.DefaultFont = sans, sans
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding, p.Legend.Top = 8, true
	p.Add(plotter.NewGrid())
	return p
}

// pictures are the plots that this run can draw.
func (r *report) pictures() []picture {
	var out []picture
	if len(r.days) > 0 {
		out = append(out, waitScatter(r.days), queueHistogram(r.days), coverage(r.days), delays(r.days))
	}
	if len(r.scored) > 0 {
		out = append(out, precisionRecall(r.scored))
	}
	return out
}

// writePictures draws all plots into a folder.
func writePictures(folder string, all []picture) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, p := range all {
		const margin = 3 * vg.Millimeter
		canvas := vgsvg.New(18*vg.Centimeter, 11*vg.Centimeter)
		all := draw.New(canvas)
		all.SetColor(color.White)
		all.Fill(all.Rectangle.Path())
		p.plot.Draw(draw.Crop(all, margin, -2*margin, margin, -margin))
		var b bytes.Buffer
		if _, err := canvas.WriteTo(&b); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		if err := os.WriteFile(filepath.Join(folder, p.file), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ticks are whole numbers every so many.
type ticks float64

// Ticks lists them.
func (every ticks) Ticks(low, high float64) (out []plot.Tick) {
	for v := math.Ceil(low/float64(every)) * float64(every); v <= high; v += float64(every) {
		out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
	}
	return out
}

// bars adds a histogram of values between -end and end; those beyond are put into the last bars.
func bars(p *plot.Plot, values []float64, end float64, n int, share bool) {
	h, err := plotter.NewHist(append(plotter.Values{-end, end}, values...), n)
	if err != nil {
		return
	}
	h.Bins[0].Weight--
	h.Bins[n-1].Weight--
	for i := range h.Bins {
		if share {
			h.Bins[i].Weight /= max(float64(len(values)), 1)
		}
	}
	h.FillColor, h.Color = pale, dark
	p.Add(h)
}

// dots adds points of one colour.
func dots(p *plot.Plot, name string, xy plotter.XYs, c color.Color, radius vg.Length) {
	s, err := plotter.NewScatter(xy)
	if err != nil || len(xy) == 0 {
		return // nothing to draw
	}
	s.Color, s.Radius, s.Shape = c, radius, draw.CircleGlyph{}
	p.Add(s)
	p.Legend.Add(name, s)
}

// line adds a line of one colour.
func line(p *plot.Plot, name string, xy plotter.XYs, c color.Color) {
	l, err := plotter.NewLine(xy)
	if err != nil {
		return
	}
	l.Color, l.Width = c, 1.4
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
}

// waitScatter is the printed median and 90 % wait of every half day against its truth.
func waitScatter(days []score) picture {
	p := newPlot("Waits of half days, pure road", "true, minutes", "printed, minutes")
	p.Legend.Left = true
	most := 1.
	for i, c := range []color.Color{dark, alarm} {
		var xy plotter.XYs
		for _, d := range days {
			if w := d.printed[i]; w.said() {
				xy = append(xy, plotter.XY{X: w.truth / 60, Y: w.Value / 60})
				most = max(most, w.truth/60, w.Value/60)
			}
		}
		dots(p, statistics[i].name+" of a half day", xy, c, 2)
	}
	line(p, "no error", plotter.XYs{{X: 0, Y: 0}, {X: most, Y: most}}, grey)
	return picture{"waits.svg", fmt.Sprintf("Printed against true waits of %d simulated half days; a dot is a half day.", len(days)), p}
}

// queueHistogram is how far the mean queue of a minute is off.
func queueHistogram(days []score) picture {
	var v []float64
	for _, d := range days {
		for _, e := range d.queue {
			v = append(v, min(max(e, -2.05), 2.05))
		}
	}
	p := newPlot("Queue per minute, pure road", "measured minus true, people (ends: beyond 2)", "share of minutes")
	bars(p, v, 2.05, 41, true)
	p.X.Tick.Marker = ticks(.5)
	return picture{"queue.svg", fmt.Sprintf("Errors of the mean queue of %d minutes in %d simulated half days.", len(v), len(days)), p}
}

// coverage is the printed interval of every half day's median, in order of the truth.
func coverage(days []score) picture {
	var said []printed
	for _, d := range days {
		if w := d.printed[0]; w.said() {
			said = append(said, w)
		}
	}
	slices.SortFunc(said, func(a, b printed) int { return int(math.Copysign(1, a.truth-b.truth)) })
	p := newPlot("Printed 95 % intervals of the median wait, pure road", "half days, in order of their true median", "minutes")
	p.Legend.Left = true
	var in, out plotter.XYs
	for i, w := range said {
		high := min(w.High, 3*max(w.truth, w.Value)+300) // an interval without an upper end would hide all others
		l, err := plotter.NewLine(plotter.XYs{{X: float64(i), Y: w.Low / 60}, {X: float64(i), Y: high / 60}})
		if err != nil {
			continue
		}
		l.Color, l.Width = pale, 2.2
		p.Add(l)
		if i == 0 {
			p.Legend.Add("printed interval", l)
		}
		if xy := (plotter.XY{X: float64(i), Y: w.truth / 60}); w.covers() {
			in = append(in, xy)
		} else {
			out = append(out, xy)
		}
	}
	dots(p, "truth inside", in, dark, 1.6)
	dots(p, "truth outside", out, alarm, 2.2)
	return picture{"intervals.svg", fmt.Sprintf("Intervals printed for %d half days, and what was so.", len(said)), p}
}

// delays is how long after it was due an absence was told.
func delays(days []score) picture {
	var v []float64
	for _, d := range days {
		for _, s := range d.absences.delays {
			v = append(v, min(max(s, -31), 31))
		}
	}
	p := newPlot("Absences, pure road", "told after due, seconds (ends: beyond 30)", "absences")
	bars(p, v, 31, 31, false)
	p.X.Tick.Marker = ticks(10)
	return picture{"absences.svg", fmt.Sprintf("When %d absences were told, in seconds after they were due.", len(v)), p}
}

// precisionRecall is what a higher threshold would cost and bring.
func precisionRecall(points []point) picture {
	p := newPlot("People found in PETS09-S2L1, frames 301-795, yolox_nano", "recall", "precision")
	p.Legend.Top, p.Legend.Left = false, true
	var xy plotter.XYs
	var labels plotter.XYLabels
	for i, k := range points {
		xy = append(xy, plotter.XY{X: k.recall, Y: k.precision})
		if i%4 == 0 {
			labels.XYs = append(labels.XYs, xy[i])
			labels.Labels = append(labels.Labels, fmt.Sprintf(" %.1f", k.score))
		}
	}
	line(p, "from a score on", xy, dark)
	dots(p, "scores .2 to .95", xy, dark, 2)
	if l, err := plotter.NewLabels(labels); err == nil {
		p.Add(l)
	}
	return picture{"scores.svg", "Precision and recall of published people by the least score that is taken, IoU 0.5, every frame.", p}
}

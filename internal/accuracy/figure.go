package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"
)

// Figure is one line of the table.
type Figure struct {
	Name   string   `json:"name"`
	Value  float64  `json:"value"`
	Low    float64  `json:"low"` // 95 % interval: bootstrap over independent units, or exact for shares of counts
	High   float64  `json:"high"`
	N      int      `json:"n"`      // what was counted: frames, minutes, people, absences, days
	Target *float64 `json:"target"` // null: shown for comparison only
	Met    *bool    `json:"met"`
	sign   string
}

// atLeastTarget gives a figure a target it should reach; atMostTarget one it should not pass; withinTarget one it should
// not pass on either side of zero.
func (f Figure) atLeastTarget(v float64) Figure { return f.target("≥", v, f.Value >= v) }
func (f Figure) atMostTarget(v float64) Figure  { return f.target("≤", v, f.Value <= v) }
func (f Figure) withinTarget(v float64) Figure  { return f.target("±", v, math.Abs(f.Value) <= v) }

// target settles whether a figure met it; nothing counted meets nothing.
func (f Figure) target(sign string, v float64, met bool) Figure {
	met = met && f.N > 0
	f.sign, f.Target, f.Met = sign, &v, &met
	return f
}

// figure computes a statistic over n units and its interval. A statistic that is not a number (nothing to divide by) is
// shown as 0 of no units.
func figure(name string, units, counted int, stat func(index []int) float64) Figure {
	all := make([]int, units)
	for i := range all {
		all[i] = i
	}
	v := 0.
	if units > 0 {
		v = stat(all)
	}
	if units == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return Figure{Name: name}
	}
	low, high := bootstrap(units, stat)
	return Figure{Name: name, Value: v, Low: low, High: high, N: counted}
}

// shareFigure is the share of n things of which k were so.
func shareFigure(name string, k, n int) Figure {
	if n == 0 {
		return Figure{Name: name}
	}
	low, high := exact(k, n)
	return Figure{Name: name, Value: float64(k) / float64(n), Low: low, High: high, N: n}
}

// countFigure is how often something happened in n trials that should never happen, with the interval of what to expect
// of as many.
func countFigure(name string, k, n int) Figure {
	f := shareFigure(name, k, n)
	f.Value, f.Low, f.High = float64(k), f.Low*float64(n), f.High*float64(n)
	return f.atMostTarget(0)
}

// plain is a figure that has no interval: it is a property of the program, or a time.
func plain(name string, v float64, n int) Figure {
	return Figure{Name: name, Value: v, Low: v, High: v, N: n}
}

// bound is the target in words, and whether it was met.
func (f Figure) bound() (target, verdict string) {
	if f.Target == nil {
		return "", ""
	}
	verdict = "missed"
	if *f.Met {
		verdict = "met"
	}
	return fmt.Sprintf("%s %.4g", f.sign, *f.Target), verdict
}

func printTable(w io.Writer, figures []Figure) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tVALUE\t95 %\tN\tTARGET\t")
	for _, f := range figures {
		target, verdict := f.bound()
		fmt.Fprintf(t, "%s\t%.3f\t%.3f – %.3f\t%d\t%s\t%s\n", f.Name, f.Value, f.Low, f.High, f.N, target, verdict)
	}
	t.Flush()
}

// pick is the mean of the values at an index.
func pick(v []float64, index []int) float64 {
	var s float64
	for _, i := range index {
		s += v[i]
	}
	if len(index) == 0 {
		return math.NaN()
	}
	return s / float64(len(index))
}

func writeJSON(path string, figures []Figure) error {
	b, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

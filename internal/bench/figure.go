package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// figure is one line of the table. Target and Met are nil where there is no target.
type figure struct {
	Name   string   `json:"name"`
	Value  float64  `json:"value"`
	Unit   string   `json:"unit"`
	Target *float64 `json:"target"`
	Met    *bool    `json:"met"`
	Rule   string   `json:"rule,omitempty"` // how the target is meant: ≤, ≥, or that an interval contains it
}

func plain(name string, value float64, unit string) figure {
	return figure{Name: name, Value: value, Unit: unit}
}

// atMost is a figure that must not be larger than its target.
func atMost(name string, value float64, unit string, target float64) figure {
	met := value <= target
	return figure{Name: name, Value: value, Unit: unit, Target: &target, Met: &met, Rule: "≤"}
}

// atLeast is a figure that must not be smaller than its target.
func atLeast(name string, value float64, unit string, target float64) figure {
	met := value >= target
	return figure{Name: name, Value: value, Unit: unit, Target: &target, Met: &met, Rule: "≥"}
}

// flat is a slope; met says whether its interval contains 0.
func flat(name string, value float64, unit string, met bool) figure {
	zero := 0.
	return figure{Name: name, Value: value, Unit: unit, Target: &zero, Met: &met, Rule: "contains"}
}

// verdict is the target in words, and whether it is met.
func (f figure) verdict() (target, met string) {
	if f.Target == nil {
		return "", ""
	}
	met = "met"
	if !*f.Met {
		met = "missed"
	}
	return f.Rule + " " + digits(*f.Target), met
}

// digits prints a value with three digits that matter.
func digits(v float64) string {
	return strconv.FormatFloat(mustFloat(strconv.FormatFloat(v, 'g', 3, 64)), 'f', -1, 64)
}

func mustFloat(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64) // it was printed a moment ago
	return v
}

func printTable(w io.Writer, figures []figure) {
	fmt.Fprintf(w, "\n%-72s %9s %-14s %10s\n", "figure", "value", "unit", "target")
	for _, f := range figures {
		target, met := f.verdict()
		fmt.Fprintf(w, "%-72s %9s %-14s %10s %s\n", f.Name, digits(f.Value), f.Unit, target, met)
	}
}

func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// median sorts its argument.
func median(v []float64) float64 { return quantile(v, .5) }

// quantile is the smallest value that is not below the share p of all (nearest rank). It sorts its argument.
func quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	i := int(p*float64(len(v)) + 0.999999)
	return v[min(max(i-1, 0), len(v)-1)]
}

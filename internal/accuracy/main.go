// Command accuracy measures how right the figures are, against ground truth: people found and followed in real video,
// queues, waits, staffing and absences in simulated offices whose truth is known exactly. It runs bin/node and bin/camsim
// as anybody would, so that what is scored is what they write. It prints a table; JSON=file writes it too. Nobody imports it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// Figure is one line of the table.
type Figure struct {
	Name   string   `json:"name"`
	Value  float64  `json:"value"`
	Low    float64  `json:"low"` // 95 % interval, by bootstrap
	High   float64  `json:"high"`
	N      int      `json:"n"`      // what was counted: frames, minutes, visits, absences
	Target *float64 `json:"target"` // null: shown for comparison only
	Met    *bool    `json:"met"`
	atMost bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	for _, program := range []string{node, camsim} {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("%s is not built: run `make build` first", program)
		}
	}
	dir, err := os.MkdirTemp("", "accuracy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	var figures []Figure
	var failed error // what was measured before is printed all the same
	for _, section := range []struct {
		name string
		run  func(ctx context.Context, dir, data string) ([]Figure, error)
		data bool // needs COUNTERWATCH_DATA
	}{{"detection", detection, true}, {"tracking", tracking, true}, {"offices", offices, false}} {
		data := os.Getenv("COUNTERWATCH_DATA")
		if section.data && data == "" {
			fmt.Printf("skipped: %s (COUNTERWATCH_DATA is not set: there is no ground truth of real video)\n", section.name)
			continue
		}
		f, err := section.run(ctx, dir, data)
		figures = append(figures, f...)
		if err != nil {
			failed = fmt.Errorf("%s: %w", section.name, err)
			break
		}
	}
	printTable(figures, time.Since(began))
	if path := os.Getenv("JSON"); path != "" {
		b, err := json.MarshalIndent(figures, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	return failed
}

func printTable(figures []Figure, took time.Duration) {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FIGURE\tVALUE\t95 %\tN\tTARGET\t")
	for _, f := range figures {
		target, verdict := "", ""
		if f.Target != nil {
			sign := "≥"
			if f.atMost {
				sign = "≤"
			}
			target, verdict = fmt.Sprintf("%s %.4g", sign, *f.Target), "missed"
			if *f.Met {
				verdict = "met"
			}
		}
		fmt.Fprintf(t, "%s\t%.3f\t%.3f – %.3f\t%d\t%s\t%s\n", f.Name, f.Value, f.Low, f.High, f.N, target, verdict)
	}
	t.Flush()
	fmt.Printf("measured in %.0f s\n", took.Seconds())
}

// atLeastTarget gives a figure a target it should reach; atMostTarget one it should not pass.
func (f Figure) atLeastTarget(v float64) Figure {
	met := f.Value >= v
	f.Target, f.Met = &v, &met
	return f
}

func (f Figure) atMostTarget(v float64) Figure {
	met := f.Value <= v
	f.Target, f.Met, f.atMost = &v, &met, true
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
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Figure{Name: name}
	}
	low, high := bootstrap(units, stat)
	return Figure{Name: name, Value: v, Low: low, High: high, N: counted}
}

const (
	node   = "bin/node"
	camsim = "bin/camsim"
)

// command runs one of our programs quietly; its words are part of the error when it fails.
func command(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	said, err := cmd.CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		return fmt.Errorf("%s %s: %w: %s", program, filepath.Base(args[0]), err, strings.TrimSpace(string(said)))
	}
	return nil
}

// step tells how far the work is.
func step(format string, args ...any) { fmt.Fprintf(os.Stderr, "· "+format+"\n", args...) }

// Command accuracy measures how right the figures are, against ground truth, and prints the whole table: people found and
// followed in real video, and queues, waits, staffing and absences in simulated offices whose truth is known exactly.
//
// Offices are played on two roads, and every figure's name says which. The pure road takes true boxes, puts the measured
// noise of a detector on them (internal/office) and runs everything behind the detector: hundreds of half days in minutes.
// The pixel road runs bin/camsim and bin/node on pictures as anybody would, so that what is scored is what they write.
//
// ONLY=section,... runs parts, QUICK=1 fewer seeds, those of development; JSON=file writes the table too. A whole run writes docs/ACCURACY.md with
// its plots. Nobody imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// report is one run with what its sections found.
type report struct {
	data   string // folder of recorded videos with ground truth; empty when there is none
	dir    string // for temporary files
	quick  bool
	days   []score // of the pure road, for the worst cases and the plots
	scored []point // precision and recall by score
}

// section is one part of the table.
type section struct {
	name  string
	needs []string // programs and "data"
	run   func(*report, context.Context) ([]Figure, error)
}

var sections = []section{
	{"detection", []string{node, "data"}, (*report).detection},
	{"tracking", []string{node, "data"}, (*report).tracking},
	{"halfdays", nil, (*report).halfDays},
	{"drawn", []string{node, camsim}, (*report).drawn},
}

func run(ctx context.Context) error {
	chosen, err := choose(os.Getenv("ONLY"))
	if err != nil {
		return err
	}
	r := &report{data: os.Getenv("COUNTERWATCH_DATA"), quick: os.Getenv("QUICK") == "1"}
	if r.dir, err = os.MkdirTemp("", "accuracy"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	began := time.Now()
	var figures []Figure
	var failed error // what was measured before is printed all the same
	for i, s := range chosen {
		if missing := r.missing(s); missing != "" {
			fmt.Printf("skipped: %s (%s)\n", s.name, missing)
			continue
		}
		step("%s (part %d of %d)", s.name, i+1, len(chosen))
		f, err := s.run(r, ctx)
		figures = append(figures, f...)
		if err != nil {
			failed = fmt.Errorf("%s: %w", s.name, err)
			break
		}
	}
	printTable(os.Stdout, figures)
	if r.quick {
		fmt.Println("QUICK=1: fewer seeds, and those of development: these figures are not for publication")
	}
	fmt.Printf("measured in %.0f s\n", time.Since(began).Seconds())
	if path := os.Getenv("JSON"); path != "" {
		return errors.Join(failed, writeJSON(path, figures))
	}
	return failed
}

// choose returns the sections that ONLY names, all when it names none.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections, nil
	}
	var chosen []section
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.name == strings.TrimSpace(name) })
		if i < 0 {
			var known []string
			for _, s := range sections {
				known = append(known, s.name)
			}
			return nil, fmt.Errorf("ONLY=%s: there is no part %q: use %s", only, name, strings.Join(known, ", "))
		}
		chosen = append(chosen, sections[i])
	}
	return chosen, nil
}

// missing says what a section lacks, in words for who ran it.
func (r *report) missing(s section) string {
	for _, need := range s.needs {
		if need == "data" {
			if r.data == "" {
				return "COUNTERWATCH_DATA is not set: there is no ground truth of real video"
			}
		} else if _, err := os.Stat(need); err != nil {
			return need + " is not built: run `make build` first"
		}
	}
	return ""
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
func step(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s · "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

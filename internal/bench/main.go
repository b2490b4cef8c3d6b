// Command bench measures what Counterwatch costs on this machine: its programs against others on the same cameras at the
// same time, the built centre and node on the demo's cameras, and the stages' own benchmarks. `make bench` runs it.
//
// ONLY=part or group,... runs some of it; FOR=60s is how long each measurement takes; FLAP=10m is how long cameras flap;
// JSON=file writes [{"name","value","unit","target","met"}]; RECORD=1 keeps what was found in docs/benchmarks and writes
// docs/BENCHMARKS.md. `bench soak FILE.csv` runs a node for a long time (FOR), `bench soak-report FILE.csv` says whether it
// grew, `bench document` writes docs/BENCHMARKS.md from what is kept. Programs of its own that it measures lie below it.
// Nobody imports it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	length, err := duration("FOR", time.Minute)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "soak":
		if err := soak(ctx, length, args[1]); err != nil {
			return err
		}
		return soakReport(args[1])
	case len(args) == 2 && args[0] == "soak-report":
		return soakReport(args[1])
	case len(args) == 1 && args[0] == "document":
		return publish("docs", nil)
	case len(args) > 0:
		return fmt.Errorf("bench %s: use soak FILE.csv, soak-report FILE.csv, document, or nothing", strings.Join(args, " "))
	}
	chosen, err := choose(os.Getenv("ONLY"))
	if err != nil {
		return err
	}
	b := &bench{length: length}
	if b.dir, err = os.MkdirTemp("", "counterwatch-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	_ = os.Setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp") // VideoCapture has no other way to be told
	records, failed := b.all(ctx, chosen)
	return tell(records, failed)
}

// tell prints and keeps what was found; failed is what went wrong meanwhile.
func tell(records []record, failed error) error {
	figures := []figure{}
	for _, r := range records {
		figures = append(figures, r.Figures...)
		for _, s := range r.Remarks {
			fmt.Printf("%s: %s\n", r.Part, s)
		}
	}
	printTable(os.Stdout, figures)
	if name := os.Getenv("JSON"); name != "" {
		bare := slices.Clone(figures)
		for i := range bare {
			bare[i].Rule = "" // a machine looks at met
		}
		if err := writeJSON(name, bare); err != nil {
			return err
		}
	}
	if os.Getenv("RECORD") == "1" {
		if err := publish("docs", records); err != nil {
			return err
		}
	}
	return failed
}

// duration reads one from the environment.
func duration(name string, otherwise time.Duration) (time.Duration, error) {
	v := os.Getenv(name)
	if v == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s=%s is not a duration: write 60s", name, v)
	}
	return d, nil
}

// step tells how far the work is.
func step(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s · "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// benchLine is a line of `go test -bench`: name, rounds, then pairs of a value and its unit.
var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

// units are those of `go test`, and how they are printed here; others are the benchmark's own (b.ReportMetric).
var units = map[string]struct {
	name  string
	times float64
}{
	"ns/op": {"µs", 1e-3}, "allocs/op": {"allocations", 1}, "B/op": {"bytes allocated", 1}, "MB/s": {"MB/s", 1},
}

// readBenchmarks takes the figures out of what `go test -bench` prints.
func readBenchmarks(text, prefix string) (out []figure) {
	room := ""
	for line := range strings.SplitSeq(text, "\n") {
		if pkg, ok := strings.CutPrefix(line, "pkg: "+prefix); ok {
			room = pkg + ": "
		}
		m := benchLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			u, ours := units[fields[i+1]]
			if !ours {
				u.name, u.times = fields[i+1], 1
			}
			out = append(out, plain(room+m[1], v*u.times, u.name))
		}
	}
	return out
}

// stages runs the Go benchmarks of the rooms that a frame passes.
func (b *bench) stages(ctx context.Context) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./ingest",
		"./analytics/...", "./store/...", "./outbox")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench: %w", err)
	}
	return readBenchmarks(string(text), "github.com/counterwatch/counterwatch/"), nil
}

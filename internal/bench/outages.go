package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/internal/flapping"
)

// flaps lets 500 cameras come and go.
func (b *bench) flaps(ctx context.Context) ([]figure, error) {
	length, err := duration("FLAP", time.Minute)
	if err != nil {
		return nil, err
	}
	const n = 500
	step("%d cameras flap for %s", n, length)
	r, err := flapping.Run(ctx, n, length)
	if err != nil {
		return nil, err
	}
	const ended = 8 << 10 // bytes that Go keeps of the goroutines of a camera when they have ended, to use them again
	return []figure{
		atMost("500 cameras flapping, starved for more than 10 s", float64(r.Starved), "cameras", 0),
		atMost("500 cameras flapping, longest time unseen though able to answer", r.Worst.Seconds(), "s", flapping.Patience.Seconds()),
		plain("500 cameras flapping, from coming back to the first picture, p99", r.Quantile(.99).Seconds(), "s"),
		plain("500 cameras flapping, returns", float64(r.Flaps), ""),
		plain("500 cameras flapping, minutes", length.Minutes(), "min"),
		plain("500 cameras flapping, CPU, the cameras' own work included", 100*r.CPUShare, "% of a core"),
		atMost("500 cameras flapping, goroutines left over", float64(r.After.Goroutines-r.Before.Goroutines), "", 0),
		atMost("500 cameras flapping, descriptors left over", float64(r.After.Descriptors-r.Before.Descriptors), "", 0),
		atMost("500 cameras flapping, heap left over", (float64(r.After.Heap)-float64(r.Before.Heap))/1e6, "MB", n*ended/1e6),
	}, nil
}

var (
	patternsLine = regexp.MustCompile(`(\d+) patterns, (\d+) faults: (\d+) % of the time seen, ([\d.]+) h unknown`)
	falseLine    = regexp.MustCompile(`pattern \d+: `)
)

// outages tries random outage patterns on the chain from a camera's connection to the rules, in virtual time.
func (b *bench) outages(ctx context.Context) ([]figure, error) {
	patterns := os.Getenv("OUTAGES")
	if patterns == "" {
		patterns = "10000"
	}
	step("%s outage patterns", patterns)
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-v", "-timeout=1h", "-run", "^TestNoOutageIsAnAbsence$", "./analytics")
	cmd.Env = append(os.Environ(), "COUNTERWATCH_OUTAGES="+patterns, "GOMAXPROCS="+strconv.Itoa(runtime.NumCPU()))
	text, failed := cmd.CombinedOutput()
	wrong := len(falseLine.FindAll(text, -1))
	m := patternsLine.FindSubmatch(text)
	if failed != nil && wrong == 0 || m == nil {
		return nil, fmt.Errorf("go test: %w: %s", failed, lastLines(string(text), 5))
	}
	value := func(i int) float64 { return mustFloat(string(m[i])) }
	return []figure{
		atMost("random outage patterns, false absences", float64(wrong), "", 0),
		plain("random outage patterns", value(1), ""),
		plain("random outage patterns, faults in them", value(2), ""),
		plain("random outage patterns, share of the time seen", value(3), "%"),
	}, nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

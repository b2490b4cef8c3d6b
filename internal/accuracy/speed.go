package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// engines compares the two engines of networks: their speed in one run, and their boxes.
func (r *report) engines(ctx context.Context) ([]Figure, error) {
	n := 60
	if r.quick {
		n = 8
	}
	out, err := bench(ctx, "./analytics/native", "Engines", fmt.Sprintf("%dx", n), 1)
	if err != nil {
		return nil, err
	}
	f := Figure{Name: "inference, YOLOX-nano 416, one thread: ONNX Runtime, times faster than OpenCV DNN", N: n,
		Value: out["times-faster"], Low: out["times-low"], High: out["times-high"]}
	step("engines: boxes")
	equal := 0
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^TestEnginesAgree$", "-v", "./analytics/native")
	said, err := cmd.CombinedOutput()
	switch text := string(said); {
	case err == nil && strings.Contains(text, "--- PASS: TestEnginesAgree"):
		equal = 1
	case err == nil:
		return []Figure{f.atLeastTarget(3.5)}, fmt.Errorf("the engines' boxes were not compared: %s", strings.TrimSpace(text))
	}
	return []Figure{f.atLeastTarget(3.5), plain("inference, YOLOX-nano 416: boxes and scores of both engines equal to 1 px and .01 (1: everywhere)", float64(equal), 1).atLeastTarget(1)}, nil
}

// stages times everything behind the detector with a hall of 50 people.
func (r *report) stages(ctx context.Context) ([]Figure, error) {
	out, err := bench(ctx, "./analytics", "Stages", "5000x", 5)
	if err != nil {
		return nil, err
	}
	const n = 5 * 5000
	t := plain("pure stages (track, zone, measure, rules), 50 people: ms a frame, fastest of five runs", out["low ns/op"]/1e6, n)
	t.High = out["high ns/op"] / 1e6
	return []Figure{t.atMostTarget(.2), plain("pure stages, 50 people: allocations a frame, closing of minutes included", out["allocs/op"], n).atMostTarget(0)}, nil
}

// measurement is one "value unit" of a benchmark's line.
var measurement = regexp.MustCompile(`([0-9.e+]+) ([A-Za-z/-]+)`)

// bench runs one benchmark some times and returns the mean of each of its measurements, and the extremes of its time.
func bench(ctx context.Context, pkg, name, times string, runs int) (map[string]float64, error) {
	step("benchmark %s of %s", name, pkg)
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark"+name+"$", "-benchmem", "-benchtime", times, "-count", strconv.Itoa(runs), pkg)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("benchmark %s of %s: %w: %s", name, pkg, err, strings.TrimSpace(string(said)))
	}
	return measurements(name, string(said))
}

func measurements(name, text string) (map[string]float64, error) {
	out, runs := map[string]float64{}, 0.
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Benchmark"+name) {
			continue
		}
		runs++
		for _, m := range measurement.FindAllStringSubmatch(line, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return nil, fmt.Errorf("benchmark %s: %w", name, err)
			}
			out[m[2]] += v
			if m[2] == "ns/op" {
				if runs == 1 || v < out["low ns/op"] {
					out["low ns/op"] = v
				}
				out["high ns/op"] = max(out["high ns/op"], v)
			}
		}
	}
	if runs == 0 {
		return nil, fmt.Errorf("there is no benchmark %s, or it was skipped: %s", name, strings.TrimSpace(text))
	}
	for k := range out {
		if k != "low ns/op" && k != "high ns/op" {
			out[k] /= runs
		}
	}
	return out, nil
}

package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDocument: docs/BENCHMARKS.md says what docs/benchmarks holds, and nothing else.
func TestDocument(t *testing.T) {
	docs := filepath.Join("..", "..", "docs")
	want, err := document(docs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(docs, "BENCHMARKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/BENCHMARKS.md is not what its records make: `go run ./internal/bench document` writes it anew")
	}
}

// TestPublish: records come back from the disk as they were, with their targets' sense.
func TestPublish(t *testing.T) {
	docs := t.TempDir()
	err := publish(docs, []record{{Part: "many", Command: "make bench ONLY=many", Machine: "a machine", Date: "today",
		Figures: []figure{atMost("CPU", 24, "%", 25), atLeast("times", 3, "x", 5), plain("bit rate", 1, "Mbit/s")},
		Remarks: []string{"A remark."}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(docs, "BENCHMARKS.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Of 2 figures with a target 1 are met", "| CPU | 24 | % | ≤ 25 | met |",
		"| times | 3 | x | ≥ 5 | **missed** |", "| bit rate | 1 | Mbit/s |  |  |", "A remark.", "a machine"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is missing in\n%s", want, b)
		}
	}
}

// TestTrend: of records that wander in waves but do not grow, as many as the interval promises are told to be flat; of those
// that grow, the interval holds the slope. A line through the samples themselves would err in most.
func TestTrend(t *testing.T) {
	const n, tries, growth = 540, 400, 3. // ninety minutes, every ten seconds; an hour's growth
	r := rand.New(rand.NewPCG(1, 1))
	held := 0
	for range tries {
		hours, v := make([]float64, n), make([]float64, n)
		wave := 0.
		for i := range v {
			wave = .95*wave + r.NormFloat64() // forgets within minutes
			hours[i] = float64(i) / 360
			v[i] = 100 + growth*hours[i] + wave
		}
		got, ok := trendOf(hours, v)
		if !ok {
			t.Fatal("too short")
		}
		if got.Low <= growth && growth <= got.High {
			held++
		}
	}
	if share := float64(held) / tries; share < .92 || share > .99 {
		t.Errorf("%.3f of the 95 %% intervals hold the slope", share)
	}
	if got, ok := trendOf([]float64{0, 1}, []float64{5, 5}); ok {
		t.Errorf("two samples say nothing, got %+v", got)
	}
}

func TestFlat(t *testing.T) {
	hours, same, rising := make([]float64, 48), make([]float64, 48), make([]float64, 48)
	for i := range hours {
		hours[i], same[i], rising[i] = float64(i), 7, float64(i)
	}
	if got, _ := trendOf(hours, same); !got.flat() || got.Mean != 7 {
		t.Errorf("what stays the same: %+v", got)
	}
	if got, _ := trendOf(hours, rising); got.flat() || math.Abs(got.Slope-1) > 1e-9 {
		t.Errorf("what rises by one: %+v", got)
	}
}

func TestReadBenchmarks(t *testing.T) {
	text := "goos: linux\npkg: example.com/m/analytics\nBenchmarkStep/one-2 \t 100\t 2500 ns/op\t  0.31 of-ffmpeg\t " +
		"64 B/op\t 3 allocs/op\nPASS\nok  \texample.com/m/analytics\t1.2s\n"
	want := []figure{plain("analytics: Step/one", 2.5, "µs"), plain("analytics: Step/one", .31, "of-ffmpeg"),
		plain("analytics: Step/one", 64, "bytes allocated"), plain("analytics: Step/one", 3, "allocations")}
	if got := readBenchmarks(text, "example.com/m/"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestQuantile(t *testing.T) {
	v := []float64{4, 1, 3, 2}
	for p, want := range map[float64]float64{.5: 2, .75: 3, .99: 4, 1: 4} {
		if got := quantile(v, p); got != want {
			t.Errorf("quantile %g = %g, want %g", p, got, want)
		}
	}
	if quantile(nil, .5) != 0 {
		t.Error("nothing has no quantile")
	}
}

func TestChoose(t *testing.T) {
	names := func(only string) (out []string) {
		p, err := choose(only)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p {
			out = append(out, c.name)
		}
		return out
	}
	if got := names("many, sizes"); !slices.Equal(got, []string{"many", "sizes"}) {
		t.Errorf("got %v", got)
	}
	if got := names("ingest"); len(got) < 5 || slices.Contains(got, "demo") {
		t.Errorf("got %v", got)
	}
	if len(names("")) != len(parts) {
		t.Error("nothing named is everything")
	}
	if _, err := choose("speed"); err == nil || !strings.Contains(err.Error(), "capacity") {
		t.Errorf("got %v", err)
	}
}

// TestClimb finds what machines of known strength carry.
func TestClimb(t *testing.T) {
	for _, carries := range []int{9, 24, 41, 60, 96} {
		best, all, err := (&bench{}).climb(24, func(n int) (load, error) {
			l := load{cameras: n, node: 4 * float64(n), coverage: 1}
			if n > carries {
				l.coverage = .9
			}
			return l, nil
		})
		if want := carries / stepCameras * stepCameras; err != nil || best.cameras != want || len(all) > 6 {
			t.Errorf("a machine that carries %d: %d after %d measurements, %v", carries, best.cameras, len(all), err)
		}
	}
	if _, _, err := (&bench{}).climb(24, func(n int) (load, error) { return load{cameras: n, node: 1}, nil }); err == nil {
		t.Error("a machine that carries nothing has no capacity")
	}
}

package models

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// minutes draws minutes of a queue or a service zone; all seconds are whole, so that sums are exact in any order.
func minutes(t *rapid.T) (out []Minute) {
	seconds := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 20000), func(n int) float64 { return float64(n) }), 0, 6)
	for range rapid.IntRange(1, 12).Draw(t, "minutes") {
		m := Minute{Kind: ZoneQueue, Start: time.Unix(0, 0), WorkingS: float64(rapid.IntRange(0, 60).Draw(t, "working"))}
		m.ObservedS, m.Max = m.WorkingS, rapid.IntRange(0, 30).Draw(t, "max")
		m.Starts, m.GaveUp = rapid.IntRange(0, 5).Draw(t, "starts"), rapid.IntRange(0, 2).Draw(t, "gave up")
		m.WaitsS, m.ServiceS, m.CutS = seconds.Draw(t, "waits"), seconds.Draw(t, "services"), seconds.Draw(t, "cut")
		m.SinceOpenS = slices.Clone(m.WaitsS)
		out = append(out, m)
	}
	return out
}

func total(parts ...Sum) (s Sum) {
	for _, p := range parts {
		s.Merge(p)
	}
	return s
}

// TestSumsMerge: over counters, sites and days, in any grouping and order, sums are those of all minutes at once.
func TestSumsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := minutes(t)
		var once Sum
		parts := make([]Sum, 3)
		for _, m := range all {
			once.Add(m)
			parts[rapid.IntRange(0, 2).Draw(t, "part")].Add(m)
		}
		a, b, c := parts[0], parts[1], parts[2]
		want := total(once)
		for name, got := range map[string]Sum{
			"in a row": total(a, b, c), "from the right": total(a, total(b, c)), "turned round": total(c, b, a),
		} {
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s:\ngot  %+v\nwant %+v", name, got, want)
			}
		}
	})
}

// TestHistogramBounds: of any durations, merged in any parts, the mean is exact, a quantile lies within the width of a
// bucket (5 %, or a second below 20 s) of the observation of its rank, and a share is wrong by the bucket it falls in at most.
func TestHistogramBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 40000), 1, 200).Draw(t, "seconds")
		var parts [2]Histogram
		var sum float64
		for i, v := range values {
			parts[i%2].Add(v)
			sum += v
		}
		h := parts[0]
		h.Merge(parts[1])
		slices.Sort(values)
		n := float64(len(values))
		if math.Abs(h.Mean()-sum/n) > 1e-6*sum/n+1e-9 {
			t.Fatalf("mean %v, want %v", h.Mean(), sum/n)
		}
		q := rapid.Float64Range(.01, 1).Draw(t, "q")
		exact := values[max(int(math.Ceil(q*n))-1, 0)]
		if got := h.Quantile(q); math.Abs(got-exact) > max(1, .05*exact)+1e-6 {
			t.Fatalf("quantile %v is %v, want %v", q, got, exact)
		}
		at := rapid.Float64Range(0, 40000).Draw(t, "over")
		longer := 0
		for _, v := range values {
			if v > at {
				longer++
			}
		}
		bound := float64(h.Counts[HistogramBucket(at)]) / n
		if got := h.Over(at); math.Abs(got-float64(longer)/n) > bound+1e-9 {
			t.Fatalf("share over %v is %v, want %v within %v", at, got, float64(longer)/n, bound)
		}
	})
}

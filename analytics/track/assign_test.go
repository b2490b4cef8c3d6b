package track

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAssignCases(t *testing.T) {
	cases := []struct {
		name       string
		gain       []float64
		rows, cols int
		want       []int
	}{
		{"nobody", nil, 0, 3, []int{}},
		{"nothing to pair with", nil, 2, 0, []int{-1, -1}},
		{"one pair", []float64{1}, 1, 1, []int{0}},
		{"forbidden", []float64{0, -1}, 1, 2, []int{-1}},
		{"greedy would be wrong", []float64{9, 8, 8, 1}, 2, 2, []int{1, 0}},
		{"more rows", []float64{1, 3, 2}, 3, 1, []int{-1, 0, -1}},
		{"a large gain beats two small ones", []float64{1, 10, 0, 1}, 2, 2, []int{1, -1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := new(assigner).solve(c.gain, c.rows, c.cols); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// Every assignment is as good as the best of all, found by trying them.
func TestAssignIsBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var a assigner
	for range 2000 {
		n, m := rng.IntN(6), rng.IntN(6)
		gain := make([]float64, n*m)
		for i := range gain {
			gain[i] = math.Round(rng.Float64()*10) - 4
		}
		got, used := 0.0, map[int]bool{}
		for i, j := range a.solve(gain, n, m) {
			if j < 0 {
				continue
			}
			if used[j] || gain[i*m+j] <= 0 {
				t.Fatalf("%d x %d %v: column %d twice or forbidden", n, m, gain, j)
			}
			used[j], got = true, got+gain[i*m+j]
		}
		if want := bestGain(gain, n, m, 0, 0); got != want {
			t.Fatalf("%d x %d %v: gain %v, best is %v", n, m, gain, got, want)
		}
	}
}

func bestGain(gain []float64, n, m, row int, used uint) float64 {
	if row == n {
		return 0
	}
	best := bestGain(gain, n, m, row+1, used)
	for j := range m {
		if g := gain[row*m+j]; used>>j&1 == 0 && g > 0 {
			best = math.Max(best, g+bestGain(gain, n, m, row+1, used|1<<j))
		}
	}
	return best
}

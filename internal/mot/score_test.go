package mot

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("COUNTERWATCH_DATA")
	if dir == "" {
		t.Skip("COUNTERWATCH_DATA is not set: scores are not checked against the published references")
	}
	return filepath.Join(dir, "mot15")
}

func load(t *testing.T, parts ...string) Rows {
	t.Helper()
	rows, err := ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// The published figures: CEM by the MOTChallenge development kit; SORT's MOTA by its authors, the rest by py-motmetrics.
func TestPublishedReferences(t *testing.T) {
	dir := dataDir(t)
	cases := []struct {
		name, file string
		mota, idf1 float64 // percent
		switches   int     // -1: not published
	}{
		{"TUD-Campus", "cem-reference.txt", 52.6, 55.8, -1},
		{"TUD-Campus", "sort-reference.txt", 62.7, 60.6, 6},
		{"ETH-Sunnyday", "sort-reference.txt", 59.1, 72.4, 22},
		{"ETH-Pedcross2", "sort-reference.txt", 45.4, 53.5, 76},
		{"KITTI-17", "sort-reference.txt", 60.2, 71.1, 9},
		{"PETS09-S2L1", "sort-reference.txt", 61.9, 35.1, 103},
		{"ADL-Rundle-6", "sort-reference.txt", 38.1, 43.4, 75},
		{"ETH-Bahnhof", "sort-reference.txt", 44.6, 60.9, 71},
		{"KITTI-13", "sort-reference.txt", 19.3, 43.8, 16},
	}
	for _, c := range cases {
		t.Run(c.name+" "+c.file, func(t *testing.T) {
			s := Evaluate(load(t, dir, c.name, "gt", "gt.txt"), load(t, dir, c.name, c.file), Span{})
			t.Logf("MOTA %.1f IDF1 %.1f HOTA %.1f switches %d fragmentations %d", 100*s.MOTA, 100*s.IDF1, 100*s.HOTA, s.Switches, s.Fragmentations)
			if math.Abs(100*s.MOTA-c.mota) > .0501 || math.Abs(100*s.IDF1-c.idf1) > .0501 || c.switches >= 0 && s.Switches != c.switches {
				t.Errorf("MOTA %.2f IDF1 %.2f switches %d, published %.1f %.1f %d", 100*s.MOTA, 100*s.IDF1, s.Switches, c.mota, c.idf1, c.switches)
			}
		})
	}
}

func at(frame int, id int64, x float64) Row {
	return Row{frame, id, models.Box{X: x, Y: 0, W: 10, H: 20}, 1}
}

func TestEvaluateCases(t *testing.T) {
	walk := Rows{at(1, 1, 0), at(2, 1, 0), at(3, 1, 0), at(4, 1, 0)}
	ignored := append(Rows{at(1, 2, 100)}, walk...)
	ignored[0].Score = 0
	cases := []struct {
		name                     string
		truth, result            Rows
		tp, fp, fn, switches, fr int
		mota, idf1, mae          float64
	}{
		{"perfect", walk, walk, 4, 0, 0, 0, 0, 1, 1, 0},
		{"nothing found", walk, nil, 0, 0, 4, 0, 0, 0, 0, 1},
		{"nobody there", nil, walk, 0, 4, 0, 0, 0, 0, 0, 1},
		{"nothing at all", nil, nil, 0, 0, 0, 0, 0, 0, 0, 0},
		{"id changes half way", walk, Rows{at(1, 7, 0), at(2, 7, 0), at(3, 8, 0), at(4, 8, 0)}, 4, 0, 0, 1, 0, .75, .5, 0},
		{"lost for one frame", walk, Rows{at(1, 7, 0), at(2, 7, 0), at(4, 7, 0)}, 3, 0, 1, 0, 1, .75, 6. / 7, .25},
		{"half the box is not enough", walk, Rows{at(1, 7, 5)}, 0, 1, 4, 0, 0, -.25, 0, .75},
		{"flag 0 is left out", ignored, walk, 4, 0, 0, 0, 0, 1, 1, 0},
		{"an old pair stays though another is nearer", walk, Rows{at(1, 7, 0), at(2, 7, 2), at(2, 8, 0), at(3, 7, 0), at(4, 7, 0)},
			4, 1, 0, 0, 0, .75, 8. / 9, .25},
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Evaluate(c.truth, c.result, Span{})
			if s.TP != c.tp || s.FP != c.fp || s.FN != c.fn || s.Switches != c.switches || s.Fragmentations != c.fr ||
				!near(s.MOTA, c.mota) || !near(s.IDF1, c.idf1) || !near(s.CountMAE, c.mae) {
				t.Errorf("got %+v", s)
			}
			if s.HOTA < 0 || s.HOTA > 1+1e-9 || math.IsNaN(s.HOTA) || c.mota == 1 && !near(s.HOTA, 1) {
				t.Errorf("HOTA %v", s.HOTA)
			}
		})
	}
}

func TestEvaluateDetections(t *testing.T) {
	truth := Rows{at(1, 1, 0), at(1, 2, 50), at(2, 1, 0), at(3, 1, 0)}
	found := Rows{at(1, -1, 0), at(1, -1, 50), at(2, -1, 90), at(3, -1, 0)}
	d := EvaluateDetections(truth, found, Span{})
	if d.TP != 3 || d.FP != 1 || d.FN != 1 || d.Precision != .75 || d.Recall != .75 || d.F1 != .75 || d.CountMAE != 0 || d.Frames != 3 {
		t.Errorf("got %+v", d)
	}
	if d := EvaluateDetections(truth, found, Span{From: 1, To: 5, Step: 2}); d.Frames != 3 || d.TP != 3 || d.FP != 0 || d.Counts[2] != (Count{Frame: 5}) {
		t.Errorf("every second frame: got %+v", d)
	}
}

// HOTA worked out by hand from Luiten et al. (2021): DetA = TP/(TP+FN+FP), AssA = mean over true positives of the Jaccard index of
// the two whole tracks, HOTA = sqrt(DetA AssA), each a mean over 19 thresholds.
func TestHOTAByHand(t *testing.T) {
	walk := Rows{at(1, 1, 0), at(2, 1, 0), at(3, 1, 0), at(4, 1, 0)}
	two := Rows{at(1, 1, 0), at(1, 2, 100), at(2, 1, 0), at(2, 2, 100)}
	cases := []struct {
		name            string
		truth, result   Rows
		det, ass, hotas float64
	}{
		{"perfect", walk, walk, 1, 1, 1},
		{"half is found", walk, Rows{at(1, 7, 0), at(2, 7, 0)}, .5, .5, .5},
		// each half has 2 frames of the person's 4: 2/(4+2-2)
		{"the id changes half way", walk, Rows{at(1, 7, 0), at(2, 7, 0), at(3, 8, 0), at(4, 8, 0)}, 1, .5, math.Sqrt(.5)},
		// each pair of the truth is followed for 1 frame by each track: 1/(2+2-1)
		{"two change places", two, Rows{at(1, 7, 0), at(1, 8, 100), at(2, 8, 0), at(2, 7, 100)}, 1, 1. / 3, math.Sqrt(1. / 3)},
		{"one false box beside", Rows{at(1, 1, 0)}, Rows{at(1, 7, 0), at(1, 8, 100)}, .5, 1, math.Sqrt(.5)},
		// 8/12 of the union: right at the 13 thresholds up to .65
		{"two thirds overlap", Rows{at(1, 1, 0)}, Rows{at(1, 7, 2)}, 13. / 19, 13. / 19, 13. / 19},
		{"nothing overlaps", walk, Rows{at(1, 7, 500)}, 0, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Evaluate(c.truth, c.result, Span{})
			if math.Abs(s.DetA-c.det) > 1e-9 || math.Abs(s.AssA-c.ass) > 1e-9 || math.Abs(s.HOTA-c.hotas) > 1e-9 {
				t.Errorf("DetA %.4f AssA %.4f HOTA %.4f, by hand %.4f %.4f %.4f", s.DetA, s.AssA, s.HOTA, c.det, c.ass, c.hotas)
			}
		})
	}
}

// Whatever is scored: names of ids do not matter, nor the order in a frame; shares stay in their bounds; a false track can only cost.
func TestScoresHaveTheirProperties(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		var truth, result, renamed Rows
		for n := 1; n <= 20; n++ {
			for id := range int64(4) {
				x := float64(id)*30 + float64(n)
				truth = append(truth, at(n, id+1, x))
				if r.Float64() < .8 {
					k := at(n, (id+int64(n/10)*r.Int64N(2))%4+1+10*id, x+r.NormFloat64()*2)
					result = append(result, k)
					k.ID = 1000 - 7*k.ID
					renamed = append(renamed, k)
				}
			}
		}
		slices.Reverse(renamed)
		renamed.sort()
		a, b := Evaluate(truth, result, Span{}), Evaluate(truth, renamed, Span{})
		worse := Evaluate(truth, append(slices.Clone(result), at(20, 9999, 4000)), Span{})
		if math.Abs(a.HOTA-b.HOTA) > 1e-9 || math.Abs(a.IDF1-b.IDF1) > 1e-9 || a.MOTA != b.MOTA || a.Switches != b.Switches {
			t.Errorf("seed %d: other names give other scores: %+v, %+v", seed, a, b)
		}
		if worse.HOTA >= a.HOTA || worse.MOTA >= a.MOTA || worse.IDF1 >= a.IDF1 || a.HOTA <= 0 || a.HOTA > 1 || a.IDF1 > 1 || a.MOTA > 1 {
			t.Errorf("seed %d: %+v, with a false track %+v", seed, a, worse)
		}
	}
}

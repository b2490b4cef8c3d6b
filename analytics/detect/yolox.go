package detect

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// yoloxStrides are the grids of a YOLOX head, finest first, in the order of its output rows.
var yoloxStrides = [...]int{8, 16, 32}

// YOLOXRows is the number of boxes a YOLOX head proposes for an input.
func YOLOXRows(input models.Size) int {
	n := 0
	for _, s := range yoloxStrides {
		n += (input.W / s) * (input.H / s)
	}
	return n
}

// DecodeYOLOX reads the raw head of a YOLOX network (Ge et al. 2021): rows of cx, cy, log w, log h relative to a cell of
// its grid, objectness, and one score per class. It returns boxes of one class in input pixels whose objectness x class
// score reaches floor. An output whose length fits no whole rows is a models.KindInvalid error.
func DecodeYOLOX(out []float32, input models.Size, classes, class int, floor float64) ([]models.Detection, error) {
	row := 5 + classes
	if class < 0 || class >= classes || len(out) != YOLOXRows(input)*row {
		return nil, models.Errorf(models.KindInvalid, "network output of %d values is not a YOLOX head of %d classes for %dx%d pixels",
			len(out), classes, input.W, input.H)
	}
	var found []models.Detection
	for _, s := range yoloxStrides {
		step := float64(s)
		for gy := range input.H / s {
			for gx := range input.W / s {
				r := out[:row]
				out = out[row:]
				score := float64(r[4]) * float64(r[5+class])
				if !(score >= floor) { // also drops NaN
					continue
				}
				w, h := math.Exp(float64(r[2]))*step, math.Exp(float64(r[3]))*step
				cx, cy := (float64(r[0])+float64(gx))*step, (float64(r[1])+float64(gy))*step
				if b := (models.Box{X: cx - w/2, Y: cy - h/2, W: w, H: h}); finite(b) {
					found = append(found, models.Detection{Box: b, Score: math.Min(score, 1)})
				}
			}
		}
	}
	return found, nil
}

func finite(b models.Box) bool {
	s := b.X + b.Y + b.W + b.H
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}

// Suppress keeps, best first, the detections that no better one overlaps by more than maxIoU (greedy non-maximum
// suppression). It sorts d and returns a part of it.
func Suppress(d []models.Detection, maxIoU float64) []models.Detection {
	slices.SortStableFunc(d, func(a, b models.Detection) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	kept := d[:0]
next:
	for _, c := range d {
		for _, k := range kept {
			if k.Box.IoU(c.Box) > maxIoU {
				continue next
			}
		}
		kept = append(kept, c)
	}
	return kept
}

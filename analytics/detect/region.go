package detect

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// regionStrides are the grids of Yolo-Fastest's region layers, in the order of its output.
var regionStrides = [...]int{32, 16}

// regionAnchors is how many boxes a region layer proposes for each cell.
const regionAnchors = 3

// RegionRows is the number of boxes the region layers propose for an input.
func RegionRows(input models.Size) int {
	n := 0
	for _, s := range regionStrides {
		n += regionAnchors * (input.W / s) * (input.H / s)
	}
	return n
}

// DecodeRegion reads the output of a Darknet network's region layers (Redmon and Farhadi 2018) as OpenCV gives it, one layer
// behind the other: rows of cx, cy, w, h in 0..1 of the input, objectness, and per class objectness x class probability,
// which is 0 where it does not pass 0.2. It returns boxes of one class in input pixels whose score reaches floor. An output
// whose length fits no whole rows is a models.KindInvalid error.
func DecodeRegion(out []float32, input models.Size, classes, class int, floor float64) ([]models.Detection, error) {
	row := 5 + classes
	if class < 0 || class >= classes || len(out) != RegionRows(input)*row {
		return nil, models.Errorf(models.KindInvalid, "network output of %d values is not of region layers of %d classes for %dx%d pixels",
			len(out), classes, input.W, input.H)
	}
	var found []models.Detection
	for ; len(out) > 0; out = out[row:] {
		score := float64(out[5+class])
		if !(score >= floor && score > 0) { // also drops NaN
			continue
		}
		w, h := float64(out[2])*float64(input.W), float64(out[3])*float64(input.H)
		cx, cy := float64(out[0])*float64(input.W), float64(out[1])*float64(input.H)
		if b := (models.Box{X: cx - w/2, Y: cy - h/2, W: w, H: h}); finite(b) && w > 0 && h > 0 {
			found = append(found, models.Detection{Box: b, Score: math.Min(score, 1)})
		}
	}
	return found, nil
}

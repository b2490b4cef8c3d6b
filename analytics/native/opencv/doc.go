// Package opencv is OpenCV for the detectors: the DNN engine of networks, the HOG people detector, and the background
// model of the foreground detector. In goes models.Frame or a network's input, out come detections or a network's raw
// output. It imports models and analytics/detect; only analytics/native may import it.
package opencv

import (
	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/models"
)

// mat copies a BGR frame, whatever its stride, into a Mat that the caller closes.
func mat(f *models.Frame) (gocv.Mat, error) {
	row := 3 * f.W
	pix := f.Pix[:(f.H-1)*f.Stride+row]
	if f.Stride != row {
		packed := make([]byte, row*f.H)
		for y := range f.H {
			copy(packed[y*row:][:row], pix[y*f.Stride:])
		}
		pix = packed
	}
	return gocv.NewMatFromBytes(f.H, f.W, gocv.MatTypeCV8UC3, pix)
}

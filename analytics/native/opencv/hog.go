package opencv

// #cgo pkg-config: opencv4
// #cgo CXXFLAGS: -std=c++11
// #include "hog.h"
import "C"

import (
	"errors"
	"math"
	"sync"
	"unsafe"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// HOG is OpenCV's people detector of histograms of oriented gradients (Dalal and Triggs 2005). It needs no weights and
// finds standing people only, never seated ones.
type HOG struct {
	mu  sync.Mutex
	hog unsafe.Pointer // nil when closed
}

const (
	hogScale  = 1.5  // how much the picture is enlarged first: the model is 96 pixels high, people in wide views are smaller
	hogMost   = 500  // boxes of one picture
	hogMiddle = .6   // classifier distance that becomes a score of one half
	hogSide   = .2   // margin left and right of the person in the model's window, as a share of its width
	hogEnds   = .125 // margin above and below
)

// NewHOG makes the detector.
func NewHOG() *HOG { return &HOG{hog: C.cw_hog_new()} }

// Detect finds standing people; the score is the logistic function of the classifier's distance.
func (h *HOG) Detect(f *models.Frame) ([]models.Detection, error) {
	if err := detect.CheckFrame(f); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hog == nil {
		return nil, detect.ErrClosed
	}
	var found [hogMost]C.cw_found
	n := C.cw_hog_detect(h.hog, (*C.uchar)(unsafe.SliceData(f.Pix)), C.int(f.W), C.int(f.H), C.int(f.Stride), hogScale, &found[0], hogMost)
	if n < 0 {
		return nil, errors.New("opencv: HOG failed")
	}
	var people []models.Detection
	for _, r := range found[:n] {
		w, t := float64(r.w), float64(r.h)
		b := detect.Clip(models.Box{X: float64(r.x) + hogSide*w, Y: float64(r.y) + hogEnds*t, W: w * (1 - 2*hogSide), H: t * (1 - 2*hogEnds)}, f.Size)
		if b.W >= 1 && b.H >= 1 {
			people = append(people, models.Detection{Box: b, Score: 1 / (1 + math.Exp(4*(hogMiddle-float64(r.weight))))})
		}
	}
	return detect.Suppress(people, .5), nil
}

// Info names the detector.
func (*HOG) Info() detect.Info {
	return detect.Info{Name: "hog", Basic: true, Thresholds: models.Thresholds{Low: .2, High: .4, Birth: .6, Immediate: .9}}
}

// Close frees the model.
func (h *HOG) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hog != nil {
		C.cw_hog_free(h.hog)
		h.hog = nil
	}
	return nil
}

// Package detect finds people in one frame: the second stop of the road inside analytics, after decode and before track.
//
// In goes a models.Frame, out come models.Detection boxes in the frame's pixels. The package holds what is pure: the
// Detector contract, the geometry and decoding of YOLOX and Darknet networks (Network, over an Engine), the reading of a foreground
// mask as people (Crowd), the replay of detections made earlier (Replay), and where and when to look with them (Camera: the
// view of a camera's zones, tiles, possible heights; Motion; Scale, which makes what a network sees of a camera's own colours). The parts that call native libraries are in
// analytics/native, which is the only way to make them. It imports models and may be imported by analytics, its native
// rooms and cmd. Every Detector passes the suite in detecttest.
package detect

import (
	"github.com/counterwatch/counterwatch/models"
)

// Detector finds people. Implementations are safe for concurrent use; a detector that learns its scene (foreground) must
// be given the frames of one camera only, in order.
type Detector interface {
	// Detect returns the people of one frame, best score first, boxes in the frame's pixels and clipped to it. It does not
	// change or keep the frame. A frame without pixels or in a format it cannot read is a models.KindInvalid error.
	Detect(f *models.Frame) ([]models.Detection, error)
	// Info names what runs.
	Info() Info
	// Close frees what the detector holds; Detect then fails. A second Close does nothing.
	Close() error
}

// Info names a detector and says how its scores are to be read.
type Info struct {
	Name   string // card or kind: "yolox_nano", "foreground"
	Engine string // of a network: "opencv", "onnxruntime"; else empty
	// Input is how many pixels a network is fed, and their very shape when Fixed; zero of what takes pictures as they are.
	Input      models.Size
	Fixed      bool
	Basic      bool // works without weights: accuracy is basic, seated and hidden people are often missed
	Thresholds models.Thresholds
}

// String is the name shown to people: "yolox_nano (opencv)", "foreground".
func (i Info) String() string {
	if i.Engine == "" {
		return i.Name
	}
	return i.Name + " (" + i.Engine + ")"
}

// Network reports whether a network runs: it looks at every picture, or part of one, by itself.
func (i Info) Network() bool { return i.Engine != "" }

// Letterbox is how a network is shown a picture or a part of one.
func (i Info) Letterbox(picture models.Size) Letterbox {
	switch {
	case i.Input == models.Size{}:
		return NewLetterbox(picture, picture)
	case i.Fixed:
		return NewLetterbox(picture, i.Input)
	}
	return NewLetterbox(picture, InputFor(picture, i.Input))
}

// CheckFrame returns a models.KindInvalid error unless f holds a whole BGR picture.
func CheckFrame(f *models.Frame) error {
	if f.Format != models.BGR24 {
		return models.Errorf(models.KindInvalid, "frame %d: pixels of format %d, not BGR", f.Number, f.Format)
	}
	return f.Check()
}

// Clip cuts a box to a picture.
func Clip(b models.Box, s models.Size) models.Box {
	x0, y0 := max(b.X, 0), max(b.Y, 0)
	x1, y1 := min(b.X+b.W, float64(s.W)), min(b.Y+b.H, float64(s.H))
	return models.Box{X: x0, Y: y0, W: max(x1-x0, 0), H: max(y1-y0, 0)}
}

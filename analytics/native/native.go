// Package native is the one door to the native libraries: FFmpeg's libav for decoding, OpenCV and ONNX Runtime for finding
// people. Behind it is all of the program's cgo, so that every other room builds and tests without a C compiler. In go a
// camera's settings, out come the pure interfaces of analytics/decode and analytics/detect. Only cmd/node and cmd/demo
// import it.
package native

import (
	"image"
	"log/slog"
	"os"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/native/libav"
	"github.com/counterwatch/counterwatch/analytics/native/opencv"
	"github.com/counterwatch/counterwatch/analytics/native/ort"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// Options say where things lie. The zero value works.
type Options struct {
	NetsDir string // folder of weights; empty: see nets.Open
	Log     *slog.Logger
}

// NewDetector makes the detector of one camera.
//
//	auto        the default network when its weights are there, else foreground with a loud word on how to get them
//	foreground  everything that stands before the background
//	hog         standing people
//	network     a card of models/nets; missing and altered weights are errors that name them
//
// The engine auto is ONNX Runtime where its library is found and OpenCV otherwise.
func NewDetector(cfg models.DetectorConfig, opts Options) (detect.Detector, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	kind := cfg.Kind
	if cfg.Net != "" {
		kind = "network"
	}
	switch kind {
	case "", "auto":
		d, err := newNetwork(nets.Default, cfg, opts)
		if models.KindOf(err) == models.KindNotFound {
			opts.Log.Warn("accuracy is basic: people are found without a network, because there are no weights; get them with "+
				"`cwctl nets pull "+nets.Default+"` and start again", "detector", "foreground")
			return opencv.NewForeground(), nil
		}
		return d, err
	case "network":
		name := cfg.Net
		if name == "" {
			name = nets.Default
		}
		return newNetwork(name, cfg, opts)
	case "foreground":
		return opencv.NewForeground(), nil
	case "hog":
		return opencv.NewHOG(), nil
	}
	return nil, models.Invalid("detector.kind", "%q is not a detector: choose auto, foreground, hog or network", kind)
}

func newNetwork(name string, cfg models.DetectorConfig, opts Options) (detect.Detector, error) {
	card, err := nets.Find(name)
	if err != nil {
		return nil, models.Invalid("detector.net", "%v", err)
	}
	files, err := nets.Open(opts.NetsDir, os.Getenv).Load(card)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine(cfg.Engine, card, files, opts.Log)
	if err != nil {
		return nil, err
	}
	decode := detect.DecodeYOLOX
	if card.Decoding == nets.Region {
		decode = detect.DecodeRegion
	}
	return detect.NewNetwork(detect.NetworkConfig{Name: card.Name, Input: card.Input, Fixed: card.Fixed, RGB: card.RGB, Scale: card.Scale,
		Decode: decode, MaxIoU: card.MaxIoU, Classes: card.Classes, Person: card.Person, Thresholds: nets.WithThreshold(card.Thresholds, cfg.Threshold)}, engine), nil
}

// newEngine makes the engine of a name for a card's files. Only OpenCV runs Darknet networks.
func newEngine(name string, card nets.Card, files [][]byte, log *slog.Logger) (detect.Engine, error) {
	darknet := card.Decoding == nets.Region
	openCV := func() (detect.Engine, error) {
		if darknet {
			return opencv.NewDarknetEngine(files[0], files[1])
		}
		return opencv.NewEngine(files[0])
	}
	library, found := ort.Library(os.Getenv("COUNTERWATCH_ORT"))
	switch name {
	case "", "auto":
		if found && !darknet {
			e, err := ort.NewEngine(library, files[0])
			if err == nil {
				return e, nil
			}
			log.Warn("ONNX Runtime was found but cannot be used; OpenCV runs the network, about four times slower", "err", err)
		}
		return openCV()
	case "opencv":
		return openCV()
	case "onnxruntime":
		if darknet {
			return nil, models.Invalid("detector.engine", "onnxruntime cannot run %s, which is a Darknet network: set detector.engine to opencv or auto", card.Name)
		}
		if !found {
			return nil, models.Errorf(models.KindNotFound,
				"libonnxruntime is not installed: run `make onnxruntime`, or name the library in COUNTERWATCH_ORT, or set detector.engine to opencv")
		}
		return ort.NewEngine(library, files[0])
	}
	return nil, models.Invalid("detector.engine", "%q is not an engine: choose auto, opencv or onnxruntime", name)
}

// NewDecoder makes a decoder for one camera's stream.
func NewDecoder(codec models.Codec) (decode.Decoder, error) {
	switch codec {
	case models.CodecMJPEG:
		return &decode.JPEG{}, nil
	case models.CodecH264, models.CodecH265:
		return libav.NewDecoder(codec)
	}
	return nil, models.Errorf(models.KindUnsupported, "%q is not a codec that can be analysed: h264, h265 or mjpeg", codec)
}

// Scale is the detect.Scale of swscale, several times as fast as the one in Go.
func Scale(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error {
	return libav.Scale(dst, f, part, to)
}

// File is a video file being decoded.
type File = libav.File

// OpenFile opens a video file of the local disk; the error says why it cannot be analysed.
func OpenFile(path string) (*File, error) { return libav.OpenFile(path) }

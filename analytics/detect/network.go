package detect

import (
	"errors"
	"sync"

	"github.com/counterwatch/counterwatch/models"
)

// Engine runs a network. OpenCV DNN and ONNX Runtime are the two.
type Engine interface {
	// Infer runs one input of 3 x size.H x size.W values and returns the network's raw output, valid until the next call.
	// It is called by one goroutine at a time.
	Infer(input []float32, size models.Size) ([]float32, error)
	Name() string // "opencv", "onnxruntime"
	Close() error
}

// NetworkConfig says how a network is fed and read; models/nets has one per card.
type NetworkConfig struct {
	Name       string
	Input      models.Size // fed with about as many pixels, in the picture's own shape
	Fixed      bool        // the input cannot have another shape
	RGB        bool        // wants red first
	Scale      float32     // of values 0..255; 0 leaves them so
	Decode     Decode      // nil is DecodeYOLOX
	Classes    int
	Person     int     // class of people
	MaxIoU     float64 // overlap from which two boxes are one person; 0 is .65, as published for YOLOX
	Thresholds models.Thresholds
}

// Decode reads a network's raw output for an input: boxes of one of its classes in input pixels, in any order, whose score
// (0..1) reaches floor. An output of another length than the input asks for is a models.KindInvalid error.
type Decode func(out []float32, input models.Size, classes, class int, floor float64) ([]models.Detection, error)

// Network is a Detector on a network.
type Network struct {
	cfg  NetworkConfig
	info Info

	mu     sync.Mutex
	engine Engine // nil when closed
	input  []float32
}

// floor is the lowest score that leaves a network detector, whatever the thresholds: below it there is only noise.
const floor = .05

// NewNetwork makes a detector that owns the engine.
func NewNetwork(cfg NetworkConfig, engine Engine) *Network {
	if cfg.Decode == nil {
		cfg.Decode = DecodeYOLOX
	}
	if cfg.MaxIoU == 0 {
		cfg.MaxIoU = .65
	}
	return &Network{cfg: cfg, engine: engine,
		info: Info{Name: cfg.Name, Engine: engine.Name(), Input: cfg.Input, Fixed: cfg.Fixed, Thresholds: cfg.Thresholds}}
}

// Detect finds people.
func (n *Network) Detect(f *models.Frame) ([]models.Detection, error) {
	if err := CheckFrame(f); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.engine == nil {
		return nil, ErrClosed
	}
	l := n.info.Letterbox(f.Size)
	n.input = l.Fill(n.input, f, n.cfg.RGB)
	if n.cfg.Scale != 0 {
		for i := range n.input {
			n.input[i] *= n.cfg.Scale
		}
	}
	out, err := n.engine.Infer(n.input, l.Input)
	if err != nil {
		return nil, err
	}
	found, err := n.cfg.Decode(out, l.Input, n.cfg.Classes, n.cfg.Person, min(floor, n.cfg.Thresholds.Low))
	if err != nil {
		return nil, err
	}
	found = Suppress(found, n.cfg.MaxIoU)
	kept := found[:0]
	for _, d := range found {
		if d.Box = l.Box(d.Box); d.Box.W >= 1 && d.Box.H >= 1 {
			kept = append(kept, d)
		}
	}
	return kept, nil
}

// Info names the card and the engine.
func (n *Network) Info() Info { return n.info }

// Close frees the engine.
func (n *Network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.engine == nil {
		return nil
	}
	err := n.engine.Close()
	n.engine = nil
	return err
}

// ErrClosed is what a closed detector answers.
var ErrClosed = errors.New("detector is closed")

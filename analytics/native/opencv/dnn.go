package opencv

import (
	"errors"
	"fmt"
	"unsafe"

	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/models"
)

// Engine is OpenCV DNN on the processor.
type Engine struct {
	net gocv.Net
	out []float32
}

// NewEngine reads ONNX weights; their hash has been checked before. An unreadable network is an error.
func NewEngine(onnx []byte) (*Engine, error) {
	if len(onnx) == 0 {
		return nil, errors.New("opencv: no network")
	}
	net, err := gocv.ReadNetFromONNXBytes(onnx)
	if err != nil {
		return nil, fmt.Errorf("opencv: read network: %w", err)
	}
	if net.Empty() {
		return nil, errors.New("opencv: this version of OpenCV cannot read the network")
	}
	return &Engine{net: net}, nil
}

// Name is "opencv".
func (*Engine) Name() string { return "opencv" }

// Infer runs the network.
func (e *Engine) Infer(input []float32, size models.Size) ([]float32, error) {
	raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(input))), 4*len(input))
	blob, err := gocv.NewMatWithSizesFromBytes([]int{1, 3, size.H, size.W}, gocv.MatTypeCV32F, raw)
	if err != nil {
		return nil, fmt.Errorf("opencv: input: %w", err)
	}
	defer blob.Close()
	e.net.SetInput(blob, "")
	out := e.net.Forward("")
	defer out.Close()
	v, err := out.DataPtrFloat32()
	if err != nil {
		return nil, fmt.Errorf("opencv: output: %w", err)
	}
	e.out = append(e.out[:0], v...)
	return e.out, nil
}

// Close frees the network.
func (e *Engine) Close() error { return e.net.Close() }

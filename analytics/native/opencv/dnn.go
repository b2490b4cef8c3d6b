package opencv

// #include "dnn.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/counterwatch/counterwatch/models"
)

// Engine is OpenCV DNN on one thread of the processor.
type Engine struct{ net unsafe.Pointer }

// NewEngine reads ONNX weights; their hash has been checked before. A network that this OpenCV cannot read is a
// models.KindUnsupported error.
func NewEngine(onnx []byte) (*Engine, error) {
	e, err := read(onnx, nil)
	if err != nil {
		return nil, models.Errorf(models.KindUnsupported,
			"opencv: %w: install ONNX Runtime (`make onnxruntime`), or choose another detector.net", err)
	}
	return e, nil
}

// NewDarknetEngine reads a Darknet network whose outputs are region layers: the text of its .cfg and its weights. Errors are
// as of NewEngine.
func NewDarknetEngine(cfg, weights []byte) (*Engine, error) {
	if len(cfg) == 0 {
		return nil, models.Errorf(models.KindUnsupported, "opencv: the network's .cfg is empty: pull it again, or choose another detector.net")
	}
	e, err := read(weights, cfg)
	if err != nil {
		return nil, models.Errorf(models.KindUnsupported, "opencv: %w: pull it again, or choose another detector.net", err)
	}
	return e, nil
}

func read(model, config []byte) (*Engine, error) {
	var why why
	net := C.cw_net_read(unsafe.Pointer(unsafe.SliceData(model)), C.size_t(len(model)),
		unsafe.Pointer(unsafe.SliceData(config)), C.size_t(len(config)), &why[0], C.size_t(len(why)))
	if net == nil {
		return nil, fmt.Errorf("the network cannot be read (%s)", why)
	}
	return &Engine{net: net}, nil
}

// why is room for OpenCV's reason.
type why [400]C.char

func (w why) String() string {
	return strings.Join(strings.Fields(C.GoString(&w[0])), " ")
}

// Name is "opencv".
func (*Engine) Name() string { return "opencv" }

// Infer runs the network.
func (e *Engine) Infer(input []float32, size models.Size) ([]float32, error) {
	if len(input) != 3*size.W*size.H || len(input) == 0 {
		return nil, models.Errorf(models.KindInvalid, "opencv: %d values are no input of %dx%d", len(input), size.W, size.H)
	}
	var why why
	var n C.size_t
	out := C.cw_net_run(e.net, (*C.float)(unsafe.SliceData(input)), C.int(size.W), C.int(size.H), &n, &why[0], C.size_t(len(why)))
	if out == nil {
		return nil, models.Errorf(models.KindUnsupported, "opencv: the network does not run on an input of %dx%d: %s", size.W, size.H, why)
	}
	return unsafe.Slice((*float32)(out), n), nil
}

// Close frees the network.
func (e *Engine) Close() error {
	C.cw_net_free(e.net)
	e.net = nil
	return nil
}

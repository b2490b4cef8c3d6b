// Package ort runs networks on ONNX Runtime, about four times as fast as OpenCV 4.6 on one thread. The library is loaded
// when the program runs, if it is found, so that nothing links it. In goes a network's input, out comes its raw output.
// It imports models; only analytics/native may import it.
//
// One input a run: on one thread YOLOX-nano at 416 x 416 gains nothing from batches (60 interleaved runs of ONNX Runtime
// 1.23: per picture 1.01 times as fast in batches of 2, 95 % interval 0.98 to 1.04, and 0.96 times in batches of 4, 0.95 to
// 1.00), and a batch makes its first picture wait for the last.
package ort

import (
	"fmt"
	"path/filepath"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/counterwatch/counterwatch/models"
)

// places are where the library is looked for, in order, after COUNTERWATCH_ORT; `make onnxruntime` fills the first.
var places = []string{
	".cache/onnxruntime/libonnxruntime.so*",
	"/usr/local/lib/libonnxruntime.so*",
	"/usr/lib/*-linux-gnu/libonnxruntime.so*",
	"/usr/lib64/libonnxruntime.so*",
	"/usr/lib/libonnxruntime.so*",
}

// Library returns the path of libonnxruntime: named, if given, else the first that is found.
func Library(named string) (string, bool) {
	if named != "" {
		return named, true
	}
	for _, p := range places {
		if found, _ := filepath.Glob(p); len(found) > 0 {
			return found[0], true
		}
	}
	return "", false
}

var loadMu sync.Mutex // guards the runtime's one environment

// load loads the library once for the process.
func load(library string) error {
	loadMu.Lock()
	defer loadMu.Unlock()
	if ort.IsInitialized() {
		return nil
	}
	path, err := filepath.Abs(library)
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return models.Errorf(models.KindUnsupported, "onnxruntime: %s cannot be loaded (%w): run `make onnxruntime`, name another "+
			"library in COUNTERWATCH_ORT, or set detector.engine to opencv", path, err)
	}
	return ort.DisableTelemetry()
}

// Engine is one session of ONNX Runtime on one thread: a session per core carries more cameras than one on all cores.
type Engine struct {
	session *ort.DynamicAdvancedSession
	out     []float32
}

// NewEngine loads the library and reads ONNX weights, whose hash has been checked before. The network then takes inputs of
// any size that its layers can halve. A library or a network that cannot be used is a models.KindUnsupported error.
func NewEngine(library string, onnx []byte) (*Engine, error) {
	if err := load(library); err != nil {
		return nil, err
	}
	model, input, output, err := freeSize(onnx)
	if err != nil {
		return nil, err
	}
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer opts.Destroy()
	if err := opts.SetIntraOpNumThreads(1); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{input}, []string{output}, opts)
	runtime.KeepAlive(model)
	if err != nil {
		return nil, models.Errorf(models.KindUnsupported, "onnxruntime: the network cannot be read (%w): set detector.engine to opencv, or "+
			"choose another detector.net", err)
	}
	return &Engine{session: s}, nil
}

// Name is "onnxruntime".
func (*Engine) Name() string { return "onnxruntime" }

// Infer runs the network.
func (e *Engine) Infer(input []float32, size models.Size) ([]float32, error) {
	in, err := ort.NewTensor(ort.NewShape(1, 3, int64(size.H), int64(size.W)), input)
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: input: %w", err)
	}
	defer in.Destroy()
	outs := []ort.Value{nil}
	if err := e.session.Run([]ort.Value{in}, outs); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer outs[0].Destroy()
	t, ok := outs[0].(*ort.Tensor[float32])
	if !ok {
		return nil, fmt.Errorf("onnxruntime: the network answers %T, not numbers", outs[0])
	}
	e.out = append(e.out[:0], t.GetData()...)
	return e.out, nil
}

// Close frees the session; the library stays loaded.
func (e *Engine) Close() error { return e.session.Destroy() }

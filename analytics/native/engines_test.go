package native

import (
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
)

// BenchmarkEngines runs YOLOX-nano on a street scene of 416 x 416, one inference on each engine in turn, both on one thread.
// An operation is one such pair. times-faster is the processor time of OpenCV DNN over that of ONNX Runtime, with its 95 %
// interval by bootstrap over the pairs (Efron 1979); processor time, because on one thread of an idle machine it is what
// passes, and what other programs do does not disturb it. More pairs with -benchtime 60x.
func BenchmarkEngines(b *testing.B) {
	if os.Getenv("COUNTERWATCH_DATA") == "" {
		b.Skip("COUNTERWATCH_DATA is not set: engines are not compared")
	}
	card, err := nets.Find("yolox_nano")
	if err != nil {
		b.Fatal(err)
	}
	var engines [2]detect.Engine
	for i, name := range []string{"onnxruntime", "opencv"} {
		engines[i] = newTestEngine(b, name, card)
		defer engines[i].Close()
	}
	size := models.Size{W: 416, H: 416}
	f := film(b, "vtest.avi", 1)[0]
	input := detect.NewLetterbox(f.Size, size).Fill(nil, f, card.RGB)
	var spent [2][]float64 // seconds of each inference
	for _, e := range engines {
		infer(b, e, input, size) // the first is slow
	}
	for turn := 0; b.Loop(); turn++ {
		for k := range engines {
			k = (k + turn) % 2 // who begins takes turns
			spent[k] = append(spent[k], infer(b, engines[k], input, size).Seconds())
		}
	}
	low, high := interval(spent[1], spent[0])
	b.ReportMetric(sum(spent[1])/sum(spent[0]), "times-faster")
	b.ReportMetric(low, "times-low")
	b.ReportMetric(high, "times-high")
	b.ReportMetric(1e3*sum(spent[0])/float64(len(spent[0])), "onnxruntime-ms")
	b.ReportMetric(1e3*sum(spent[1])/float64(len(spent[1])), "opencv-ms")
}

func newTestEngine(b *testing.B, name string, card nets.Card) detect.Engine {
	files, err := nets.Open("", os.Getenv).Load(card)
	if err != nil {
		b.Fatal(err)
	}
	e, err := newEngine(name, card, files, nil)
	if err != nil {
		b.Skipf("%s is not compared: %v", name, err)
	}
	return e
}

// infer returns the processor time of one inference.
func infer(b *testing.B, e detect.Engine, input []float32, size models.Size) time.Duration {
	before := processorTime(b)
	if _, err := e.Infer(input, size); err != nil {
		b.Fatal(err)
	}
	return processorTime(b) - before
}

// processorTime is what all threads of this process have used.
func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// interval is the 95 % interval of sum(a) / sum(b), pairs resampled.
func interval(a, b []float64) (low, high float64) {
	r := rand.New(rand.NewPCG(1, 1))
	ratios := make([]float64, 2000)
	for i := range ratios {
		var x, y float64
		for range a {
			k := r.IntN(len(a))
			x, y = x+a[k], y+b[k]
		}
		ratios[i] = x / y
	}
	slices.Sort(ratios)
	return ratios[50], ratios[1949]
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

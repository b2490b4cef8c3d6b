package native

import (
	"image"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// People are found as well in what swscale makes of a camera's own colours at the network's size as in a whole BGR picture
// that is scaled afterwards.
func TestStraightRoadFindsTheSame(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: detections in scaled pictures are not compared")
	}
	d := newDetector(t, models.DetectorConfig{Net: "yolox_nano"})
	defer d.Close()
	for _, c := range []struct {
		name  string
		every int
	}{{"vtest.avi", 100}, {"TUD-Campus.mp4", 12}, {"preview-classroom.gif", 9}} {
		t.Run(c.name, func(t *testing.T) {
			file, err := OpenFile(filepath.Join(data, "video", c.name))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			straight := detect.ForCamera(models.Camera{Detector: models.DetectorConfig{View: "whole", MotionGate: "off"}}, d, Scale)
			var sure, lost, extra int
			var bias, off, overlap float64
			for n := 0; ; n++ {
				f, err := file.Next()
				if err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				} else if n%c.every != 0 {
					continue
				}
				got, err := straight.Detect(f)
				if err != nil {
					t.Fatal(err)
				}
				want, err := d.Detect(inBGR(t, f))
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range want {
					if w.Score < .5 {
						continue
					}
					sure++
					g, iou := nearest(w, got)
					if iou < .5 || g.Score < .3 {
						lost++
						continue
					}
					bias, off, overlap = bias+g.Score-w.Score, off+math.Abs(g.Score-w.Score), overlap+iou
				}
				for _, g := range got {
					if _, iou := nearest(g, want); g.Score >= .5 && iou < .5 {
						extra++
					}
				}
			}
			m := float64(sure - lost)
			t.Logf("%d people, %d lost, %d more; scores %+.4f, %.4f apart; overlap %.3f", sure, lost, extra, bias/m, off/m, overlap/m)
			if sure < 15 || lost+extra > sure/50 || math.Abs(bias/m) > .01 || off/m > .03 || overlap/m < .95 {
				t.Error("the two roads do not find the same")
			}
		})
	}
}

func nearest(d models.Detection, in []models.Detection) (best models.Detection, iou float64) {
	for _, o := range in {
		if v := o.Box.IoU(d.Box); v > iou {
			best, iou = o, v
		}
	}
	return best, iou
}

// inBGR is a whole frame in BGR.
func inBGR(t testing.TB, f *models.Frame) *models.Frame {
	bgr := &models.Frame{Number: f.Number, At: f.At, Size: f.Size, Stride: 3 * f.W, Pix: make([]byte, 3*f.W*f.H)}
	if err := Scale(bgr.Pix, f, image.Rect(0, 0, f.W, f.H), f.Size); err != nil {
		t.Fatal(err)
	}
	return bgr
}

// timed is a detector and a scale whose processor time is counted.
type timed struct {
	detect.Detector
	b              *testing.B
	infer, scaling time.Duration
}

func (d *timed) Detect(f *models.Frame) ([]models.Detection, error) {
	before := processorTime(d.b)
	defer func() { d.infer += processorTime(d.b) - before }()
	return d.Detector.Detect(f)
}

func (d *timed) scale(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error {
	before := processorTime(d.b)
	defer func() { d.scaling += processorTime(d.b) - before }()
	return Scale(dst, f, part, to)
}

// BenchmarkFrame is what one analysed picture of 704x576 costs, part by part: the decoding of the picture itself, its scaling,
// the network, and all the rest of the pipeline. An operation is a film of ten seconds at 2 pictures a second.
func BenchmarkFrame(b *testing.B) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		b.Skip("COUNTERWATCH_DATA is not set: there is no film of people")
	}
	path := filepath.Join(b.TempDir(), "film.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-i", filepath.Join(data, "video", "vtest.avi"), "-t", "10", "-vf", "scale=704:576",
		"-r", "2", "-c:v", "libx264", "-bf", "0", path).CombinedOutput(); err != nil {
		b.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	net, err := NewDetector(models.DetectorConfig{Net: "yolox_nano"}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer net.Close()
	d := &timed{Detector: net, b: b}
	var decoding, total time.Duration
	n := 0
	for b.Loop() {
		pipeline, err := analytics.NewPipeline(analytics.Config{Node: "bench", Detector: d, Scale: d.scale, FPS: 2, Camera: models.Camera{
			ID: "c", Detector: models.DetectorConfig{MotionGate: "off"},
			Zones: []models.Zone{{ID: "q", Kind: models.ZoneQueue, Polygon: models.Polygon{{}, {X: 1}, {X: 1, Y: 1}, {Y: 1}}}}}})
		if err != nil {
			b.Fatal(err)
		}
		file, err := OpenFile(path)
		if err != nil {
			b.Fatal(err)
		}
		for {
			before := processorTime(b)
			f, err := file.Next()
			if err != nil {
				break
			}
			decoded := processorTime(b)
			if _, err := pipeline.Step(f); err != nil {
				b.Fatal(err)
			}
			decoding, total, n = decoding+decoded-before, total+processorTime(b)-decoded, n+1
		}
		file.Close()
	}
	for name, v := range map[string]time.Duration{"decode": decoding, "scale": d.scaling, "network": d.infer, "rest": total - d.infer - d.scaling} {
		b.ReportMetric(v.Seconds()*1e3/float64(n), name+"-ms")
	}
}

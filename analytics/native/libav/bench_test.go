package libav

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// The benchmarks compare processor times with those of other programs on the same film, each in turn in every operation: a
// share of 0.5 is half of theirs. Run them with -benchtime 3x.

// filmSeconds, filmRate and filmGroup make a film as a camera sends it: 15 pictures a second, a key frame every two seconds.
const (
	filmSeconds = 20
	filmRate    = 15
	filmGroup   = 30
)

// office is a film of a size as raw H.264 at a camera's bit rate: a street with people, when there is recorded video, or a
// test picture; still: its first picture with the noise of a sensor and nothing else.
func office(b *testing.B, s models.Size, still bool, more ...string) (path string, in []*models.AccessUnit) {
	b.Helper()
	source := []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=%dx%d:r=%d", s.W, s.H, filmRate)}
	if data := os.Getenv("COUNTERWATCH_DATA"); data != "" {
		source = []string{"-stream_loop", "-1", "-i", filepath.Join(data, "video", "vtest.avi")}
	}
	filter := fmt.Sprintf("scale=%d:%d,fps=%d", s.W, s.H, filmRate)
	if still {
		filter += ",loop=-1:1"
	}
	path = filepath.Join(b.TempDir(), "film.h264")
	args := append(append([]string{"-v", "error", "-y"}, source...), "-vf", filter+",noise=alls=4:allf=t", "-t", fmt.Sprint(filmSeconds),
		"-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", fmt.Sprint(filmGroup), "-x264-params", "aud=1:scenecut=0",
		"-b:v", fmt.Sprint(2*s.W*s.H), "-maxrate", fmt.Sprint(2*s.W*s.H), "-bufsize", fmt.Sprint(4*s.W*s.H))
	run(b, append(append(args, more...), path)...)
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return path, split(models.CodecH264, data)
}

// own is the processor time that something takes in this process.
func own(b *testing.B, do func()) time.Duration {
	b.Helper()
	now := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := now()
	do()
	return now() - before
}

// ffmpeg is the processor time that the ffmpeg program takes.
func ffmpeg(b *testing.B, args ...string) time.Duration {
	b.Helper()
	c := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...)
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime()
}

// decodeAll decodes a film with every how-manieth picture taken, or only glances when it is 0.
func decodeAll(b *testing.B, in []*models.AccessUnit, every int, see func(*models.Frame)) {
	d, err := NewDecoder(models.CodecH264)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	for i, u := range in {
		want := decode.Skip
		switch {
		case every == 0 && !u.Key:
			continue
		case every == 0:
			want = decode.Glance
		case i%every == 0:
			want = decode.Picture
		}
		frames, err := d.Decode(u, want)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range frames {
			see(f)
		}
	}
}

// BenchmarkDecode is the decoding of every picture, all of them taken over into frames or two a second, as shares of the
// time of `ffmpeg -threads 1 -f null`.
func BenchmarkDecode(b *testing.B) {
	for _, s := range []models.Size{{W: 704, H: 576}, {W: 1920, H: 1080}} {
		b.Run(fmt.Sprintf("%dx%d", s.W, s.H), func(b *testing.B) {
			path, in := office(b, s, false)
			var all, some, theirs time.Duration
			n := 0
			for b.Loop() {
				n++
				all += own(b, func() { decodeAll(b, in, 1, func(*models.Frame) {}) })
				some += own(b, func() { decodeAll(b, in, filmRate/2, func(*models.Frame) {}) })
				theirs += ffmpeg(b, "-threads", "1", "-i", path, "-f", "null", "-")
			}
			b.ReportMetric(some.Seconds()/theirs.Seconds(), "of-ffmpeg")
			b.ReportMetric(all.Seconds()/theirs.Seconds(), "all-taken-of-ffmpeg")
			b.ReportMetric(some.Seconds()*1e3/float64(n*len(in)), "ms/picture")
		})
	}
}

// BenchmarkIdle is what a camera costs while nothing moves: its key frames decoded and compared. It is compared with those
// who decode everything to show two pictures a second: `ffmpeg -vf fps=2` into a pipe of BGR, and OpenCV's VideoCapture.Read.
func BenchmarkIdle(b *testing.B) {
	for _, c := range []struct {
		size  models.Size
		still bool
	}{{models.Size{W: 704, H: 576}, true}, {models.Size{W: 1920, H: 1080}, true}, {models.Size{W: 1920, H: 1080}, false}} {
		b.Run(fmt.Sprintf("%dx%d still %v", c.size.W, c.size.H, c.still), func(b *testing.B) {
			path, in := office(b, c.size, c.still)
			var ours, theirs, opencv time.Duration
			n, moved := 0, 0
			for b.Loop() {
				ours += own(b, func() {
					m := detect.NewMotion(models.Camera{})
					decodeAll(b, in, 0, func(f *models.Frame) {
						if n++; !m.Still(f) {
							moved++
						}
						m.Looked()
					})
				})
				theirs += ffmpeg(b, "-threads", "1", "-i", path, "-vf", "fps=2", "-pix_fmt", "bgr24", "-f", "rawvideo", "-y", os.DevNull)
				opencv += own(b, func() { capture(b, path) })
			}
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ffmpeg-times")
			b.ReportMetric(opencv.Seconds()/ours.Seconds(), "opencv-times")
			b.ReportMetric(ours.Seconds()*1e3/float64(n), "ms/glance")
			b.ReportMetric(float64(moved)/float64(n), "moved")
		})
	}
}

// capture reads a film as most programs do.
func capture(b *testing.B, path string) {
	v, err := gocv.VideoCaptureFile(path)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	m := gocv.NewMat()
	defer m.Close()
	n := 0
	for v.Read(&m) {
		n++
	}
	if n < filmSeconds*filmRate-2 {
		b.Fatalf("VideoCapture read %d pictures", n)
	}
}

// BenchmarkParts is what one analysed picture costs before the network, part by part: the decoding of all up to it at two a
// second, and its scaling.
func BenchmarkParts(b *testing.B) {
	size := models.Size{W: 704, H: 576}
	_, in := office(b, size, false)
	input := detect.Info{Input: models.Size{W: 416, H: 416}}.Letterbox(size).Input
	pix := make([]byte, 3*input.W*input.H)
	var decoding, scaling, looking time.Duration
	n := 0
	m := detect.NewMotion(models.Camera{})
	for b.Loop() {
		var kept []*models.Frame
		decoding += own(b, func() { decodeAll(b, in, filmRate/2, func(f *models.Frame) { kept = append(kept, f) }) })
		scaling += own(b, func() {
			for _, f := range kept {
				if err := Scale(pix, f, image.Rect(0, 0, f.W, f.H), input); err != nil {
					b.Fatal(err)
				}
			}
		})
		looking += own(b, func() {
			for _, f := range kept {
				m.Still(f)
				m.Looked()
			}
		})
		n += len(kept)
	}
	for name, d := range map[string]time.Duration{"decode": decoding, "scale": scaling, "motion": looking} {
		b.ReportMetric(d.Seconds()*1e3/float64(n), name+"-ms")
	}
}

// Package foreigntest runs the first stops of the road, from a camera's URL to access units in a ring, against servers and
// networks that nobody here wrote: GStreamer's RTSP server, VLC, toxiproxy, a network of the kernel's own with a cable to
// pull. It holds tests only. A test whose server is not installed is skipped and says what to install: `make test` brings
// everything.
package foreigntest

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

// TestMain lets all cases of a test run side by side: they wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's toxics log to a logger of their own
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// need skips the test when a program is missing.
func need(t testing.TB, program, install string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", program, install)
	}
	return path
}

// watched is a camera being pulled, as a node does it.
type watched struct {
	sup  *ingest.Supervisor
	ring *ingest.Ring

	mu    sync.Mutex
	units []*models.AccessUnit
	came  []time.Time
}

// watch pulls a camera, its main stream and perhaps its sub stream, until the test ends.
func watch(t testing.TB, streams ...ingest.RTSPConfig) *watched {
	t.Helper()
	var sources []ingest.Source
	for _, c := range streams {
		c.Log = quiet
		source, err := ingest.NewRTSP(c)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source)
	}
	w := &watched{ring: ingest.NewRing(0, 0)}
	w.sup = &ingest.Supervisor{Sources: sources, Log: quiet, Emit: func(u *models.AccessUnit) {
		w.ring.Put(u)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.units, w.came = append(w.units, u), append(w.came, time.Now())
	}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.sup.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return w
}

// got is a copy of what has come.
func (w *watched) got() (units []*models.AccessUnit, came []time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(units, w.units...), append(came, w.came...)
}

// until waits for a condition and fails the test when it does not come about in time.
func (w *watched) until(t testing.TB, what string, within time.Duration, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > within {
			units, _ := w.got()
			t.Fatalf("not %s within %v: %d units, %+v", what, within, len(units), w.sup.Health())
		}
	}
}

// keyAfter waits for a key frame that comes after a moment and returns how long it took, or within.
func (w *watched) keyAfter(moment time.Time, within time.Duration) time.Duration {
	for ; time.Since(moment) < within; time.Sleep(5 * time.Millisecond) {
		units, came := w.got()
		first := within
		for i := len(units) - 1; i >= 0 && came[i].After(moment); i-- {
			if units[i].Key {
				first = came[i].Sub(moment)
			}
		}
		if first < within {
			return first
		}
	}
	return within
}

// back fails the test when no key frame comes in time.
func (w *watched) back(t testing.TB, moment time.Time, within time.Duration) time.Duration {
	t.Helper()
	took := w.keyAfter(moment, within)
	if took == within {
		t.Fatalf("not shown again within %v: %+v", within, w.sup.Health())
	}
	return took
}

// decodes writes the units as ffmpeg wants them and counts the pictures that it makes of them without complaint.
func decodes(t *testing.T, codec models.Codec, units []*models.AccessUnit) (pictures int) {
	t.Helper()
	var b bytes.Buffer
	for _, u := range units {
		for _, n := range u.NALUs {
			if codec != models.CodecMJPEG {
				b.Write([]byte{0, 0, 0, 1})
			}
			b.Write(n)
		}
	}
	name := map[models.Codec]string{models.CodecH264: "h264", models.CodecH265: "hevc", models.CodecMJPEG: "mjpeg"}[codec]
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", name, "-i", "pipe:", "-fps_mode", "passthrough", "-f", "framemd5", "-")
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stderr = &b, &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("ffmpeg: %v: %s", err, complaints.String())
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			pictures++
		}
	}
	return pictures
}

// checkStream looks at what a camera of 15 pictures a second has sent: complete units in order, at the pace of the wall clock, from a
// key frame on, which a decoder takes.
func checkStream(t *testing.T, w *watched, codec models.Codec, bframes bool) {
	t.Helper()
	const enough = 45
	w.until(t, "enough pictures", 30*time.Second, func() bool {
		units, _ := w.got()
		return len(units) >= enough+15
	})
	units, _ := w.got()
	for len(units) > 0 && !units[0].Key {
		units = units[1:]
	}
	if len(units) < enough {
		t.Fatalf("%d units from the first key frame on", len(units))
	}
	units = units[:enough]
	keys, back := 0, 0
	for i, u := range units {
		if u.Codec != codec || u.Damaged || u.Epoch != units[0].Epoch {
			t.Fatalf("unit %d is %s, damaged %v, epoch %d", i, u.Codec, u.Damaged, u.Epoch)
		}
		if u.Key {
			keys++
		}
		if i > 0 && u.PTS < units[i-1].PTS {
			back++
		}
	}
	if span := units[enough-1].PTS - units[0].PTS; span < 2500*time.Millisecond || span > 3500*time.Millisecond {
		t.Errorf("%d units of 15 a second span %v", enough, span)
	}
	if age := time.Since(units[enough-1].At); age < 0 || age > 5*time.Second {
		t.Errorf("the newest was taken %v ago", age)
	}
	if keys < 3 || (back > 0) != bframes {
		t.Errorf("%d key frames, %d times backwards", keys, back)
	}
	if n := decodes(t, codec, units); n < enough-2 {
		t.Errorf("%d of %d units were decoded", n, enough)
	}
	s := w.sup.Stream()
	if s.Codec != codec || s.Source != "main" || s.FPS <= 0 || s.FPS > 20 || s.BFrames != bframes {
		t.Errorf("the stream is told as %+v", s)
	}
}

// gstreamer starts GStreamer's RTSP server and returns its URLs by name.
func gstreamer(t *testing.T) map[string]models.SecretURL {
	t.Helper()
	const packages = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly"
	if out, err := exec.Command("/usr/bin/python3", "-c", "import gi; gi.require_version('GstRtspServer', '1.0')").CombinedOutput(); err != nil {
		t.Skipf("GStreamer's RTSP server is not installed (apt-get install %s): %s", packages, out)
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/gst.py")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		late := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		late.Stop()
	})
	urls := map[string]models.SecretURL{}
	lines := bufio.NewScanner(stdout)
	for len(urls) < 7 && lines.Scan() {
		name, u, _ := strings.Cut(lines.Text(), " ")
		urls[name] = models.SecretURL(u)
	}
	if len(urls) < 7 {
		t.Fatalf("GStreamer's RTSP server serves %d streams: %s", len(urls), stderr.String())
	}
	return urls
}

func TestGStreamer(t *testing.T) {
	t.Parallel()
	urls := gstreamer(t)
	t.Run("streams", func(t *testing.T) {
		for _, c := range []struct {
			name      string
			transport string
			codec     models.Codec
			bframes   bool
			want      string // transport in the end
		}{
			{"audio", "", models.CodecH264, false, "tcp"},
			{"audio", "udp", models.CodecH264, false, "udp"},
			{"tcp", "", models.CodecH264, false, "tcp"},
			{"digest", "", models.CodecH264, false, "tcp"},
			{"bframes", "", models.CodecH264, true, "tcp"},
			{"inband", "", models.CodecH264, false, "tcp"},
			{"h265", "", models.CodecH265, false, "tcp"},
			{"mjpeg", "", models.CodecMJPEG, false, "tcp"},
		} {
			t.Run(c.name+c.transport, func(t *testing.T) {
				t.Parallel()
				w := watch(t, ingest.RTSPConfig{URL: urls[c.name], Transport: c.transport})
				checkStream(t, w, c.codec, c.bframes)
				if got := w.sup.Stream().Transport; got != c.want {
					t.Errorf("over %s, want %s", got, c.want)
				}
			})
		}
		t.Run("wrong password", func(t *testing.T) {
			t.Parallel()
			w := watch(t, ingest.RTSPConfig{URL: models.SecretURL(strings.Replace(urls["digest"].Reveal(), "p%40ss", "pass", 1))})
			w.until(t, "refused", 10*time.Second, func() bool { return w.sup.Health().State == models.CameraRefused })
		})
		t.Run("sub stream", func(t *testing.T) {
			t.Parallel()
			w := watch(t, ingest.RTSPConfig{URL: urls["tcp"] + "x"}, ingest.RTSPConfig{URL: urls["audio"]})
			w.until(t, "shown", 10*time.Second, func() bool { return w.sup.Health().State == models.CameraLive })
			if s := w.sup.Stream(); s.Source != "sub" || s.Codec != models.CodecH264 {
				t.Errorf("the stream is told as %+v", s)
			}
		})
		t.Run("wrong path", func(t *testing.T) {
			t.Parallel()
			w := watch(t, ingest.RTSPConfig{URL: urls["tcp"] + "x"})
			w.until(t, "refused", 10*time.Second, func() bool {
				h := w.sup.Health()
				return h.State == models.CameraRefused && strings.Contains(h.Reason, "404")
			})
		})
	})
}

// VLC's RTSP server knows UDP only, and refuses to run as root.
func TestVLC(t *testing.T) {
	t.Parallel()
	cvlc := need(t, "cvlc", "vlc-bin vlc-plugin-base")
	args := []string{cvlc}
	if os.Geteuid() == 0 {
		args = []string{need(t, "setpriv", "util-linux"), "--reuid=65534", "--regid=65534", "--clear-groups", cvlc}
	}
	dir, err := os.MkdirTemp("", "vlc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	film := filepath.Join(dir, "film.mp4")
	camsimtest.FFmpeg(t, "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=15", "-frames:v", "900", "-c:v", "libx264", "-preset", "ultrafast",
		"-pix_fmt", "yuv420p", "-bf", "0", "-g", "15", film)
	port := freePort(t)
	sout := fmt.Sprintf("#rtp{sdp=rtsp://127.0.0.1:%d/film}", port)
	cmd := exec.Command(args[0], append(args[1:], "-I", "dummy", "--no-audio", "--loop", film, "--sout", sout, "--sout-keep")...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	u := models.SecretURL(fmt.Sprintf("rtsp://127.0.0.1:%d/film", port))
	listening(t, port)
	w := watch(t, ingest.RTSPConfig{URL: u})
	checkStream(t, w, models.CodecH264, false)
	if got := w.sup.Stream().Transport; got != "udp" {
		t.Errorf("over %s", got)
	}
}

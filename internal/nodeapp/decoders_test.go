package nodeapp

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/internal/sandbox"
	"github.com/counterwatch/counterwatch/models"
)

// The last part of a unit tells the decoder of the test binary's children to fail. It looks like supplemental information.
var (
	hangs   = []byte("\x06hang")
	crashes = []byte("\x06crash")
)

// fragile makes native decoders that can be told to fail.
func fragile(codec models.Codec) (decode.Decoder, error) {
	d, err := native.NewDecoder(codec)
	return breakable{d}, err
}

type breakable struct{ decode.Decoder }

func (d breakable) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	switch last := u.NALUs[len(u.NALUs)-1]; {
	case bytes.Equal(last, hangs):
		select {}
	case bytes.Equal(last, crashes):
		b, _ := unix.Mmap(-1, 0, 4096, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		b[0] = 1
	}
	return d.Decoder.Decode(u, want)
}

// breaker hands a fault to the decoder with the next unit.
type breaker struct {
	decode.Decoder
	fault *atomic.Pointer[[]byte]
}

func (b breaker) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	if fault := b.fault.Swap(nil); fault != nil {
		broken := *u
		broken.NALUs = append(append([][]byte(nil), u.NALUs...), *fault)
		u = &broken
	}
	return b.Decoder.Decode(u, want)
}

// A decoder that hangs or crashes costs its camera and those in the same process at most 2 s and a group of pictures, and
// cameras in another process nothing.
func TestBrokenDecoder(t *testing.T) {
	pool, err := sandbox.NewPool(sandbox.Config{Group: 2, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	f := fleetOfTest(t)
	var fault atomic.Pointer[[]byte]
	f.restarts = pool.Restarts
	f.decoder = func(id string) func(models.Codec) (decode.Decoder, error) {
		usual := pool.For(id)
		if id != "bad" {
			return usual
		}
		return func(c models.Codec) (decode.Decoder, error) {
			d, err := usual(c)
			return breaker{d, &fault}, err
		}
	}
	film := camsimtest.Camera(t, 60, 10, "", "") // a key frame each second
	bad, near, far, full := testCamera("bad", film), testCamera("near", film), testCamera("far", film), testCamera("full", film)
	f.watch(bad, near)
	f.until(t, "two cameras", watched("bad", "near"))
	f.watch(bad, near, far, full) // both processes are full: nobody changes places
	f.until(t, "four cameras", watched("bad", "near", "far", "full"))
	if s := pool.Stats(); s.Children != 2 || s.Cameras != 4 {
		t.Fatalf("%+v", s)
	}
	for i, c := range []struct {
		name  string
		fault []byte
	}{{"hang", hangs}, {"crash", crashes}} {
		t.Run(c.name, func(t *testing.T) {
			before := map[string]models.Live{}
			for _, l := range f.live() {
				before[l.Camera] = l
			}
			began, gaps := time.Now(), gapsOf{}
			fault.Store(&c.fault)
			after := f.until(t, "all cameras go on", func(l map[string]models.Live) bool {
				gaps.look(l)
				return pool.Stats().Restarts == int64(i+1) && l["bad"].Counts.Analysed > before["bad"].Counts.Analysed+5 &&
					l["near"].Counts.Analysed > before["near"].Counts.Analysed+5 && time.Since(began) > 4*time.Second
			})
			t.Logf("longest without a new picture: %v", gaps.longest)
			for _, id := range []string{"far", "full"} {
				if n := after[id].Counts.Failed; n != 0 {
					t.Errorf("camera %s in another process failed %d times", id, n)
				}
			}
			for id, want := range map[string]int64{"bad": int64(i + 1), "near": int64(i + 1), "far": 0, "full": 0} {
				if n := after[id].Counts.Restarts; n != want {
					t.Errorf("camera %s tells %d restarts of its decoder, want %d", id, n, want)
				}
			}
			if after["near"].Counts.Failed == before["near"].Counts.Failed {
				t.Error("the camera in the same process was not told")
			}
		})
	}
}

// What comes out of a child is what a decoder of this process makes, to the last byte, whatever is asked for.
func TestSandboxDecodesTheSame(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want func(i int) decode.Want
	}{
		{"every picture", []string{"-bf", "0"}, func(int) decode.Want { return decode.Picture }},
		{"each seventh", []string{"-bf", "0"}, func(i int) decode.Want { return decode.Want(min(i%7, 1) ^ 1) }},
		{"B-frames", []string{"-bf", "3"}, func(i int) decode.Want { return decode.Want(min(i%7, 1) ^ 1) }},
		{"glances", []string{"-bf", "2"}, func(i int) decode.Want { return decode.Want(min(i%30, 1)^1) * decode.Glance }},
	} {
		t.Run(c.name, func(t *testing.T) {
			units := stream(t, "352x288", 90, c.args...)
			var made [2][]*models.Frame
			for i, way := range []string{DecoderInProcess, DecoderSandbox} {
				ds, err := newDecoders(Config{Decoder: way, Log: discard})
				if err != nil {
					t.Fatal(err)
				}
				defer ds.close()
				d, err := ds.of("a")(models.CodecH264)
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				for n, u := range units {
					fs, err := d.Decode(u, c.want(n))
					if err != nil {
						t.Fatal(err)
					}
					made[i] = append(made[i], fs...)
				}
				fs, err := d.Flush()
				if err != nil {
					t.Fatal(err)
				}
				made[i] = append(made[i], fs...)
			}
			if len(made[0]) < 3 || !reflect.DeepEqual(made[0], made[1]) {
				t.Errorf("%d frames of a child differ from %d of this process", len(made[1]), len(made[0]))
			}
		})
	}
}

// gapsOf measures how long cameras show no new picture.
type gapsOf struct {
	newest  map[string]time.Time // capture time
	since   map[string]time.Time
	longest map[string]time.Duration
}

func (g *gapsOf) look(l map[string]models.Live) {
	if g.newest == nil {
		*g = gapsOf{map[string]time.Time{}, map[string]time.Time{}, map[string]time.Duration{}}
	}
	now := time.Now()
	for id, live := range l {
		if g.since[id].IsZero() || live.At != g.newest[id] {
			g.newest[id], g.since[id] = live.At, now
		}
		g.longest[id] = max(g.longest[id], now.Sub(g.since[id]))
	}
}

// BenchmarkSandbox decodes the same streams in this process and in a child, as a camera that is analysed twice a second:
// every picture is decoded, each seventh is returned. cpu-µs/unit is of both processes; its ratio is what the sandbox costs.
func BenchmarkSandbox(b *testing.B) {
	for _, size := range []string{"704x576", "1920x1080"} {
		units := stream(b, size, 150)
		for _, way := range []string{DecoderInProcess, DecoderSandbox} {
			b.Run(size+"/"+way, func(b *testing.B) {
				ds, err := newDecoders(Config{Decoder: way, Log: discard})
				if err != nil {
					b.Fatal(err)
				}
				defer ds.close()
				d, err := ds.of("bench")(models.CodecH264)
				if err != nil {
					b.Fatal(err)
				}
				frames := 0
				var beat <-chan time.Time // as eight cameras of 15 pictures a second: between two units the caches grow cold
				pass := func(n int) {
					for i := range n {
						if beat != nil {
							<-beat
						}
						want := decode.Skip
						if i%7 == 0 {
							want = decode.Picture
						}
						fs, err := d.Decode(units[i%len(units)], want)
						if err != nil {
							b.Fatal(err)
						}
						frames += len(fs)
					}
				}
				pass(len(units))
				if paced := time.NewTicker(time.Second / 15 / 8); os.Getenv("COUNTERWATCH_PACED") != "" {
					defer paced.Stop()
					beat = paced.C
				}
				b.ReportAllocs()
				before, frames0 := cpuOfAll(b), frames
				b.ResetTimer()
				pass(b.N)
				b.StopTimer()
				b.ReportMetric(float64((cpuOfAll(b)-before).Microseconds())/float64(b.N), "cpu-µs/unit")
				b.ReportMetric(float64(frames-frames0)/float64(b.N), "frames/unit")
				if ds.pool != nil {
					b.ReportMetric(float64(ds.pool.Stats().Memory)/(1<<20), "MB/child")
				}
				_ = d.Close()
			})
		}
	}
}

// cpuOfAll is the processor time of this process and of its children that run.
func cpuOfAll(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	total := time.Duration(r.Utime.Nano() + r.Stime.Nano())
	for _, pid := range children() {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, task := range tasks {
			s, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, task.Name()))
			ns, _, _ := strings.Cut(string(s), " ")
			n, _ := strconv.ParseInt(ns, 10, 64)
			total += time.Duration(n)
		}
	}
	return total
}

// stream is H.264 at 15 frames a second with a key frame each 2 s; more are arguments of ffmpeg.
func stream(tb testing.TB, size string, n int, more ...string) (out []*models.AccessUnit) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "a.h264")
	rate := map[string]string{"352x288": "300k", "704x576": "1M", "1920x1080": "3M"}[size]
	args := []string{"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=15", "-vf", "noise=alls=4:allf=t", "-frames:v", fmt.Sprint(n), "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "30", "-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-x264-params", "aud=1"}
	camsimtest.FFmpeg(tb, append(append(args, more...), file)...)
	data, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	for nalu := range bytes.SplitSeq(bytes.ReplaceAll(data, []byte("\x00\x00\x00\x01"), []byte("\x00\x00\x01")), []byte("\x00\x00\x01")) {
		switch {
		case len(nalu) == 0:
		case nalu[0]&0x1f == 9: // access unit delimiter
			out = append(out, &models.AccessUnit{Codec: models.CodecH264, Epoch: 1, At: time.Unix(100, 0).Add(time.Duration(len(out)) * time.Second / 15)})
		default:
			u := out[len(out)-1]
			u.NALUs, u.Key = append(u.NALUs, nalu), u.Key || nalu[0]&0x1f == 5
		}
	}
	return out
}

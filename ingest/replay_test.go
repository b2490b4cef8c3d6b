package ingest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var discard = slog.New(slog.NewTextHandler(io.Discard, nil))

// film makes 50 frames of a test picture, 25 a second, a key frame every 10.
func film(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	a := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25", "-f", "lavfi", "-i", "sine", "-frames:v", "50", "-t", "2", "-g", "10"}, args...)
	if out, err := exec.Command("ffmpeg", append(a, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	return path
}

func TestReplay(t *testing.T) {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"}
	for _, c := range []struct {
		name, file string
		args       []string
	}{
		{"one slice a picture", "a.ts", x264},
		{"three slices a picture", "a.ts", append(x264[:len(x264):len(x264)], "-slices", "3")},
		{"B-frames", "a.ts", append(x264[:len(x264):len(x264)], "-preset", "fast", "-bf", "2")},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			var units []*models.AccessUnit
			r := &Replay{Path: film(t, c.file, c.args...), Start: start}
			if err := r.Run(t.Context(), func(u *models.AccessUnit) { units = append(units, u) }); err != nil {
				t.Fatal(err)
			}
			if n := len(units); n < 49 || n > 50 { // vdk keeps the last picture to itself
				t.Fatalf("%d units of 50", n)
			}
			keys := 0
			for i, u := range units {
				if u.Key {
					keys++
					if c, _ := classify(u.Codec, u.NALUs[0]); c != naluParam {
						t.Fatalf("key frame %d begins with %x", i, u.NALUs[0][:1])
					}
				}
				if d := u.At.Sub(start) - time.Duration(i)*40*time.Millisecond; d.Abs() > 200*time.Millisecond {
					t.Fatalf("unit %d is taken %v off", i, d)
				}
			}
			if keys != 5 {
				t.Fatalf("%d key frames", keys)
			}
		})
	}
}

func TestReplayPaced(t *testing.T) {
	path := film(t, "a.ts", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	n := 0
	if err := (&Replay{Path: path, Paced: true}).Run(ctx, func(*models.AccessUnit) { n++ }); err == nil || n == 0 || n > 14 {
		t.Fatalf("%d units in half a second, %v", n, err)
	}
}

func TestReplayRefusesWithReason(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, path, want string
		kind             models.Kind
	}{
		{"missing", filepath.Join(dir, "none.ts"), "no such file", models.KindNotFound},
		{"empty", write("empty.ts", nil), "empty.ts", models.KindInvalid},
		{"text", write("text.ts", []byte(strings.Repeat("this is a text, not a video. ", 50))), "text.ts", models.KindInvalid},
		{"other container", write("a.mkv", nil), "make one of it", models.KindUnsupported},
		{"other codec", film(t, "mpeg2.ts", "-c:v", "mpeg2video"), "no H.264", models.KindUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := (&Replay{Path: c.path}).Run(t.Context(), func(*models.AccessUnit) {})
			if err == nil || models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
		})
	}
}

func FuzzReplay(f *testing.F) {
	whole, err := os.ReadFile(film(f, "a.ts", "-c:v", "libx264", "-an"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[:188*40])
	f.Add(whole[188*3 : 188*9])
	path := filepath.Join(f.TempDir(), "a.ts")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = (&Replay{Path: path}).Run(t.Context(), func(*models.AccessUnit) {})
	})
}

func FuzzSplitAVCC(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41})
	f.Add([]byte{0, 0, 0, 9, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		nalus, err := splitAVCC(b)
		if err == nil && len(bytes.Join(nalus, nil)) > len(b) {
			t.Fatal("more came out than went in")
		}
	})
}

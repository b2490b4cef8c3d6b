// Package camsimtest gives tests of other rooms a real RTSP camera and a small real video. Everything ends with the
// test. Imported by tests only; it needs ffmpeg.
package camsimtest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/models"
)

// Video makes a small H.264 mp4 file without B-frames: a moving test picture of the given frames at fps, 320x240, a key
// frame each second.
func Video(t testing.TB, frames, fps int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.mp4")
	FFmpeg(t, "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=320x240:rate=%d", fps), "-frames:v", fmt.Sprint(frames),
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", fmt.Sprint(fps), path)
	return path
}

// FFmpeg runs ffmpeg and fails the test when ffmpeg does.
func FFmpeg(t testing.TB, args ...string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
}

// Serve runs cameras at a free port until the test ends, and returns once all of them send pictures. add adds them to
// the server before it runs; cfg.Listen and an empty cfg.Cache are filled in.
func Serve(t testing.TB, cfg camsim.Config, add func(*camsim.Server) error) *camsim.Server {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	if cfg.Cache == "" {
		cfg.Cache = t.TempDir()
	}
	s, err := camsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := add(s); err != nil {
		s.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("camera server: %v", err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-done:
		done <- err
		t.Fatalf("camera server ended: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("the cameras send nothing")
	}
	return s
}

// Camera serves one looping video of the given frames at fps and returns its address, for tests that need just any
// camera. user and password may be empty.
func Camera(t testing.TB, frames, fps int, user, password string) models.SecretURL {
	t.Helper()
	file := Video(t, frames, fps)
	s := Serve(t, camsim.Config{User: user, Password: password}, func(s *camsim.Server) error {
		return s.AddReplay(context.Background(), "cam", file, camsim.Encoding{}, nil)
	})
	return s.URL("cam")
}

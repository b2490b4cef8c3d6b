package libav

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

func FuzzDecoder(f *testing.F) {
	for _, u := range units(f, models.CodecH264, 3, "-c:v", "libx264", "-x264-params", "aud=1") {
		f.Add(u.NALUs[0], u.NALUs[len(u.NALUs)-1], true)
	}
	f.Fuzz(func(t *testing.T, a, b []byte, h264 bool) {
		codec := models.CodecH265
		if h264 {
			codec = models.CodecH264
		}
		d, err := NewDecoder(codec)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		_, _ = d.Decode(&models.AccessUnit{Key: true, NALUs: [][]byte{a, b}}, decode.Picture)
		_, _ = d.Decode(&models.AccessUnit{NALUs: [][]byte{b, a}}, decode.Skip)
		_, _ = d.Decode(&models.AccessUnit{Key: true, NALUs: [][]byte{b}}, decode.Glance)
		_, _ = d.Flush()
	})
}

func FuzzOpenFile(f *testing.F) {
	for _, name := range []string{"a.mp4", "a.avi", "a.mkv", "a.ts", "a.gif"} {
		args := []string{}
		if name == "a.gif" {
			args = []string{"-pix_fmt", "rgb8"}
		}
		data, err := os.ReadFile(video(f, name, "32x32", 3, args...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, fmt.Sprint(os.Getpid()))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := OpenFile(path)
		if err != nil {
			return
		}
		defer v.Close()
		for range 100 {
			if _, err := v.Next(); err != nil {
				if errors.Is(err, io.EOF) && v.number == 0 {
					t.Fatal("io.EOF without a frame")
				}
				return
			}
		}
	})
}

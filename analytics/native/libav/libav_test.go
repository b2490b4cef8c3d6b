package libav

import (
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// red is a flat colour that survives coding well enough to be recognised, and what it is as BGR.
var red = [3]byte{0x20, 0x30, 0xc0}

const redName = "0xc03020"

// video makes a video of n frames, 10 a second, of one colour with ffmpeg.
func video(t testing.TB, name, size string, n int, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	a := []string{"-v", "error", "-y", "-f", "lavfi", "-i", fmt.Sprintf("color=c=%s:s=%s:r=10", redName, size), "-frames:v", fmt.Sprint(n), "-pix_fmt", "yuv420p"}
	run(t, append(append(a, args...), path)...)
	return path
}

func run(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
}

// near checks corners and middle of a picture of one colour.
func near(t *testing.T, f *models.Frame, want [3]byte) {
	t.Helper()
	whole := image.Rect(0, 0, f.W, f.H)
	bgr := make([]byte, 3*f.W*f.H)
	if err := detect.Bilinear(bgr, f, whole, f.Size); err != nil {
		t.Fatal(err)
	}
	for _, y := range []int{0, f.H / 2, f.H - 1} {
		for _, x := range []int{0, f.W / 2, f.W - 1} {
			p := bgr[3*(y*f.W+x):]
			for c := range 3 {
				if d := int(p[c]) - int(want[c]); d > 6 || d < -6 {
					t.Fatalf("frame %d pixel (%d,%d) is %v, want %v", f.Number, x, y, p[:3], want)
				}
			}
		}
	}
}

func TestOpenFileDecodesEveryFrame(t *testing.T) {
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast"}
	for _, c := range []struct {
		name, file, size string
		args             []string
	}{
		{"mp4 with B-frames", "a.mp4", "160x120", []string{"-c:v", "libx264", "-bf", "2"}},
		{"mkv", "a.mkv", "160x120", h264},
		{"ts", "a.ts", "160x120", h264},
		{"avi mpeg4", "a.avi", "160x120", []string{"-c:v", "mpeg4", "-q:v", "2"}},
		{"hevc", "a.mp4", "160x120", []string{"-c:v", "libx265", "-x265-params", "log-level=none"}},
		{"raw h264", "a.h264", "160x120", h264},
		{"rows that are no multiple of 16", "a.mp4", "150x98", h264},
		{"odd sizes", "a.mkv", "151x99", []string{"-vf", "scale=151:99", "-c:v", "ffv1"}},
		{"four times the colour", "a.mkv", "151x99", []string{"-vf", "scale=151:99", "-c:v", "libx264", "-pix_fmt", "yuv444p"}},
		{"colour in every row", "a.mkv", "150x98", []string{"-c:v", "libx264", "-pix_fmt", "yuv422p"}},
		{"ten bits", "a.mkv", "150x98", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p10le"}},
		{"motion jpeg", "a.avi", "150x98", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj422p"}},
		{"red, green and blue", "a.mkv", "150x98", []string{"-c:v", "ffv1", "-pix_fmt", "bgr0"}},
		{"BT.709", "a.mkv", "160x120", []string{"-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709", "-c:v", "libx264"}},
		{"BT.709, full range, 10 bits", "a.mkv", "160x120", []string{"-vf", "scale=out_color_matrix=bt709:out_range=full", "-pix_fmt", "yuv420p10le", "-colorspace", "bt709", "-color_range", "pc", "-c:v", "libx264"}},
		{"full range", "a.mkv", "160x120", []string{"-vf", "scale=out_range=full", "-color_range", "pc", "-c:v", "libx264"}},
		{"very narrow", "a.mkv", "18x34", h264},
		{"a name that looks like a protocol", "http:a.mp4", "160x120", h264},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := OpenFile(video(t, c.file, c.size, 25, c.args...))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var n int64
			var last time.Time
			for {
				p, err := f.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				n++
				near(t, p, red)
				if fmt.Sprintf("%dx%d", p.W, p.H) != c.size || p.Number != n || p.Format != models.I420 || p.Check() != nil {
					t.Fatalf("frame %d: number %d, size %v, stride %d, %d bytes", n, p.Number, p.Size, p.Stride, len(p.Pix))
				}
				if n > 1 && !p.At.After(last) {
					t.Fatalf("frame %d at %v is not after %v", n, p.At, last)
				}
				last = p.At
			}
			if n != 25 || f.Size().W != 0 && fmt.Sprintf("%dx%d", f.Size().W, f.Size().H) != c.size {
				t.Fatalf("%d frames of size %v", n, f.Size())
			}
			if c.file != "a.h264" { // raw H.264 tells neither rate nor length
				if f.FPS() != 10 || f.Frames() < 24 || f.Frames() > 26 || last.Sub(f.Base).Round(time.Millisecond) != 2400*time.Millisecond {
					t.Fatalf("fps %v, %d frames, ends at %v", f.FPS(), f.Frames(), last.Sub(f.Base))
				}
			}
		})
	}
}

func TestOpenFileRefusesWithReason(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sound := filepath.Join(dir, "sound.mp4")
	run(t, "-v", "error", "-f", "lavfi", "-i", "sine=d=1", sound)
	whole, err := os.ReadFile(video(t, "a.mp4", "160x120", 50, "-c:v", "libx264"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "none.mp4"), "no such file"},
		{"folder", dir, "not a file"},
		{"empty", write("empty.mp4", nil), "is empty"},
		{"text", write("text.mp4", []byte("this is no video at all\n")), "not a video"},
		{"playlist", write("list.m3u8", []byte("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n")), "not a video"},
		{"sound only", sound, "holds no pictures"},
		{"without its index", write("head.mp4", whole[:len(whole)/2]), "not a video"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := OpenFile(c.path)
			if err == nil {
				f.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
				t.Fatalf("error %q does not name %q and the file", err, c.want)
			}
		})
	}
}

func TestFileThatBreaksOff(t *testing.T) {
	noise := []string{"-vf", "noise=alls=40:allf=t", "-c:v", "libx264", "-g", "10"}
	for name, args := range map[string][]string{"a.mp4": append(noise, "-movflags", "faststart"), "a.mkv": noise} {
		t.Run(name, func(t *testing.T) {
			path := video(t, name, "160x120", 100, args...)
			info, _ := os.Stat(path)
			if err := os.Truncate(path, info.Size()/2); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n := 0
			for {
				if _, err = f.Next(); err != nil {
					break
				}
				n++
			}
			if err == io.EOF || !strings.Contains(err.Error(), "breaks off") {
				t.Fatalf("after %d frames: %v", n, err)
			}
			if n < 20 {
				t.Fatalf("only %d frames of the readable half", n)
			}
		})
	}
}

func TestVtest(t *testing.T) {
	dir := os.Getenv("COUNTERWATCH_DATA")
	if dir == "" {
		t.Skip("COUNTERWATCH_DATA is not set: decoding of vtest.avi")
	}
	f, err := OpenFile(filepath.Join(dir, "video", "vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for {
		if _, err = f.Next(); err != nil {
			break
		}
		n++
	}
	if err != io.EOF || n != 795 || f.FPS() != 10 || f.Size() != (models.Size{W: 768, H: 576}) {
		t.Fatalf("%d frames of %v at %v a second, then %v", n, f.Size(), f.FPS(), err)
	}
}

func TestNewDecoderRefusesOtherCodecs(t *testing.T) {
	_, err := NewDecoder("vp8")
	if models.KindOf(err) != models.KindUnsupported {
		t.Fatal(err)
	}
}

// units makes access units of a raw stream of ffmpeg's, one per access unit delimiter, 100 ms apart.
func units(t testing.TB, codec models.Codec, n int, args ...string) []*models.AccessUnit {
	t.Helper()
	name := map[models.Codec]string{models.CodecH264: "a.h264", models.CodecH265: "a.hevc"}[codec]
	data, err := os.ReadFile(video(t, name, "160x120", n, args...))
	if err != nil {
		t.Fatal(err)
	}
	return split(codec, data)
}

// split cuts a raw stream with access unit delimiters into units.
func split(codec models.Codec, data []byte) (out []*models.AccessUnit) {
	for _, nalu := range strings.Split(strings.ReplaceAll(string(data), "\x00\x00\x00\x01", "\x00\x00\x01"), "\x00\x00\x01")[1:] {
		typ, aud, key := nalu[0]&0x1f, byte(9), nalu[0]&0x1f == 5
		if codec == models.CodecH265 {
			typ, aud = nalu[0]>>1&0x3f, 35
			key = typ >= 16 && typ <= 21
		}
		if typ == aud {
			i := len(out)
			out = append(out, &models.AccessUnit{Codec: codec, Epoch: 1, At: time.Unix(100, 0).Add(time.Duration(i) * 100 * time.Millisecond)})
			continue
		}
		u := out[len(out)-1]
		u.NALUs = append(u.NALUs, []byte(nalu))
		u.Key = u.Key || key
	}
	return out
}

func TestDecoder(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec models.Codec
		args  []string
	}{
		{"h264", models.CodecH264, []string{"-c:v", "libx264", "-bf", "0", "-g", "10", "-x264-params", "aud=1"}},
		{"h265", models.CodecH265, []string{"-c:v", "libx265", "-g", "10", "-x265-params", "aud=1:bframes=0:repeat-headers=1:log-level=none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := units(t, c.codec, 30, c.args...)
			if len(in) != 30 {
				t.Fatalf("%d units", len(in))
			}
			d, err := NewDecoder(c.codec)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			send := func(want decode.Want, us ...*models.AccessUnit) (frames []*models.Frame) {
				for _, u := range us {
					f, err := d.Decode(u, want)
					if err != nil {
						t.Fatal(err)
					}
					frames = append(frames, f...)
				}
				return frames
			}
			if f := send(decode.Picture, in[1:10]...); len(f) != 0 {
				t.Fatalf("%d frames before the first key frame", len(f))
			}
			frames := send(decode.Picture, in[10:20]...)
			rest, err := d.Flush()
			if err != nil {
				t.Fatal(err)
			}
			frames = append(frames, rest...)
			if len(frames) != 10 {
				t.Fatalf("%d frames of 10 units", len(frames))
			}
			for i, f := range frames {
				near(t, f, red)
				if !f.At.Equal(in[10+i].At) || f.Number != int64(i+1) || f.Damaged {
					t.Fatalf("frame %d: %d at %v damaged %v, want at %v", i, f.Number, f.At, f.Damaged, in[10+i].At)
				}
			}
			if f := send(decode.Picture, in[21:29]...); len(f) != 0 {
				t.Fatalf("%d frames after a flush without a key frame", len(f))
			}

			// A new epoch drains the old one; damage is handed on; frames nobody wants are not made.
			first := append(send(decode.Skip, in[0:4]...), send(decode.Picture, in[4])...)
			again := *in[20]
			again.Epoch, again.Damaged = 2, true
			next := send(decode.Picture, &again)
			rest, _ = d.Flush()
			all := append(append(first, next...), rest...)
			if l := all[len(all)-1]; !l.Damaged || !l.At.Equal(in[20].At) || all[0].Damaged {
				t.Fatalf("last frame at %v, damaged %v", l.At, l.Damaged)
			}
		})
	}
}

func TestDecoderReordersB(t *testing.T) {
	in := units(t, models.CodecH264, 30, "-vf", "noise=alls=60:allf=t", "-c:v", "libx264", "-bf", "2", "-x264-params", "aud=1:b-adapt=0")
	d, err := NewDecoder(models.CodecH264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	n := 0
	for _, u := range in {
		f, err := d.Decode(u, decode.Picture)
		if err != nil {
			t.Fatal(err)
		}
		n += len(f)
	}
	rest, err := d.Flush()
	if n += len(rest); err != nil || n != 30 {
		t.Fatalf("%d frames, %v", n, err)
	}
}

func TestDecoderSurvivesGarbage(t *testing.T) {
	in := units(t, models.CodecH264, 20, "-c:v", "libx264", "-bf", "0", "-g", "5", "-x264-params", "aud=1")
	d, err := NewDecoder(models.CodecH264)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	garbage := &models.AccessUnit{Codec: models.CodecH264, Epoch: 1, Key: true, NALUs: [][]byte{[]byte("\x67garbage"), []byte("\x65garbage")}, At: in[0].At}
	if _, err := d.Decode(garbage, decode.Picture); err == nil {
		t.Fatal("garbage was decoded")
	}
	n := 0
	for _, u := range in[5:] {
		f, _ := d.Decode(u, decode.Picture)
		n += len(f)
	}
	rest, _ := d.Flush()
	if n+len(rest) < 14 {
		t.Fatalf("%d frames after garbage", n+len(rest))
	}
}

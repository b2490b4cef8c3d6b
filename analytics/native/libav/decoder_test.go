package libav

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// noisy are the arguments of a film in which everything changes all the time, with B-frames that nothing refers to.
func noisy(codec models.Codec) []string {
	vf := []string{"-vf", "noise=alls=40:allf=t", "-g", "12"}
	if codec == models.CodecH265 {
		return append(vf, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "aud=1:bframes=2:b-adapt=0:scenecut=0:repeat-headers=1:open-gop=0:log-level=none")
	}
	return append(vf, "-c:v", "libx264", "-x264-params", "aud=1:bframes=2:b-adapt=0:b-pyramid=none:scenecut=0:crf=30")
}

// play decodes units and returns the frames, those held back included.
func play(t *testing.T, d *Decoder, in []*models.AccessUnit, want func(i int) decode.Want) (frames []*models.Frame) {
	t.Helper()
	for i, u := range in {
		f, err := d.Decode(u, want(i))
		if err != nil {
			t.Fatalf("unit %d: %v", i, err)
		}
		frames = append(frames, f...)
	}
	rest, err := d.Flush()
	if err != nil {
		t.Fatal(err)
	}
	return append(frames, rest...)
}

func all(int) decode.Want { return decode.Picture }

func open(t testing.TB, codec models.Codec) *Decoder {
	t.Helper()
	d, err := NewDecoder(codec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

var codecs = []models.Codec{models.CodecH264, models.CodecH265}

// A glance gives the key frame at once, however many pictures the stream holds back, and leaves nothing behind: what is
// decoded afterwards is to the last bit what a decoder gives that never glanced.
func TestGlance(t *testing.T) {
	for _, codec := range codecs {
		t.Run(string(codec), func(t *testing.T) {
			in := units(t, codec, 48, noisy(codec)...)
			whole := play(t, open(t, codec), in, all)
			if len(whole) != 48 {
				t.Fatalf("%d frames", len(whole))
			}
			d := open(t, codec)
			m := detect.NewMotion(models.Camera{})
			glances := 0
			for i, u := range in {
				f, err := d.Decode(u, decode.Glance)
				if err != nil || len(f) > 1 || len(f) == 1 != u.Key {
					t.Fatalf("unit %d, key %v: %d frames, %v", i, u.Key, len(f), err)
				}
				if !u.Key {
					continue
				}
				glances++
				if !f[0].At.Equal(u.At) || f[0].Damaged || f[0].Check() != nil {
					t.Errorf("unit %d: %+v", i, f[0].At)
				}
				// Without what makes a picture smooth it shows the same to whoever looks for motion.
				m.Still(whole[i])
				m.Looked()
				if !m.Still(f[0]) {
					t.Errorf("unit %d: the glance shows motion against the picture itself", i)
				}
				to := min(i+12, len(in))
				for k, got := range play(t, d, in[i:to], all) {
					if want := whole[i+k]; !bytes.Equal(got.Pix, want.Pix) || !got.At.Equal(want.At) {
						t.Fatalf("frame %d behind the glance at %d is not the same", k, i)
					}
				}
			}
			if glances != 4 {
				t.Errorf("%d glances", glances)
			}
		})
	}
}

// Skipping leaves out what nothing refers to, and changes no bit of the pictures asked for.
func TestSkip(t *testing.T) {
	for _, codec := range codecs {
		t.Run(string(codec), func(t *testing.T) {
			in := units(t, codec, 48, noisy(codec)...)
			whole := map[time.Time]*models.Frame{}
			for _, f := range play(t, open(t, codec), in, all) {
				whole[f.At] = f
			}
			d := open(t, codec)
			got := play(t, d, in, func(i int) decode.Want {
				if i%5 == 0 {
					return decode.Picture
				}
				return decode.Skip
			})
			if len(got) != 10 {
				t.Fatalf("%d frames of 10 asked for", len(got))
			}
			for _, f := range got {
				if want := whole[f.At]; want == nil || !bytes.Equal(f.Pix, want.Pix) {
					t.Errorf("the frame of %v is not the same", f.At)
				}
			}
			if codec == models.CodecH264 && d.decoded > 30 { // libavcodec 59 decodes every picture of H.265
				t.Errorf("%d of 48 pictures were decoded", d.decoded)
			}
		})
	}
}

// What may refer to a broken picture is damaged up to the next key frame, and nothing else is. libavcodec 59 notices broken
// bits of H.264 alone; that packets were lost it is told.
func TestDamageLastsToTheNextKeyFrame(t *testing.T) {
	broken := func(u *models.AccessUnit) {
		last := len(u.NALUs) - 1
		slice := bytes.Clone(u.NALUs[last])
		for i := len(slice) / 3; i < len(slice)/2; i++ {
			slice[i] ^= 0x5a
		}
		u.NALUs[last] = slice
	}
	lost := func(u *models.AccessUnit) { u.Damaged = true }
	for _, c := range []struct {
		name  string
		codec models.Codec
		hurt  func(*models.AccessUnit)
	}{{"broken bits, h264", models.CodecH264, broken}, {"packets lost, h264", models.CodecH264, lost}, {"packets lost, h265", models.CodecH265, lost}} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"-vf", "noise=alls=40:allf=t", "-g", "12", "-c:v", "libx264", "-x264-params", "aud=1:bframes=0:scenecut=0"}
			if c.codec == models.CodecH265 {
				args = append(args[:5], "libx265", "-preset", "ultrafast", "-x265-params", "aud=1:bframes=0:scenecut=0:repeat-headers=1:log-level=none")
			}
			in := units(t, c.codec, 36, args...)
			c.hurt(in[16])
			d := open(t, c.codec)
			var frames []*models.Frame
			for _, u := range in {
				f, _ := d.Decode(u, decode.Picture)
				frames = append(frames, f...)
			}
			rest, _ := d.Flush()
			frames = append(frames, rest...)
			for _, f := range frames {
				if i := int(f.At.Sub(in[0].At) / (100 * time.Millisecond)); f.Damaged != (i >= 16 && i < 24) {
					t.Errorf("frame %d: damaged %v", i, f.Damaged)
				}
			}
			if len(frames) < 35 {
				t.Errorf("only %d frames", len(frames))
			}
		})
	}
}

// A camera that changes its picture's size again and again: each size is there with its first key frame, and nothing is kept
// of the ones before.
func TestSwitchesDoNotLeak(t *testing.T) {
	sizes := []string{"160x120", "352x288", "176x144"}
	for _, codec := range codecs {
		t.Run(string(codec), func(t *testing.T) {
			var keys []*models.AccessUnit
			for _, s := range sizes {
				args := []string{"-vf", "scale=" + strings.Replace(s, "x", ":", 1), "-c:v", "libx264", "-x264-params", "aud=1"}
				if codec == models.CodecH265 {
					args = append(args[:3], "libx265", "-x265-params", "aud=1:repeat-headers=1:log-level=none")
				}
				keys = append(keys, units(t, codec, 1, args...)[0])
			}
			d := open(t, codec)
			before := 0
			const switches = 1000
			for i := range switches {
				u := *keys[i%len(keys)]
				u.At = u.At.Add(time.Duration(i) * time.Second)
				want := decode.Picture
				if i%2 == 0 {
					want = decode.Glance
				}
				f, err := d.Decode(&u, want)
				if len(f) == 0 && err == nil { // a decoder may hold the only picture back
					f, err = d.Flush()
				}
				if err != nil || len(f) != 1 || strconv.Itoa(f[0].W)+"x"+strconv.Itoa(f[0].H) != sizes[i%len(sizes)] {
					t.Fatalf("switch %d: %d frames, %v", i, len(f), err)
				}
				if i%100 == 99 { // and another codec: another decoder
					d.Close()
					d = open(t, codec)
				}
				if i == switches/5 {
					before = resident(t)
				}
			}
			if grown := resident(t) - before; grown > 8<<20 {
				t.Errorf("%d switches took %d bytes", switches*4/5, grown)
			}
		})
	}
}

// resident is the memory of this process, bytes.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("this system does not tell a process's memory: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

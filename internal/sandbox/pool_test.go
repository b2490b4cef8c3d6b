package sandbox

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

func TestDecode(t *testing.T) {
	p := newPool(t, Config{})
	d := decoderOf(t, p, "a")
	u := unit("frame", false)
	if fs, err := d.Decode(u, decode.Picture); err != nil || fs != nil {
		t.Fatalf("before a key frame: %v, %v", fs, err)
	}
	for i, c := range []struct {
		name, act string
		w, h      int
	}{
		{"small", "size 64 48", 64, 48},
		{"odd", "size 33 17", 33, 17},
		{"larger than the memory", "size 3840 2160", 3840, 2160},
		{"small again", "size 16 16", 16, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := unit(c.act, true)
			u.Damaged, u.At = i%2 == 1, time.Unix(int64(100-i), 0) // the clock may go back
			f := one(t, d, u)
			want := (&actor{n: int64(i + 1)}).frame(u, c.w, c.h)
			if f.Number != want.Number || f.At != u.At || f.Size != want.Size || f.Stride != want.Stride || f.Format != want.Format ||
				!f.FullRange || !f.BT709 || f.Damaged != u.Damaged || !bytes.Equal(f.Pix, want.Pix) {
				t.Fatalf("frame %d at %v, %v, stride %d, format %d, damaged %v, %d bytes", f.Number, f.At, f.Size, f.Stride, f.Format, f.Damaged, len(f.Pix))
			}
		})
	}
	t.Run("skipped", func(t *testing.T) {
		if fs, err := d.Decode(unit("frame", false), decode.Skip); err != nil || len(fs) != 0 {
			t.Fatal(fs, err)
		}
	})
	t.Run("error", func(t *testing.T) {
		_, err := d.Decode(unit("fail", false), decode.Picture)
		if err == nil || err.Error() != "broken picture" || models.KindOf(err) != models.KindInternal {
			t.Fatalf("%v (%s)", err, models.KindOf(err))
		}
		one(t, d, unit("frame", false))
	})
	t.Run("frames and an error", func(t *testing.T) {
		fs, err := d.Decode(unit("both", false), decode.Picture)
		if len(fs) != 2 || fs[1].W != 32 || err == nil || !strings.Contains(err.Error(), "then it broke") {
			t.Fatal(fs, err)
		}
	})
	t.Run("held back", func(t *testing.T) {
		us := []*models.AccessUnit{unit("hold", true), unit("hold", false), unit("hold", false)}
		for _, u := range us {
			if fs, err := d.Decode(u, decode.Picture); err != nil || len(fs) != 0 {
				t.Fatal(fs, err)
			}
		}
		fs, err := d.Flush()
		if err != nil || len(fs) != 3 {
			t.Fatal(fs, err)
		}
		for i, f := range fs {
			if f.At != us[i].At {
				t.Errorf("frame %d at %v, want %v", i, f.At, us[i].At)
			}
		}
	})
	t.Run("large unit", func(t *testing.T) {
		u := unit("frame", true)
		u.NALUs = append(u.NALUs, make([]byte, 9<<20))
		one(t, d, u)
		u.NALUs[2] = make([]byte, maxUnit)
		if _, err := d.Decode(u, decode.Picture); models.KindOf(err) != models.KindUnsupported {
			t.Fatal(err)
		}
	})
	if s := p.Stats(); s.Restarts != 0 || s.Children != 1 || s.Cameras != 1 || s.Memory == 0 {
		t.Fatalf("%+v", s)
	}
}

func TestCodecs(t *testing.T) {
	p := newPool(t, Config{})
	if d, err := p.NewDecoder(models.CodecMJPEG); err != nil {
		t.Error(err)
	} else if _, ok := d.(*decode.JPEG); !ok {
		t.Errorf("Motion JPEG is decoded by %T", d)
	}
	if _, err := p.NewDecoder("vp9"); models.KindOf(err) != models.KindUnsupported {
		t.Error(err)
	}
	d, err := p.NewDecoder(models.CodecH265) // the child has none
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Decode(unit("frame", true), decode.Picture); models.KindOf(err) != models.KindUnsupported {
		t.Error(err)
	}
}

// TestFaults ends children in every way; the camera and its neighbour go on at their next key frames.
func TestFaults(t *testing.T) {
	const deadline = 300 * time.Millisecond
	for _, c := range []struct {
		name, act string
		log       string
	}{
		{"segmentation fault", "segv", "SIGSEGV"},
		{"abort", "abort", "SIGABRT"},
		{"exit", "exit", "exit status 3"},
		{"hang", "hang", "no answer within 300ms"},
		{"spin", "spin", "no answer within 300ms"},
		{"too slow", "slow 500ms", "no answer within 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := &logText{}
			p := newPool(t, Config{Deadline: deadline, Log: log.logger()})
			a, b := decoderOf(t, p, "a"), decoderOf(t, p, "b")
			one(t, a, unit("frame", true))
			number := one(t, b, unit("frame", true)).Number
			began := time.Now()
			if _, err := a.Decode(unit(c.act, false), decode.Picture); models.KindOf(err) != models.KindUnavailable {
				t.Fatalf("%v", err)
			}
			if took := time.Since(began); took > deadline+time.Second {
				t.Errorf("told after %v", took)
			}
			if fs, err := a.Decode(unit("frame", false), decode.Picture); fs != nil || err != nil {
				t.Errorf("no key frame yet: %v, %v", fs, err)
			}
			one(t, a, unit("frame", true))
			if _, err := b.Decode(unit("frame", false), decode.Picture); models.KindOf(err) != models.KindUnavailable {
				t.Errorf("the neighbour is not told: %v", err)
			}
			if n := one(t, b, unit("frame", true)).Number; n != number+1 {
				t.Errorf("frame %d after %d", n, number)
			}
			until(t, "the log says "+c.log, func() bool {
				return strings.Contains(log.String(), c.log) && strings.Contains(log.String(), "camera a")
			})
			until(t, "one child took over", func() bool { s := p.Stats(); return s.Restarts == 1 && s.Children == 1 && s.Cameras == 2 })
		})
	}
}

func TestSlowAnswerIsNoFault(t *testing.T) {
	p := newPool(t, Config{Deadline: time.Second})
	d := decoderOf(t, p, "a")
	one(t, d, unit("slow 300ms", true))
	if s := p.Stats(); s.Restarts != 0 {
		t.Fatalf("%+v", s)
	}
}

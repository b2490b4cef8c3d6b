package sandbox

import (
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// lies are what a child that was taken over might answer instead of the truth, which is a grey frame of 16 x 16.
var lies = map[string]struct {
	tell func(fd int, mem []byte, truth []byte)
	want string // of the parent's error; empty when the truth comes through
}{
	"truth":           {func(fd int, _, b []byte) { write(fd, b) }, ""},
	"cut short":       {func(fd int, _, b []byte) { write(fd, b[:10]) }, "impossible answer: an answer of 10 bytes"},
	"empty":           {func(fd int, _, b []byte) { write(fd, nil) }, "ended"},
	"closed":          {func(fd int, _, b []byte) { _ = unix.Close(fd); select {} }, "ended"},
	"too long":        {func(fd int, _, b []byte) { write(fd, append(b, 1)) }, "1 bytes after an answer"},
	"far too long":    {func(fd int, _, b []byte) { write(fd, append(b, make([]byte, 4096)...)) }, "bytes after an answer"},
	"version":         {with(func(b []byte) { b[0]++ }), "version 2"},
	"unknown":         {with(func(b []byte) { b[1] = 9 }), "unknown answer"},
	"format":          {with(func(b []byte) { b[2] = 7 }), "unknown format"},
	"no width":        {with(func(b []byte) { b[4], b[5] = 0, 0 }), "picture of 0 x 16"},
	"negative width":  {with(func(b []byte) { b[4], b[5] = 0xff, 0xff }), "picture of 65535"},
	"short rows":      {with(func(b []byte) { b[8] = 3 }), "rows of 3 bytes"},
	"negative stride": {with(func(b []byte) { binary.LittleEndian.PutUint32(b[8:], 0xfffffff0) }), "rows of 4294967280"},
	"negative size":   {with(func(b []byte) { binary.LittleEndian.PutUint32(b[12:], 0xffffffff) }), "4294967295 bytes of pixels"},
	"size too large": {with(func(b []byte) {
		binary.LittleEndian.PutUint16(b[4:], 8192)
		binary.LittleEndian.PutUint16(b[6:], 8192)
		binary.LittleEndian.PutUint32(b[8:], 8192)
		binary.LittleEndian.PutUint32(b[12:], 8192*8192*3/2)
	}), "in a memory of"},
	"size too small": {with(func(b []byte) { b[12]-- }), "bytes of pixels for 16 rows"},
	"wrong count":    {with(func(b []byte) { binary.LittleEndian.PutUint32(b[16:], 1<<20) }), "1048576 more answers"},
	"endless": {with(func(b []byte) {
		(&reply{
			got: gotFrame, format: models.I420, w: 16, h: 16, stride: 16, size: 384, left: 1,
			number: uint64(tellings), unit: 1, seq: binary.LittleEndian.Uint64(b[40:]),
		}).put(b)
	}), "more answers than a decoder can have"},
	"no number":       {with(func(b []byte) { b[24] = 0 }), "frame number 0"},
	"number is huge":  {with(func(b []byte) { b[31] = 0xff }), "frame number"},
	"unit not sent":   {with(func(b []byte) { b[32] = 200 }), "of unit 200"},
	"another request": {with(func(b []byte) { b[40]++ }), "an answer to request"},
	"too much memory": {with(func(b []byte) { b[1] = wantMemory; binary.LittleEndian.PutUint32(b[12:], 1<<31) }), "bytes of memory wanted"},
	"memory it has":   {with(func(b []byte) { b[1] = wantMemory }), "bytes of memory wanted"},
	"error's length":  {with(func(b []byte) { b[1] = gotError }), "an error of 384 bytes in 0"},
	"kind of error":   {func(fd int, _, b []byte) { b[1], b[3], b[12], b[13] = gotError, 0xf0, 1, 0; write(fd, append(b, 'x')) }, "kind 15"},
	"descriptors": {func(fd int, _, b []byte) {
		_ = unix.Sendmsg(fd, b, unix.UnixRights(0, 1, 2, fd), nil, 0)
	}, ""},
	"cuts the memory": {func(fd int, _, b []byte) {
		if unix.Ftruncate(memoryFD, 0) == nil {
			b[1] = 9 // the seal is broken: fail
		}
		write(fd, b)
	}, ""},
	"punches holes": {func(fd int, mem, b []byte) {
		_ = unix.Fallocate(memoryFD, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, int64(len(mem)))
		write(fd, b)
	}, ""},
}

// tellings counts the answers of a liar; memoryFD is its memory's descriptor.
var tellings, memoryFD int

func write(fd int, b []byte) { _ = unix.Send(fd, b, unix.MSG_NOSIGNAL) }

func with(change func([]byte)) func(int, []byte, []byte) {
	return func(fd int, _, b []byte) { change(b); write(fd, b) }
}

// lie is a whole child without confinement, whose answers are changed.
func lie(name string) {
	var b [requestSize + 1]byte
	if _, err := unix.Read(controlFD, b[:]); err != nil {
		os.Exit(1)
	}
	ready := [readySize]byte{version}
	if name == "greeting" {
		ready[0]++
	}
	write(controlFD, ready[:])
	for {
		codec, fd, err := nextCodec(controlFD)
		if err != nil || fd < 0 {
			return
		}
		go func() {
			s := &session{fd: fd, codec: codec, newDecoder: func(models.Codec) (decode.Decoder, error) { return &actor{}, nil }}
			for {
				n, with, err := receiveWith(fd, b[:])
				if err != nil || n == 0 {
					return
				}
				if with >= 0 {
					memoryFD, _ = unix.Dup(with)
				}
				answer, err := s.handle(b[:n], with)
				if tellings++; err != nil || tellings == 1 { // the memory is taken over truly
					write(fd, answer)
					continue
				}
				lies[name].tell(fd, s.mem, append([]byte(nil), answer...))
			}
		}()
	}
}

func TestLies(t *testing.T) {
	before := descriptorsOpen(t)
	for name, c := range lies {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, Config{Command: []string{"/proc/self/exe", "liar", name}, Deadline: time.Second})
			d := decoderOf(t, p, "a")
			fs, err := d.Decode(unit("size 16 16", true), decode.Picture)
			if c.want == "" {
				if err != nil || len(fs) != 1 || len(fs[0].Pix) != 384 {
					t.Fatal(fs, err)
				}
				return
			}
			if models.KindOf(err) != models.KindUnavailable || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
		})
	}
	if after := descriptorsOpen(t); after != before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func TestNoChild(t *testing.T) {
	for _, c := range []struct {
		name    string
		command []string
		want    string
	}{
		{"not a program", []string{"/nonexistent"}, "no such file"},
		{"ends at once", []string{"/bin/false"}, "ended before it was ready"},
		{"another version", []string{"/proc/self/exe", "liar", "greeting"}, "another program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewPool(Config{Command: c.command, Log: (&logText{}).logger()})
			if models.KindOf(err) != models.KindUnavailable || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--decoder inprocess") {
				t.Fatalf("%v, want %q", err, c.want)
			}
		})
	}
}

func descriptorsOpen(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

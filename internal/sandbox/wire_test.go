package sandbox

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// FuzzReply is the parent's side: whatever a child says, the parent takes nothing from outside the memory.
func FuzzReply(f *testing.F) {
	frame := reply{got: gotFrame, format: models.I420, w: 16, h: 8, stride: 16, size: 192, left: 2, number: 1, unit: 1, seq: 7}
	for _, r := range []reply{frame, {got: gotNothing, seq: 7}, {got: wantMemory, size: 1 << 20, seq: 7}, {got: gotError, kind: 1, seq: 7}} {
		b := make([]byte, replySize)
		r.put(b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &decoder{pool: &Pool{now: time.Now, lost: map[string]int64{}}, who: &history{}, fd: -1, mem: make([]byte, 4096), unit: 3}
		d.child = &child{pool: d.pool, over: make(chan struct{}), cameras: map[*decoder]struct{}{}}
		var a reply
		if a.get(b, 7, len(d.mem)) != nil {
			return
		}
		switch a.got {
		case gotFrame:
			fr, err := d.frame(&a)
			if err == nil && (fr.W < 1 || fr.H < 1 || len(fr.Pix) != pixBytes(fr.Format, fr.Stride, fr.H) || fr.Number < 1) {
				t.Fatalf("%+v", fr)
			}
		case gotError:
			_ = clean(b[replySize : replySize+a.size])
			_ = kinds[a.kind]
		case wantMemory:
			if n := roomFor(int(a.size)); n < int(a.size) || n > maxPix {
				t.Fatalf("a memory of %d for %d", n, a.size)
			}
		}
	})
}

// FuzzRequest is the child's side: no message makes it read outside the memory.
func FuzzRequest(f *testing.F) {
	mem := make([]byte, 256)
	u := &models.AccessUnit{NALUs: [][]byte{[]byte("frame"), []byte("b")}, Key: true}
	n := putUnit(mem, u, decode.Skip, 1)
	n += putUnit(mem[n:], u, decode.Picture, 2)
	for _, r := range []request{{op: opDecode, count: 2, size: uint32(n), seq: 1}, {op: opFlush}, {op: opNext}, {op: opMemory, size: 4096}} {
		var b [requestSize]byte
		r.put(b[:])
		f.Add(b[:], mem)
	}
	f.Fuzz(func(t *testing.T, b, mem []byte) {
		s := &session{fd: -1, codec: models.CodecH264, mem: mem, newDecoder: func(models.Codec) (decode.Decoder, error) { return &echo{}, nil }}
		if answer, err := s.handle(b, -1); err == nil && len(answer) < replySize {
			t.Fatalf("an answer of %d bytes", len(answer))
		}
	})
}

// echo looks at every byte of a unit.
type echo struct{ sum int }

func (e *echo) Decode(u *models.AccessUnit, _ decode.Want) ([]*models.Frame, error) {
	for _, n := range u.NALUs {
		for _, b := range n {
			e.sum += int(b)
		}
	}
	return nil, nil
}
func (e *echo) Flush() ([]*models.Frame, error) { return nil, nil }
func (e *echo) Close() error                    { return nil }

func TestMessagesComeBack(t *testing.T) {
	q := request{op: opDecode, want: decode.Glance, key: true, hurt: true, count: 3, size: 1000, unit: 1 << 40, epoch: 1 << 63, pts: -5, seq: 9}
	var b [requestSize]byte
	q.put(b[:])
	var q2 request
	if err := q2.get(b[:]); err != nil || q2 != q {
		t.Errorf("%+v, %v, want %+v", q2, err, q)
	}
	a := reply{got: gotFrame, format: models.I420, full: true, bt709: true, hurt: true, left: 3, size: 33*17 + 2*17*9, w: 33, h: 17, stride: 33, number: 5, unit: 6, seq: 9}
	out := make([]byte, replySize)
	a.put(out)
	var a2 reply
	if err := a2.get(out, 9, 1<<20); err != nil || a2 != a {
		t.Errorf("%+v, %v, want %+v", a2, err, a)
	}
}

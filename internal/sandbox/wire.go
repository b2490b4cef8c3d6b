package sandbox

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// version of the messages. Parent and child are the same program, so a difference is a defect, not an upgrade.
const version = 1

// What is asked of a child. Each request is one message on the decoder's socket and is answered by one.
const (
	opDecode = 1 + iota // the units that lie in the memory, each after a header of its own (opUnit)
	opFlush             // what is held back
	opNext              // what is left of the last answer
	opMemory            // as opNext, after taking over the memory whose descriptor comes with the message
	opUnit              // in the memory only
)

// What a child answers.
const (
	gotNothing = iota
	gotFrame   // a frame lies in the memory
	gotError   // the decoder's error; its text follows the header
	wantMemory // the frame needs more memory
)

// Bounds of what a message may say. They hold for both sides.
const (
	maxUnit   = 32 << 20    // bytes of the coded pictures of one request
	maxNALUs  = 4096        // of one unit
	maxUnits  = 16          // of one request
	maxPixels = 8192 * 8192 // of one frame, as in the decoders
	maxSide   = 16384
	maxPix    = 3 * maxPixels
	maxLeft   = 128 // answers that one request can have
	maxText   = 512 // bytes of an error
)

// The lengths of the headers.
const (
	requestSize = 48
	replySize   = 48
)

// request is the header of a message to a child.
type request struct {
	op    byte
	want  decode.Want
	key   bool
	hurt  bool   // the unit is damaged
	count uint32 // opDecode: units; opUnit: its parts
	size  uint32 // opDecode: bytes of all in the memory; opUnit: of its parts; opMemory: of the memory
	unit  uint64 // opUnit: its number, from 1, in the place of its time
	epoch uint64
	pts   int64
	seq   uint64 // of the request
}

func (r *request) put(b []byte) {
	b[0], b[1], b[2], b[3] = version, r.op, byte(r.want), bit(r.key, 1)|bit(r.hurt, 2)
	binary.LittleEndian.PutUint32(b[4:], r.count)
	binary.LittleEndian.PutUint32(b[8:], r.size)
	binary.LittleEndian.PutUint32(b[12:], 0)
	binary.LittleEndian.PutUint64(b[16:], r.unit)
	binary.LittleEndian.PutUint64(b[24:], r.epoch)
	binary.LittleEndian.PutUint64(b[32:], uint64(r.pts))
	binary.LittleEndian.PutUint64(b[40:], r.seq)
}

func (r *request) get(b []byte) error {
	if len(b) != requestSize || b[0] != version {
		return fmt.Errorf("a request of %d bytes and version %d, want %d and %d", len(b), first(b), requestSize, version)
	}
	*r = request{
		op: b[1], want: decode.Want(b[2]), key: b[3]&1 != 0, hurt: b[3]&2 != 0,
		count: binary.LittleEndian.Uint32(b[4:]), size: binary.LittleEndian.Uint32(b[8:]),
		unit: binary.LittleEndian.Uint64(b[16:]), epoch: binary.LittleEndian.Uint64(b[24:]),
		pts: int64(binary.LittleEndian.Uint64(b[32:])), seq: binary.LittleEndian.Uint64(b[40:]),
	}
	switch {
	case r.op < opDecode || r.op > opUnit:
		return fmt.Errorf("unknown request %d", r.op)
	case r.want > decode.Glance:
		return fmt.Errorf("unknown want %d", r.want)
	case r.op == opDecode && (r.size > maxUnit || r.count > maxUnits), r.op == opUnit && (r.size > maxUnit || r.count > maxNALUs):
		return fmt.Errorf("%d bytes of units in %d parts", r.size, r.count)
	case r.op == opMemory && (r.size == 0 || r.size > maxPix):
		return fmt.Errorf("a memory of %d bytes", r.size)
	}
	return nil
}

// reply is the header of a message from a child. Nothing in it can be trusted.
type reply struct {
	got    byte
	format models.PixelFormat
	full   bool
	bt709  bool
	hurt   bool
	left   uint32 // answers that follow, each fetched by opNext
	size   uint32 // gotFrame: bytes of pixels in the memory; wantMemory: bytes needed; gotError: bytes of text
	w, h   uint32
	stride uint32
	kind   byte   // gotError: index of kinds
	number uint64 // of the frame
	unit   uint64 // the number of the unit that the frame comes from
	seq    uint64 // of the request that is answered
}

// kinds are the errors whose kind survives the way; any other becomes KindInternal.
var kinds = []models.Kind{models.KindInternal, models.KindInvalid, models.KindUnsupported, models.KindUnavailable}

func (r *reply) put(b []byte) {
	b[0], b[1], b[2], b[3] = version, r.got, byte(r.format), bit(r.full, 1)|bit(r.bt709, 2)|bit(r.hurt, 4)|r.kind<<4
	binary.LittleEndian.PutUint16(b[4:], uint16(r.w))
	binary.LittleEndian.PutUint16(b[6:], uint16(r.h))
	binary.LittleEndian.PutUint32(b[8:], r.stride)
	binary.LittleEndian.PutUint32(b[12:], r.size)
	binary.LittleEndian.PutUint32(b[16:], r.left)
	binary.LittleEndian.PutUint32(b[20:], 0)
	binary.LittleEndian.PutUint64(b[24:], r.number)
	binary.LittleEndian.PutUint64(b[32:], r.unit)
	binary.LittleEndian.PutUint64(b[40:], r.seq)
}

// get reads and checks a whole message; memory is the size of the shared memory. The error says how the child lied.
func (r *reply) get(b []byte, seq uint64, memory int) error {
	if len(b) < replySize || b[0] != version {
		return fmt.Errorf("an answer of %d bytes and version %d, want %d and %d", len(b), first(b), replySize, version)
	}
	*r = reply{
		got: b[1], format: models.PixelFormat(b[2]), full: b[3]&1 != 0, bt709: b[3]&2 != 0, hurt: b[3]&4 != 0, kind: b[3] >> 4,
		w: uint32(binary.LittleEndian.Uint16(b[4:])), h: uint32(binary.LittleEndian.Uint16(b[6:])), stride: binary.LittleEndian.Uint32(b[8:]),
		size: binary.LittleEndian.Uint32(b[12:]), left: binary.LittleEndian.Uint32(b[16:]),
		number: binary.LittleEndian.Uint64(b[24:]), unit: binary.LittleEndian.Uint64(b[32:]), seq: binary.LittleEndian.Uint64(b[40:]),
	}
	text := len(b) - replySize
	switch {
	case r.seq != seq:
		return fmt.Errorf("an answer to request %d, want %d", r.seq, seq)
	case r.left > maxLeft:
		return fmt.Errorf("%d more answers", r.left)
	case r.got == gotError:
		if text != int(r.size) || text > maxText || int(r.kind) >= len(kinds) {
			return fmt.Errorf("an error of %d bytes in %d, kind %d", r.size, text, r.kind)
		}
		return nil
	case text != 0:
		return fmt.Errorf("%d bytes after an answer", text)
	case r.got == gotNothing && r.left == 0:
		return nil
	case r.got == wantMemory:
		if int(r.size) <= memory || r.size > maxPix {
			return fmt.Errorf("%d bytes of memory wanted where there are %d", r.size, memory)
		}
		return nil
	case r.got == gotFrame:
		return r.checkFrame(memory)
	}
	return fmt.Errorf("unknown answer %d", r.got)
}

// checkFrame says whether the numbers describe a picture that lies inside the memory.
func (r *reply) checkFrame(memory int) error {
	w, h, stride := int(r.w), int(r.h), int(r.stride)
	least := w
	if r.format == models.BGR24 {
		least = 3 * w
	}
	switch {
	case r.format > models.I420:
		return fmt.Errorf("unknown format %d", r.format)
	case w == 0 || h == 0 || w > maxSide || h > maxSide || w*h > maxPixels:
		return fmt.Errorf("a picture of %d x %d", w, h)
	case stride < least || stride > 3*maxSide:
		return fmt.Errorf("rows of %d bytes for %d pixels", stride, w)
	case int(r.size) != pixBytes(r.format, stride, h) || int(r.size) > memory:
		return fmt.Errorf("%d bytes of pixels for %d rows of %d, in a memory of %d", r.size, h, stride, memory)
	case r.number == 0 || r.number > math.MaxInt64:
		return fmt.Errorf("frame number %d", r.number)
	}
	return nil
}

// pixBytes is the length of Frame.Pix.
func pixBytes(f models.PixelFormat, stride, h int) int {
	if f == models.I420 {
		return stride*h + 2*((stride+1)/2)*((h+1)/2)
	}
	return stride * h
}

// putUnit lays a unit into the memory, which has room for it: its header, then its parts, each after its length. It returns
// the bytes used.
func putUnit(mem []byte, u *models.AccessUnit, want decode.Want, number uint64) int {
	at := requestSize
	for _, n := range u.NALUs {
		binary.LittleEndian.PutUint32(mem[at:], uint32(len(n)))
		at += 4 + copy(mem[at+4:], n)
	}
	r := request{
		op: opUnit, want: want, key: u.Key, hurt: u.Damaged, count: uint32(len(u.NALUs)), size: uint32(at - requestSize),
		unit: number, epoch: u.Epoch, pts: int64(u.PTS),
	}
	r.put(mem)
	return at
}

// unitBytes is the memory that putUnit needs.
func unitBytes(u *models.AccessUnit) int { return requestSize + u.Bytes() + 4*len(u.NALUs) }

// getUnit makes u the unit at the beginning of the memory, in which its parts stay. It returns what is wanted of it, and the
// rest of the memory.
func getUnit(mem []byte, codec models.Codec, u *models.AccessUnit) (decode.Want, []byte, error) {
	var r request
	if err := r.get(mem[:min(requestSize, len(mem))]); err != nil {
		return 0, nil, err
	}
	mem = mem[requestSize:]
	if r.op != opUnit || int(r.size) > len(mem) {
		return 0, nil, fmt.Errorf("a unit (%d) of %d bytes in a memory of %d", r.op, r.size, len(mem))
	}
	mem, rest := mem[:r.size], mem[r.size:]
	parts := u.NALUs[:0]
	for range r.count {
		if len(mem) < 4 {
			return 0, nil, fmt.Errorf("a unit that ends after %d of %d parts", len(parts), r.count)
		}
		n := binary.LittleEndian.Uint32(mem)
		if mem = mem[4:]; int64(n) > int64(len(mem)) {
			return 0, nil, fmt.Errorf("a part of %d bytes where %d are left", n, len(mem))
		}
		parts, mem = append(parts, mem[:n:n]), mem[n:]
	}
	*u = models.AccessUnit{
		Codec: codec, NALUs: parts, PTS: time.Duration(r.pts), At: time.Unix(0, int64(r.unit)), Epoch: r.epoch, Key: r.key, Damaged: r.hurt,
	}
	return r.want, rest, nil
}

// clean makes a text from a child fit for a log: printable, one line.
func clean(text []byte) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(text), "?"), func(c rune) bool { return c < ' ' || c == 0x7f }), " ")
}

func bit(set bool, b byte) byte {
	if set {
		return b
	}
	return 0
}

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

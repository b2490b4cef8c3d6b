package sandbox

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// heldUnits is how many units' times are remembered: more than any decoder holds back.
const heldUnits = 128

// decoder is one camera's decoder, as its runner sees it: the twin of the session in a child. It is used by one goroutine.
type decoder struct {
	pool  *Pool
	who   *history
	codec models.Codec

	child *child // nil while there is none: the next key frame finds one
	fd    int
	mem   []byte // shared with the child
	laid  int    // bytes of units in it that are not sent yet ..
	count uint32 // .. and how many
	owed  int    // pictures wanted and not yet returned

	seq    uint64               // of the last request
	unit   uint64               // of the last unit sent
	times  [heldUnits]time.Time // of the last units: the child sees their numbers only and cannot make times up
	number int64                // of the last frame returned
	base   int64                // number when the child's counting began
	out    [requestSize]byte
	in     [replySize + maxText + 1]byte
	asking atomic.Bool // a request is not answered yet
}

func newDecoder(p *Pool, who *history, codec models.Codec) decode.Decoder {
	return &decoder{pool: p, who: who, codec: codec, fd: -1}
}

// Decode hands the unit to the child and waits for the frames, at most until the pool's deadline.
func (d *decoder) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	if d.child != nil && d.child.ended() {
		d.leave()
		if !u.Key {
			return nil, d.lost("its decoding process ended")
		}
	}
	if d.child == nil && !u.Key {
		return nil, nil
	}
	need := unitBytes(u)
	if need > maxUnit || len(u.NALUs) > maxNALUs {
		return nil, models.Errorf(models.KindUnsupported, "a picture of %d bytes in %d parts is too large", need, len(u.NALUs))
	}
	var frames []*models.Frame
	if d.laid+need > len(d.mem) && d.count > 0 {
		var err error
		if frames, err = d.send(); err != nil {
			return frames, err
		}
	}
	if err := d.ready(need); err != nil {
		return frames, err
	}
	d.unit++
	d.times[d.unit%heldUnits] = u.At
	d.laid += putUnit(d.mem[d.laid:], u, want, d.unit)
	d.count++
	if want != decode.Skip {
		d.owed++
	}
	if d.owed == 0 && d.count < maxUnits {
		return frames, nil
	}
	more, err := d.send()
	return append(frames, more...), err
}

// send has the units in the memory decoded. A unit of which no picture is wanted waits there for one of which it is: to wake
// another process costs more than to copy a picture.
func (d *decoder) send() ([]*models.Frame, error) {
	r := request{op: opDecode, count: d.count, size: uint32(d.laid)}
	d.count, d.laid = 0, 0
	frames, err := d.exchange(r)
	if d.owed = max(d.owed-len(frames), 0); err != nil {
		d.owed = 0
	}
	return frames, err
}

// Flush returns what the child holds back.
func (d *decoder) Flush() (frames []*models.Frame, err error) {
	if d.child == nil {
		return nil, nil
	}
	if d.count > 0 {
		if frames, err = d.send(); err != nil {
			return frames, err
		}
	}
	d.owed = 0
	more, err := d.exchange(request{op: opFlush})
	return append(frames, more...), err
}

// Close gives the place in the child back.
func (d *decoder) Close() error {
	d.leave()
	return nil
}

// ready finds a child if there is none, and memory for a unit.
func (d *decoder) ready(need int) error {
	if d.child == nil {
		alone, err := d.who.may(d.pool.now())
		if err != nil {
			return err
		}
		if d.child, err = d.pool.place(d, alone); err == nil {
			d.base = d.number
			d.fd, err = d.child.open(d.codec, d.pool.cfg.Deadline)
		}
		if err != nil {
			d.leave()
			return models.Errorf(models.KindUnavailable, "camera %s cannot be decoded now: %w", d.who, err)
		}
	}
	if d.laid+need <= len(d.mem) {
		return nil
	}
	_, err := d.grow(max(roomFor(need), firstMemory), time.Now().Add(d.pool.cfg.Deadline))
	return err
}

// grow replaces the memory. The answer is the next of what the child has to say.
func (d *decoder) grow(size int, until time.Time) (reply, error) {
	mem, fd, err := newMemory(size)
	if err != nil {
		return reply{}, err
	}
	d.unmap()
	d.mem = mem
	defer unix.Close(fd)
	return d.call(request{op: opMemory, size: uint32(size)}, unix.UnixRights(fd), until)
}

// exchange sends a request and takes all answers.
func (d *decoder) exchange(r request) (frames []*models.Frame, err error) {
	until := time.Now().Add(d.pool.cfg.Deadline)
	a, err := d.call(r, nil, until)
	for err == nil && len(frames) <= maxLeft {
		switch a.got {
		case gotFrame:
			f, err := d.frame(&a)
			if err != nil {
				return frames, err
			}
			frames = append(frames, f)
		case gotError:
			err = models.Errorf(kinds[a.kind], "%s", clean(d.in[replySize:replySize+a.size]))
		}
		switch {
		case err != nil || a.left == 0 && a.got != wantMemory:
			return frames, err
		case a.got == wantMemory:
			a, err = d.grow(roomFor(int(a.size)), until)
		default:
			a, err = d.call(request{op: opNext}, nil, until)
		}
	}
	if err == nil {
		err = d.fault("more answers than a decoder can have")
	}
	return frames, err
}

// call is one message there and one back. Whatever goes wrong ends the child: it is no longer known what it does.
func (d *decoder) call(r request, rights []byte, until time.Time) (a reply, err error) {
	d.seq++
	r.seq = d.seq
	r.put(d.out[:])
	d.asking.Store(true)
	defer d.asking.Store(false)
	if rights == nil {
		err = unix.Send(d.fd, d.out[:], unix.MSG_NOSIGNAL)
	} else {
		err = unix.Sendmsg(d.fd, d.out[:], rights, nil, unix.MSG_NOSIGNAL)
	}
	if err != nil { // it ended before this unit
		d.child.end("")
		d.leave()
		return a, d.lost("its decoding process ended")
	}
	n, err := receive(d.fd, d.in[:], until)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return a, d.fault(fmt.Sprintf("no answer within %v", d.pool.cfg.Deadline))
	case err != nil || n == 0:
		return a, d.fault("")
	}
	if err := a.get(d.in[:n], d.seq, len(d.mem)); err != nil {
		return a, d.fault("impossible answer: " + err.Error())
	}
	return a, nil
}

// frame copies a frame out of the shared memory; every number in the answer has been checked against it.
func (d *decoder) frame(a *reply) (*models.Frame, error) {
	number := d.base + int64(a.number)
	if a.unit == 0 || a.unit > d.unit || d.unit-a.unit >= heldUnits || number <= d.number {
		return nil, d.fault(fmt.Sprintf("impossible answer: frame %d of unit %d after frame %d and unit %d", number, a.unit, d.number, d.unit))
	}
	d.number = number
	return &models.Frame{
		Number: number, At: d.times[a.unit%heldUnits], Size: models.Size{W: int(a.w), H: int(a.h)}, Stride: int(a.stride),
		Format: a.format, Pix: append([]byte(nil), d.mem[:a.size]...), // unlike make and copy, this clears nothing first
		FullRange: a.full, BT709: a.bt709, Damaged: a.hurt,
	}, nil
}

// fault ends the child during a request of this camera, which is suspected from now on. An empty cause is an end that is
// not ours.
func (d *decoder) fault(cause string) error {
	why := decoding + d.who.String()
	if cause != "" {
		why += ": " + cause
	}
	d.child.end(why)
	if d.who.strike(d.pool.now()) {
		d.pool.log.Warn("a camera ends its decoding process again and again: it is decoded in one of its own from now on",
			"camera", d.who.String())
	}
	d.leave()
	if cause == "" {
		cause = "its decoding process ended"
	}
	return d.lost(cause)
}

func (d *decoder) lost(cause string) error {
	d.pool.mu.Lock()
	d.pool.lost[d.who.camera]++
	d.pool.mu.Unlock()
	return models.Errorf(models.KindUnavailable, "camera %s: what was sent since the last key frame is lost: %s", d.who, cause)
}

// leave forgets the child.
func (d *decoder) leave() {
	if d.child == nil {
		return
	}
	if d.fd >= 0 {
		_ = unix.Close(d.fd)
		d.fd = -1
	}
	d.unmap()
	d.laid, d.count, d.owed = 0, 0, 0
	d.child.leave(d)
	d.child = nil
}

func (d *decoder) unmap() {
	if d.mem != nil {
		_ = unix.Munmap(d.mem)
		d.mem = nil
	}
}

// receive reads one message; EAGAIN says that until has passed. The socket's own time-out is of the same length.
func receive(fd int, b []byte, until time.Time) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR && time.Now().Before(until) {
			continue
		}
		if err == unix.EINTR || err == nil && n > 0 && time.Now().After(until) {
			err = unix.EAGAIN
		}
		return n, err
	}
}

func setTimeout(fd int, d time.Duration) error {
	t := unix.NsecToTimeval(d.Nanoseconds())
	return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &t)
}

package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// childArg is the hidden sub-command that makes a program a child.
const childArg = "decode-child"

// controlFD is where a child finds its control socket.
const controlFD = 3

// newDecoderFunc is native.NewDecoder.
type newDecoderFunc = func(models.Codec) (decode.Decoder, error)

// Main turns this process into a child, and never returns, when a Pool started it as one. Every program that makes a Pool
// calls it first thing. The decoders must not keep a unit, or its bytes, beyond Decode.
func Main(newDecoder func(models.Codec) (decode.Decoder, error)) {
	if len(os.Args) != 2 || os.Args[1] != childArg {
		mainCalled.Store(true)
		return
	}
	if err := serve(controlFD, newDecoder); err != nil {
		fmt.Fprintln(os.Stderr, "decode-child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve is the whole life of a child: it confines itself, then makes decoders as it is told, until its parent is gone.
func serve(control int, newDecoder newDecoderFunc) error {
	var b [beginSize + 1]byte
	n, err := unix.Read(control, b[:])
	if err != nil {
		return errors.New("this command is not for people: the node starts it for itself")
	}
	if n != beginSize || b[0] != version {
		return errors.New("it was not greeted as a child is: is the node another version?")
	}
	failed := confine(limits{memory: int64(binary.LittleEndian.Uint64(b[8:])), cameras: int(binary.LittleEndian.Uint32(b[4:]))})
	ready := [readySize]byte{version, failed}
	if _, err := unix.Write(control, ready[:]); err != nil {
		return err
	}
	for {
		codec, fd, err := nextCodec(control)
		if err != nil || fd < 0 {
			return err
		}
		go func() { // it lives as long as the process or its socket
			s := &session{fd: fd, codec: codec, newDecoder: newDecoder}
			s.run()
		}()
	}
}

// nextCodec waits for an order to make a decoder; the descriptor is -1 when the parent is gone.
func nextCodec(control int) (models.Codec, int, error) {
	var b [codecSize]byte
	for {
		n, fd, err := receiveWith(control, b[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return "", -1, nil
		}
		if n != codecSize || fd < 0 {
			return "", -1, fmt.Errorf("an order of %d bytes with descriptor %d", n, fd)
		}
		return models.Codec(strings.TrimRight(string(b[:]), "\x00")), fd, nil
	}
}

// receiveWith reads one message and the one descriptor that may come with it, else -1.
func receiveWith(socket int, b []byte) (n, fd int, err error) {
	var oob [24]byte // unix.CmsgSpace(4)
	n, m, _, _, err := unix.Recvmsg(socket, b, oob[:], unix.MSG_CMSG_CLOEXEC)
	if err != nil || m == 0 {
		return n, -1, err
	}
	messages, err := unix.ParseSocketControlMessage(oob[:m])
	if err != nil || len(messages) != 1 {
		return n, -1, errors.Join(err, errors.New("unknown message with a descriptor"))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return n, -1, errors.Join(err, errors.New("unknown descriptors"))
	}
	return n, fds[0], nil
}

// session is one decoder in a child: the twin of the decoder in its parent. It is used by one goroutine.
type session struct {
	fd         int
	codec      models.Codec
	newDecoder newDecoderFunc

	decoder decode.Decoder
	mem     []byte
	unit    models.AccessUnit
	frames  []*models.Frame // made and not yet told
	err     error           // told after them
	in      [requestSize + 1]byte
	out     [replySize + maxText]byte
}

// run serves until the socket is closed. Nothing is deferred: a panic must reach the parent's log before the socket's end
// reaches the parent.
func (s *session) run() {
	for s.serveOne() {
	}
	_ = unix.Close(s.fd)
	if s.decoder != nil {
		_ = s.decoder.Close()
	}
	if s.mem != nil {
		_ = unix.Munmap(s.mem)
	}
}

// serveOne answers one message; it reports whether more can come.
func (s *session) serveOne() bool {
	n, fd, err := receiveWith(s.fd, s.in[:])
	if err == unix.EINTR {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	answer, err := s.handle(s.in[:n], fd)
	if err != nil {
		fmt.Fprintln(os.Stderr, "decode-child:", err)
		return false
	}
	_, err = unix.Write(s.fd, answer)
	return err == nil
}

// handle does what one message asks for and returns the answer, which is valid until the next.
func (s *session) handle(message []byte, fd int) ([]byte, error) {
	var r request
	if err := r.get(message); err != nil {
		return nil, err
	}
	switch r.op {
	case opDecode:
		if int(r.size) > len(s.mem) {
			return nil, fmt.Errorf("%d bytes of units in a memory of %d", r.size, len(s.mem))
		}
		if err := s.decode(s.mem[:r.size], r.count); err != nil {
			return nil, err
		}
	case opFlush:
		if s.decoder != nil {
			s.frames, s.err = s.decoder.Flush()
		}
	case opMemory:
		if err := s.remap(fd, int(r.size)); err != nil {
			return nil, err
		}
	}
	return s.answer(r.seq), nil
}

// decode decodes the units that lie in the memory. After an error the decoder goes on with the next, as decoders do; the
// first error is told.
func (s *session) decode(mem []byte, count uint32) error {
	s.frames = nil
	if s.err = s.open(); s.err != nil {
		return nil
	}
	for range count {
		want, rest, err := getUnit(mem, s.codec, &s.unit)
		if err != nil {
			return err
		}
		mem = rest
		frames, err := s.decoder.Decode(&s.unit, want)
		s.frames = append(s.frames, frames...)
		if s.err == nil {
			s.err = err
		}
	}
	return nil
}

// open makes the decoder, at the first unit.
func (s *session) open() (err error) {
	if s.decoder == nil {
		s.decoder, err = s.newDecoder(s.codec)
	}
	return err
}

// remap takes over another memory.
func (s *session) remap(fd, size int) error {
	if fd < 0 {
		return errors.New("a memory without its descriptor")
	}
	mem, err := mapMemory(fd, size)
	_ = unix.Close(fd)
	if err != nil {
		return fmt.Errorf("map %d bytes of memory: %w", size, err)
	}
	if s.mem != nil {
		_ = unix.Munmap(s.mem)
	}
	s.mem = mem
	return nil
}

// answer tells the next of what there is to tell: a frame, then the error.
func (s *session) answer(seq uint64) []byte {
	a := reply{got: gotNothing, seq: seq}
	text := 0
	switch {
	case len(s.frames) > 0 && len(s.frames[0].Pix) > len(s.mem):
		a.got, a.size = wantMemory, uint32(len(s.frames[0].Pix))
	case len(s.frames) > 0:
		f := s.frames[0]
		s.frames[0] = nil
		s.frames = s.frames[1:]
		copy(s.mem, f.Pix)
		a = reply{
			got: gotFrame, format: f.Format, full: f.FullRange, bt709: f.BT709, hurt: f.Damaged, size: uint32(len(f.Pix)),
			w: uint32(f.W), h: uint32(f.H), stride: uint32(f.Stride), number: uint64(f.Number), unit: uint64(f.At.UnixNano()), seq: seq,
		}
		a.left = uint32(len(s.frames)) + uint32(bit(s.err != nil, 1))
	case s.err != nil:
		a.got, a.kind = gotError, kindByte(s.err)
		text = copy(s.out[replySize:], s.err.Error())
		a.size = uint32(text)
		s.err = nil
	}
	a.put(s.out[:])
	return s.out[:replySize+text]
}

func kindByte(err error) byte {
	for i, k := range kinds {
		if models.KindOf(err) == k {
			return byte(i)
		}
	}
	return 0
}

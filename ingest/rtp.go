package ingest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// track is the one video track of a connection: RTP packets in, access units out. Its methods run on the goroutines that
// read the network and never wait.
type track struct {
	asm    assembler
	format format.Format
	decode func(*rtp.Packet) ([][]byte, error)
	emit   func(*models.AccessUnit)
	log    *flood.Log
	gauge  *gauge
	lost   atomic.Bool // since the last unit; RTCP has its own goroutine over UDP

	open     bool // packets of a unit have come; its time stamps are
	openTime uint32
	openPTS  time.Duration
}

// nalDecoder is what the library's H.264 and H.265 depacketisers have in common.
type nalDecoder interface {
	Decode(*rtp.Packet) ([][]byte, error)
}

func decoderOf[D nalDecoder](d D, err error) (func(*rtp.Packet) ([][]byte, error), error) {
	return d.Decode, err
}

// single makes a list of the one picture that a JPEG depacketiser returns.
type single struct{ *rtpmjpeg.Decoder }

func (s single) decode(p *rtp.Packet) ([][]byte, error) {
	b, err := s.Decode(p)
	return [][]byte{b}, err
}

// lose marks what follows as damaged until the next key frame.
func (t *track) lose(what string, args ...any) {
	t.lost.Store(true)
	t.log.Warn(what, args...)
}

// listen hands every packet of the track to receive.
func (t *track) listen(c *gortsplib.Client, m *description.Media) {
	rate := time.Duration(t.format.ClockRate())
	c.OnPacketRTP(m, t.format, func(p *rtp.Packet) {
		ticks, ok := c.PacketPTS(m, p)
		if !ok {
			return
		}
		// Seconds and the rest apart: ticks * 1e9 overflows after 28 hours at 90 kHz.
		t.receive(p, time.Duration(ticks)/rate*time.Second+time.Duration(ticks)%rate*time.Second/rate, time.Now())
	})
}

// receive takes one packet with its time stamp and arrival.
func (t *track) receive(p *rtp.Packet, pts time.Duration, arrival time.Time) {
	if !t.open {
		t.open, t.openTime, t.openPTS = true, p.Timestamp, pts
	}
	nalus, err := t.decode(p)
	switch {
	case errors.Is(err, rtph264.ErrMorePacketsNeeded), errors.Is(err, rtph265.ErrMorePacketsNeeded), errors.Is(err, rtpmjpeg.ErrMorePacketsNeeded):
		return
	case errors.Is(err, rtph264.ErrNonStartingPacketAndNoPrevious), errors.Is(err, rtph265.ErrNonStartingPacketAndNoPrevious), errors.Is(err, rtpmjpeg.ErrNonStartingPacketAndNoPrevious):
		t.open = false // joined in the middle of a picture
		return
	case err != nil:
		t.open = false
		t.lose("packet cannot be read", "err", err)
		return
	}
	t.asm.lost = t.lost.Swap(false) || t.asm.lost
	u := t.asm.unit(nalus, t.openPTS, arrival)
	// Cameras without the marker bit end a unit by beginning the next, which then is open already.
	t.open = p.Timestamp != t.openTime
	t.openTime, t.openPTS = p.Timestamp, pts
	if u != nil {
		t.gauge.saw(u, t.asm.clock.Jumps)
		t.emit(u)
	}
}

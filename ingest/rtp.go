package ingest

import (
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

const (
	maxUnitBytes = 8 << 20 // of one picture; no camera sends more
	// maxGap is the most packets that can be missing; a larger step is a camera that numbers anew.
	maxGap = 5000
)

// track is the one video track of a connection: RTP packets in, access units out. Its methods run on the one goroutine that
// reads them from the network and never wait.
//
// The library takes NAL units out of packets (RFC 6184, RFC 7798, RFC 2435); where a picture ends is decided here, because
// cameras set the marker bit after every slice or never: at the marker, at a new time stamp, or where the first slice of
// another picture comes.
type track struct {
	asm    assembler
	decode func(*rtp.Packet) ([][]byte, error)
	emit   func(*models.AccessUnit)
	log    *flood.Log
	gauge  *gauge

	rate  int64  // ticks a second
	begun bool   // a packet has come
	stamp uint32 // of the last packet
	ticks int64  // the same since the first packet, without wrapping

	gap     bool // packets were lost just before the one that comes
	nalus   [][]byte
	bytes   int       // in nalus
	sliced  bool      // nalus hold a slice
	arrival time.Time // of the last packet of nalus
	ended   bool      // the last unit ended at a marker, and nothing has come since
	split   bool      // the camera sets the marker inside pictures
}

// init prepares the track for what a camera offers.
func (t *track) init(v sdpVideo) error {
	t.asm.codec, t.rate = v.codec, int64(v.rate)
	t.asm.params = nil
	t.asm.keep(v.params)
	switch v.codec {
	case models.CodecH264:
		d := &rtph264.Decoder{PacketizationMode: 1}
		t.decode = d.Decode
		return d.Init()
	case models.CodecH265:
		d := &rtph265.Decoder{}
		t.decode = d.Decode
		return d.Init()
	default:
		d := &jpegDecoder{}
		t.decode = d.decode
		return d.rest.Init()
	}
}

// missing notes packets that did not arrive, before the one that came instead.
func (t *track) missing(n uint64) {
	t.gap = true
	if n > maxGap {
		n = 1
	}
	t.gauge.lost(int64(n))
	t.log.Warn("packets lost", "packets", n)
}

// receive takes one packet and its arrival.
func (t *track) receive(p *rtp.Packet, arrival time.Time) {
	if !t.begun {
		t.begun, t.stamp = true, p.Timestamp
	}
	// What is missing may have been the end of the last picture, the beginning of this one, or both.
	t.asm.lost = t.asm.lost || t.gap
	if p.Timestamp != t.stamp {
		t.finish()
		t.asm.lost = t.asm.lost || t.gap
		t.ticks += int64(int32(p.Timestamp - t.stamp))
		t.stamp, t.ended = p.Timestamp, false
	}
	t.gap, t.arrival = false, arrival
	marker := p.Marker
	if t.asm.codec != models.CodecMJPEG {
		p.Marker = true // each NAL unit as soon as it is whole
	}
	nalus, err := t.decode(p)
	switch {
	case errors.Is(err, rtph264.ErrMorePacketsNeeded), errors.Is(err, rtph265.ErrMorePacketsNeeded), errors.Is(err, rtpmjpeg.ErrMorePacketsNeeded):
		return
	case errors.Is(err, rtph264.ErrNonStartingPacketAndNoPrevious), errors.Is(err, rtph265.ErrNonStartingPacketAndNoPrevious),
		errors.Is(err, rtpmjpeg.ErrNonStartingPacketAndNoPrevious):
		return // joined in the middle of a picture
	case err != nil:
		t.asm.lost = true
		t.log.Warn("packet cannot be read", "err", err)
	}
	for _, n := range nalus {
		t.add(n)
	}
	if marker && !t.split && len(t.nalus) > 0 {
		t.finish()
		t.ended = true
	}
}

// add takes one NAL unit (MJPEG: a picture).
func (t *track) add(n []byte) {
	switch class, _ := classify(t.asm.codec, n); {
	case t.asm.codec == models.CodecMJPEG:
	case class == naluParam && t.sliced: // of the next picture
		t.finish()
	case class == naluPicture, class == naluKey:
		first := beginsPicture(t.asm.codec, n)
		if t.sliced && first {
			t.finish()
		}
		if t.ended && !first && !t.asm.lost {
			// The marker before this slice cut a picture in two: what was handed on is a part of it.
			t.split, t.asm.lost = true, true
			t.log.Warn("the camera marks the end of pictures inside them")
		}
		t.sliced = true
	}
	if t.bytes += len(n); t.bytes > maxUnitBytes {
		t.drop()
		t.asm.lost = true
		return
	}
	t.nalus = append(t.nalus, n)
}

// beginsPicture reports whether a slice is the first of its picture: first_mb_in_slice is 0 (ITU-T H.264 7.3.3, ue(v), so its
// first bit is 1), first_slice_segment_in_pic_flag (ITU-T H.265 7.3.6.1).
func beginsPicture(codec models.Codec, slice []byte) bool {
	header := 1
	if codec == models.CodecH265 {
		header = 2
	}
	return len(slice) > header && slice[header]&0x80 != 0
}

func (t *track) drop() { t.nalus, t.bytes, t.sliced = nil, 0, false }

// finish hands on the picture that has come.
func (t *track) finish() {
	if len(t.nalus) == 0 {
		return
	}
	// Seconds and the rest apart: ticks * 1e9 overflows after 28 hours at 90 kHz.
	pts := time.Duration(t.ticks/t.rate)*time.Second + time.Duration(t.ticks%t.rate)*time.Second/time.Duration(t.rate)
	nalus, before := t.nalus, t.asm.clock.Jumps
	t.drop()
	if u := t.asm.unit(nalus, pts, t.arrival); u != nil {
		t.gauge.saw(u, t.asm.params, t.arrival, t.asm.clock.Jumps-before)
		t.emit(u)
	}
}

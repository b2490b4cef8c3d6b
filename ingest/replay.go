package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepch/vdk/av"
	"github.com/deepch/vdk/codec/h264parser"
	"github.com/deepch/vdk/format/ts"

	"github.com/counterwatch/counterwatch/models"
)

// Replay is a file as a source of access units: H.264 in MPEG-TS, the container that vdk reads whole. (Its MP4 demuxer
// refuses files with more than 5 MB of pictures and ends with the first track that ends; its Matroska demuxer loses
// slices and times.) Any other file of H.264 becomes one without loss: ffmpeg -i FILE -c copy -an out.ts
type Replay struct {
	Path  string
	Paced bool      // deliver as fast as the pictures were taken, instead of as fast as emit takes them
	Start time.Time // capture time of the first picture; zero is now

	epoch uint64
}

// Run delivers the file from its first to its last picture and returns nil at its end. emit may take its time.
func (r *Replay) Run(ctx context.Context, emit func(*models.AccessUnit)) (err error) {
	f, err := os.Open(r.Path)
	if err != nil {
		return models.Errorf(models.KindNotFound, "replay: %w", err)
	}
	defer f.Close()
	// The demuxers trust what they read: a damaged file makes them fall over.
	defer func() {
		if p := recover(); p != nil {
			err = models.Errorf(models.KindInvalid, "replay %s: the file is damaged (%v)", r.Path, p)
		}
	}()
	v, err := openVideo(f)
	if err != nil {
		return models.Errorf(models.KindOf(err), "replay %s: %w", r.Path, err)
	}
	r.epoch++
	v.asm.epoch = r.epoch
	begun := time.Now()
	start := r.Start
	if start.IsZero() {
		start = begun
	}
	for {
		nalus, dts, pts, err := v.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return models.Errorf(models.KindInvalid, "replay %s: after %s: %w", r.Path, dts, err)
		}
		if r.Paced {
			select {
			case <-time.After(time.Until(begun.Add(dts))):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if u := v.asm.unit(nalus, pts, start.Add(pts)); u != nil {
			emit(u)
		}
	}
}

// video is the one video stream of a file, unit by unit.
type video struct {
	demux  *ts.Demuxer
	stream int8
	asm    assembler
	first  time.Duration
	begun  bool
	held   *av.Packet // the first slice of the next unit
}

func openVideo(f *os.File) (*video, error) {
	if ext := strings.ToLower(filepath.Ext(f.Name())); ext != ".ts" {
		return nil, models.Errorf(models.KindUnsupported, "is no MPEG-TS file: make one of it (ffmpeg -i FILE -c copy -an out.ts)")
	}
	v := &video{demux: ts.NewDemuxer(f), asm: assembler{codec: models.CodecH264}}
	streams, err := v.demux.Streams()
	if err != nil {
		return nil, models.Errorf(models.KindInvalid, "not a video that can be read: %w", err)
	}
	for i, s := range streams {
		if h, ok := s.(h264parser.CodecData); ok {
			v.stream = int8(i)
			v.asm.keep(given(h.SPS(), h.PPS()))
			return v, nil
		}
	}
	return nil, models.Errorf(models.KindUnsupported, "holds no H.264 video: convert it (ffmpeg -i FILE -c:v libx264 -an out.ts)")
}

// packet is the next packet of the video stream.
func (v *video) packet() (*av.Packet, error) {
	if p := v.held; p != nil {
		v.held = nil
		return p, nil
	}
	for {
		p, err := v.demux.ReadPacket()
		if err != nil {
			return nil, err
		}
		if p.Idx == v.stream {
			return &p, nil
		}
	}
}

// next is the next access unit with its times from the first: vdk makes a packet of every slice, so packets of one
// time belong together.
func (v *video) next() (nalus [][]byte, dts, pts time.Duration, err error) {
	p, err := v.packet()
	if err != nil {
		return nil, 0, 0, err
	}
	if !v.begun {
		v.begun, v.first = true, p.Time
	}
	dts = p.Time - v.first
	pts = dts + p.CompositionTime
	for q := p; ; {
		n, err := splitAVCC(q.Data)
		if err != nil {
			return nil, dts, pts, err
		}
		nalus = append(nalus, n...)
		if q, err = v.packet(); err != nil || q.Time != p.Time {
			v.held = q
			return nalus, dts, pts, nil // an error comes again at the next call
		}
	}
}

// splitAVCC splits a sample whose NAL units are each preceded by their length in 4 bytes (ISO/IEC 14496-15).
func splitAVCC(b []byte) (nalus [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, errors.New("a sample ends inside a length")
		}
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return nil, fmt.Errorf("a NAL unit of %d bytes in a sample that has %d left", n, len(b))
		}
		if n > 0 {
			nalus = append(nalus, b[:n:n])
		}
		b = b[n:]
	}
	return nalus, nil
}

package camsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/deepch/vdk/av"
	"github.com/deepch/vdk/codec/h264parser"
	"github.com/deepch/vdk/format/mp4"

	"github.com/counterwatch/counterwatch/models"
)

// clip is an mp4 file that can be served as it is. It is a source that plays the file over and over.
type clip struct {
	path     string
	units    int
	duration time.Duration // of one round, the last picture's own time included
}

// unit is one access unit of a clip, parameter sets included at key frames.
type unit struct {
	nalus [][]byte
	time  time.Duration // from the file's beginning
	key   bool
}

// run plays round after round; the clock of each begins where the last one's ended.
func (c *clip) run(ctx context.Context, f *feed) error {
	start := time.Now()
	for round := time.Duration(0); ; round += c.duration {
		err := c.read(func(u unit) error {
			at := start.Add(round + u.time)
			if err := sleepUntil(ctx, at); err != nil {
				return err
			}
			return f.write(u.nalus, round+u.time, at)
		})
		if err != nil {
			return err
		}
	}
}

// errUnservable says that a file must be transcoded first.
var errUnservable = errors.New("not H.264 without B-frames in mp4")

// openClip looks through a file. The error wraps errUnservable when the file may be a video, but not one that can be
// served as it is.
func openClip(path string) (*clip, error) {
	c := &clip{path: path}
	var last, step time.Duration
	err := c.read(func(u unit) error {
		switch {
		case c.units == 0 && !u.key:
			return fmt.Errorf("%w: it does not begin with a key frame", errUnservable)
		case c.units > 0 && u.time <= last:
			return fmt.Errorf("%w: time stands still", errUnservable)
		case c.units > 0:
			step = u.time - last
		}
		last = u.time
		c.units++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.units < 2 {
		return nil, fmt.Errorf("%w: fewer than two pictures", errUnservable)
	}
	c.duration = last + step
	return c, nil
}

// read calls emit for every access unit of one round.
func (c *clip) read(emit func(unit) error) (err error) {
	f, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer f.Close()
	next, err := demux(f)
	if err != nil {
		return err
	}
	for {
		u, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := emit(u); err != nil {
			return err
		}
	}
}

// demux opens an mp4 file; the function it returns reads the next access unit, io.EOF after the last.
func demux(f *os.File) (next func() (unit, error), err error) {
	file, err := newBoxes(f)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnservable, err)
	}
	d := mp4.NewDemuxer(file)
	var streams []av.CodecData
	if err := guard(func() (err error) { streams, err = d.Streams(); return err }); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnservable, err)
	}
	file.known()
	video := -1
	var params [][]byte
	for i, s := range streams {
		h, ok := s.(h264parser.CodecData)
		if !ok || video >= 0 {
			continue
		}
		if h.RecordInfo.LengthSizeMinusOne != 3 || len(h.RecordInfo.SPS) != 1 || len(h.RecordInfo.PPS) != 1 {
			return nil, fmt.Errorf("%w: unusual parameter sets", errUnservable)
		}
		video, params = i, [][]byte{h.SPS(), h.PPS()}
	}
	if video < 0 {
		return nil, errUnservable
	}
	shift := time.Duration(-1) // a constant composition offset is no reordering
	return func() (u unit, err error) {
		var p av.Packet
		for {
			if err := guard(func() (err error) { p, err = d.ReadPacket(); return err }); err != nil {
				return u, err
			}
			if int(p.Idx) == video {
				break
			}
		}
		if shift < 0 {
			shift = p.CompositionTime
		}
		if p.CompositionTime != shift {
			return u, fmt.Errorf("%w: it has B-frames", errUnservable)
		}
		var au h264.AVCC
		if err := au.Unmarshal(p.Data); err != nil {
			return u, fmt.Errorf("%w: %w", errUnservable, err)
		}
		u = unit{nalus: au, time: p.Time, key: h264.IsRandomAccess(au)}
		if u.key {
			u.nalus = append(params[:2:2], without(au)...)
		}
		return u, nil
	}, nil
}

// without drops the parameter sets of an access unit: the file's header has them.
func without(au [][]byte) (out [][]byte) {
	for _, nal := range au {
		if t := h264.NALUType(nal[0] & 0x1f); t != h264.NALUTypeSPS && t != h264.NALUTypePPS {
			out = append(out, nal)
		}
	}
	return out
}

// guard turns the demuxer's panics on damaged files into errors.
func guard(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = models.Errorf(models.KindUnsupported, "the file is damaged (%v)", r)
		}
	}()
	return fn()
}

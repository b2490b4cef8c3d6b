package camsim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// source makes a camera's access units: a looping clip or a living office.
type source interface {
	// run writes access units to f until ctx ends or it cannot go on.
	run(ctx context.Context, f *feed) error
}

// feed is one camera of the server.
type feed struct {
	name   string
	source source
	format *format.H264
	media  *description.Media
	stream *gortsplib.ServerStream
	rtp    *rtph264.Encoder
	clock  uint32 // RTP timestamp of PTS 0, by chance as RFC 3550 asks

	first, play sync.Once
	begun       chan struct{} // closed by the first picture
	watched     chan struct{} // closed by the first viewer
}

func newFeed(name string, src source) *feed {
	f := &feed{name: name, source: src, clock: rand.Uint32(), begun: make(chan struct{}), watched: make(chan struct{})}
	f.format = &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	f.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f.format}}
	return f
}

// open makes the camera's stream on a started server.
func (f *feed) open(server *gortsplib.Server) (err error) {
	if f.rtp, err = f.format.CreateEncoder(); err != nil {
		return fmt.Errorf("camera %s: %w", f.name, err)
	}
	f.stream = &gortsplib.ServerStream{Server: server, Desc: &description.Session{Medias: []*description.Media{f.media}}}
	return f.stream.Initialize()
}

func (f *feed) watch() { f.play.Do(func() { close(f.watched) }) }

// write sends one access unit to whoever watches. pts is on the camera's clock, at the wall time of the picture.
func (f *feed) write(au [][]byte, pts time.Duration, at time.Time) error {
	units := make([][]byte, 0, len(au))
	for _, nal := range au {
		if len(nal) == 0 {
			continue
		}
		switch h264.NALUType(nal[0] & 0x1f) {
		case h264.NALUTypeAccessUnitDelimiter:
			continue
		case h264.NALUTypeSPS:
			f.describe(nal, nil)
		case h264.NALUTypePPS:
			f.describe(nil, nal)
		}
		units = append(units, nal)
	}
	if len(units) == 0 {
		return nil
	}
	packets, err := f.rtp.Encode(units)
	if err != nil {
		return err
	}
	stamp := f.clock + uint32(pts.Microseconds()*9/100) // 90 kHz
	for _, p := range packets {
		p.Timestamp = stamp
		if err := f.stream.WritePacketRTPWithNTP(f.media, p, at); err != nil {
			return err
		}
	}
	f.first.Do(func() { close(f.begun) })
	return nil
}

// describe keeps the parameter sets in the stream's description up to date.
func (f *feed) describe(sps, pps []byte) {
	oldSPS, oldPPS := f.format.SPS, f.format.PPS
	if sps == nil {
		sps = oldSPS
	}
	if pps == nil {
		pps = oldPPS
	}
	if string(sps) != string(oldSPS) || string(pps) != string(oldPPS) {
		f.format.SPS, f.format.PPS = sps, pps
		f.stream.ReloadDesc()
	}
}

// sleepUntil waits for a wall time; it returns ctx's error when that comes first.
func sleepUntil(ctx context.Context, at time.Time) error {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

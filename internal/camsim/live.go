package camsim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// officeSource plays an office in real time through an encoding ffmpeg.
type officeSource struct {
	sim  *office.Sim
	enc  Encoding
	hold bool // until somebody watches

	mu    sync.Mutex
	began time.Time
}

func (o *officeSource) beganAt() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.began
}

// picture is the time of one picture on its way through the encoder.
type picture struct {
	pts time.Duration
	at  time.Time
}

// run draws a picture whenever one is due, and serves what the encoder makes of it. Pictures that would be late are
// not drawn, as a real camera drops them: the office's clock stays the wall's.
func (o *officeSource) run(ctx context.Context, f *feed) error {
	cfg, enc := o.sim.Config(), o.enc
	if enc.Bitrate == 0 {
		enc.Bitrate = officeBitrate
	}
	args := append([]string{"-v", "error", "-nostdin", "-fflags", "nobuffer"}, rawArgs(cfg.Size, cfg.FPS)...)
	args = append(append(args, enc.h264Args(cfg.FPS)...), "-preset", "ultrafast", "-tune", "zerolatency", "-x264-params", "aud=1:sliced-threads=0",
		"-threads", "1", "-flush_packets", "1", "-f", "h264", "pipe:1")
	c, err := command(ctx, "ffmpeg", args...)
	if err != nil {
		return err
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	inside := make(chan picture, 64) // pictures the encoder holds: one or two
	drawing, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error {
		defer in.Close()
		defer close(inside)
		return o.draw(drawing, f, cfg, in, inside)
	})
	err = splitUnits(out, func(au [][]byte) error {
		p, ok := <-inside
		if !ok {
			return nil
		}
		return f.write(au, p.pts, p.at)
	})
	stop() // without an encoder there is nothing to draw for
	g.Wait()
	io.Copy(io.Discard, out) // so that the encoder can end
	if ended := c.wait(); ended != nil {
		return ended
	}
	return errors.Join(errors.New("the encoder has ended"), err)
}

// draw writes pictures at the camera's rate.
func (o *officeSource) draw(ctx context.Context, f *feed, cfg office.Config, w io.Writer, inside chan<- picture) error {
	var frame models.Frame
	start := time.Now()
	living := false
	for n := 0; ; n++ {
		pts := time.Duration(float64(n) / cfg.FPS * float64(time.Second))
		at := start.Add(pts)
		if err := sleepUntil(ctx, at); err != nil {
			return err
		}
		if !living && (!o.hold || isClosed(f.watched)) {
			living = true
			o.mu.Lock()
			o.began = at
			o.mu.Unlock()
		}
		if living {
			o.sim.Step()
		}
		if late := time.Since(at); late > time.Second/5 && late > time.Duration(2*float64(time.Second)/cfg.FPS) {
			continue
		}
		o.sim.Draw(&frame)
		select {
		case inside <- picture{pts, at}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := w.Write(frame.Pix); err != nil {
			return fmt.Errorf("write to the encoder: %w", err)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// delimiter is the start of an access unit delimiter (H.264 7.3.2.4): no other bytes of a stream look like it.
var delimiter = []byte{0, 0, 1, 9}

// splitUnits reads an Annex-B stream in which a delimiter begins every access unit, and calls emit with the NAL units
// of each one once the next begins. What comes before the first delimiter is skipped. Emitted slices may be kept.
func splitUnits(r io.Reader, emit func(au [][]byte) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1<<16), h264.MaxAccessUnitSize)
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		from := bytes.Index(data, delimiter)
		if from < 0 {
			if atEOF {
				return len(data), nil, nil
			}
			return max(len(data)-len(delimiter)+1, 0), nil, nil
		}
		next := bytes.Index(data[from+len(delimiter):], delimiter)
		switch {
		case next >= 0:
			end := from + len(delimiter) + next
			return end, data[from:end], nil
		case atEOF:
			return len(data), data[from:], nil
		}
		return from, nil, nil
	})
	for s.Scan() {
		var au h264.AnnexB
		if err := au.Unmarshal(bytes.TrimRight(bytes.Clone(s.Bytes()), "\x00")); err != nil {
			return fmt.Errorf("encoder output: %w", err)
		}
		if err := emit(au); err != nil {
			return err
		}
	}
	return s.Err()
}

package camsim

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// Render plays an office that has not begun for a length of video time, as fast as it goes, into an H.264 mp4 file at
// path. progress, if not nil, is told the frames done after each one. A cancelled or failed run leaves no file.
func Render(ctx context.Context, sim *office.Sim, length time.Duration, path string, enc Encoding, progress func(frames int)) error {
	if err := enc.Validate(); err != nil {
		return err
	}
	cfg := sim.Config()
	if err := cfg.Drawable(); err != nil {
		return err
	}
	if enc.Bitrate == 0 {
		enc.Bitrate = officeBitrate
	}
	args := append(rawArgs(cfg.Size, cfg.FPS), append(enc.h264Args(cfg.FPS), "-preset", "ultrafast")...)
	err := intoFile(ctx, path, args, func(w io.Writer) error {
		var f models.Frame
		for n := 1; n <= Frames(cfg.FPS, length); n++ {
			sim.Step()
			sim.Draw(&f)
			if _, err := w.Write(f.Pix); err != nil {
				return err
			}
			if progress != nil {
				progress(n)
			}
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("render %s: %w", path, err)
	}
	return nil
}

// Frames is the number of pictures in a length of video.
func Frames(fps float64, length time.Duration) int { return int(fps*length.Seconds() + 0.5) }

const officeBitrate = 1000 // kbit/s

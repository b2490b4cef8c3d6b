package camsim

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// LoadCast cuts people for simulated offices (office.Config.Cast) out of the video of a fixed camera with the ground truth
// of everybody in it, a file in MOT format. It takes some ten seconds, and next to nothing the second time: what was cut
// out is kept in the folder cache (empty: the user's cache folder). progress, if not nil, is told the frames done of all.
// Errors name the file that has to be another one.
func LoadCast(ctx context.Context, video, truth, cache string, progress func(done, total int)) (*cutout.Cast, error) {
	rows, err := mot.ReadFile(truth)
	if err != nil {
		return nil, fmt.Errorf("people's ground truth: %w", err)
	}
	if err := videoFile(video); err != nil {
		return nil, fmt.Errorf("people's video: %w", err)
	}
	abs, err := filepath.Abs(video) // so that no name looks like an option or a protocol
	if err != nil {
		return nil, err
	}
	v, err := probe(ctx, abs)
	if err != nil {
		return nil, err
	}
	path, err := cached(cacheFolder(cache), ".cast", "cast 1", abs, truth) // another number when people are cut in another way
	if err != nil {
		return nil, fmt.Errorf("people's video: %w", err)
	}
	if cast, err := readCast(path); err == nil {
		return cast, nil
	}
	play := func(frame func(n int, pix []byte) error) error { return pictures(ctx, abs, v.size, frame) }
	cast, err := cutout.Cut(cutout.Video{Name: video, Size: v.size, Play: play}, rows, progress)
	if err != nil {
		return nil, err
	}
	return cast, keepCast(path, cast)
}

func readCast(path string) (*cutout.Cast, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decodeCast(bufio.NewReaderSize(f, 1<<20))
}

// decodeCast refuses what the drawing of people could not use, since what was cut out once may have been damaged since.
func decodeCast(r io.Reader) (*cutout.Cast, error) {
	cast := &cutout.Cast{}
	if err := gob.NewDecoder(r).Decode(cast); err != nil {
		return nil, err
	}
	return cast, cast.Validate()
}

// keepCast writes a cast by way of a neighbour, so that a reader never sees half of it.
func keepCast(path string, cast *cutout.Cast) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".cast-*")
	if err != nil {
		return fmt.Errorf("keep the people cut out: %w", err)
	}
	defer os.Remove(f.Name()) // after success it is gone already
	if err := errors.Join(gob.NewEncoder(f).Encode(cast), f.Close()); err != nil {
		return fmt.Errorf("keep the people cut out: %w", err)
	}
	return os.Rename(f.Name(), path)
}

// pictures decodes a video and calls frame for each picture, BGR24, counting from 1.
func pictures(ctx context.Context, file string, size models.Size, frame func(n int, pix []byte) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := command(ctx, "ffmpeg", "-v", "error", "-nostdin", "-i", file, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "bgr24", "pipe:1")
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
	in, pix := bufio.NewReaderSize(out, 1<<20), make([]byte, 3*size.W*size.H)
	for n := 1; err == nil; n++ {
		if _, err = io.ReadFull(in, pix); err == nil {
			err = frame(n, pix)
		}
	}
	if err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) {
		stop() // the caller's own error
		c.wait()
		return err
	}
	if err := c.wait(); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

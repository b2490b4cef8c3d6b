package camsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Encoding says how pictures become H.264. The zero value keeps a replayed file as it is, where it can be served.
type Encoding struct {
	Size    models.Size // replay: scaled to this; an office has its own size
	FPS     float64     // replay: pictures per second; an office has its own rate
	GOP     int         // pictures from one key frame to the next; default two seconds
	Bitrate int         // kbit/s; default 1000 for an office
}

// Validate returns a KindInvalid error that names the field that cannot be used.
func (e Encoding) Validate() error {
	switch {
	case e.Size != (models.Size{}) && (e.Size.W < 64 || e.Size.H < 64 || e.Size.W > 4096 || e.Size.H > 4096 || e.Size.W%2 != 0 || e.Size.H%2 != 0):
		return models.Invalid("size", "%dx%d: use even numbers from 64x64 to 4096x4096", e.Size.W, e.Size.H)
	case e.FPS != 0 && !(e.FPS >= 1 && e.FPS <= 60):
		return models.Invalid("fps", "%g is out of range: use 1 to 60", e.FPS)
	case e.GOP < 0 || e.GOP > 1000:
		return models.Invalid("gop", "%d is out of range: use 1 to 1000 pictures, or 0 for two seconds", e.GOP)
	case e.Bitrate != 0 && (e.Bitrate < 50 || e.Bitrate > 50000):
		return models.Invalid("bitrate", "%d is out of range: use 50 to 50000 kbit/s", e.Bitrate)
	}
	return nil
}

// h264Args are ffmpeg's arguments for an encoding at fps pictures per second. There are never B-frames: cameras send none.
func (e Encoding) h264Args(fps float64) []string {
	gop := e.GOP
	if gop == 0 {
		gop = max(int(2*fps+0.5), 1)
	}
	args := []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", "-g", strconv.Itoa(gop), "-keyint_min", strconv.Itoa(gop), "-sc_threshold", "0"}
	if e.Bitrate > 0 {
		k := func(n int) string { return strconv.Itoa(n) + "k" }
		args = append(args, "-b:v", k(e.Bitrate), "-maxrate", k(e.Bitrate*3/2), "-bufsize", k(2*e.Bitrate))
	}
	return args
}

// rawArgs are ffmpeg's arguments for BGR24 pictures on its standard input.
func rawArgs(size models.Size, fps float64) []string {
	return []string{"-f", "rawvideo", "-pix_fmt", "bgr24", "-s", fmt.Sprintf("%dx%d", size.W, size.H), "-r", strconv.FormatFloat(fps, 'g', -1, 64), "-i", "pipe:0"}
}

// child is a running ffmpeg or ffprobe. Its context ends it; wait must be called.
type child struct {
	cmd    *exec.Cmd
	ctx    context.Context
	stderr tail
}

// command prepares a child; no shell is involved. Its working group is its own, so that a Ctrl-C meant for this
// program reaches it through ctx only.
func command(ctx context.Context, program string, args ...string) (*child, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, models.Errorf(models.KindUnavailable, "%s is needed and was not found in PATH: install it (Debian: apt-get install ffmpeg): %w", program, err)
	}
	c := &child{cmd: exec.CommandContext(ctx, path, args...), ctx: ctx}
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = 2 * time.Second
	return c, nil
}

// wait waits for the child's end. A context that ended is the error; else what the child last said.
func (c *child) wait() error {
	err := c.cmd.Wait()
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", c.cmd.Args[0], err, c.stderr.text())
	}
	return nil
}

// tail keeps the last bytes written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - 2000; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

// text is what was said last, on one line.
func (t *tail) text() string {
	s := strings.Join(strings.FieldsFunc(string(bytes.TrimSpace(t.b)), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	if s == "" {
		return "it said nothing"
	}
	return s
}

// output runs a program to its end and returns what it printed.
func output(ctx context.Context, program string, args ...string) (string, error) {
	c, err := command(ctx, program, args...)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	c.cmd.Stdout = &out
	if err := c.cmd.Start(); err != nil {
		return "", err
	}
	err = c.wait()
	return out.String(), err
}

// intoFile runs ffmpeg with args on a new mp4 file beside path, which takes its name when all went well: nothing
// half-written is left. feed, if any, writes ffmpeg's standard input.
func intoFile(ctx context.Context, path string, args []string, feed func(io.Writer) error, progress io.Writer) error {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	defer os.Remove(part) // after success it is gone already
	args = append(append([]string{"-v", "error", "-nostdin", "-y"}, args...), "-an", "-movflags", "+faststart", "-f", "mp4", part)
	c, err := command(ctx, "ffmpeg", args...)
	if err != nil {
		return err
	}
	c.cmd.Stdout = progress
	var in io.WriteCloser
	if feed != nil {
		if in, err = c.cmd.StdinPipe(); err != nil {
			return err
		}
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	var fed error
	if feed != nil {
		fed = errors.Join(feed(in), in.Close())
	}
	if err := c.wait(); err != nil {
		return err // ffmpeg's own reason says more than a broken pipe
	}
	if fed != nil {
		return fed
	}
	return os.Rename(part, path)
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/counterwatch/counterwatch/analytics"
	"github.com/counterwatch/counterwatch/analytics/native"
	"github.com/counterwatch/counterwatch/models"
)

// film encodes the analysed frames with what was seen drawn on them, by the ffmpeg program.
type film struct {
	path   string
	camera models.Camera
	fps    float64
	size   models.Size
	ffmpeg *exec.Cmd
	in     io.WriteCloser
	said   bytes.Buffer
	canvas canvas
}

// add draws and sends one frame. The first one starts the encoder.
func (m *film) add(f *models.Frame, r analytics.Result) error {
	if m.ffmpeg == nil {
		if err := m.start(f.Size); err != nil {
			return err
		}
	}
	if f.Size != m.size {
		return models.Errorf(models.KindUnsupported, "%s: the picture's size changes in the middle of the video", m.path)
	}
	if err := m.canvas.load(f); err != nil {
		return err
	}
	m.draw(r)
	if _, err := m.in.Write(m.canvas.pix); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", m.path, err), m.close())
	}
	return nil
}

func (m *film) start(size models.Size) error {
	m.size = size
	args := []string{"-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pixel_format", "bgr24",
		"-video_size", fmt.Sprintf("%dx%d", size.W, size.H), "-framerate", strconv.FormatFloat(m.fps, 'f', 4, 64), "-i", "pipe:0",
		"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p",
		"-movflags", "+faststart", "file:" + m.path}
	m.ffmpeg = exec.Command("ffmpeg", args...)
	m.ffmpeg.Stderr = &m.said
	var err error
	if m.in, err = m.ffmpeg.StdinPipe(); err == nil {
		err = m.ffmpeg.Start()
	}
	if err != nil {
		m.ffmpeg = nil
		return models.Errorf(models.KindUnavailable, "--annotated needs the ffmpeg program: %w", err)
	}
	return nil
}

// close ends the file. A second close does nothing.
func (m *film) close() error {
	if m.ffmpeg == nil {
		return nil
	}
	_ = m.in.Close()
	err := m.ffmpeg.Wait()
	m.ffmpeg = nil
	if err != nil {
		return fmt.Errorf("%s: ffmpeg: %w: %s", m.path, err, strings.TrimSpace(m.said.String()))
	}
	return nil
}

var (
	zoneColours = map[models.ZoneKind]color.RGBA{
		models.ZoneQueue: {255, 176, 0, 255}, models.ZoneService: {0, 170, 255, 255}, models.ZoneStaff: {60, 200, 90, 255},
		models.ZoneEntrance: {200, 200, 200, 255}, models.ZoneMask: {40, 40, 40, 255}, models.ZoneIgnore: {120, 120, 120, 255},
	}
	staffingColours = map[models.Staffing]color.RGBA{
		models.Staffed: {60, 200, 90, 255}, models.Grace: {255, 176, 0, 255}, models.Absent: {235, 60, 60, 255},
	}
	paper = color.RGBA{255, 255, 255, 255}
)

// draw shows zones with their counts, tracks with their ids, and counters with their staffing.
func (m *film) draw(r analytics.Result) {
	counts := map[string]models.LiveZone{}
	for _, z := range r.Live.Zones {
		counts[z.Zone] = z
	}
	w, h := float64(m.size.W), float64(m.size.H)
	for _, z := range m.camera.Zones {
		c := zoneColours[z.Kind]
		for i, a := range z.Polygon {
			b := z.Polygon[(i+1)%len(z.Polygon)]
			m.canvas.line(int(a.X*w), int(a.Y*h), int(b.X*w), int(b.Y*h), c)
		}
		at := z.Polygon[0]
		m.canvas.text(int(at.X*w)+3, int(at.Y*h)+13, fmt.Sprintf("%s %d", z.ID, counts[z.ID].Count), c)
	}
	for _, t := range r.Tracks {
		if !t.Shown {
			continue
		}
		c := paper
		if !t.Seen {
			c = zoneColours[models.ZoneIgnore]
		}
		x, y := int(t.Box.X), int(t.Box.Y)
		m.canvas.box(x, y, int(t.Box.X+t.Box.W), int(t.Box.Y+t.Box.H), c)
		m.canvas.text(x, y-2, strconv.FormatInt(t.ID, 10), c)
	}
	for i, k := range r.Live.Counters {
		c, ok := staffingColours[k.Staffing]
		if !ok {
			c = paper
		}
		m.canvas.text(6, 16+15*i, fmt.Sprintf("%s %s  on duty %d  waiting %d  serving %d", k.Counter, k.Staffing, k.OnDuty, k.Waiting, k.Serving), c)
	}
}

// canvas is a picture in BGR that can be drawn on.
type canvas struct {
	w, h int
	pix  []byte
}

// load takes a copy of a frame.
func (c *canvas) load(f *models.Frame) error {
	if c.w != f.W || c.h != f.H {
		c.w, c.h, c.pix = f.W, f.H, make([]byte, 3*f.W*f.H)
	}
	return native.Scale(c.pix, f, image.Rect(0, 0, f.W, f.H), f.Size)
}

func (c *canvas) ColorModel() color.Model { return color.RGBAModel }
func (c *canvas) Bounds() image.Rectangle { return image.Rect(0, 0, c.w, c.h) }

func (c *canvas) At(x, y int) color.Color {
	i := 3 * (y*c.w + x)
	return color.RGBA{c.pix[i+2], c.pix[i+1], c.pix[i], 255}
}

// Set ignores what lies outside.
func (c *canvas) Set(x, y int, v color.Color) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return
	}
	p := color.RGBAModel.Convert(v).(color.RGBA)
	copy(c.pix[3*(y*c.w+x):], []byte{p.B, p.G, p.R})
}

func (c *canvas) box(x0, y0, x1, y1 int, v color.Color) {
	c.line(x0, y0, x1, y0, v)
	c.line(x1, y0, x1, y1, v)
	c.line(x1, y1, x0, y1, v)
	c.line(x0, y1, x0, y0, v)
}

// line draws two pixels thick.
func (c *canvas) line(x0, y0, x1, y1 int, v color.Color) {
	n := max(abs(x1-x0), abs(y1-y0), 1)
	for i := range n + 1 {
		x, y := x0+(x1-x0)*i/n, y0+(y1-y0)*i/n
		c.Set(x, y, v)
		c.Set(x+1, y, v)
		c.Set(x, y+1, v)
	}
}

// text writes with a dark edge, so that it can be read on anything.
func (c *canvas) text(x, y int, s string, v color.Color) {
	for _, d := range []image.Point{{1, 1}, {-1, 1}, {1, -1}, {-1, -1}, {}} {
		ink := v
		if d != (image.Point{}) {
			ink = color.Black
		}
		w := font.Drawer{Dst: c, Src: image.NewUniform(ink), Face: basicfont.Face7x13, Dot: fixed.P(x+d.X, y+d.Y)}
		w.DrawString(s)
	}
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

package detect

import (
	"cmp"
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// gateFor is how long detections may stand without a new inference. Whatever the motion gate overlooks is noticed after this
// time: well before the 5 s for which somebody who vanished stays counted, and the 10 s after which an officer is away.
const gateFor = 2 * time.Second

// Camera looks for people with one camera's eyes: where its zones are, when something moves there, and only for people of
// possible heights who move now and then. A network is shown no more than the camera's view, in one piece or in tiles, scaled
// straight from the camera's own colours to the network's input; a detector that learns its scene sees the whole of every
// picture. One inference costs the network's own number of pixels whatever the view's shape (InputFor), so a frame costs as
// many inferences as the camera has tiles, and none while nothing moves.
//
// Camera belongs to one pipeline: it is not safe for concurrent use, and frames must come in order. The detector under it
// may be shared.
type Camera struct {
	conf     models.Camera
	detector Detector
	scale    Scale
	network  bool
	gated    bool // nothing had moved in the newest frame
	calm     bool // nor would the network have found anything else

	motion *Motion
	size   models.Size // of the pictures that what follows is for
	tiles  []tile
	thing  things
	bgr    []byte // memory of what is shown to the detector
	all    []found
	last   []models.Detection // of the newest inference
	looked time.Time          // when that was; zero before
	sure   bool               // the two newest inferences agreed
}

// tile is a part of the picture that is shown to the network at once.
type tile struct {
	image.Rectangle
	box Letterbox // how it lies in the network's input
}

// ForCamera puts a camera's view, tiles, heights and motion gate in front of a detector. The camera must be valid and have
// its defaults (models.Camera.WithDefaults). A scale of nil is Bilinear.
func ForCamera(c models.Camera, d Detector, scale Scale) *Camera {
	if scale == nil {
		scale = Bilinear
	}
	return &Camera{conf: c, detector: d, scale: scale, network: d.Info().Network(), motion: NewMotion(c)}
}

// Info is the detector's.
func (c *Camera) Info() Info { return c.detector.Info() }

// Gated reports whether the last call of Detect repeated detections because nothing had moved.
func (c *Camera) Gated() bool { return c.gated }

// View is the part of the newest frame that was searched, in 0..1 coordinates.
func (c *Camera) View() models.Box {
	v := c.motion.view
	if !c.network || v.Empty() {
		return models.Box{W: 1, H: 1}
	}
	return models.Box{X: float64(v.Min.X), Y: float64(v.Min.Y), W: float64(v.Dx()), H: float64(v.Dy())}.Normalise(c.size)
}

// Detect returns the people of one frame, best score first, boxes in pixels of the whole picture. The slice is valid until
// the next call and must not be changed.
func (c *Camera) Detect(f *models.Frame) ([]models.Detection, error) {
	c.gated, c.calm = false, false
	if !c.network {
		all, err := c.whole(f)
		return c.possible(all, f.Size), err
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	still := c.motion.Still(f)
	if f.Size != c.size {
		c.aim(f.Size)
	}
	c.thing.watch(c.motion.now, f.At)
	still = still && c.conf.Detector.MotionGate != "off"
	if age := f.At.Sub(c.looked); still && c.sure && age >= 0 && age < gateFor {
		c.gated, c.calm = true, true
		return c.last, nil
	}
	all, err := c.search(f)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(c.possible(all, f.Size), func(d models.Detection) bool { return c.thing.is(d.Box, c.motion.cells) })
	c.motion.Looked()
	c.looked, c.sure = f.At, agree(c.last, all, c.Info().Thresholds)
	c.last, c.calm = all, still && c.sure
	return all, nil
}

// aim prepares for pictures of a size.
func (c *Camera) aim(s models.Size) {
	c.size, c.last, c.sure, c.thing = s, nil, false, things{}
	view, info := c.motion.view, c.Info()
	overlap := 2 * (halfWidth + slack) * c.motion.high
	if view.Dy() > view.Dx() {
		overlap = (1 + 2*slack) * c.motion.high
	}
	c.tiles = c.tiles[:0]
	for _, r := range cut(view, c.conf.Detector.Tiles, overlap) {
		r = even(r, view)
		c.tiles = append(c.tiles, tile{r, info.Letterbox(models.Size{W: r.Dx(), H: r.Dy()})})
	}
}

// search runs the network over the view.
func (c *Camera) search(f *models.Frame) ([]models.Detection, error) {
	c.all = c.all[:0]
	for i, t := range c.tiles {
		ds, err := c.show(f, t)
		if err != nil {
			return nil, err
		}
		for _, d := range ds {
			if d.Box = t.box.Box(d.Box); d.Box.W < 1 || d.Box.H < 1 {
				continue
			}
			d.Box.X += float64(t.Min.X)
			d.Box.Y += float64(t.Min.Y)
			c.all = append(c.all, found{d, i, torn(d.Box, t.Rectangle, c.motion.view)})
		}
	}
	return merge(c.all), nil
}

// show gives the detector a tile at the size of the network's input: boxes come back in that input.
func (c *Camera) show(f *models.Frame, t tile) ([]models.Detection, error) {
	p := c.picture(f, t.box.Input)
	if err := c.scale(p.Pix, f, t.Rectangle, t.box.filled); err != nil {
		return nil, err
	}
	t.box.pad(p.Pix)
	return c.detector.Detect(&p)
}

// whole gives the detector the whole picture.
func (c *Camera) whole(f *models.Frame) ([]models.Detection, error) {
	if f.Format == models.BGR24 {
		return c.detector.Detect(f)
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
	p := c.picture(f, f.Size)
	if err := c.scale(p.Pix, f, image.Rect(0, 0, f.W, f.H), f.Size); err != nil {
		return nil, err
	}
	return c.detector.Detect(&p)
}

// picture is an empty BGR picture of a size, of the moment of a frame.
func (c *Camera) picture(f *models.Frame, s models.Size) models.Frame {
	n := 3 * s.W * s.H
	c.bgr = slices.Grow(c.bgr[:0], n)[:n]
	return models.Frame{Number: f.Number, At: f.At, Size: s, Stride: 3 * s.W, Pix: c.bgr}
}

// possible drops, in place, detections whose height cannot be a person's where their foot is. A box at the lower border of
// the picture, and one anchored in a staff zone, ends where the picture or the desk does and not at a foot: it may be shorter.
func (c *Camera) possible(all []models.Detection, s models.Size) []models.Detection {
	if len(c.conf.Heights) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(d models.Detection) bool {
		b := d.Box.Normalise(s)
		if slices.ContainsFunc(c.conf.Zones, func(z models.Zone) bool {
			return z.Kind == models.ZoneStaff && z.Polygon.Contains(z.Anchor.Point(b))
		}) {
			return false
		}
		const border = .01
		least, most := heightAt(c.conf.Heights, b.Y+b.H)
		return b.H > most || b.H < least && b.Y+b.H < 1-border && b.Y > border
	})
}

// agree reports whether two inferences show the same people: each that could be believed in one is there in the other. Where
// the network is in doubt, it goes on looking.
func agree(a, b []models.Detection, t models.Thresholds) bool {
	in := func(d models.Detection, other []models.Detection) bool {
		return slices.ContainsFunc(other, func(o models.Detection) bool { return o.Score >= t.Low && o.Box.IoU(d.Box) >= .5 })
	}
	missing := func(from, other []models.Detection) bool {
		return slices.ContainsFunc(from, func(d models.Detection) bool { return d.Score >= t.High && !in(d, other) })
	}
	return !missing(a, b) && !missing(b, a)
}

// String says what runs and where it looks, for an operator: "yolox_nano (onnxruntime), view of the zones, 2 tiles".
func (c *Camera) String() string {
	s := c.Info().String()
	if !c.network {
		return s
	}
	if c.conf.Detector.View == "whole" || len(c.conf.Zones) == 0 {
		s += ", whole picture"
	} else {
		s += ", view of the zones"
	}
	if n := c.conf.Detector.Tiles; n > 1 {
		s += fmt.Sprintf(", %d tiles", n)
	}
	return s + ", motion gate " + cmp.Or(c.conf.Detector.MotionGate, "on")
}

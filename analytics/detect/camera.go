package detect

import (
	"cmp"
	"fmt"
	"image"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// Camera looks for people with one camera's eyes: where its zones are, when something moves there, and only for people of
// possible heights who move now and then. A network is shown no more than the camera's view, in one piece or in tiles; a detector that learns its
// scene sees the whole of every picture. One inference costs the network's own number of pixels whatever the view's shape
// (InputFor), so a frame costs as many inferences as the camera has tiles, and none while nothing moves.
//
// Camera belongs to one pipeline: it is not safe for concurrent use, and frames must come in order. The detector under it
// may be shared.
type Camera struct {
	conf     models.Camera
	detector Detector
	network  bool
	gated    bool // nothing had moved in the newest frame

	size  models.Size // of the pictures that what follows is for
	view  image.Rectangle
	tiles []image.Rectangle
	gate  *gate
	thing things
	part  models.Frame
	all   []found
	last  []models.Detection // of the newest inference
	sure  bool               // the two newest inferences agreed
}

// ForCamera puts a camera's view, tiles, heights and motion gate in front of a detector. The camera must be valid and have
// its defaults (models.Camera.WithDefaults).
func ForCamera(c models.Camera, d Detector) *Camera {
	return &Camera{conf: c, detector: d, network: d.Info().Network()}
}

// Info is the detector's.
func (c *Camera) Info() Info { return c.detector.Info() }

// Gated reports whether the last call of Detect repeated detections because nothing had moved.
func (c *Camera) Gated() bool { return c.gated }

// View is the part of the newest frame that was searched, in 0..1 coordinates.
func (c *Camera) View() models.Box {
	if c.view.Empty() {
		return models.Box{W: 1, H: 1}
	}
	v := c.view
	return models.Box{X: float64(v.Min.X), Y: float64(v.Min.Y), W: float64(v.Dx()), H: float64(v.Dy())}.Normalise(c.size)
}

// Detect returns the people of one frame, best score first, boxes in pixels of the whole picture. The slice is valid until
// the next call and must not be changed.
func (c *Camera) Detect(f *models.Frame) ([]models.Detection, error) {
	c.gated = false
	if !c.network {
		all, err := c.detector.Detect(f)
		return c.possible(all, f.Size), err
	}
	if err := CheckFrame(f); err != nil {
		return nil, err
	}
	if f.Size != c.size {
		c.aim(f.Size)
	}
	still := c.gate.still(f)
	c.thing.watch(c.gate.now, f.At)
	if still && c.sure && c.conf.Detector.MotionGate != "off" {
		c.gated = true
		return c.last, nil
	}
	all, err := c.search(f)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(c.possible(all, f.Size), func(d models.Detection) bool { return c.thing.is(d.Box, c.gate.cells) })
	c.gate.looked(f.At)
	c.sure = agree(c.last, all, c.Info().Thresholds)
	c.last = all
	return all, nil
}

// aim works out where to look in pictures of a size.
func (c *Camera) aim(s models.Size) {
	c.size, c.last, c.sure = s, nil, false
	whole := image.Rect(0, 0, s.W, s.H)
	var parts []image.Rectangle
	high := 0.0
	for i := range c.conf.Zones {
		if z := &c.conf.Zones[i]; z.Kind != models.ZoneMask && z.Kind != models.ZoneIgnore {
			r, h := reach(z, c.conf.Heights, s)
			parts, high = append(parts, r), max(high, h)
		}
	}
	if c.view = whole; c.conf.Detector.View != "whole" {
		c.view = looksAt(parts, s)
	}
	if len(parts) == 0 {
		parts = []image.Rectangle{whole}
	}
	overlap := 2 * (halfWidth + slack) * high
	if c.view.Dy() > c.view.Dx() {
		overlap = (1 + 2*slack) * high
	}
	c.tiles = cut(c.view, c.conf.Detector.Tiles, overlap)
	c.gate, c.thing = newGate(c.view, parts), things{}
}

// search runs the network over the view.
func (c *Camera) search(f *models.Frame) ([]models.Detection, error) {
	c.all = c.all[:0]
	for i, t := range c.tiles {
		crop(&c.part, f, t)
		ds, err := c.detector.Detect(&c.part)
		if err != nil {
			return nil, err
		}
		for _, d := range ds {
			d.Box.X += float64(t.Min.X)
			d.Box.Y += float64(t.Min.Y)
			c.all = append(c.all, found{d, i, torn(d.Box, t, c.view)})
		}
	}
	c.part.Pix = nil // the frame is not kept
	return merge(c.all), nil
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

// Package cutout cuts people out of the video of a fixed camera, given the boxes of everybody in it: what the simulated
// office (internal/office) shows where a neural detector has to find real pixels. It stands before the road's beginning,
// beside internal/office.
//
// In goes a video as BGR24 pictures and its ground truth in MOT format; out comes a Cast: for each person, walks that can
// be looped and poses to stand in, as sprites with soft edges from which the scene's own background has been removed.
// The background is the median over time. Where a person's box touches nobody else's, the difference to the background
// gives the matte (matte.go); frames whose matte does not fit its box are left out, so bad ground truth costs people, not
// quality. Runs of frames become walks by the two most alike silhouettes a stride apart (walks.go).
//
// Pure Go: who decodes the video is the caller's choice. Imported by internal/office, internal/camsim and cmd.
package cutout

import (
	"fmt"
	"slices"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// Cast is a set of people cut out of one video.
type Cast struct{ Actors []Actor }

// Validate reports what would not be drawn: nobody, or pictures whose pixels are not all there.
func (c *Cast) Validate() error {
	if len(c.Actors) == 0 {
		return models.Errorf(models.KindInvalid, "nobody was cut out")
	}
	for _, a := range c.Actors {
		sprites := a.Stands
		for _, w := range a.Walks {
			if len(w.Frames) == 0 {
				return models.Errorf(models.KindInvalid, "person %d has a walk without pictures", a.ID)
			}
			sprites = append(sprites[:len(sprites):len(sprites)], w.Frames...)
		}
		if len(a.Walks) == 0 || len(a.Stands) == 0 {
			return models.Errorf(models.KindInvalid, "person %d neither walks nor stands", a.ID)
		}
		for _, s := range sprites {
			if s.W < 1 || s.H < 1 || s.W > 1<<14 || s.H > 1<<14 || len(s.BGRA) != 4*s.W*s.H {
				return models.Errorf(models.KindInvalid, "a picture of person %d is not whole", a.ID)
			}
		}
	}
	return nil
}

// Actor is one person: at least one walk and one pose.
type Actor struct {
	ID     int64 // in the ground truth
	Walks  []Walk
	Stands []Sprite // legs together
}

// Walk is a stretch of walking that can be repeated: the first frame follows the last.
type Walk struct {
	Frames []Sprite
	Stride float64 // walked from one frame to the next, in heights of the person
	Right  bool    // towards the right of the picture
}

// Sprite is a person without surroundings, cropped to what can be seen: the feet stand on the lower edge.
type Sprite struct {
	W, H int    // pixels; three times the video's
	BGRA []byte // 4 * W * H, colours multiplied by alpha
}

// Video is a video to cut from.
type Video struct {
	Name string // for errors
	Size models.Size
	// Play calls frame for every picture from the first, n counting from 1; pix is BGR24 and valid until frame returns.
	// Play ends with frame's error when there is one. Cut plays a video twice.
	Play func(frame func(n int, pix []byte) error) error
}

// MinActors is the number of people below which a crowd would look like one person copied.
const MinActors = 3

// Cut cuts out everybody of whom there is at least one clean walk and one clean pose. Rows of the truth with score 0 are
// nobody to cut out, but still in the way of others. progress, if not nil, is told the frames done of all. Errors are of
// KindInvalid and say which of the two files does not fit, and why.
func Cut(v Video, truth mot.Rows, progress func(done, total int)) (*Cast, error) {
	if len(truth) == 0 {
		return nil, models.Errorf(models.KindInvalid, "the ground truth has no boxes: give the MOT file of %s (frame,id,left,top,width,height,flag)", v.Name)
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	total := 2 * truth.Last()
	back, frames, err := median(v, truth.Last(), func(n int) { progress(min(n, total/2), total) })
	if err != nil {
		return nil, err
	}
	if err := fits(v, truth, frames); err != nil {
		return nil, err
	}
	c := cutter{size: v.Size, back: upscale(back, v.Size, models.Box{W: float64(v.Size.W), H: float64(v.Size.H)})}
	err = v.Play(func(n int, pix []byte) error {
		c.frame(n, pix, truth.Frame(n))
		progress(min(total/2+n, total), total)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.Name, err)
	}
	if c.moving*4 < c.isolated {
		return nil, models.Errorf(models.KindInvalid, "in %s nothing stands out from the background in %d of %d boxes: is this the ground truth of this video, and does its camera stand still?",
			v.Name, c.isolated-c.moving, c.isolated)
	}
	cast := c.cast()
	if len(cast.Actors) < MinActors {
		return nil, models.Errorf(models.KindInvalid, "of %s only %d people could be cut out, %d are needed: of %d boxes %d touch no other box and %d of these give a clean outline; use a longer video in which more people walk by themselves",
			v.Name, len(cast.Actors), MinActors, len(truth), c.isolated, len(c.cuts))
	}
	return cast, nil
}

// fits looks for signs that the truth belongs to another video.
func fits(v Video, truth mot.Rows, frames int) error {
	if last := truth.Last(); last > frames {
		return models.Errorf(models.KindInvalid, "the ground truth names frame %d, but %s has %d frames: it belongs to another video", last, v.Name, frames)
	}
	outside := 0
	picture := models.Box{W: float64(v.Size.W), H: float64(v.Size.H)}
	for _, r := range truth {
		if r.Box.Intersect(picture) < r.Box.Area()/2 {
			outside++
		}
	}
	if outside*10 > len(truth) {
		return models.Errorf(models.KindInvalid, "%d of %d boxes of the ground truth lie outside the %dx%d pictures of %s: it belongs to another video, or to another size of it",
			outside, len(truth), v.Size.W, v.Size.H, v.Name)
	}
	return nil
}

// samples is how many pictures, spread over the video, the median is taken of.
const samples = 61

// median is the background of a video, BGR24, and the number of its frames. about is the number of frames expected.
func median(v Video, about int, progress func(n int)) (back []byte, frames int, err error) {
	step := max(about/samples, 1)
	var taken [][]byte
	err = v.Play(func(n int, pix []byte) error {
		if n%step == 0 && len(taken) < 2*samples {
			taken = append(taken, slices.Clone(pix))
		}
		frames = n
		progress(n)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", v.Name, err)
	}
	if len(taken) == 0 {
		return nil, 0, models.Errorf(models.KindInvalid, "%s has %d frames: too few to cut people out of", v.Name, frames)
	}
	back = make([]byte, len(taken[0]))
	at := make([]byte, len(taken))
	for i := range back {
		for k := range taken {
			at[k] = taken[k][i]
		}
		slices.Sort(at)
		back[i] = at[len(at)/2]
	}
	return back, frames, nil
}

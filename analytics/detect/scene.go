package detect

import (
	"math"
	"slices"
	"time"
)

// Scene is the background model of one fixed camera: what every pixel looks like when nobody is there. It differs from
// the usual mixture models (OpenCV's MOG2, KNN) in one promise: people who stand still for an hour stay foreground, since
// a pixel where somebody is seen is not learned. What that promise breaks is repaired apart: whoever was there when the
// camera started leaves a ghost, which is told from a person by its edges; things that are moved are learned slowly;
// light that changes everywhere is divided out first. Pictures are BGR, W x H, rows without gaps; it is not safe for
// concurrent use.
type Scene struct {
	W, H int

	mean   []float32 // per pixel and channel
	dev    []float32 // per pixel, mean absolute deviation of the channel that deviates most
	guard  []float32 // per pixel, seconds during which it is not learned because somebody was seen there
	ghosts []float32 // per pixel, seconds for which a ghost was suspected
	mask   []byte
	learnt [][]byte // pictures of the learning time; nil when over
	began  time.Time
	last   time.Time
	sample time.Time // of the newest in learnt
	gain   [3]float64
	flood  time.Duration // how long most of the picture has been foreground
}

const (
	learnFor      = 2 * time.Second // from the first picture
	learnEvery    = 400 * time.Millisecond
	floodShare    = .6 // of the picture; more is a moved camera or another light, not people
	floodFor      = 2 * time.Second
	driftTau      = 20.  // seconds in which an empty pixel follows the light
	thingTau      = 150. // seconds in which something that is not a person becomes background
	guardS        = 5.   // seconds a pixel is not learned after somebody was seen there
	ghostS        = 1.5  // seconds of suspicion that make a ghost
	thresholdMin  = 16.
	thresholdMax  = 60.
	thresholdDevs = 5.
	longGap       = 10 * time.Second // a step longer than this is not weighed more
)

// Foreground compares a picture with the background and returns the mask of what is new, valid until the next call. The
// first picture is the background until better is known.
func (s *Scene) Foreground(pix []byte, at time.Time) *Mask {
	if s.mean == nil {
		s.start(pix, at)
	}
	s.light(pix)
	n, fore := s.W*s.H, 0
	var lut [3][256]float32
	for c := range 3 {
		for v := range 256 {
			lut[c][v] = float32(float64(v) * s.gain[c])
		}
	}
	for i := range n {
		b, g, r := lut[0][pix[3*i]], lut[1][pix[3*i+1]], lut[2][pix[3*i+2]]
		mb, mg, mr := s.mean[3*i], s.mean[3*i+1], s.mean[3*i+2]
		d := max(abs32(b-mb), abs32(g-mg), abs32(r-mr))
		s.mask[i] = 0
		if d > min(max(thresholdDevs*s.dev[i], thresholdMin), thresholdMax) && !shadow(b, g, r, mb, mg, mr) {
			s.mask[i] = 255
			fore++
		}
	}
	step := min(at.Sub(s.last), longGap)
	if s.flood += step; float64(fore) < floodShare*float64(n) {
		s.flood = 0
	}
	if s.flood >= floodFor {
		s.start(pix, at)
		clear(s.mask)
	}
	return &Mask{s.W, s.H, s.mask}
}

// start begins to learn anew with the picture as background.
func (s *Scene) start(pix []byte, at time.Time) {
	n := s.W * s.H
	*s = Scene{W: s.W, H: s.H, mean: make([]float32, 3*n), dev: make([]float32, n), guard: make([]float32, n),
		ghosts: make([]float32, n), mask: make([]byte, n), began: at, last: at, gain: [3]float64{1, 1, 1}}
	for i, v := range pix[:3*n] {
		s.mean[i] = float32(v)
	}
	for i := range s.dev {
		s.dev[i] = 2
	}
	s.learnt = [][]byte{slices.Clone(pix[:3*n])}
	s.sample = at
}

// light finds by how much each channel got brighter or darker everywhere: the median ratio over a grid of pixels that
// were background the last time.
func (s *Scene) light(pix []byte) {
	for c := range 3 {
		var ratios []float64
		for y := 2; y < s.H; y += 8 {
			for x := 2; x < s.W; x += 8 {
				i := y*s.W + x
				if v := pix[3*i+c]; s.mask[i] == 0 && s.guard[i] == 0 && v > 12 && v < 245 && s.mean[3*i+c] > 12 {
					ratios = append(ratios, float64(s.mean[3*i+c])/float64(v))
				}
			}
		}
		s.gain[c] = 1
		if len(ratios) > 50 {
			slices.Sort(ratios)
			s.gain[c] = math.Min(math.Max(ratios[len(ratios)/2], .4), 2.5)
		}
	}
}

// shadow reports whether a pixel is the background, somewhat darker and of the same colour (Prati et al. 2003).
func shadow(b, g, r, mb, mg, mr float32) bool {
	rb, rg, rr := b/(mb+1), g/(mg+1), r/(mr+1)
	low, high := min(rb, rg, rr), max(rb, rg, rr)
	return low > .62 && high < .97 && high-low < .05
}

// Learn updates the background from the picture of the last call of Foreground, now that it is known which pixels are
// people (not 0 in people) and which look like ghosts (not 0 in ghosts).
func (s *Scene) Learn(pix, people, ghosts []byte, at time.Time) {
	dt := min(at.Sub(s.last), longGap).Seconds()
	s.last = at
	s.collect(pix, at)
	drift, thing := float32(1-math.Exp(-dt/driftTau)), float32(1-math.Exp(-dt/thingTau))
	for i := range s.mask {
		if ghosts[i] != 0 {
			if s.ghosts[i] += float32(dt); s.ghosts[i] >= ghostS {
				s.replace(pix, i)
				continue
			}
		} else {
			s.ghosts[i] = max(s.ghosts[i]-float32(dt), 0)
		}
		switch {
		case people[i] != 0:
			s.guard[i] = guardS
		case s.guard[i] > 0:
			s.guard[i] = max(s.guard[i]-float32(dt), 0)
		case s.mask[i] != 0:
			s.follow(pix, i, thing)
		default:
			s.follow(pix, i, drift)
		}
	}
}

// follow moves one pixel's background towards the picture.
func (s *Scene) follow(pix []byte, i int, rate float32) {
	var d float32
	for c := range 3 {
		e := float32(pix[3*i+c]) - s.mean[3*i+c]
		s.mean[3*i+c] += rate * e
		d = max(d, abs32(e))
	}
	if s.mask[i] == 0 {
		s.dev[i] += rate * (d - s.dev[i])
	}
}

// replace makes one pixel background as it is.
func (s *Scene) replace(pix []byte, i int) {
	for c := range 3 {
		s.mean[3*i+c] = float32(pix[3*i+c])
	}
	s.ghosts[i], s.guard[i] = 0, 0
}

// collect takes part in the learning time: the background is then the median of the pictures so far, which removes
// whoever walks.
func (s *Scene) collect(pix []byte, at time.Time) {
	if s.learnt == nil {
		return
	}
	over := at.Sub(s.began) >= learnFor
	if !over && at.Sub(s.sample) < learnEvery {
		return
	}
	s.learnt = append(s.learnt, slices.Clone(pix[:3*s.W*s.H]))
	s.sample = at
	if n := len(s.learnt); over || n == 3 || n%8 == 0 {
		s.median()
	}
	if over {
		s.learnt = nil
	}
}

// median sets the background to the median of the pictures collected.
func (s *Scene) median() {
	v := make([]byte, len(s.learnt))
	for i := range s.dev {
		var dev float32
		for c := range 3 {
			for k, p := range s.learnt {
				v[k] = p[3*i+c]
			}
			slices.Sort(v)
			m := float32(v[len(v)/2])
			s.mean[3*i+c] = m
			// Half of the deviations lie between the quartiles.
			dev = max(dev, float32(v[len(v)*3/4])-m, m-float32(v[len(v)/4]))
		}
		s.dev[i] = max(dev, 1)
	}
}

// Ghost reports whether the outline of a blob (label in labels) is an edge of the background rather than of the picture:
// somebody who was learned as background has left.
func (s *Scene) Ghost(pix []byte, labels []int32, label int32) bool {
	var now, then float64
	for y := 1; y < s.H-1; y++ {
		for x := 1; x < s.W-1; x++ {
			i := y*s.W + x
			if labels[i] != label || labels[i-1] == label && labels[i+1] == label && labels[i-s.W] == label && labels[i+s.W] == label {
				continue
			}
			now += edge(s.W, i, func(p int) float32 { return float32(pix[p]) })
			then += edge(s.W, i, func(p int) float32 { return s.mean[p] })
		}
	}
	return now < .6*then
}

// edge is the steepest step of any channel across a pixel.
func edge(w, i int, v func(int) float32) float64 {
	var e float32
	for c := range 3 {
		e = max(e, abs32(v(3*(i+1)+c)-v(3*(i-1)+c)), abs32(v(3*(i+w)+c)-v(3*(i-w)+c)))
	}
	return float64(e)
}

func abs32(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}

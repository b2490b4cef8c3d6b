package office

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Noise makes of perfect boxes what YOLOX-nano gives: people missed for a while, boxes that tremble, people who are none.
// It was measured frame by frame on 7 frames a second (PETS09-S2L1, and composed scenes for officers), and is a process in
// time: asked at any other rate it gives what that detector would give when it looks less often. Scores mean what the
// network's scores mean, so the tracker's thresholds for it apply. It is not safe for concurrent use.
type Noise struct {
	chance *rand.Rand
	size   models.Size
	faces  map[int]*face
	poster falsehood  // a thing on the wall that always looks a little like a person
	shiver [4]float64 // of its box, standard normal
	ghosts []falsehood
	birth  float64        // of sporadic false boxes, a frame
	shapes [32]models.Box // of people seen lately: false boxes are as large as people are there
	shaped int
	last   time.Duration
	due    float64 // frames of the measurement not lived yet
}

// noiseFPS is the frame rate at which the noise was measured.
const noiseFPS = 7

// class is how well a person can be seen.
type class int

const (
	alone class = iota
	covered5
	covered40
	covered70
	officerAlone
	officerBehind // a citizen stands in front
	classes
)

// sight is what the detector makes of a person: nothing, a box with a score of .3-.5, a box with a score above.
type sight int

const (
	missed sight = iota
	weak
	strong
)

// flicker holds the chances, from frame to frame, to be lost (p) and found again (q), at the score thresholds .5 and .3.
type flicker struct{ p5, q5, p3, q3 float64 }

var flickers = [classes]flicker{
	alone:         {.005, .726, .004, .659},
	covered5:      {.097, .441, .053, .566},
	covered40:     {.343, .123, .305, .173},
	covered70:     {.607, .081, .457, .101},
	officerAlone:  {.083, .053, .016, .126},
	officerBehind: {.5, .001, .194, .014},
}

// chain is a Markov chain over sights: row from, column to.
type chain [3][3]float64

// chain joins the two thresholds in one reversible chain: its shares of time and its rates of loss and return at either
// threshold are the measured ones. Who was missed returns with a strong score as often as the seen have one.
func (f flicker) chain() (c chain, share [3]float64) {
	s3, s5 := f.q3/(f.p3+f.q3), f.q5/(f.p5+f.q5)
	share = [3]float64{1 - s3, max(s3-s5, 1e-9), s5}
	flow3, flow5 := (1-s3)*f.q3, (1-s5)*f.q5
	direct := min(flow3*s5/s3, flow5)
	low, high := flow3-direct, flow5-direct
	if most := share[weak]; low+high > most { // no more can flow through the weak than there are
		low, high = low*most/(low+high), high*most/(low+high)
	}
	flow := chain{missed: {weak: low, strong: direct}, weak: {missed: low, strong: high}, strong: {missed: direct, weak: high}}
	for i := range c {
		stay := 1.
		for j := range c[i] {
			if i != j {
				c[i][j] = flow[i][j] / share[i]
				stay -= c[i][j]
			}
		}
		c[i][i] = max(stay, 0)
	}
	return c, share
}

var (
	chains [classes]chain
	shares [classes][3]float64
)

func init() {
	for k, f := range flickers {
		chains[k], shares[k] = f.chain()
	}
}

// scores of boxes above .5, by class, on PETS frames 1-300: mean and standard deviation. Those of officers follow from how
// many of them score above .3 and above .5.
var strongScores = [classes][2]float64{{.833, .042}, {.800, .059}, {.773, .051}, {.761, .041}, {.56, .08}, {.53, .03}}

const scoreMemory = .68 // correlation of a score with the one a frame later

// jitter is that of a box: standard deviations in box heights and correlation from frame to frame, of the horizontal
// centre, the bottom, the width and the height.
type jitter [4]struct{ sd, memory float64 }

// The jitter of lone people's boxes, and of the one persistent false box of PETS frames 1-300: what it is does not move.
var (
	tremble = jitter{{.044, .72}, {.034, .58}, {.054, .53}, {.054, .58}}
	shiver  = jitter{{.007, .58}, {.009, .65}, {.017, .41}, {.018, .68}}
)

// shake moves a box by its jitter's standard normals.
func shake(b models.Box, j jitter, by [4]float64) models.Box {
	off := func(i int) float64 { return b.H * j[i].sd * by[i] }
	x, bottom := b.X+b.W/2+off(0), b.Y+b.H+off(1)
	w, h := max(b.W+off(2), .3*b.W), max(b.H+off(3), .3*b.H)
	return models.Box{X: x - w/2, Y: bottom - h, W: w, H: h}
}

// face is what the detector's noise does to one person.
type face struct {
	sight  sight
	score  float64 // standard normal
	jitter [4]float64
	met    bool // in this call
}

// falsehood is a box with nobody in it.
type falsehood struct {
	box   models.Box
	score float64 // mean
	on    bool    // scores above .5
}

// False boxes: chances of one frame of the measurement. A persistent one scores above .5, then below, then above; sporadic
// ones are born and die.
const (
	posterOff, posterOn = .061, .200
	ghostBirth          = .069 // at scores above .3, of which strongGhosts score above .5
	ghostLife           = 3.7  // frames
	strongGhosts        = .048 / .069
)

// NewNoise makes the noise of one camera; the same seed and the same people give the same noise.
func NewNoise(seed uint64, size models.Size) *Noise {
	n := &Noise{chance: rng(seed, 3), size: size, faces: map[int]*face{}, birth: ghostBirth}
	h := .12 * float64(size.H)
	n.poster.box = models.Box{X: n.chance.Float64() * (float64(size.W) - .4*h), Y: n.chance.Float64() * (float64(size.H) - h), W: .4 * h, H: h}
	n.poster.on = n.chance.Float64() < posterOn/(posterOn+posterOff)
	return n
}

// Poster is the box of the thing on the wall that looks a little like a person all the time, pixels.
func (n *Noise) Poster() models.Box { return n.poster.box }

// Detect returns what the detector gives at a moment when these people can be seen; moments must not go back.
func (n *Noise) Detect(at time.Duration, people []Seen) []models.Detection {
	frames := 0
	elapsed := (at - n.last).Seconds() * noiseFPS
	for n.due += elapsed; n.due >= 1; n.due-- {
		frames++
	}
	n.last = at
	var out []models.Detection
	for _, p := range people {
		if d, ok := n.look(p, frames, elapsed); ok {
			out = append(out, d)
		}
	}
	for id, f := range n.faces {
		if !f.met {
			delete(n.faces, id)
		}
		f.met = false
	}
	out = n.imagine(out, frames, elapsed)
	slices.SortStableFunc(out, func(a, b models.Detection) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// look is one person's box, when found.
func (n *Noise) look(p Seen, frames int, elapsed float64) (models.Detection, bool) {
	k := p.class()
	f := n.faces[p.ID]
	if f == nil {
		f = &face{sight: n.draw(shares[k]), score: n.chance.NormFloat64()}
		for i := range f.jitter {
			f.jitter[i] = n.chance.NormFloat64()
		}
		n.faces[p.ID] = f
	}
	f.met = true
	for range frames {
		f.sight = n.draw(chains[k][f.sight])
	}
	f.score = n.drift(f.score, scoreMemory, elapsed)
	for i, t := range tremble {
		f.jitter[i] = n.drift(f.jitter[i], t.memory, elapsed)
	}
	n.shapes[n.shaped%len(n.shapes)] = p.Box
	n.shaped++
	if f.sight == missed {
		return models.Detection{}, false
	}
	box := n.clip(shake(p.Box, tremble, f.jitter))
	score := .4 + .06*f.score
	low, high := .3, .4999
	if s := strongScores[k]; f.sight == strong {
		score, low, high = s[0]+s[1]*f.score, .5, .93
	}
	return models.Detection{Box: box, Score: min(max(score, low), high)}, box.Area() > 0
}

// class is how well the person can be seen.
func (p Seen) class() class {
	switch {
	case p.Front:
		return officerBehind
	case p.Officer:
		return officerAlone
	case p.Covered > .7:
		return covered70
	case p.Covered > .4:
		return covered40
	case p.Covered > .05:
		return covered5
	}
	return alone
}

// imagine appends the boxes with nobody in them.
func (n *Noise) imagine(out []models.Detection, frames int, elapsed float64) []models.Detection {
	show := func(box models.Box, score, low, high float64) {
		if box = n.clip(box); box.Area() > 0 {
			out = append(out, models.Detection{Box: box, Score: min(max(score+.05*n.chance.NormFloat64(), low), high)})
		}
	}
	for i, t := range shiver {
		n.shiver[i] = n.drift(n.shiver[i], t.memory, elapsed)
	}
	for range frames {
		if change := n.chance.Float64(); n.poster.on {
			n.poster.on = change >= posterOff
		} else {
			n.poster.on = change < posterOn
		}
		n.ghosts = slices.DeleteFunc(n.ghosts, func(falsehood) bool { return n.chance.Float64() < 1/ghostLife })
		if n.chance.Float64() < n.birth && n.shaped > 0 {
			n.ghosts = append(n.ghosts, n.ghost())
		}
	}
	if n.poster.on {
		show(shake(n.poster.box, shiver, n.shiver), .58, .5, .67)
	} else {
		show(shake(n.poster.box, shiver, n.shiver), .45, .3, .4999)
	}
	for _, g := range n.ghosts {
		if g.score < .5 {
			show(g.box, g.score, .3, .4999)
		} else {
			show(g.box, g.score, .5, .93)
		}
	}
	return out
}

// ghost is a new false box: somewhere, as large as a person who was seen at that height of the picture.
func (n *Noise) ghost() falsehood {
	g := falsehood{box: n.shapes[n.chance.IntN(min(n.shaped, len(n.shapes)))], score: .4}
	g.box.X = n.chance.Float64()*float64(n.size.W) - g.box.W/2
	if n.chance.Float64() < strongGhosts {
		g.score = max(.6+.1*n.chance.NormFloat64(), .5)
	}
	return g
}

func (n *Noise) draw(shares [3]float64) sight {
	u := n.chance.Float64()
	for s := missed; s < strong; s++ {
		if u -= shares[s]; u < 0 {
			return s
		}
	}
	return strong
}

// drift moves a standard normal on by some frames of a first-order autoregression.
func (n *Noise) drift(v, memory, frames float64) float64 {
	keep := math.Pow(memory, frames)
	return keep*v + math.Sqrt(1-keep*keep)*n.chance.NormFloat64()
}

// clip cuts a box to the picture.
func (n *Noise) clip(b models.Box) models.Box {
	x0, y0 := max(b.X, 0), max(b.Y, 0)
	x1, y1 := min(b.X+b.W, float64(n.size.W)), min(b.Y+b.H, float64(n.size.H))
	return models.Box{X: x0, Y: y0, W: max(x1-x0, 0), H: max(y1-y0, 0)}
}

package detect

import (
	"cmp"
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// Crowd reads a foreground mask as people. Blobs that stand alone teach it how large people are where (sizes); with that
// it takes apart the blobs of people who hide each other: heads stand out of the upper outline, and what the people under
// the heads do not explain is somebody in front. It keeps no pixels and is not safe for concurrent use.
type Crowd struct {
	sizes  sizes
	labels []int32
	left   []bool // pixels of the blob at hand that nobody explains yet
}

const (
	minShare   = .30 // of a person's pixels, must be there and not explained by others
	minVisible = .33 // of the expected height: people behind desks show the upper half
	learnFrom  = .25 // aspect of blobs that teach sizes, from
	learnTo    = .62 // to
	cutOff     = .1  // of a person's height that may be missing at the feet
	mostJoined = 40  // people in one blob
)

// Person is one person in a mask.
type Person struct {
	models.Detection
	Alone bool  // the person's outline is not joined to another's
	Label int32 // of the blob, shared by all who are joined
}

// Labels is the label of every pixel of the last mask, 0 for background; valid until the next call of People.
func (c *Crowd) Labels() []int32 { return c.labels }

// Mark sets the pixels of a blob of the last mask to 255 in dst.
func (c *Crowd) Mark(label int32, dst []byte) {
	for i, l := range c.labels {
		if l == label {
			dst[i] = 255
		}
	}
}

// People returns the people in the mask, boxes in mask pixels.
func (c *Crowd) People(m *Mask) []Person {
	var people []Person
	var found []blob
	found, c.labels = m.blobs(c.labels, max(m.W*m.H/4000, 12))
	for _, b := range found {
		people = append(people, c.blob(m, b)...)
	}
	return people
}

// blob returns the people of one blob.
func (c *Crowd) blob(m *Mask, b blob) []Person {
	w, h := float64(b.Dx()), float64(b.Dy())
	box := models.Box{X: float64(b.Min.X), Y: float64(b.Min.Y), W: w, H: h}
	whole := b.Min.X > 0 && b.Min.Y > 0 && b.Max.X < m.W && b.Max.Y < m.H
	fill := float64(b.area) / (w * h)
	if a := w / h; whole && a >= learnFrom && a <= learnTo && fill > .4 {
		c.sizes.add(box.X+w/2, box.Y+h, h)
	}
	if !c.sizes.known {
		if h < .08*float64(m.H) || w > 1.5*h {
			return nil
		}
		return []Person{{models.Detection{Box: box, Score: .6}, true, b.label}}
	}
	expected := c.sizes.height(box.Y + h)
	if expected <= 0 || h < minVisible*expected && whole || float64(b.area) < .12*expected*expected*bodyAspect {
		return nil
	}
	if h <= 1.2*expected && w <= 1.55*bodyAspect*expected {
		return []Person{{models.Detection{Box: box, Score: score(h/expected, fill)}, true, b.label}}
	}
	return c.split(m, b, expected)
}

// score says how much a lone blob looks like a whole standing person.
func score(relative, fill float64) float64 {
	s := .95 - .5*math.Abs(math.Log(math.Min(relative, 1.3))) - .5*math.Abs(fill-bodyFill)
	return math.Min(math.Max(s, .55), .95)
}

// split takes a blob of several people apart.
func (c *Crowd) split(m *Mask, b blob, expected float64) []Person {
	w, h := b.Dx(), b.Dy()
	if cap(c.left) < w*h {
		c.left = make([]bool, w*h)
	}
	c.left = c.left[:w*h]
	for y := range h {
		for x := range w {
			c.left[y*w+x] = c.labels[(b.Min.Y+y)*m.W+b.Min.X+x] == b.label
		}
	}
	var people []Person
	take := func(box models.Box) bool {
		share := c.explain(b, box)
		if share >= minShare {
			people = append(people, Person{models.Detection{Box: Clip(box, models.Size{W: m.W, H: m.H}),
				Score: math.Min(.5+.45*share, .9)}, false, b.label})
		}
		return share >= minShare
	}
	for c.takeHead(b, m.H, expected, take) && len(people) < mostJoined {
	}
	for len(people) < mostJoined { // somebody in front: the lowest rest that is large enough
		if box, ok := c.rest(b); !ok || !take(box) {
			break
		}
	}
	return people
}

// takeHead takes the highest head under which somebody stands; what that person explains is gone from the outline when
// the next one is looked for, so that heads before the bodies of others come out one by one.
func (c *Crowd) takeHead(b blob, h int, expected float64, take func(models.Box) bool) bool {
	heads := c.heads(b, expected)
	slices.SortFunc(heads, func(p, q head) int { return cmp.Or(cmp.Compare(p.y, q.y), cmp.Compare(p.x, q.x)) })
	for _, head := range heads {
		foot := c.sizes.foot(head.y)
		if over := foot - float64(b.Max.Y); over > cutOff*c.sizes.height(foot) && b.Max.Y < h {
			continue // would stand below the blob: not a head but a shoulder whose head somebody else explains
		}
		foot = math.Min(foot, float64(b.Max.Y))
		tall := math.Max(foot-head.y, 1)
		full := math.Max(c.sizes.height(foot), tall)
		if take(models.Box{X: head.x - bodyAspect*full/2, Y: head.y, W: bodyAspect * full, H: tall}) {
			return true
		}
	}
	return false
}

// explain marks what a person in box explains and returns its share of a whole person's pixels.
func (c *Crowd) explain(b blob, box models.Box) float64 {
	w := b.Dx()
	x0, x1 := max(int(box.X)-b.Min.X, 0), min(int(box.X+box.W+.5)-b.Min.X, w)
	y0, y1 := max(int(box.Y)-b.Min.Y, 0), min(int(box.Y+box.H+.5)-b.Min.Y, b.Dy())
	n := 0
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			if c.left[y*w+x] {
				n++
			}
		}
	}
	share := float64(n) / (bodyFill * box.Area())
	if share < minShare {
		return share
	}
	margin := int(box.W / 5) // arms and shadows beside the body are not somebody else
	for y := y0; y < y1; y++ {
		for x := max(x0-margin, 0); x < min(x1+margin, w); x++ {
			c.left[y*w+x] = false
		}
	}
	return share
}

type head struct{ x, y float64 }

// heads finds where the blob's upper outline has a top: a column that is higher than what lies half a body's width
// beside it, seen from the whole blob's left to its right, in picture coordinates.
func (c *Crowd) heads(b blob, expected float64) []head {
	w, h := b.Dx(), b.Dy()
	top := make([]int, w)
	for x := range w {
		top[x] = h
		for y := range h {
			if c.left[y*w+x] {
				top[x] = y
				break
			}
		}
	}
	var found []head
	for x := 0; x < w; {
		full := c.sizes.height(c.sizes.foot(float64(b.Min.Y + top[x])))
		if full <= 0 {
			full = expected
		}
		reach := max(int(bodyAspect*full*.45), 2)
		from, to := max(x-reach, 0), min(x+reach, w-1)
		highest := true
		for i := from; i <= to && highest; i++ {
			highest = top[i] > top[x] || top[i] == top[x] && i >= x
		}
		if !highest || top[x] >= h {
			x++
			continue
		}
		end := x
		for end+1 <= to && top[end+1] == top[x] {
			end++
		}
		found = append(found, head{float64(b.Min.X) + float64(x+end+1)/2, float64(b.Min.Y + top[x])})
		x = end + 1
	}
	return found
}

// rest proposes somebody in front: standing on the lowest row of the blob that holds enough unexplained pixels side by
// side.
func (c *Crowd) rest(b blob) (models.Box, bool) {
	w, h := b.Dx(), b.Dy()
	for y := h - 1; y >= 0; y-- {
		foot := float64(b.Min.Y + y + 1)
		full := c.sizes.height(foot)
		body := bodyAspect * full
		if full <= 0 {
			return models.Box{}, false
		}
		n, at := 0, 0
		for x := range w {
			if c.left[y*w+x] {
				n++
				at += x
			} else {
				n, at = 0, 0
			}
			if float64(n) >= .3*body {
				cx := float64(b.Min.X) + c.centre(w, y, int(full), at/n, int(body))
				return models.Box{X: cx - body/2, Y: foot - full, W: body, H: full}, true
			}
		}
	}
	return models.Box{}, false
}

// centre is the mean column of the unexplained pixels of the legs above row y, a body's width around x.
func (c *Crowd) centre(w, y, full, x, body int) float64 {
	n, sum := 0, 0
	for yy := max(y-full/3, 0); yy <= y; yy++ {
		for xx := max(x-body, 0); xx < min(x+body+1, w); xx++ {
			if c.left[yy*w+xx] {
				n++
				sum += xx
			}
		}
	}
	if n == 0 {
		return float64(x)
	}
	return float64(sum)/float64(n) + .5
}

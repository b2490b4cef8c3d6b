package office

import (
	"math"

	"github.com/counterwatch/counterwatch/internal/cutout"
)

// cast gives a person of the people look somebody's appearance; it draws from a chance of its own, so that the same
// office with another cast, or none, lives the same.
func (s *Sim) cast(p *person) {
	if s.cfg.Cast == nil {
		return
	}
	r := rng(s.cfg.Seed, 1<<40+uint64(int64(p.id)+1000))
	p.actor = &s.cfg.Cast.Actors[r.IntN(len(s.cfg.Cast.Actors))]
	p.walk, p.pose, p.mirrored = r.IntN(len(p.actor.Walks)), r.IntN(1000), r.IntN(2) == 0
	p.gain = int(256 * (0.9 + 0.1*r.Float64()))
}

const poseFor = 7 // seconds that somebody stands in one pose

// sprite is what a person looks like now, and whether left and right are exchanged; nil for a drawn one.
func (s *Sim) sprite(p *person) (sprite *cutout.Sprite, mirrored bool) {
	if p.actor == nil {
		return nil, false
	}
	if len(p.path) > 0 && s.now >= p.still && !p.seated {
		w := &p.actor.Walks[p.walk]
		n := int(p.walked/(w.Stride*p.look.height)) % len(w.Frames)
		return &w.Frames[n], w.Right != (p.heads.x > 0)
	}
	n := int(s.now/poseFor+float64(p.pose)/100) + p.pose
	return &p.actor.Stands[n%len(p.actor.Stands)], p.mirrored
}

// tone brings a sprite's colours near to those of a lit room: gamma .87 and gain .9, the middle of what was measured to
// make no difference to a detector. Colours stay at or below brightest.
func tone(s *cutout.Sprite) *cutout.Sprite {
	out := &cutout.Sprite{W: s.W, H: s.H, BGRA: make([]byte, len(s.BGRA))}
	for i := 0; i < len(s.BGRA); i += 4 {
		a := float64(s.BGRA[i+3])
		if a == 0 {
			continue
		}
		for k := range 3 {
			own := math.Min(float64(s.BGRA[i+k])/a, 1)
			out.BGRA[i+k] = byte(min(230*math.Pow(own, 0.87), brightest) * a / 255)
		}
		out.BGRA[i+3] = s.BGRA[i+3]
	}
	return out
}

// cutting pastes somebody's sprite with a shadow where the feet touch the floor, down to where something hides the rest.
func (p *painter) cutting(c *canvas, q *person) {
	f := q.fig
	if !q.seated {
		w := 0.45 * f.width
		c.ellipse(pt{f.foot.x, f.foot.y - 0.012*f.tall}, w, 0.022*f.tall, rgb{70, 74, 84}, 0.28)
	}
	s := p.toned[q.sprite]
	if s == nil {
		s = tone(q.sprite)
		p.toned[q.sprite] = s
	}
	c.paste(s, q.fig, int(q.box.Y+q.box.H+0.5), q.flip, q.gain)
}

// paste puts a sprite upright between a figure's head and its standing height, down to row bottom, by linear
// interpolation. gain is in 1/256.
func (c *canvas) paste(s *cutout.Sprite, f figure, bottom int, mirrored bool, gain int) {
	const one = 256
	step := int(math.Round(float64(s.H) / f.tall * one)) // sprite pixels per picture pixel
	left := f.foot.x - f.width/2
	x0, x1 := max(int(math.Ceil(left)), c.clip.x0), min(int(left+f.width), c.clip.x1)
	y0, y1 := max(int(math.Ceil(f.head.y)), c.clip.y0), min(int(f.head.y+f.tall), bottom, c.clip.y1)
	stride := 4 * s.W
	for y := y0; y < y1; y++ {
		v := min(max(int((float64(y)+0.5-f.head.y)*float64(step))-one/2, 0), (s.H-2)*one+one-1)
		row, fy := s.BGRA[(v/one)*stride:][:2*stride], v%one
		out := c.pix[3*(y*c.size.W+x0) : 3*(y*c.size.W+max(x1, x0))]
		at := int((float64(x0)+0.5-left)*float64(step)) - one/2
		for ; len(out) >= 3; out, at = out[3:], at+step {
			u := min(max(at, 0), (s.W-2)*one+one-1)
			fx := u % one
			i := u / one * 4
			if mirrored {
				i, fx = 4*(s.W-2)-i, one-fx
			}
			a, b := row[i:i+8:i+8], row[stride+i:stride+i+8:stride+i+8]
			w00, w01, w10, w11 := (one-fx)*(one-fy), fx*(one-fy), (one-fx)*fy, fx*fy
			alpha := (w00*int(a[3]) + w01*int(a[7]) + w10*int(b[3]) + w11*int(b[7])) >> 16
			if alpha == 0 {
				continue
			}
			rest := 255 - alpha
			for k := range 3 {
				own := (w00*int(a[k]) + w01*int(a[k+4]) + w10*int(b[k]) + w11*int(b[k+4])) >> 16
				out[k] = byte(own*gain>>8 + int(out[k])*rest*257>>16)
			}
		}
	}
}

// soften blurs a picture without people by .65 pixels, as a lens does. Sprites are softer than that already.
func soften(pix []byte, width int) {
	const side, middle = 49, 158 // of 256
	pass := func(lines, n, step, next int) {
		line := make([]byte, n)
		for k := range lines {
			at := k * next
			for i := range n {
				line[i] = pix[at+i*step]
			}
			for i := range n {
				pix[at+i*step] = byte((side*(int(line[max(i-1, 0)])+int(line[min(i+1, n-1)])) + middle*int(line[i]) + 128) >> 8)
			}
		}
	}
	height := len(pix) / 3 / width
	for c := range 3 { // rows, then columns, of each channel
		sub := pix[c:]
		full := pix
		pix = sub
		pass(height, width, 3, 3*width)
		pass(width, height, 3*width, 3)
		pix = full
	}
}

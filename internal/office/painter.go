package office

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/models"
)

// painter draws the people of one moment into the office's still picture.
type painter struct {
	view      view
	room      room
	grain     *rand.Rand // chooses the noise of each picture
	empty     []byte     // BGR24, the room without people
	props     []prop     // the farthest first
	noise     []byte     // 0..2*noiseMean, longer than a picture by noiseSpan bytes
	noiseMean int
	toned     map[*cutout.Sprite]*cutout.Sprite
}

// prop is a thing that hides people who are farther away than y.
type prop struct {
	y        float64
	mask     []bool // by pixel
	from, to int    // rows
}

// noiseSpan is the length from which the beginning of a picture's noise is chosen.
const noiseSpan = 1 << 16

func newPainter(v view, r room, c Config) *painter {
	p := &painter{view: v, room: r, grain: rng(c.Seed, 2), toned: map[*cutout.Sprite]*cutout.Sprite{}}
	p.paintRoom()
	// Every byte of the picture rises by the sum of two dice 0..noiseMean, near enough to a sensor's normal distribution.
	if c.Noise > 0 {
		p.noiseMean = int(math.Ceil(math.Sqrt(6*c.Noise*c.Noise+1) - 1))
	}
	p.noise = make([]byte, 3*v.size.W*v.size.H+noiseSpan+8)
	chance := rng(c.Seed, 1)
	for i := range p.noise {
		p.noise[i] = byte(chance.IntN(p.noiseMean+1) + chance.IntN(p.noiseMean+1))
	}
	return p
}

// Draw paints the newest frame into f, whose Pix is reused when it is large enough. At is left to the caller. An office of
// the people look needs Config.Cast to be drawn (Config.Drawable).
func (s *Sim) Draw(f *models.Frame) {
	f.Number, f.Size, f.Stride, f.Format = s.frame, s.cfg.Size, 3*s.cfg.Size.W, models.BGR24
	n := f.Stride * f.H
	if cap(f.Pix) < n {
		f.Pix = make([]byte, n)
	}
	f.Pix = f.Pix[:n]
	if s.painter == nil {
		s.painter = newPainter(s.view, s.room, s.cfg)
	}
	s.painter.paint(newCanvas(f.Size, f.Pix), s.people)
	s.painter.develop(f.Pix, s.light())
}

func (p *painter) paint(c *canvas, people []*person) {
	copy(c.pix, p.empty)
	order := slices.Clone(people)
	slices.SortStableFunc(order, func(a, b *person) int { // painter's order: far ones first
		switch {
		case a.at.y > b.at.y:
			return -1
		case a.at.y < b.at.y:
			return 1
		}
		return a.id - b.id
	})
	props := p.props
	for _, q := range order {
		for len(props) > 0 && q.at.y < props[0].y {
			p.stamp(c, props[0])
			props = props[1:]
		}
		p.person(c, q)
	}
	for _, o := range props {
		p.stamp(c, o)
	}
}

// stamp restores the pixels of a prop.
func (p *painter) stamp(c *canvas, o prop) {
	for i := o.from * c.size.W; i < o.to*c.size.W; i++ {
		if o.mask[i] {
			copy(c.pix[3*i:3*i+3], p.empty[3*i:3*i+3])
		}
	}
}

// addNoise adds eight bytes at a time: no byte overflows, since colours stay below brightest.
func addNoise(pix, noise []byte) {
	i := 0
	for ; i+8 <= len(pix); i += 8 {
		binary.LittleEndian.PutUint64(pix[i:], binary.LittleEndian.Uint64(pix[i:])+binary.LittleEndian.Uint64(noise[i:]))
	}
	for ; i < len(pix); i++ {
		pix[i] += noise[i]
	}
}

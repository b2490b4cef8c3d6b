package office

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// painter draws the people of one moment into the office's still picture.
type painter struct {
	view     view
	room     room
	grain    *rand.Rand // chooses the noise of each picture
	empty    []byte     // BGR24, the room without people
	desks    []bool     // by pixel: part of a desk, in front of officers
	from, to int        // rows that hold desks
	noise    []byte     // 0..2*noiseMean, longer than a picture by noiseSpan bytes
}

// Sensor noise: every byte of the picture rises by a value between 0 and 2*noiseMean.
const (
	noiseMean = 7
	noiseSpan = 1 << 16
)

func newPainter(v view, r room, seed uint64) *painter {
	p := &painter{view: v, room: r, grain: rng(seed, 2)}
	p.paintRoom()
	p.noise = make([]byte, 3*v.size.W*v.size.H+noiseSpan+8)
	chance := rng(seed, 1)
	for i := range p.noise {
		// The sum of two dice is near enough to a sensor's normal distribution, with a standard deviation of 3.
		p.noise[i] = byte(chance.IntN(noiseMean+1) + chance.IntN(noiseMean+1))
	}
	return p
}

// Draw paints the newest frame into f, whose Pix is reused when it is large enough. At is left to the caller.
func (s *Sim) Draw(f *models.Frame) {
	f.Number, f.Size, f.Stride, f.Format = s.frame, s.cfg.Size, 3*s.cfg.Size.W, models.BGR24
	n := f.Stride * f.H
	if cap(f.Pix) < n {
		f.Pix = make([]byte, n)
	}
	f.Pix = f.Pix[:n]
	if s.painter == nil {
		s.painter = newPainter(s.view, s.room, s.cfg.Seed)
	}
	s.painter.paint(newCanvas(f.Size, f.Pix), s.people)
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
	for _, q := range order {
		if q.officer {
			p.person(c, q)
		}
	}
	for i := p.from * c.size.W; i < p.to*c.size.W; i++ {
		if p.desks[i] {
			copy(c.pix[3*i:3*i+3], p.empty[3*i:3*i+3])
		}
	}
	for _, q := range order {
		if !q.officer {
			p.person(c, q)
		}
	}
	p.addNoise(c.pix)
}

// addNoise adds eight bytes at a time: no byte overflows, since colours stay below brightest.
func (p *painter) addNoise(pix []byte) {
	noise := p.noise[p.grain.IntN(noiseSpan):]
	i := 0
	for ; i+8 <= len(pix); i += 8 {
		binary.LittleEndian.PutUint64(pix[i:], binary.LittleEndian.Uint64(pix[i:])+binary.LittleEndian.Uint64(noise[i:]))
	}
	for ; i < len(pix); i++ {
		pix[i] += noise[i]
	}
}

package detect

import (
	"math"
	"math/rand/v2"
	"slices"
)

// sizes is what a fixed camera learns of how large people are: seen by a level camera over a flat floor, a standing
// person's height in pixels is a linear function of the row of the feet. Each place of the floor has one vote, the median
// of the heights seen there, so that somebody who sits at one desk all day does not outvote those who walk through.
type sizes struct {
	cells  map[[2]int]*sizeCell
	seen   int // samples since the last fit
	slope  float64
	offset float64
	known  bool
}

type sizeCell struct {
	row     []float64
	heights []float64
}

const (
	sizeCellPx   = 12  // side of a place, mask pixels
	sizeMemory   = 15  // samples a place remembers
	sizeMinCells = 8   // places needed before the line is trusted
	sizeRefit    = 25  // samples between fits
	bodyAspect   = .40 // width of a standing person over height, arms at the side
	bodyFill     = .62 // share of the box that a standing person covers
	sizeInlier   = .18 // relative error of a place that agrees with the line
	sizeSlopeMax = 1.5 // rows of height per row of the feet: a steeply mounted camera stays well below
	sizeTrials   = 300 // pairs tried
)

// add learns from one blob that stood alone: its feet at x, row, and its height.
func (s *sizes) add(x, row, height float64) {
	if s.cells == nil {
		s.cells = map[[2]int]*sizeCell{}
	}
	k := [2]int{int(x) / sizeCellPx, int(row) / sizeCellPx}
	c := s.cells[k]
	if c == nil {
		c = &sizeCell{}
		s.cells[k] = c
	}
	if len(c.heights) == sizeMemory {
		c.heights, c.row = slices.Delete(c.heights, 0, 1), slices.Delete(c.row, 0, 1)
	}
	c.heights, c.row = append(c.heights, height), append(c.row, row)
	if s.seen++; s.seen >= sizeRefit {
		s.seen = 0
		s.fit()
	}
}

// fit finds the line that most places agree with (RANSAC, Fischler and Bolles 1981, with a fixed seed), then the least
// squares line through those.
func (s *sizes) fit() {
	type place struct{ row, height float64 }
	var places []place
	for _, c := range s.cells {
		if len(c.heights) >= 2 {
			places = append(places, place{median(c.row), median(c.heights)})
		}
	}
	if len(places) < sizeMinCells {
		return
	}
	slices.SortFunc(places, func(a, b place) int { // map order is random; the fit must not be
		if a.row != b.row {
			return int(math.Copysign(1, a.row-b.row))
		}
		return int(math.Copysign(1, a.height-b.height))
	})
	agrees := func(p place, a, b float64) bool {
		want := a*p.row + b
		return math.Abs(p.height-want) < sizeInlier*want
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	best, bestA, bestB := 0, 0.0, 0.0
	for range sizeTrials {
		p, q := places[rnd.IntN(len(places))], places[rnd.IntN(len(places))]
		if math.Abs(p.row-q.row) < sizeCellPx {
			continue
		}
		a := (p.height - q.height) / (p.row - q.row)
		b := p.height - a*p.row
		if a < 0 || a > sizeSlopeMax {
			continue
		}
		n := 0
		for _, r := range places {
			if agrees(r, a, b) {
				n++
			}
		}
		if n > best {
			best, bestA, bestB = n, a, b
		}
	}
	if best < sizeMinCells {
		return
	}
	var n, sx, sy, sxx, sxy float64
	for _, p := range places {
		if agrees(p, bestA, bestB) {
			n, sx, sy, sxx, sxy = n+1, sx+p.row, sy+p.height, sxx+p.row*p.row, sxy+p.row*p.height
		}
	}
	if d := n*sxx - sx*sx; d > 0 {
		bestA = (n*sxy - sx*sy) / d
		bestB = (sy - bestA*sx) / n
	}
	s.slope, s.offset, s.known = bestA, bestB, true
}

// height is a standing person's height with the feet at a row; 0 where the line knows nobody.
func (s *sizes) height(row float64) float64 { return math.Max(s.slope*row+s.offset, 0) }

// foot is the row of the feet of a standing person whose head is at a row.
func (s *sizes) foot(head float64) float64 {
	if s.slope >= 1 { // never so on a floor; keeps the division away from 0
		return head + s.height(head)
	}
	return (head + s.offset) / (1 - s.slope)
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

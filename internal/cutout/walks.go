package cutout

import (
	"cmp"
	"math"
	"slices"
)

const (
	minRun     = 8    // frames in a row of which a walk can be made
	minLoop    = 6    // frames from one silhouette to the next like it,
	maxLoop    = 24   //
	alike      = 0.78 // overlap of two silhouettes that may follow each other
	minStride  = 0.02 // heights a frame: slower is not walking
	together   = 0.26 // width of the legs, in heights, of somebody who stands
	mostWalks  = 3    // of one person,
	mostStands = 8    // so that a cast fits into little memory
)

// cast makes actors of the cuts.
func (c *cutter) cast() *Cast {
	slices.SortStableFunc(c.cuts, func(a, b cut) int { return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.frame, b.frame)) })
	out := &Cast{}
	for from, to := 0, 0; from < len(c.cuts); from = to {
		for to = from; to < len(c.cuts) && c.cuts[to].person == c.cuts[from].person; to++ {
		}
		a := Actor{ID: c.cuts[from].person, Walks: walks(c.cuts[from:to]), Stands: stands(c.cuts[from:to])}
		if len(a.Walks) > 0 && len(a.Stands) > 0 {
			out.Actors = append(out.Actors, a)
		}
	}
	return out
}

// walks finds the best loop of each run of one person's frames.
func walks(cuts []cut) (out []Walk) {
	for from, to := 0, 0; from < len(cuts); from = to {
		for to = from + 1; to < len(cuts) && cuts[to].frame == cuts[to-1].frame+1; to++ {
		}
		if to-from < minRun || len(out) == mostWalks {
			continue
		}
		if w, ok := loop(cuts[from:to]); ok {
			out = append(out, w)
		}
	}
	return out
}

// loop cuts a run between the two silhouettes most alike.
func loop(run []cut) (w Walk, ok bool) {
	shapes := make([]silhouette, len(run))
	for i := range run {
		shapes[i] = run[i].silhouette()
	}
	best, from, to := 0.0, 0, 0
	for i := range run {
		for k := i + minLoop; k < min(i+maxLoop+1, len(run)); k++ {
			if o := shapes[i].overlap(&shapes[k]); o > best {
				best, from, to = o, i, k
			}
		}
	}
	if best < alike {
		return w, false
	}
	dx, dy := run[to].foot[0]-run[from].foot[0], run[to].foot[1]-run[from].foot[1]
	// A camera that looks down on people shortens ways towards it to about half.
	w.Stride = math.Hypot(dx, 2*dy) / float64(to-from) / run[from].height
	w.Right = dx > 0
	for _, c := range run[from:to] {
		w.Frames = append(w.Frames, c.Sprite)
	}
	return w, w.Stride >= minStride
}

// stands are the frames with the legs closest together.
func stands(cuts []cut) (out []Sprite) {
	cuts = slices.Clone(cuts)
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.legs(), b.legs()) })
	for _, c := range cuts {
		if c.legs() > together || len(out) == mostStands {
			break
		}
		out = append(out, c.Sprite)
	}
	return out
}

// legs is the largest width of the lowest fifth, in heights.
func (s *Sprite) legs() float64 {
	widest := 0
	for y := s.H * 4 / 5; y < s.H; y++ {
		first, last := s.W, -1
		for x := range s.W {
			if s.BGRA[4*(y*s.W+x)+3] > 127 {
				first, last = min(first, x), x
			}
		}
		widest = max(widest, last-first+1)
	}
	return float64(widest) / float64(s.H)
}

// silhouette is a sprite's outline on a coarse grid as high as the person, around the middle.
type silhouette [gridH][gridW]bool

const gridW, gridH = 24, 32 // a cell is 1/32 of the height wide and high

func (s *Sprite) silhouette() (out silhouette) {
	cell := float64(s.H) / gridH
	for gy := range gridH {
		for gx := range gridW {
			x, y := float64(s.W)/2+(float64(gx)+0.5-gridW/2)*cell, (float64(gy)+0.5)*cell
			if x >= 0 && x < float64(s.W) {
				out[gy][gx] = s.BGRA[4*(int(y)*s.W+int(x))+3] > 127
			}
		}
	}
	return out
}

// overlap is the share of the cells of both that both have.
func (a *silhouette) overlap(b *silhouette) float64 {
	both, any := 0, 0
	for y := range a {
		for x := range a[y] {
			if a[y][x] && b[y][x] {
				both++
			}
			if a[y][x] || b[y][x] {
				any++
			}
		}
	}
	return float64(both) / float64(max(any, 1))
}

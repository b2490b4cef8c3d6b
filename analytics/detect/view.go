package detect

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// The shape of people's boxes, as shares of their height: what a view leaves around zones.
const (
	halfWidth = .35 // from the middle to the side, arms and bags included
	slack     = .1  // boxes are not exact, and a network wants to see a little around a person
)

// tallest bounds people's heights where a camera names none: nobody whose foot is at Y is higher than tallest x Y. By
// similar triangles a body of 1.75 m under a camera at 2.5 m or higher takes up at most .7 of the way from the horizon to
// its foot, and a camera that looks down has the horizon at the top of its picture or above what matters of it.
const tallest = .7

// leastView is the smallest side of a view as a share of the picture's: a network is not shown a person without a room.
const leastView = .25

// heightAt is the span of heights of people whose foot is at y, both in 0..1 of the picture's height: linear between the
// camera's lines, constant beyond them.
func heightAt(lines []models.HeightAt, y float64) (least, most float64) {
	if len(lines) == 0 {
		return 0, tallest * y
	}
	i := slices.IndexFunc(lines, func(l models.HeightAt) bool { return l.Y >= y })
	switch {
	case i == 0:
		return lines[0].Min, lines[0].Max
	case i < 0:
		last := lines[len(lines)-1]
		return last.Min, last.Max
	}
	a, b := lines[i-1], lines[i]
	f := (y - a.Y) / (b.Y - a.Y)
	return a.Min + f*(b.Min-a.Min), a.Max + f*(b.Max-a.Max)
}

// reach is the part of the picture, in pixels, that holds the whole boxes of everybody anchored in a zone, and how high
// the highest of them is.
func reach(z *models.Zone, lines []models.HeightAt, s models.Size) (image.Rectangle, float64) {
	b := z.Polygon.Bounds()
	below := map[models.Anchor]float64{models.AnchorCentre: .5, models.AnchorHead: 1}[z.Anchor] // of a box, under its anchor
	top, bottom, high := b.Y, b.Y+b.H, 0.0
	const steps = 16
	for i := range steps + 1 {
		y := b.Y + b.H*float64(i)/steps
		h := bodyAt(lines, y, below)
		top, bottom = min(top, y-(1-below+slack)*h), max(bottom, y+(below+slack)*h)
		high = max(high, h)
	}
	side := (halfWidth + slack) * high * float64(s.H) / float64(s.W)
	r := image.Rect(down(float64(s.W)*(b.X-side)), down(float64(s.H)*top), up(float64(s.W)*(b.X+b.W+side)), up(float64(s.H)*bottom))
	return r.Intersect(image.Rect(0, 0, s.W, s.H)), high * float64(s.H)
}

// bodyAt is the height of the highest body whose anchor is at y and which goes on for a share of itself below it. Its foot
// line depends on the height looked for; a few rounds find both.
func bodyAt(lines []models.HeightAt, y, below float64) float64 {
	h := 0.0
	for range 8 {
		_, h = heightAt(lines, min(y+below*h, 1))
	}
	return min(h, 1)
}

func down(v float64) int { return int(math.Floor(v)) }
func up(v float64) int   { return int(math.Ceil(v)) }

// looksAt is the part of the picture around some parts of it that is searched at once, at least leastView of each side.
func looksAt(parts []image.Rectangle, s models.Size) image.Rectangle {
	whole := image.Rect(0, 0, s.W, s.H)
	var v image.Rectangle
	for _, p := range parts {
		v = v.Union(p)
	}
	if v.Empty() {
		return whole
	}
	if w := up(leastView*float64(s.W)) - v.Dx(); w > 0 {
		v.Min.X, v.Max.X = widen(v.Min.X, v.Max.X, w, s.W)
	}
	if h := up(leastView*float64(s.H)) - v.Dy(); h > 0 {
		v.Min.Y, v.Max.Y = widen(v.Min.Y, v.Max.Y, h, s.H)
	}
	return v.Intersect(whole)
}

// widen grows a span by so much on both sides together, inside 0..limit.
func widen(from, to, by, limit int) (int, int) {
	n := to - from + by
	from = max(min(from-by/2, limit-n), 0)
	return from, from + n
}

// cut divides a view into n tiles along its longer side. Neighbours share at least overlap pixels, at most half a tile.
func cut(view image.Rectangle, n int, overlap float64) []image.Rectangle {
	long, along := view.Dx(), image.Pt(1, 0)
	if view.Dy() > long {
		long, along = view.Dy(), image.Pt(0, 1)
	}
	if n <= 1 {
		return []image.Rectangle{view}
	}
	// n tiles of length l that overlap by o cover n l - (n-1) o.
	l := (float64(long) + float64(n-1)*overlap) / float64(n)
	if overlap > l/2 {
		l = 2 * float64(long) / float64(n+1)
	}
	tiles := make([]image.Rectangle, n)
	for i := range tiles {
		from := int(math.Round(float64(i) * (float64(long) - l) / float64(n-1)))
		to := min(from+up(l), long)
		t := view
		if along.X == 1 {
			t.Min.X, t.Max.X = view.Min.X+from, view.Min.X+to
		} else {
			t.Min.Y, t.Max.Y = view.Min.Y+from, view.Min.Y+to
		}
		tiles[i] = t
	}
	return tiles
}

// even grows a part inside bounds to even coordinates, where the samples of colour of I420 begin.
func even(r, bounds image.Rectangle) image.Rectangle {
	return image.Rect(r.Min.X&^1, r.Min.Y&^1, (r.Max.X+1)&^1, (r.Max.Y+1)&^1).Intersect(bounds)
}

// found is a detection of one tile, in pixels of the picture.
type found struct {
	models.Detection
	tile int
	torn bool // touches a side of its tile inside the view: the rest may lie beyond
}

// The overlaps from which boxes of two tiles are one person.
const (
	seamIoU  = .5 // intersection over union
	seamPart = .6 // share of a torn box inside another one
)

// merge keeps one of each person that several tiles show: whole boxes before torn ones, then the better score.
func merge(all []found) []models.Detection {
	slices.SortStableFunc(all, func(a, b found) int {
		if a.torn != b.torn {
			if a.torn {
				return 1
			}
			return -1
		}
		return cmp.Compare(b.Score, a.Score)
	})
	kept := all[:0]
	for _, c := range all {
		if !slices.ContainsFunc(kept, func(k found) bool {
			return k.tile != c.tile && (k.Box.IoU(c.Box) > seamIoU || c.torn && k.Box.Intersect(c.Box) > seamPart*c.Box.Area())
		}) {
			kept = append(kept, c)
		}
	}
	out := make([]models.Detection, len(kept))
	for i, k := range kept {
		out[i] = k.Detection
	}
	slices.SortStableFunc(out, func(a, b models.Detection) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// torn reports whether a box touches, within 2 % of the tile, a side of it that is not a side of the view.
func torn(b models.Box, tile, view image.Rectangle) bool {
	x, y := .02*float64(tile.Dx()), .02*float64(tile.Dy())
	return tile.Min.X > view.Min.X && b.X < float64(tile.Min.X)+x || tile.Max.X < view.Max.X && b.X+b.W > float64(tile.Max.X)-x ||
		tile.Min.Y > view.Min.Y && b.Y < float64(tile.Min.Y)+y || tile.Max.Y < view.Max.Y && b.Y+b.H > float64(tile.Max.Y)-y
}

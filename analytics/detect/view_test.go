package detect

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func rectangle(x0, y0, x1, y1 float64) models.Polygon {
	return models.Polygon{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

func TestHeightAt(t *testing.T) {
	lines := []models.HeightAt{{Y: .2, Min: .1, Max: .2}, {Y: .6, Min: .3, Max: .5}}
	for _, c := range []struct{ y, least, most float64 }{{0, .1, .2}, {.2, .1, .2}, {.4, .2, .35}, {.6, .3, .5}, {1, .3, .5}} {
		if least, most := heightAt(lines, c.y); abs(least-c.least) > 1e-9 || abs(most-c.most) > 1e-9 {
			t.Errorf("at %g: %g to %g, want %g to %g", c.y, least, most, c.least, c.most)
		}
	}
	if least, most := heightAt(nil, .5); least != 0 || most != tallest*.5 {
		t.Errorf("without lines: %g to %g", least, most)
	}
}

func abs(v float64) float64 { return max(v, -v) }

// Whoever is anchored in a zone, and no higher than people are there, is in the view as a whole.
func TestViewHoldsEverybodyOfItsZones(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := []models.HeightAt{{Y: .3, Min: .1, Max: .2}, {Y: 1, Min: .4, Max: .6}}
	for i := range 2000 {
		s := models.Size{W: 100 + r.IntN(1900), H: 100 + r.IntN(1000)}
		x, y := r.Float64()*.8, r.Float64()*.8
		z := models.Zone{Kind: models.ZoneQueue, Anchor: []models.Anchor{models.AnchorFoot, models.AnchorCentre, models.AnchorHead}[i%3],
			Polygon: rectangle(x, y, x+.01+r.Float64()*(.99-x), y+.01+r.Float64()*(.99-y))}
		heights := lines
		if i%2 == 0 {
			heights = nil
		}
		part, _ := reach(&z, heights, s)
		view := looksAt([]image.Rectangle{part}, s)
		if whole := image.Rect(0, 0, s.W, s.H); !part.In(view) || !view.In(whole) ||
			view.Dx() < s.W/4 || view.Dy() < s.H/4 {
			t.Fatalf("%v: view %v of %v", s, view, part)
		}
		foot := r.Float64()
		_, most := heightAt(heights, foot)
		b := models.Box{H: most * float64(s.H), W: .6 * most * float64(s.H), X: r.Float64() * float64(s.W)}
		b.Y = foot*float64(s.H) - b.H
		if !z.Polygon.Contains(z.Anchor.Point(b.Normalise(s))) {
			continue
		}
		seen := Clip(b, s)
		if out := image.Rect(down(seen.X), down(seen.Y), up(seen.X+seen.W), up(seen.Y+seen.H)); !out.In(view.Inset(-1)) {
			t.Fatalf("%v, %s zone %v: %v is not inside the view %v", s, z.Anchor, z.Polygon, out, view)
		}
	}
}

func TestViewOfNothingIsThePicture(t *testing.T) {
	s := models.Size{W: 640, H: 360}
	if v := looksAt(nil, s); v != image.Rect(0, 0, 640, 360) {
		t.Error(v)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name    string
		view    image.Rectangle
		n       int
		overlap float64
	}{
		{"one", image.Rect(10, 20, 700, 300), 1, 50},
		{"none named", image.Rect(10, 20, 700, 300), 0, 50},
		{"three wide", image.Rect(10, 20, 700, 300), 3, 50},
		{"two high", image.Rect(10, 20, 200, 700), 2, 80},
		{"more overlap than view", image.Rect(0, 0, 640, 100), 4, 500},
		{"eight of few pixels", image.Rect(0, 0, 20, 10), 8, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			tiles := cut(c.view, c.n, c.overlap)
			if len(tiles) != max(c.n, 1) {
				t.Fatalf("%d tiles", len(tiles))
			}
			var all image.Rectangle
			for i, r := range tiles {
				all = all.Union(r)
				if r.Empty() || !r.In(c.view) {
					t.Errorf("tile %v of %v", r, c.view)
				}
				if i == 0 {
					continue
				}
				shared := tiles[i-1].Intersect(r)
				if got := min(shared.Dx(), shared.Dy()); got < min(int(c.overlap), r.Dx()/2-2, r.Dy()) || shared.Empty() {
					t.Errorf("tiles %v and %v share only %v", tiles[i-1], r, shared)
				}
			}
			if all != c.view {
				t.Errorf("tiles cover %v of %v", all, c.view)
			}
		})
	}
}

// painted finds everything that is painted, as a network would: what is cut off by the picture it is shown is found in part.
type painted []models.Box

func (p painted) in(t image.Rectangle) []models.Detection {
	var ds []models.Detection
	for _, b := range p {
		c := models.Box{X: b.X - float64(t.Min.X), Y: b.Y - float64(t.Min.Y), W: b.W, H: b.H}
		if c = Clip(c, models.Size{W: t.Dx(), H: t.Dy()}); c.Area() > .2*b.Area() {
			ds = append(ds, models.Detection{Box: c, Score: c.Area() / b.Area()})
		}
	}
	return ds
}

// Tiles find everybody once, wherever they stand, if nobody is wider than the overlap.
func TestTilesFindEverybodyOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	view := image.Rect(40, 30, 1240, 430)
	for _, n := range []int{1, 2, 3, 5} {
		for range 300 {
			tiles := cut(view, n, 60)
			var people painted
			for x := 40 + 20*r.Float64(); x < 1170; x += 70 + 60*r.Float64() { // side by side
				people = append(people, models.Box{X: x, Y: 100 + 100*r.Float64(), W: 40 + 20*r.Float64(), H: 150})
			}
			var all []found
			for i, tile := range tiles {
				for _, d := range people.in(tile) {
					d.Box.X += float64(tile.Min.X)
					d.Box.Y += float64(tile.Min.Y)
					all = append(all, found{d, i, torn(d.Box, tile, view)})
				}
			}
			got := merge(all)
			if len(got) != len(people) {
				t.Fatalf("%d tiles: found %d of %d people: %v", n, len(got), len(people), got)
			}
			for _, d := range got {
				if d.Score < .999 {
					t.Errorf("%d tiles: %v is a part of somebody", n, d)
				}
			}
		}
	}
}

func TestMerge(t *testing.T) {
	at := func(tile int, x, w, score float64, torn bool) found {
		return found{models.Detection{Box: models.Box{X: x, W: w, H: 100}, Score: score}, tile, torn}
	}
	for _, c := range []struct {
		name string
		all  []found
		want int
	}{
		{"nobody", nil, 0},
		{"two who overlap in one tile", []found{at(0, 0, 40, .9, false), at(0, 5, 40, .8, false)}, 2},
		{"one seen by two tiles", []found{at(0, 0, 40, .7, false), at(1, 5, 40, .8, false)}, 1},
		{"a half and the whole", []found{at(0, 20, 20, .9, true), at(1, 0, 40, .3, false)}, 1},
		{"a half and somebody beside", []found{at(0, 30, 20, .9, true), at(1, 0, 40, .3, false)}, 2},
		{"two halves", []found{at(0, 0, 25, .9, true), at(1, 20, 25, .3, true)}, 2},
		{"a small person before a large one", []found{at(0, 0, 60, .9, false), at(1, 10, 20, .8, false)}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := merge(c.all)
			if len(got) != c.want {
				t.Errorf("%v", got)
			}
			for i := 1; i < len(got); i++ {
				if got[i].Score > got[i-1].Score {
					t.Errorf("not best first: %v", got)
				}
			}
		})
	}
}

func FuzzView(f *testing.F) {
	f.Add(uint16(1280), uint16(720), .1, .2, .5, .5, uint8(3), uint8(0))
	f.Fuzz(func(t *testing.T, w, h uint16, x0, y0, x1, y1 float64, n, anchor uint8) {
		s := models.Size{W: int(w), H: int(h)}
		z := models.Zone{ID: "z", Kind: models.ZoneStaff, Anchor: []models.Anchor{"foot", "centre", "head"}[anchor%3], Polygon: rectangle(x0, y0, x1, y1)}
		c := models.Camera{ID: "c", Zones: []models.Zone{z}, Detector: models.DetectorConfig{Tiles: int(n % 9)}}
		if c.Validate() != nil || w == 0 || h == 0 {
			return
		}
		k := ForCamera(c.WithDefaults(), &Replay{}, nil)
		k.motion.aim(s)
		k.aim(s)
		whole := image.Rect(0, 0, s.W, s.H)
		for _, tile := range k.tiles {
			if tile.Empty() || !tile.In(whole) {
				t.Fatal(fmt.Sprint(s, k.motion.view, k.tiles))
			}
		}
	})
}

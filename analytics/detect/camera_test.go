package detect

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// dots is a Detector that finds white pixels as boxes of 10 x 30 around them, and writes down what it was shown.
type dots struct {
	engine string
	shown  []models.Size
	fail   error
}

func (d *dots) Detect(f *models.Frame) ([]models.Detection, error) {
	d.shown = append(d.shown, f.Size)
	if d.fail != nil {
		return nil, d.fail
	}
	var out []models.Detection
	for y := range f.H {
		for x := range f.W {
			if f.Pix[y*f.Stride+3*x] == 255 {
				out = append(out, models.Detection{Box: Clip(models.Box{X: float64(x) - 5, Y: float64(y) - 15, W: 10, H: 30}, f.Size), Score: .9})
			}
		}
	}
	return out, nil
}
func (d *dots) Info() Info {
	return Info{Name: "dots", Engine: d.engine, Thresholds: models.Thresholds{Low: .2, High: .3, Birth: .7, Immediate: .8}}
}
func (d *dots) Close() error { return nil }

var desk = models.Camera{ID: "c", Zones: []models.Zone{
	{ID: "q", Kind: models.ZoneQueue, Polygon: rectangle(.3, .6, .6, .8)},
	{ID: "o", Kind: models.ZoneStaff, Polygon: rectangle(.7, .4, .8, .6)},
	{ID: "m", Kind: models.ZoneMask, Polygon: rectangle(0, 0, .1, .1)},
}, Heights: []models.HeightAt{{Y: .5, Min: .1, Max: .2}, {Y: 1, Min: .1, Max: .2}}}

// blank is a dark picture of 320 x 200 with padded rows and white pixels at some places.
func blank(at time.Duration, white ...[2]int) *models.Frame {
	f := &models.Frame{At: time.Unix(1000, 0).Add(at), Size: models.Size{W: 320, H: 200}, Stride: 1000, Pix: make([]byte, 1000*200)}
	for _, p := range white {
		f.Pix[p[1]*1000+3*p[0]] = 255
	}
	return f
}

func TestCameraLooksWhereItsZonesAre(t *testing.T) {
	inQueue, inStaff, far := [2]int{150, 130}, [2]int{240, 100}, [2]int{20, 20}
	for _, c := range []struct {
		name   string
		engine string
		change func(*models.Camera)
		shown  int // pictures
		whole  bool
		found  int
	}{
		{"zones", "opencv", func(*models.Camera) {}, 1, false, 2},
		{"two tiles", "opencv", func(c *models.Camera) { c.Detector.Tiles = 2 }, 2, false, 2},
		{"whole", "opencv", func(c *models.Camera) { c.Detector.View = "whole" }, 1, true, 3},
		{"whole in tiles", "opencv", func(c *models.Camera) { c.Detector.View, c.Detector.Tiles = "whole", 3 }, 3, false, 3},
		{"no zones", "opencv", func(c *models.Camera) { c.Zones = nil }, 1, true, 3},
		{"only a mask", "opencv", func(c *models.Camera) { c.Zones = c.Zones[2:] }, 1, true, 3},
		{"not a network", "", func(c *models.Camera) { c.Detector.Tiles = 2 }, 1, true, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := desk
			c.change(&conf)
			d := &dots{engine: c.engine}
			k := ForCamera(conf.WithDefaults(), d, nil)
			got, err := k.Detect(blank(0, inQueue, inStaff, far))
			if err != nil || len(got) != c.found || len(d.shown) != c.shown || (d.shown[0] == models.Size{W: 320, H: 200}) != c.whole {
				t.Fatalf("found %v, %v; shown %v", got, err, d.shown)
			}
			if v := k.View(); (v == models.Box{W: 1, H: 1}) != (c.found == 3 || c.engine == "") || v.X < 0 || v.X+v.W > 1 {
				t.Errorf("view %v", v)
			}
			for _, p := range [][2]int{inQueue, inStaff} {
				want := models.Box{X: float64(p[0]) - 5, Y: float64(p[1]) - 15, W: 10, H: 30}
				if !slices.ContainsFunc(got, func(d models.Detection) bool { return d.Box == want }) {
					t.Errorf("%v is not among %v", want, got)
				}
			}
		})
	}
}

func TestCameraDropsImpossibleHeights(t *testing.T) {
	box := func(foot, height float64) models.Detection { // x .1: in no zone
		return models.Detection{Score: .9, Box: models.Box{X: 32, Y: (foot - height) * 200, W: 10, H: height * 200}}
	}
	staff := func(height float64) models.Detection { // its middle in the staff zone
		return models.Detection{Score: .9, Box: models.Box{X: 235, Y: (.5 - height/2) * 200, W: 10, H: height * 200}}
	}
	for _, c := range []struct {
		name string
		d    models.Detection
		kept bool
	}{
		{"right", box(.8, .15), true}, {"too small", box(.8, .05), false}, {"too large", box(.8, .3), false},
		{"cut off by the lower border", box(1, .05), true}, {"large at the lower border", box(1, .3), false},
		{"cut off by the upper border", box(.05, .05), true},
		{"officer behind a desk", staff(.06), true}, {"officer near the camera", staff(.4), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := ForCamera(desk.WithDefaults(), &Replay{Frames: map[int64][]models.Detection{1: {c.d}}}, nil)
			got, err := k.Detect(&models.Frame{Number: 1, Size: models.Size{W: 320, H: 200}})
			if err != nil || len(got) == 1 != c.kept {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestCameraRestsWhileNothingMoves(t *testing.T) {
	const step = 250 * time.Millisecond
	run := func(conf models.Camera, n int, at func(i int) [2]int) (gated int, found []int, d *dots) {
		d = &dots{engine: "opencv"}
		k := ForCamera(conf.WithDefaults(), d, nil)
		for i := range n {
			f := blank(time.Duration(i)*step, at(i))
			for y := range 200 { // something that can be seen to move
				for x := range 12 {
					f.Pix[y*f.Stride+3*(at(i)[0]+x)+1] = 90
				}
			}
			got, err := k.Detect(f)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, len(got))
			if k.Gated() {
				gated++
			}
		}
		return gated, found, d
	}
	still := func(int) [2]int { return [2]int{150, 130} }
	if gated, found, d := run(desk, 41, still); gated < 30 || len(d.shown)+gated != 41 || len(d.shown) < 5 || slices.Contains(found, 0) {
		t.Errorf("still: %d of 41 gated, %d inferences, found %v", gated, len(d.shown), found)
	}
	off := desk
	off.Detector.MotionGate = "off"
	if gated, _, _ := run(off, 41, still); gated != 0 {
		t.Errorf("off: %d gated", gated)
	}
	if gated, _, _ := run(desk, 41, func(i int) [2]int { return [2]int{120 + i, 130} }); gated > 30 {
		t.Errorf("moving: %d gated", gated)
	}
	// Somebody who leaves is noticed in the same frame.
	_, found, _ := run(desk, 41, func(i int) [2]int {
		if i < 20 {
			return [2]int{150, 130}
		}
		return [2]int{20, 20}
	})
	if found[19] != 1 || found[20] != 0 {
		t.Errorf("leaving: %v", found)
	}
}

func TestCameraGoesOnAfterErrors(t *testing.T) {
	d := &dots{engine: "opencv", fail: errors.New("out of memory")}
	k := ForCamera(desk.WithDefaults(), d, nil)
	if _, err := k.Detect(blank(0, [2]int{150, 130})); !errors.Is(err, d.fail) {
		t.Error(err)
	}
	if _, err := k.Detect(&models.Frame{Size: models.Size{W: 320, H: 200}}); models.KindOf(err) != models.KindInvalid || err == nil {
		t.Errorf("a frame without pixels: %v", err)
	}
	d.fail = nil
	if got, err := k.Detect(blank(0, [2]int{150, 130})); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestCameraSaysWhatItDoes(t *testing.T) {
	conf := desk
	conf.Detector.Tiles = 2
	for want, k := range map[string]*Camera{
		"dots": ForCamera(conf, &dots{}, nil),
		"dots (opencv), view of the zones, 2 tiles, motion gate on": ForCamera(conf, &dots{engine: "opencv"}, nil),
		"dots (opencv), whole picture, motion gate on":              ForCamera(models.Camera{}, &dots{engine: "opencv"}, nil),
	} {
		if got := k.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

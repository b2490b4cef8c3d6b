package cutout

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// street is a made video: people of one colour each cross it one after the other, 40 frames each, with swinging legs and a
// shadow on an uneven ground.
type street struct {
	size   models.Size
	people int
}

const (
	crossing = 40 // frames
	tall     = 72 // pixels
	gait     = 8  // frames
)

var coats = [][3]byte{{30, 30, 150}, {150, 40, 30}, {20, 110, 30}, {20, 20, 20}, {120, 30, 120}}

func (s street) ground(x, y int) byte { return byte(150 + (x*7+y*13)%9 + y/8) }

// person reports whether a pixel is somebody whose feet are at x, y in a phase of the gait.
func person(px, py, x, y float64, phase int) bool {
	dx, up := px-x, (y-py)/tall
	swing := 9 * math.Sin(2*math.Pi*float64(phase)/gait)
	switch {
	case up < 0 || up > 1:
		return false
	case up > 0.84:
		return math.Abs(dx) < 5
	case up > 0.45:
		return math.Abs(dx) < 10
	}
	leg := swing * (0.45 - up) / 0.45
	return math.Abs(dx-leg) < 4.5 || math.Abs(dx+leg) < 4.5
}

func (s street) at(n int) (who int, x, y float64) {
	k := (n - 1) % crossing
	return (n - 1) / crossing, 30 + 4*float64(k), float64(s.size.H) - 30
}

func (s street) play(frame func(n int, pix []byte) error) error {
	pix := make([]byte, 3*s.size.W*s.size.H)
	for n := 1; n <= s.people*crossing; n++ {
		who, x, y := s.at(n)
		for i := range s.size.W * s.size.H {
			px, py := i%s.size.W, i/s.size.W
			g := s.ground(px, py)
			v := [3]byte{g, g, g}
			if fx, fy := float64(px)+0.5, float64(py)+0.5; person(fx, fy, x, y, n) {
				v = coats[who]
			} else if math.Hypot((fx-x-8)/16, (fy-y)/3) < 1 {
				v = [3]byte{g - g/4, g - g/4, g - g/4}
			}
			copy(pix[3*i:], v[:])
		}
		if err := frame(n, pix); err != nil {
			return err
		}
	}
	return nil
}

func (s street) truth() (rows mot.Rows) {
	for n := 1; n <= s.people*crossing; n++ {
		who, x, y := s.at(n)
		half := 10.0
		if h := 4.5 + 9*math.Abs(math.Sin(2*math.Pi*float64(n)/gait)); h > half {
			half = h
		}
		rows = append(rows, mot.Row{Frame: n, ID: int64(who + 1), Box: models.Box{X: x - half, Y: y - tall, W: 2 * half, H: tall}, Score: 1})
	}
	return rows
}

func (s street) video() Video { return Video{Name: "street.avi", Size: s.size, Play: s.play} }

var fine = street{models.Size{W: 240, H: 160}, 4}

func TestCutsPeopleOutWhole(t *testing.T) {
	var last, total int
	cast, err := Cut(fine.video(), fine.truth(), func(d, of int) { last, total = d, of })
	if err != nil {
		t.Fatal(err)
	}
	if last != total || total != 2*4*crossing {
		t.Errorf("progress ended at %d of %d", last, total)
	}
	if len(cast.Actors) != 4 {
		t.Fatalf("%d actors, want 4", len(cast.Actors))
	}
	for i, a := range cast.Actors {
		if a.ID != int64(i+1) {
			t.Errorf("actor %d is person %d", i, a.ID)
		}
		for _, w := range a.Walks {
			if !w.Right || math.Abs(w.Stride-4./tall) > 0.005 {
				t.Errorf("actor %d walks to the right %v, %.3f heights a frame, want %.3f", i, w.Right, w.Stride, 4./tall)
			}
		}
		for _, s := range append(slices.Clone(a.Stands), a.Walks[0].Frames...) {
			checkSprite(t, i, s)
		}
		if l := a.Stands[0].legs(); l > 0.2 {
			t.Errorf("actor %d stands with legs %.2f heights apart", i, l)
		}
	}
}

// checkSprite looks at height, colour and that neither shadow nor ground came along.
func checkSprite(t *testing.T, who int, s Sprite) {
	t.Helper()
	if h := float64(s.H) / zoom; math.Abs(h-tall) > 3 {
		t.Errorf("actor %d is %.1f pixels tall, want %d", who, h, tall)
	}
	var area, opaque, off float64
	for i := 0; i < len(s.BGRA); i += 4 {
		a := float64(s.BGRA[i+3]) / 255
		area += a / zoom / zoom
		if a > 0.9 {
			opaque++
			if coat := coats[who]; slices.ContainsFunc([]int{0, 1, 2}, func(k int) bool { return math.Abs(float64(s.BGRA[i+k])/a-float64(coat[k])) > 25 }) {
				off++
			}
		}
	}
	if want := 0.84*tall*20 + 0.16*tall*10; area > want || area < want/2 {
		t.Errorf("actor %d covers %.0f pixels, at most %.0f can be", who, area, want)
	}
	if off > 0.08*opaque { // between the legs and beside the neck the outline is closed over a little ground
		t.Errorf("actor %d: %.1f %% of the pixels have another colour", who, 100*off/opaque)
	}
}

func TestSaysWhichFileDoesNotFit(t *testing.T) {
	shifted := func(by func(*mot.Row)) mot.Rows {
		rows := fine.truth()
		for i := range rows {
			by(&rows[i])
		}
		return rows
	}
	for name, c := range map[string]struct {
		video Video
		truth mot.Rows
		want  string
	}{
		"no boxes":       {fine.video(), nil, "has no boxes"},
		"longer video":   {fine.video(), shifted(func(r *mot.Row) { r.Frame += 500 }), "names frame 660, but street.avi has 160 frames"},
		"larger picture": {fine.video(), shifted(func(r *mot.Row) { r.Box.X += 300 }), "outside the 240x160 pictures"},
		"other moments":  {fine.video(), shifted(func(r *mot.Row) { r.Frame = (r.Frame+crossing/2)%(4*crossing) + 1 }), "nothing stands out"},
		"one person":     {street{fine.size, 1}.video(), street{fine.size, 1}.truth(), "only 1 people"},
		"two people":     {street{fine.size, 2}.video(), street{fine.size, 2}.truth(), "only 2 people could be cut out, 3 are needed"},
		"all ignored":    {fine.video(), shifted(func(r *mot.Row) { r.Score = 0 }), "only 0 people"},
		"in each other":  {fine.video(), append(fine.truth(), shifted(func(r *mot.Row) { r.ID += 10; r.Box.X += 5 })...), "0 touch no other box"},
		"broken video":   {Video{Name: "b.avi", Size: fine.size, Play: func(func(int, []byte) error) error { return errors.New("torn") }}, fine.truth(), "b.avi: torn"},
		"empty video":    {Video{Name: "e.avi", Size: fine.size, Play: func(func(int, []byte) error) error { return nil }}, fine.truth(), "e.avi has 0 frames"},
	} {
		t.Run(name, func(t *testing.T) {
			slices.SortStableFunc(c.truth, func(a, b mot.Row) int { return a.Frame - b.Frame })
			_, err := Cut(c.video, c.truth, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.want != "b.avi: torn" && models.KindOf(err) != models.KindInvalid {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMask(t *testing.T) {
	parse := func(lines ...string) *mask {
		m := newMask(len(lines[0]), len(lines))
		for y, l := range lines {
			for x, c := range l {
				if c == '#' {
					m.set(x, y)
				}
			}
		}
		return m
	}
	wide := strings.Repeat(".", 62)
	for name, c := range map[string]struct {
		in, want *mask
		do       func(*mask)
	}{
		"dilate":               {parse(".....", "..#..", "....."), parse(".###.", ".###.", ".###."), func(m *mask) { m.dilate(3) }},
		"dilate over words":    {parse(wide + "#..." + wide), parse(wide[1:] + "###.." + wide), func(m *mask) { m.dilate(3) }},
		"erode":                {parse("###..", "###..", "###.."), parse("##...", "##...", "##..."), func(m *mask) { m.erode(3) }},
		"closing fills holes":  {parse("#####", "##.##", "#####"), parse("#####", "#####", "#####"), func(m *mask) { m.dilate(3); m.erode(3) }},
		"opening drops specks": {parse("###..", "###.#", "###.."), parse("###..", "###..", "###.."), func(m *mask) { m.erode(3); m.dilate(3) }},
		"largest":              {parse("#..##", "#..##", "#...."), parse("...##", "...##", "....."), func(m *mask) { m.largest() }},
	} {
		t.Run(name, func(t *testing.T) {
			c.do(c.in)
			if !slices.Equal(c.in.bits, c.want.bits) {
				t.Errorf("got %b, want %b", c.in.bits, c.want.bits)
			}
		})
	}
	if l, top, r, d := parse(wide+"....", wide+".##.", wide+"...."+"").bounds(); l != 63 || top != 1 || r != 65 || d != 2 {
		t.Errorf("bounds %d %d %d %d", l, top, r, d)
	}
}

func TestUpscaleKeepsPlanes(t *testing.T) {
	size := models.Size{W: 12, H: 10}
	pix := make([]byte, 3*size.W*size.H)
	for i := range pix {
		pix[i] = byte(40 + 6*(i/3%size.W) + 9*(i/3/size.W))
	}
	up := upscale(pix, size, models.Box{X: 2, Y: 1, W: 8, H: 8})
	for y := 6; y < up.h-6; y++ { // away from the edges, where there are no neighbours
		for x := 6; x < up.w-6; x++ {
			want := 40 + 6*(2+(float64(x)+0.5)/zoom-0.5) + 9*(1+(float64(y)+0.5)/zoom-0.5)
			if got := float64(up.pix[3*(y*up.w+x)]); math.Abs(got-want) > 0.6 {
				t.Fatalf("%d,%d is %g, want %.1f", x, y, got, want)
			}
		}
	}
}

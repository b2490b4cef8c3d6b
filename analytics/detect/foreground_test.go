package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// figure paints a standing person: a head and a body, feet at (x, foot), as tall as the floor of these tests has it there.
func figure(m *Mask, x, foot float64) models.Box {
	h := tall(foot)
	w := bodyAspect * h
	for y := range m.H {
		for px := range m.W {
			dx, up := (float64(px)-x)/w, (foot-float64(y))/h
			if up > 0 && up < 1 && (up > .84 && math.Abs(dx) < .2 || up <= .84 && up > .42 && math.Abs(dx) < .5 || up <= .42 && math.Abs(dx) < .3) {
				m.Pix[y*m.W+px] = 255
			}
		}
	}
	return models.Box{X: x - w/2, Y: foot - h, W: w, H: h}
}

func tall(foot float64) float64 { return .25*foot + 20 }

func newMask() *Mask { return &Mask{320, 240, make([]byte, 320*240)} }

// taught is a crowd that has seen people walk about alone, and one officer sit at a desk all day.
func taught(t *testing.T) *Crowd {
	c := &Crowd{}
	r := rand.New(rand.NewPCG(3, 4))
	for range 150 {
		m := newMask()
		figure(m, 30+260*r.Float64(), 90+140*r.Float64())
		c.People(m)
		m = newMask()
		figure(m, 160, 100)
		for y := 75; y < 240; y++ { // the desk hides the lower half
			clear(m.Pix[y*m.W:][:m.W])
		}
		c.People(m)
	}
	if !c.sizes.known {
		t.Fatal("sizes were not learned")
	}
	for _, foot := range []float64{90, 160, 230} {
		if got := c.sizes.height(foot); math.Abs(got-tall(foot)) > .12*tall(foot) {
			t.Errorf("a person at row %v is %v pixels high, want %v", foot, got, tall(foot))
		}
		if got := c.sizes.foot(foot - tall(foot)); math.Abs(got-foot) > 8 {
			t.Errorf("the feet under a head at row %v are at %v, want %v", foot-tall(foot), got, foot)
		}
	}
	return c
}

func TestCrowdTakesPeopleApart(t *testing.T) {
	c := taught(t)
	type at struct{ x, foot float64 }
	for _, k := range []struct {
		name   string
		people []at
	}{
		{"nobody", nil},
		{"one", []at{{100, 150}}},
		{"two apart", []at{{60, 150}, {200, 200}}},
		{"two side by side", []at{{100, 180}, {122, 180}}},
		{"one behind the other", []at{{100, 150}, {106, 185}}},
		{"three in a line that comes near", []at{{100, 140}, {112, 165}, {122, 195}}},
		{"five in a row", []at{{60, 200}, {86, 201}, {111, 199}, {138, 200}, {163, 202}}},
		{"cut by the picture's lower edge", []at{{100, 250}}},
	} {
		t.Run(k.name, func(t *testing.T) {
			m := newMask()
			var want []models.Box
			for _, p := range k.people {
				want = append(want, figure(m, p.x, p.foot))
			}
			got := c.People(m)
			if len(got) != len(want) {
				t.Fatalf("%d people, want %d: %v", len(got), len(want), got)
			}
			for _, w := range want {
				best := 0.
				for _, g := range got {
					best = max(best, g.Box.IoU(Clip(w, models.Size{W: m.W, H: m.H})))
				}
				if best < .5 {
					t.Errorf("nobody at %v (best overlap %.2f): %v", w, best, got)
				}
			}
		})
	}
}

func TestCrowdIgnoresWhatIsNoPerson(t *testing.T) {
	c := taught(t)
	for name, paint := range map[string]func(x, y int) bool{
		"specks":   func(x, y int) bool { return x%20 == 0 && y%20 == 0 },
		"low step": func(x, y int) bool { return x > 100 && x < 130 && y > 190 && y < 200 },
	} {
		m := newMask()
		for i := range m.Pix {
			if paint(i%m.W, i/m.W) {
				m.Pix[i] = 255
			}
		}
		if got := c.People(m); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzCrowd(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 100, 50}, uint64(1))
	f.Fuzz(func(t *testing.T, rects []byte, seed uint64) {
		m := &Mask{64, 48, make([]byte, 64*48)}
		for i := 0; i+3 < len(rects); i += 4 {
			for y := int(rects[i+1]) % 48; y < min(int(rects[i+1])%48+int(rects[i+3])%48, 48); y++ {
				for x := int(rects[i]) % 64; x < min(int(rects[i])%64+int(rects[i+2])%64, 64); x++ {
					m.Pix[y*64+x] = 1
				}
			}
		}
		c := &Crowd{sizes: sizes{slope: float64(seed%16) / 10, offset: float64(seed%40) - 10, known: seed%2 == 0}}
		for _, p := range c.People(m) {
			b := p.Box
			if b.X < 0 || b.Y < 0 || b.X+b.W > 64 || b.Y+b.H > 48 || !(p.Score > 0 && p.Score <= 1) {
				t.Fatalf("person %+v", p)
			}
		}
	})
}

// room plays pictures into a scene as the detector does: every blob of the mask is a person unless it is a ghost.
type room struct {
	t     *testing.T
	scene *Scene
	noise *rand.Rand
	at    time.Time
}

const roomW, roomH = 96, 72

func newRoom(t *testing.T) *room {
	return &room{t: t, scene: &Scene{W: roomW, H: roomH}, noise: rand.New(rand.NewPCG(5, 6)), at: time.Unix(0, 0).UTC()}
}

// play shows people, or whatever paint paints on the empty room, for some seconds, two pictures each, and returns how
// many pixels were foreground in the last one, ghosts left out.
func (r *room) play(seconds float64, light float64, paint func(x, y int) (byte, bool)) int {
	fore := 0
	for range int(seconds * 2) {
		pix := make([]byte, 3*roomW*roomH)
		for i := range roomW * roomH {
			v := float64(110 + 40*((i%roomW/12+i/roomW/12)%2)) // tiles
			if p, ok := paint(i%roomW, i/roomW); ok {
				v = float64(p)
			}
			for c := range 3 {
				pix[3*i+c] = byte(min(max(v*light+3*r.noise.NormFloat64(), 0), 255))
			}
		}
		m := r.scene.Foreground(pix, r.at)
		people, ghosts := make([]byte, len(m.Pix)), make([]byte, len(m.Pix))
		found, labels := m.blobs(nil, 60)
		fore = 0
		for _, b := range found {
			dst := people
			if r.scene.Ghost(pix, labels, b.label) {
				dst = ghosts
			} else {
				fore += b.area
			}
			for i, l := range labels {
				if l == b.label {
					dst[i] = 255
				}
			}
		}
		r.scene.Learn(pix, people, ghosts, r.at)
		r.at = r.at.Add(time.Second / 2)
	}
	return fore
}

func empty(int, int) (byte, bool) { return 0, false }

func somebody(x, y int) (byte, bool) { return 30, x >= 40 && x < 56 && y >= 20 && y < 56 }

const bodyPixels = 16 * 36

func TestSceneKeepsWhoStandsStill(t *testing.T) {
	r := newRoom(t)
	if n := r.play(10, 1, empty); n > 0 {
		t.Errorf("%d pixels of an empty room are foreground", n)
	}
	if n := r.play(20*60, 1, somebody); n < bodyPixels*9/10 {
		t.Errorf("after 20 minutes %d of %d pixels are left", n, bodyPixels)
	}
	if n := r.play(5, 1, empty); n > 0 {
		t.Errorf("%d pixels stay behind", n)
	}
}

func TestSceneForgetsGhosts(t *testing.T) {
	r := newRoom(t)
	r.play(30, 1, somebody) // is there from the first picture on: background
	if n := r.play(4, 1, empty); n > 0 {
		t.Errorf("whoever left is still foreground: %d pixels", n)
	}
	if n := r.play(60, 1, somebody); n < bodyPixels*9/10 {
		t.Errorf("whoever came back is not: %d of %d pixels", n, bodyPixels)
	}
}

func TestSceneFollowsTheLight(t *testing.T) {
	r := newRoom(t)
	r.play(10, 1, empty)
	for _, light := range []float64{.7, 1.3, .9} {
		if n := r.play(3, light, empty); n > 0 {
			t.Errorf("light %v: %d pixels of an empty room are foreground", light, n)
		}
		if n := r.play(3, light, somebody); n < bodyPixels*9/10 {
			t.Errorf("light %v: %d of %d pixels of a person", light, n, bodyPixels)
		}
	}
}

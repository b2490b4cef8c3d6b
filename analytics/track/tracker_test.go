package track

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var (
	size  = models.Size{W: 1000, H: 600}
	start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
)

// actor is somebody in a scene: where the middle of the feet is at t seconds, and with what score they are seen (0: not).
type actor struct {
	foot  func(t float64) (x, y float64)
	score func(t float64) float64
}

func box(x, y float64) models.Box { return models.Box{X: x - 30, Y: y - 180, W: 60, H: 180} }

func walk(x, y, vx float64) func(float64) (float64, float64) {
	return func(t float64) (float64, float64) { return x + vx*t, y }
}

func stand(x, y float64) func(float64) (float64, float64) { return walk(x, y, 0) }

func always(float64) float64 { return .9 }

// except is seen but for from <= t < to.
func except(from, to float64) func(float64) float64 {
	return func(t float64) float64 {
		if t >= from && t < to {
			return 0
		}
		return .9
	}
}

// play runs a scene and returns the ids under which each actor was seen, in order, and how many ids there were.
func play(cfg Config, fps, seconds float64, actors ...actor) (ids [][]int64, all int) {
	tr := New(cfg)
	ids, known := make([][]int64, len(actors)), map[int64]bool{}
	for n := 0; float64(n)/fps < seconds; n++ {
		t := float64(n) / fps
		var d []models.Detection
		var who []int
		for i, a := range actors {
			x, y := a.foot(t)
			if s := a.score(t); s > 0 && x > -30 && x < float64(size.W)+30 {
				d, who = append(d, models.Detection{Box: box(x, y), Score: s}), append(who, i)
			}
		}
		for _, p := range tr.Update(start.Add(time.Duration(t*1e9)), size, d) {
			known[p.ID] = true
			if !p.Seen {
				continue
			}
			j := slices.IndexFunc(d, func(d models.Detection) bool {
				x, y := centre(d.Box)
				u, v := centre(p.Box)
				return math.Hypot(x-u, y-v) < 1e-6
			})
			if i := who[j]; len(ids[i]) == 0 || ids[i][len(ids[i])-1] != p.ID {
				ids[i] = append(ids[i], p.ID)
			}
		}
	}
	return ids, len(known)
}

func TestScenes(t *testing.T) {
	cases := []struct {
		name    string
		fps     float64
		seconds float64
		actors  []actor
		ids     []int // of each actor
	}{
		{"a person walks through", 5, 8, []actor{{walk(50, 400, 120), always}}, []int{1}},
		{"two pass each other, both seen", 5, 8, []actor{{walk(50, 400, 120), always}, {walk(950, 430, -120), always}}, []int{1, 1}},
		{"two pass, the farther is hidden for a second", 5, 8,
			[]actor{{walk(50, 430, 120), always}, {walk(950, 400, -120), except(3.3, 4.3)}}, []int{1, 1}},
		{"two who look alike stand side by side", 2, 60, []actor{{stand(400, 400), always}, {stand(440, 405), always}}, []int{1, 1}},
		{"a walker is missed for two seconds", 5, 8, []actor{{walk(50, 400, 100), except(3, 5)}}, []int{1}},
		{"a walker is missed for five seconds: another one", 5, 9, []actor{{walk(50, 400, 100), except(2, 7)}}, []int{2}},
		{"somebody who stands is hidden for twenty seconds", 2, 60,
			[]actor{{stand(400, 400), except(20, 40)}, {stand(425, 425), always}}, []int{1, 1}},
		{"a false box that flickers is soon forgotten each time", 5, 60, []actor{{stand(400, 400), func(t float64) float64 {
			if math.Mod(t, 20) < .7 {
				return .79
			}
			return 0
		}}}, []int{3}},
		{"somebody who stands is unseen for a minute: another one", 2, 90, []actor{{stand(400, 400), except(10, 70)}}, []int{2}},
		{"one leaves, another comes in there at once", 5, 10,
			[]actor{{walk(200, 400, -100), always}, {func(t float64) (float64, float64) { return -25 + 100*math.Max(0, t-4), 400 }, except(0, 4)}}, []int{1, 1}},
		{"somebody turns round", 5, 8, []actor{{func(t float64) (float64, float64) { return 300 + 120*math.Abs(t-4), 400 }, always}}, []int{1}},
		{"a flash is nobody", 5, 4, []actor{{stand(400, 400), func(t float64) float64 {
			if t == 1 {
				return .77
			}
			return 0
		}}}, []int{0}},
		{"seen poorly from the start: not believed", 5, 4, []actor{{stand(400, 400), func(float64) float64 { return .5 }}}, []int{0}},
		{"seen well once, then poorly: kept", 5, 9, []actor{{walk(100, 400, 80), func(t float64) float64 {
			if t == 0 {
				return .9
			}
			return .35
		}}}, []int{1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ids, all := play(Config{}, c.fps, c.seconds, c.actors...)
			sum, distinct := 0, map[int64]bool{}
			for i, got := range ids {
				if len(got) != c.ids[i] {
					t.Errorf("actor %d was %v, want %d ids", i, got, c.ids[i])
				}
				sum += c.ids[i]
				for _, id := range got {
					distinct[id] = true
				}
			}
			if len(distinct) != sum || all != sum {
				t.Errorf("%d ids for %v, want %d", all, ids, sum)
			}
		})
	}
}

// The same scene gives the same people whatever the rate.
func TestRates(t *testing.T) {
	for _, fps := range []float64{1, 2, 3, 5, 7.5, 10, 15, 30} {
		ids, all := play(Config{}, fps, 20,
			actor{stand(300, 350), always}, actor{walk(50, 500, 50), always},
			actor{walk(950, 420, -60), always}, actor{stand(600, 380), except(8, 16)})
		if all != 4 {
			t.Errorf("%g fps: %d ids: %v", fps, all, ids)
		}
	}
}

func detection(x, y, score float64) models.Detection {
	return models.Detection{Box: box(x, y), Score: score}
}

func TestUpdateCases(t *testing.T) {
	second := func(n float64) time.Time { return start.Add(time.Duration(n * 1e9)) }
	cases := []struct {
		name string
		cfg  Config
		run  func(tr *Tracker) []models.Track
		want int // people
	}{
		{"one good look is enough", Config{}, func(tr *Tracker) []models.Track {
			return tr.Update(second(0), size, []models.Detection{detection(300, 400, .85)})
		}, 1},
		{"a doubtful one is believed the second time", Config{}, func(tr *Tracker) []models.Track {
			if n := len(tr.Update(second(0), size, []models.Detection{detection(300, 400, .76)})); n != 0 {
				return nil
			}
			return tr.Update(second(.2), size, []models.Detection{detection(303, 400, .76)})
		}, 1},
		{"a box in a better box is the same person", Config{}, func(tr *Tracker) []models.Track {
			return tr.Update(second(0), size, []models.Detection{{Box: models.Box{X: 275, Y: 230, W: 50, H: 100}, Score: .85}, detection(300, 400, .9)})
		}, 1},
		{"boxes that are none", Config{}, func(tr *Tracker) []models.Track {
			return tr.Update(second(0), size, []models.Detection{
				{Box: models.Box{X: math.NaN(), Y: 0, W: 50, H: 100}, Score: .9}, {Box: models.Box{X: 0, Y: 0, W: math.Inf(1), H: 100}, Score: .9},
				{Box: models.Box{W: 50}, Score: .9}, {Box: models.Box{W: 50, H: 100}, Score: math.NaN()}})
		}, 0},
		{"where somebody stays a poor score begins a track", Config{Stays: []models.Zone{{Anchor: models.AnchorCentre,
			Polygon: models.Polygon{{X: .2, Y: .4}, {X: .4, Y: .4}, {X: .4, Y: .7}, {X: .2, Y: .7}}}}}, func(tr *Tracker) []models.Track {
			both := []models.Detection{detection(300, 400, .4), detection(700, 400, .4)}
			tr.Update(second(0), size, both)
			return tr.Update(second(.5), size, both)
		}, 1},
		{"after an hour without frames nobody is remembered", Config{}, func(tr *Tracker) []models.Track {
			for n := range 20 {
				tr.Update(second(float64(n)), size, []models.Detection{detection(300, 400, .9)})
			}
			out := tr.Update(second(3600), size, []models.Detection{detection(300, 400, .9)})
			if out[0].ID == 1 {
				return nil
			}
			return out
		}, 1},
		{"a frame that is not newer changes nothing", Config{}, func(tr *Tracker) []models.Track {
			tr.Update(second(1), size, []models.Detection{detection(300, 400, .9)})
			tr.Update(second(1), size, nil)
			return tr.Update(second(.5), size, []models.Detection{detection(300, 400, .9), detection(600, 400, .9)})
		}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.run(New(c.cfg)); len(got) != c.want {
				t.Errorf("got %+v, want %d", got, c.want)
			}
		})
	}
}

// hidden: shown for a moment, remembered for long, and then gone.
func TestShownAndRemembered(t *testing.T) {
	tr := New(Config{})
	at := start
	var out []models.Track
	for range 80 {
		at = at.Add(200 * time.Millisecond)
		out = tr.Update(at, size, []models.Detection{detection(400, 400, .9), detection(415, 430, .9)})
	}
	if len(out) != 2 || !out[0].Seen || !out[0].Shown || !out[0].LastSeen.Equal(at) {
		t.Fatalf("both are seen: %+v", out)
	}
	last := at
	for at.Sub(last) < 40*time.Second {
		at = at.Add(200 * time.Millisecond)
		out = tr.Update(at, size, []models.Detection{detection(415, 430, .9)})
		unseen := at.Sub(last)
		i := slices.IndexFunc(out, func(p models.Track) bool { return p.ID == 1 })
		switch {
		case (i >= 0) != (unseen <= 30*time.Second):
			t.Fatalf("after %v: %+v", unseen, out)
		case i >= 0 && (out[i].Seen || out[i].Shown != (unseen <= 400*time.Millisecond) || !out[i].LastSeen.Equal(last)):
			t.Fatalf("after %v: %+v", unseen, out[i])
		case i >= 0 && out[i].Box.IoU(box(400, 400)) < .9:
			t.Fatalf("after %v somebody who stands is at %+v", unseen, out[i].Box)
		}
	}
}

// crowd makes detections of n people who wander about, with misses and jitter.
func crowd(rng *rand.Rand, n int) func() []models.Detection {
	xs, ys, vs := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		xs[i], ys[i], vs[i] = rng.Float64()*1000, 200+rng.Float64()*400, rng.NormFloat64()*10
	}
	return func() (d []models.Detection) {
		for i := range n {
			xs[i] = math.Mod(xs[i]+vs[i]+1000, 1000)
			if rng.Float64() < .85 {
				d = append(d, detection(xs[i]+rng.NormFloat64()*4, ys[i]+rng.NormFloat64()*3, .2+.75*rng.Float64()))
			}
		}
		return d
	}
}

// Whatever comes in: ids ascend and never come back, no detection has two tracks, what is seen is shown.
func TestProperties(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		tr, next := New(Config{}), crowd(rng, 1+rng.IntN(25))
		at, dead, before := start, map[int64]bool{}, map[int64]bool{}
		for range 200 {
			at = at.Add(time.Duration(50+rng.IntN(900)) * time.Millisecond)
			now, places := map[int64]bool{}, map[[2]float64]bool{}
			last := int64(0)
			for _, p := range tr.Update(at, size, next()) {
				x, y := centre(p.Box)
				place := [2]float64{x, y}
				switch {
				case p.ID <= last || dead[p.ID]:
					t.Fatalf("seed %d: id %d after %d, dead before: %v", seed, p.ID, last, dead[p.ID])
				case p.Seen && places[place]:
					t.Fatalf("seed %d: two tracks on one detection", seed)
				case p.Seen && !p.Shown, p.Seen != p.LastSeen.Equal(at), p.LastSeen.Before(p.Born), !usable(p.Box):
					t.Fatalf("seed %d: %+v at %v", seed, p, at)
				}
				last, now[p.ID], places[place] = p.ID, true, p.Seen
			}
			for id := range before {
				if !now[id] {
					dead[id] = true
				}
			}
			before = now
		}
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	next := crowd(rand.New(rand.NewPCG(3, 3)), 50)
	var frames [][]models.Detection
	for range 300 {
		frames = append(frames, next())
	}
	tr, at, n := New(Config{}), start, 0
	step := func() {
		at, n = at.Add(200*time.Millisecond), n+1
		tr.Update(at, size, frames[n%len(frames)])
	}
	for range 900 {
		step()
	}
	if a := testing.AllocsPerRun(300, step); a > 0 {
		t.Errorf("%v allocations a frame", a)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10, 50} {
		b.Run(map[int]string{10: "10 people", 50: "50 people"}[n], func(b *testing.B) {
			next := crowd(rand.New(rand.NewPCG(3, 3)), n)
			frames := slices.Collect(func(yield func([]models.Detection) bool) {
				for i := 0; i < 300 && yield(next()); i++ {
				}
			})
			tr, at := New(Config{}), start
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at = at.Add(200 * time.Millisecond)
				tr.Update(at, size, frames[i%len(frames)])
			}
		})
	}
}

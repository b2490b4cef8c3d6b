package office

import (
	"crypto/sha256"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/models"
)

// offices are quite different places, for tests that must hold in all of them.
var offices = map[string]Config{
	"default":          {},
	"quick line":       {Seed: 3, Speed: 8, ArrivalsPerHour: 40},
	"quick seats":      {Seed: 4, Speed: 8, Queue: Seats, Counters: 4, ArrivalsPerHour: 60},
	"one counter":      {Seed: 5, Speed: 20, Counters: 1, ArrivalsPerHour: 20, Patience: 10 * time.Minute},
	"six counters":     {Seed: 6, Speed: 20, Counters: 6, Queue: Seats, ArrivalsPerHour: 90, FPS: 5},
	"crowded":          {Seed: 7, Speed: 20, ArrivalsPerHour: 300, Patience: 15 * time.Minute, FPS: 30},
	"few pictures":     {Seed: 8, Speed: 4, FPS: 2, Counters: 6},
	"closes":           {Seed: 9, Speed: 30, ArrivalsPerHour: 60, OpenFor: 3 * time.Hour},
	"square":           {Seed: 10, Speed: 8, Size: models.Size{W: 720, H: 576}, Queue: Seats},
	"demo, a line":     Demo("a", 11, Line),
	"demo, stools":     Demo("b", 12, Seats),
	"many breaks":      {Seed: 13, Speed: 10, Counters: 2, BreakEvery: 10 * time.Minute, BreakFor: 4 * time.Minute},
	"people, a line":   {Seed: 15, Speed: 8, ArrivalsPerHour: 45, Look: People, Cast: cardboard, Occlusion: 0.3},
	"people, chairs":   {Seed: 16, Speed: 8, ArrivalsPerHour: 60, Look: People, Cast: cardboard, Queue: Seats, Counters: 4, Size: models.Size{W: 960, H: 540}},
	"people, crowded":  {Seed: 17, Speed: 20, ArrivalsPerHour: 200, Look: People, Cast: cardboard, Families: 0.4, Standing: 0.5, Back: 3, Patience: 15 * time.Minute, FPS: 5},
	"people, nobody's": {Seed: 18, Speed: 8, ArrivalsPerHour: 30, Look: People, Counters: 1, FPS: 5},
	"families":         {Seed: 19, Speed: 10, ArrivalsPerHour: 30, Families: 0.5, Queue: Seats, Patience: 20 * time.Minute},
	"a morning": {Seed: 20, Speed: 20, Profile: []Rate{{0, 60}, {30 * time.Minute, 20}, {2 * time.Hour, 5}}, Early: 5 * time.Minute, OpenFor: 3 * time.Hour,
		ServiceShape: Gamma, Standing: 0.3},
	"never a break": {Seed: 14, Speed: 10, BreakEvery: -1, Patience: -1, ArrivalsPerHour: 100},
}

// cardboard is a cast of dark figures, so that tests need no video.
var cardboard = func() *cutout.Cast {
	c := &cutout.Cast{}
	for i := range 4 {
		sprite := func(w int) cutout.Sprite {
			s := cutout.Sprite{W: w, H: 200, BGRA: make([]byte, 4*w*200)}
			for k := range w * 200 {
				if x := k % w; x >= w/8 && x < w*7/8 {
					copy(s.BGRA[4*k:], []byte{byte(20 + 10*i), 20, 60, 255})
				}
			}
			return s
		}
		c.Actors = append(c.Actors, cutout.Actor{ID: int64(i), Stands: []cutout.Sprite{sprite(60), sprite(64)},
			Walks: []cutout.Walk{{Frames: []cutout.Sprite{sprite(60), sprite(80), sprite(90), sprite(70)}, Stride: 0.1, Right: i%2 == 0}}})
	}
	return c
}()

func newSim(t *testing.T, c Config) *Sim {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// play steps an office for a length of video.
func play(s *Sim, length time.Duration) *Sim {
	for range int(s.cfg.FPS * length.Seconds()) {
		s.Step()
	}
	return s
}

func eachOffice(t *testing.T, test func(t *testing.T, c Config)) {
	for name, c := range offices {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

func TestSameSeedSamePicturesAndTruth(t *testing.T) {
	run := func(seed uint64) (string, Truth) {
		c := offices["quick seats"]
		c.Seed = seed
		s, h := newSim(t, c), sha256.New()
		var f models.Frame
		for n := range 600 {
			s.Step()
			if n%30 == 0 {
				s.Draw(&f)
				h.Write(f.Pix)
			}
		}
		return fmt.Sprintf("%x", h.Sum(nil)), s.Truth()
	}
	picture, truth := run(1)
	again, truthAgain := run(1)
	other, truthOther := run(2)
	if picture != again || !reflect.DeepEqual(truth, truthAgain) {
		t.Error("the same seed gave another office")
	}
	if picture == other || reflect.DeepEqual(truth, truthOther) {
		t.Error("another seed gave the same office")
	}
}

// TestOccupancyIsWhatIsDrawn counts boxes in zones anew at the middle of each second.
func TestOccupancyIsWhatIsDrawn(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		c.FPS = 10 // so that a picture is taken at the middle of each second
		s := newSim(t, c)
		cam := s.Camera()
		seen := map[string][]int{}
		for n := range 10 * 300 {
			s.Step()
			if n%10 != 5 {
				continue
			}
			for _, z := range cam.Zones {
				in := 0
				for _, p := range s.people {
					if b := p.box; b.Area() > 0 && z.Polygon.Contains(z.Anchor.Point(b.Normalise(s.cfg.Size))) {
						in++
					}
				}
				seen[z.ID] = append(seen[z.ID], in)
			}
		}
		truth := s.Truth()
		if !reflect.DeepEqual(truth.Occupancy, seen) {
			for _, z := range cam.Zones {
				if !slices.Equal(truth.Occupancy[z.ID], seen[z.ID]) {
					t.Errorf("%s:\ntruth %v\ndrawn %v", z.ID, truth.Occupancy[z.ID], seen[z.ID])
				}
			}
		}
		for k, n := range truth.Occupancy["q1"] {
			if got := s.QueueLength(time.Duration(k)*time.Second + time.Second/2); got != n {
				t.Fatalf("QueueLength in second %d is %d, occupancy %d", k, got, n)
			}
		}
	})
}

// TestVisitsAndOccupancyAgree: people are neither made nor lost between queue, counter and the way out.
func TestVisitsAndOccupancyAgree(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := play(newSim(t, c), 10*time.Minute)
		truth := s.Truth()
		if len(truth.Visits) == 0 {
			t.Fatal("nobody came")
		}
		within := func(at float64, from, to *float64) bool { return from != nil && *from <= at && (to == nil || at < *to) }
		served := 0
		for _, v := range truth.Visits {
			switch {
			case v.ServiceStart == nil && (v.ServiceEnd != nil || v.Counter != nil), v.GaveUp && v.ServiceStart != nil:
				t.Errorf("contradiction: %+v", v)
			case v.ServiceStart != nil:
				served++
				if v.Entered == nil || *v.ServiceStart-*v.Entered < 5 || v.Counter == nil {
					t.Errorf("served without waiting: %+v", v)
				}
				if v.ServiceEnd != nil && *v.ServiceEnd-*v.ServiceStart < 8 {
					t.Errorf("service too short for its zone: %+v", v)
				}
			}
		}
		if served == 0 {
			t.Error("nobody was served")
		}
		for k := range int(truth.Seconds) {
			at := float64(k) + 0.5
			most := 0
			for _, v := range truth.Visits {
				if within(at, v.Entered, v.ServiceStart) && !v.GaveUp {
					most++
				}
			}
			if !slices.ContainsFunc(truth.Visits, func(v Visit) bool { return v.GaveUp }) && truth.Occupancy["q1"][k] > most {
				t.Fatalf("second %d: %d in the queue, but visits know of %d", k, truth.Occupancy["q1"][k], most)
			}
			for i := range s.cfg.Counters {
				id, n := fmt.Sprintf("c%d", i+1), 0
				for _, v := range truth.Visits {
					if v.Counter != nil && *v.Counter == id && within(at, v.ServiceStart, v.ServiceEnd) {
						n++
					}
				}
				if got := truth.Occupancy[fmt.Sprintf("s%d", i+1)][k]; got != n || n > 1 {
					t.Fatalf("second %d: %d in front of %s, but visits know of %d", k, got, id, n)
				}
			}
		}
	})
}

func TestAbsencesAreTheGapsInStaffZones(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := play(newSim(t, c), 10*time.Minute)
		truth := s.Truth()
		for i := range s.cfg.Counters {
			id, staffed := fmt.Sprintf("c%d", i+1), false
			for k, n := range truth.Occupancy[fmt.Sprintf("o%d", i+1)] {
				at := float64(k) + 0.5
				staffed = staffed || n > 0
				away := slices.ContainsFunc(truth.Absences, func(a Absence) bool { return a.Counter == id && a.From <= at && at < a.To })
				want := staffed && n == 0 && at < s.closing()
				if n > 1 || away != want {
					t.Fatalf("%s, second %d: %d officers, absent %v, want %v", id, k, n, away, want)
				}
			}
			if !staffed {
				t.Errorf("%s was never staffed", id)
			}
		}
		for _, a := range truth.Absences {
			if a.To-a.From < 1 && a.To < truth.Seconds {
				t.Errorf("an absence of %.3f s is a flicker at the zone's edge: %+v", a.To-a.From, a)
			}
		}
		if s.cfg.BreakEvery < 0 && len(truth.Absences) > 0 {
			t.Errorf("officers without breaks were absent: %v", truth.Absences)
		}
	})
}

// TestZonesAreCrossedOnPurposeOnly: no stay is shorter than a zone's minimum, so that nobody who passes by can count.
func TestZonesAreCrossedOnPurposeOnly(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := play(newSim(t, c), 10*time.Minute)
		for _, st := range s.stays {
			z := s.camera.Zones[st.zone]
			if d := st.to - st.from; d < z.MinDwell.Seconds() || st.person.officer != (z.Kind == models.ZoneStaff) {
				t.Errorf("person %d was in %s for %.2f s from %.2f", st.person.id, z.ID, d, st.from)
			}
		}
	})
}

func TestZonesFitTheRoom(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := newSim(t, c)
		cam := s.Camera()
		for i, a := range cam.Zones {
			if a.Polygon.SelfIntersects() || a.Polygon.Area() < 0.003 {
				t.Errorf("%s is no proper zone: %v", a.ID, a.Polygon)
			}
			for _, b := range cam.Zones[i+1:] {
				for _, p := range a.Polygon {
					if b.Polygon.Contains(p) {
						t.Errorf("%s and %s overlap", a.ID, b.ID)
					}
				}
			}
		}
		for i := range s.room.places() {
			x, y := s.view.point(s.room.place(i), 0)
			if p := (models.Point{X: x / float64(s.cfg.Size.W), Y: y / float64(s.cfg.Size.H)}); !cam.Zones[0].Polygon.Contains(p) {
				t.Errorf("waiting place %d lies outside the queue zone", i)
			}
		}
	})
}

func TestTheBeginningIsEmpty(t *testing.T) {
	s := newSim(t, Config{Seed: 1, Speed: 60, Opens: 2 * time.Second})
	var f models.Frame
	for range 30 {
		s.Step()
		s.Draw(&f)
		if len(s.people) > 0 && slices.ContainsFunc(s.people, func(p *person) bool { return p.box.Area() > 0 }) {
			t.Fatalf("somebody is seen at %v", s.Now())
		}
	}
	for i, v := range f.Pix {
		if v < s.painter.empty[i] || v > s.painter.empty[i]+byte(2*s.painter.noiseMean) {
			t.Fatalf("byte %d is %d, the empty room %d", i, v, s.painter.empty[i])
		}
	}
}

// TestPeopleAreDrawnInsideTheirBoxes: pixels that differ from the empty room lie in boxes, and fill them.
func TestPeopleAreDrawnInsideTheirBoxes(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := play(newSim(t, c), 80*time.Second)
		if s.Config().Drawable() != nil {
			t.Skip("nobody to draw")
		}
		var f models.Frame
		s.Draw(&f)
		changed := func(x, y int) bool {
			i := y*f.Stride + 3*x
			return max(dist(f.Pix[i], s.painter.empty[i]), dist(f.Pix[i+1], s.painter.empty[i+1]), dist(f.Pix[i+2], s.painter.empty[i+2])) > 45
		}
		edge := 4 * f.W / 640
		boxed := make([]bool, f.W*f.H)
		for _, p := range s.people {
			for y := max(int(p.box.Y)-edge, 0); y <= min(int(p.box.Y+p.box.H)+edge, f.H-1); y++ {
				for x := max(int(p.box.X)-edge, 0); x <= min(int(p.box.X+p.box.W)+edge, f.W-1); x++ {
					boxed[y*f.W+x] = true
				}
			}
		}
		stray := 0
		for i, in := range boxed {
			if !in && changed(i%f.W, i/f.W) {
				stray++
			}
		}
		if stray > 40 {
			t.Errorf("%d changed pixels outside all boxes", stray)
		}
		for _, p := range s.people {
			n, all := 0, 0
			for y := int(p.box.Y); y < int(p.box.Y+p.box.H); y++ {
				for x := int(p.box.X); x < int(p.box.X+p.box.W); x++ {
					all++
					if changed(x, y) {
						n++
					}
				}
			}
			if all > 400 && float64(n)/float64(all) < 0.35 {
				t.Errorf("person %d at %v: only %d of %d pixels stand out", p.id, p.box, n, all)
			}
		}
	})
}

func dist(a, b byte) int { return int(math.Abs(float64(a) - 7 - float64(b))) }

func TestTheLineKeepsDistance(t *testing.T) {
	s := newSim(t, offices["crowded"])
	longest := 0
	for range 30 * 300 {
		s.Step()
		longest = max(longest, len(s.line))
		for i := 1; i < len(s.line); i++ {
			if d := s.line[i].at.x - s.line[i-1].at.x; d < 0.6 {
				t.Fatalf("at %v places %d and %d are %.2f m apart", s.Now(), i-1, i, d)
			}
		}
	}
	if longest != s.room.slots {
		t.Errorf("the longest line is %d, want it full at %d", longest, s.room.slots)
	}
}

func TestDemoShowsAnAbsence(t *testing.T) {
	for _, q := range []Queue{Line, Seats} {
		for seed := range uint64(20) {
			s := play(newSim(t, Demo("demo", seed, q)), 90*time.Second)
			due := s.cfg.MaxAbsence.Seconds() + 12
			ok := slices.ContainsFunc(s.Truth().Absences, func(a Absence) bool { return a.From > 20 && a.To < 72 && a.To-a.From > due })
			if !ok {
				t.Errorf("%s, seed %d: no absence of %.0f s is over in time: %v", q, seed, due, s.Truth().Absences)
			}
		}
	}
}

package zone

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var (
	start = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	size  = models.Size{W: 1000, H: 1000}
)

func rect(x0, y0, x1, y1 float64) models.Polygon {
	return models.Polygon{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// room has a queue in the lower half, the service zone above it on the right, and the officer's place at the top.
func room() []models.Zone {
	return models.Camera{Zones: []models.Zone{
		{ID: "q", Kind: models.ZoneQueue, Polygon: rect(.1, .6, .9, 1)},
		{ID: "s", Kind: models.ZoneService, Polygon: rect(.5, .4, .9, .6)},
		{ID: "o", Kind: models.ZoneStaff, Polygon: rect(.5, .05, .9, .3)},
		{ID: "i", Kind: models.ZoneIgnore, Polygon: rect(0, 0, .05, 1)},
	}}.WithDefaults().Zones
}

// stand is a seen track whose feet are at a point; 200 high, 80 wide.
func stand(id int64, x, y float64, born time.Time) models.Track {
	return models.Track{ID: id, Box: models.Box{X: x*1000 - 40, Y: y*1000 - 200, W: 80, H: 200}, Seen: true, Shown: true, Born: born, Score: .9}
}

func gone(t models.Track) models.Track {
	t.Seen, t.Shown = false, false
	return t
}

// walkTo is a place in a person's path; a zero point is out of sight.
type walkTo struct {
	seconds float64
	x, y    float64
}

// TestEnds sends one person along a path at 5 fps and compares the stays and exits.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		path []walkTo
		want string
	}{
		{"served", []walkTo{{3, .05, .7}, {10, .4, .8}, {10, .7, .5}, {3, .95, .5}, {2, .97, .3}}, "q served to s, s served | q->s"},
		{"served after a walk", []walkTo{{3, .05, .7}, {10, .4, .8}, {4, .3, .5}, {10, .7, .5}, {4, .97, .5}}, "q served to s, s served | q->s"},
		{"gave up", []walkTo{{3, .05, .7}, {10, .4, .8}, {15, .06, .5}}, "q left | q->"},
		{"passed by", []walkTo{{3, .05, .7}, {2, .4, .8}, {5, .06, .5}}, " | "},
		{"stepped out for a moment", []walkTo{{3, .05, .7}, {10, .4, .8}, {5, .3, .55}, {10, .4, .8}, {15, .06, .5}}, "q left | q->"},
		{"crossed the counter's place", []walkTo{{3, .05, .7}, {10, .4, .8}, {3, .7, .5}, {15, .97, .5}}, "q left | q->"},
		{"vanished inside", []walkTo{{3, .05, .7}, {10, .4, .8}, {10, 0, 0}}, "q lost | "},
		{"vanished at the border of the picture", []walkTo{{3, .05, .7}, {10, .4, .99}, {10, 0, 0}}, "q left | q->"},
		{"vanished just outside", []walkTo{{3, .05, .7}, {10, .4, .8}, {1.4, .3, .55}, {10, 0, 0}}, "q lost | "},
		{"out of sight for two seconds", []walkTo{{3, .05, .7}, {5, .4, .8}, {2, 0, 0}, {5, .4, .8}, {15, .06, .5}}, "q left | q->"},
		{"straight to the counter", []walkTo{{3, .95, .5}, {10, .7, .5}, {5, .95, .5}}, "s served | ->s"},
		{"there from the beginning", []walkTo{{10, .4, .8}, {15, .06, .5}}, "q left open | q->"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, at := New(models.Camera{Zones: room()}), start
			var stays, exits string
			var born time.Time
			for _, w := range c.path {
				for range int(w.seconds * 5) {
					var tracks []models.Track
					if w.x > 0 {
						if born.IsZero() {
							born = at
						}
						tracks = append(tracks, stand(1, w.x, w.y, born))
					}
					tell(m.Update(at, size, tracks), &stays, &exits)
					at = at.Add(200 * time.Millisecond)
				}
			}
			if got := stays + " | " + exits; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func tell(l models.Look, stays, exits *string) {
	add := func(to *string, s string) {
		if *to != "" {
			*to += ", "
		}
		*to += s
	}
	for _, s := range l.Stays {
		word := s.Zone + " " + string(s.Ended)
		if s.To != "" {
			word += " to " + s.To
		}
		if s.LeftOpen {
			word += " open"
		}
		add(stays, word)
	}
	for _, e := range l.Exits {
		add(exits, e.Queue+"->"+e.To)
	}
}

// TestNewNumber: a person lost and found under another number nearby is one person; somebody far away is not.
func TestNewNumber(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{{.42, "q day_end"}, {.8, "q lost, q day_end"}} {
		m, at := New(models.Camera{Zones: room()}), start.Add(time.Hour)
		m.Update(at, size, nil)
		var stays, exits string
		for n := range 150 {
			at = at.Add(200 * time.Millisecond)
			var tracks []models.Track
			switch {
			case n < 5:
				tracks = []models.Track{stand(1, .05, .7, start.Add(time.Hour+200*time.Millisecond))}
			case n < 50:
				tracks = []models.Track{stand(1, .4, .8, start.Add(time.Hour+200*time.Millisecond))}
			case n >= 60:
				tracks = []models.Track{stand(2, c.x, .8, start.Add(time.Hour+61*200*time.Millisecond))}
			}
			tell(m.Update(at, size, tracks), &stays, &exits)
		}
		for _, s := range m.Close(models.EndDay) {
			tell(models.Look{Stays: []models.Stay{s}}, &stays, &exits)
		}
		if stays != c.want {
			t.Errorf("found at %v: %s, want %s", c.x, stays, c.want)
		}
	}
}

// TestSides: whoever stands where citizens stand is no officer, however tall, and hides what is behind.
func TestSides(t *testing.T) {
	m := New(models.Camera{Zones: room()})
	officer := models.Track{ID: 1, Box: models.Box{X: 660, Y: 120, W: 80, H: 120}, Seen: true, Shown: true, Born: start}
	look := m.Update(start, size, []models.Track{officer})
	if z := look.Zones[2]; z.Count != 1 || z.Hidden != 0 || !z.LastSeen.Equal(start) {
		t.Errorf("an officer alone: %+v", z)
	}
	citizen := models.Track{ID: 2, Box: models.Box{X: 450, Y: 10, W: 400, H: 500}, Seen: true, Shown: true, Born: start}
	look = m.Update(start.Add(time.Second), size, []models.Track{officer, citizen})
	if z := look.Zones[2]; z.Count != 1 || z.Hidden < .7 {
		t.Errorf("a citizen in front: %+v", z)
	}
	look = m.Update(start.Add(2*time.Second), size, []models.Track{officer, stand(3, .02, .5, start)})
	if z := look.Zones[2]; z.Hidden > .9 {
		t.Errorf("hidden by nobody: %+v", z)
	}
}

func TestAdmit(t *testing.T) {
	m := New(models.Camera{Zones: room()})
	in := []models.Detection{{Box: models.Box{X: 0, Y: 100, W: 40, H: 100}}, {Box: models.Box{X: 400, Y: 100, W: 40, H: 100}}}
	if out := m.Admit(size, in); len(out) != 1 || out[0].Box.X != 400 {
		t.Errorf("%+v", out)
	}
}

// TestStaysPartitionPresence: whatever people do, stays in a zone by one track do not overlap, last at least the minimum,
// and every stay is told once.
func TestStaysPartitionPresence(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		m, at := New(models.Camera{Zones: room()}), start
		x, y := make([]float64, 6), make([]float64, 6)
		for i := range x {
			x[i], y[i] = r.Float64(), r.Float64()
		}
		var stays []models.Stay
		for range 3000 {
			at = at.Add(time.Duration(50+r.IntN(300)) * time.Millisecond)
			if r.IntN(1000) == 0 {
				at = at.Add(8 * time.Second)
			}
			var tracks []models.Track
			for i := range x {
				x[i] = min(max(x[i]+r.NormFloat64()*.01, 0), 1)
				y[i] = min(max(y[i]+r.NormFloat64()*.01, .2), 1)
				tr := stand(int64(i+1), x[i], y[i], start)
				switch r.IntN(20) {
				case 0:
					tr = gone(tr)
					fallthrough
				default:
					tracks = append(tracks, tr)
				case 1:
				}
			}
			look := m.Update(at, size, tracks)
			stays = append(stays, look.Stays...)
			for i, z := range look.Zones {
				if z.Count < 0 || z.Count > len(m.people) || z.Hidden < 0 || z.Hidden > 1 {
					t.Fatalf("zone %d: %+v", i, z)
				}
			}
		}
		stays = append(stays, m.Close(models.EndDay)...)
		last := map[string]time.Time{}
		for _, s := range stays {
			key := fmt.Sprint(s.Zone, s.Track)
			least := map[string]time.Duration{"q": 3 * time.Second, "s": 5 * time.Second}[s.Zone]
			if s.Entered.Before(last[key]) || s.Left.Sub(s.Entered) < least {
				t.Fatalf("seed %d: %+v after %v", seed, s, last[key])
			}
			last[key] = s.Left
		}
	}
}

// BenchmarkUpdate: fifty people, as crowded as a hall gets.
func BenchmarkUpdate(b *testing.B) {
	m, at := New(models.Camera{Zones: room()}), start
	tracks := make([]models.Track, 50)
	for i := range tracks {
		tracks[i] = stand(int64(i+1), float64(i%10)/10+.05, .3+float64(i/10)/8, start)
	}
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(200 * time.Millisecond)
		m.Update(at, size, tracks)
	}
}

package measure

import (
	"reflect"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

// counterRoom has a queue, a service zone and a staff zone of one counter, open from 8:00.
func counterRoom() *Measure {
	cam := models.Camera{
		ID: "cam", Zones: []models.Zone{{ID: "q", Kind: models.ZoneQueue}, {ID: "s", Kind: models.ZoneService}, {ID: "o", Kind: models.ZoneStaff}},
		Counters: []models.Counter{{ID: "c", Queues: []string{"q"}, Service: []string{"s"}, Staff: []string{"o"}}},
	}.WithDefaults()
	calendar := models.Calendar{Sessions: []models.Session{{Weekday: day.Weekday(), From: 8 * 60, To: 12 * 60}}}
	return New(Config{Camera: cam, Calendar: calendar, Location: time.UTC, Interval: time.Second})
}

// stretch is some seconds in which so many wait, are served and work; negative waiting is without sight.
type stretch struct{ seconds, waiting, serving, officers int }

// TestServices plays stretches with service starts at seconds, and compares the services in order.
func TestServices(t *testing.T) {
	for _, c := range []struct {
		name   string
		play   []stretch
		starts []int // of people who come from the queue
		want   []float64
		cut    []float64
	}{
		{"one citizen", []stretch{{30, 0, 0, 1}, {120, 0, 1, 1}, {30, 0, 0, 1}}, nil, []float64{120}, nil},
		{"a family of three is served once", []stretch{{30, 0, 0, 1}, {10, 0, 2, 1}, {100, 0, 3, 1}, {10, 0, 1, 1}, {30, 0, 0, 1}}, nil, []float64{120}, nil},
		{"out of sight for four seconds", []stretch{{30, 0, 0, 1}, {60, 0, 1, 1}, {4, 0, 0, 1}, {60, 0, 1, 1}, {30, 0, 0, 1}}, nil, []float64{124}, nil},
		{"one after the other", []stretch{{30, 0, 0, 1}, {60, 0, 1, 1}, {10, 0, 0, 1}, {90, 0, 1, 1}, {30, 0, 0, 1}}, nil, []float64{60, 90}, nil},
		{"the next one steps up at once", []stretch{{30, 1, 0, 1}, {60, 1, 1, 1}, {100, 0, 1, 1}, {30, 0, 0, 1}}, []int{90}, []float64{60, 100}, nil},
		{"nobody on duty", []stretch{{30, 0, 0, 1}, {20, 0, 1, 1}, {100, 0, 1, 0}, {30, 0, 0, 0}}, nil, nil, nil},
		{"the camera goes dark", []stretch{{30, 0, 0, 1}, {60, 0, 1, 1}, {60, -1, 0, 0}, {60, 0, 1, 1}, {30, 0, 0, 1}}, nil, nil, []float64{60}},
		{"there from the beginning", []stretch{{60, 0, 1, 1}, {30, 0, 0, 1}}, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, at := counterRoom(), day.Add(9*time.Hour)
			begin := at
			var done, cut []float64
			keep := func(f Figures) {
				for _, mn := range f.Minutes {
					done, cut = append(done, mn.ServiceS...), append(cut, mn.CutS...)
				}
			}
			for _, p := range c.play {
				for range p.seconds {
					at = at.Add(time.Second)
					if p.waiting < 0 {
						keep(m.Idle(at, nil))
						continue
					}
					look := models.Look{At: at, Zones: []models.ZoneLook{{Count: p.waiting}, {Count: p.serving, LastSeen: at}, {Count: p.officers, LastSeen: at}}}
					for _, s := range c.starts {
						if at.Sub(begin) == time.Duration(s+5)*time.Second { // told when the person has dwelt
							look.Exits = []models.Exit{{At: at.Add(-5 * time.Second), Queue: "q", To: "s", Served: true}}
						}
					}
					keep(m.Update(look))
				}
			}
			keep(m.Close(at, nil))
			if !near(done, c.want) || !near(cut, c.cut) {
				t.Errorf("services %v, cut %v, want %v and %v", done, cut, c.want, c.cut)
			}
		})
	}
}

// near compares seconds to two.
func near(got, want []float64) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if d := got[i] - want[i]; d > 2 || d < -2 {
			return false
		}
	}
	return true
}

// TestSinceOpen: the wait of who comes before the opening counts from the opening.
func TestSinceOpen(t *testing.T) {
	m := counterRoom()
	at := func(h, min int) time.Time {
		return day.Add(time.Duration(h)*time.Hour + time.Duration(min)*time.Minute)
	}
	for _, c := range []struct {
		name          string
		arrived, left time.Time
		want          time.Duration
	}{
		{"came while open", at(9, 0), at(9, 20), 20 * time.Minute},
		{"came before", at(7, 30), at(8, 20), 20 * time.Minute},
		{"came and went before", at(7, 0), at(7, 20), 20 * time.Minute},
		{"served after closing", at(11, 50), at(12, 10), 20 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := m.sinceOpen(waits.Wait{Exit: waits.Exit{At: c.left}, Arrived: c.arrived}); got != c.want.Seconds() {
				t.Errorf("%v s, want %v", got, c.want)
			}
		})
	}
}

// TestStateKeepsForecast: what a person who joins will wait is the same after a restart.
func TestStateKeepsForecast(t *testing.T) {
	m, at := counterRoom(), day.Add(9*time.Hour)
	for n := range 3000 {
		at = at.Add(time.Second)
		look := models.Look{At: at, Zones: []models.ZoneLook{{Count: 4}, {Count: 1, LastSeen: at}, {Count: 1, LastSeen: at}}}
		if n%300 == 299 {
			look.Exits = []models.Exit{{At: at, Queue: "q", To: "s", Served: true}}
		}
		m.Update(look)
	}
	before := m.state.Zones[0].Flow.Expect
	if before.Value < 1200 || before.Value > 1900 || before.Low >= before.Value || before.High <= before.Value { // the fifth of 300 s each
		t.Fatalf("expected wait %+v", before)
	}
	b, err := m.State()
	if err != nil {
		t.Fatal(err)
	}
	again := counterRoom()
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.state.Zones[0].Flow.Pace, m.state.Zones[0].Flow.Pace) {
		t.Errorf("pace %+v, before the restart %+v", again.state.Zones[0].Flow.Pace, m.state.Zones[0].Flow.Pace)
	}
}

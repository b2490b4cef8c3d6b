package measure

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// TestStateOfManyStays: a survival curve without an upper limit must not make the state unwritable.
func TestStateOfManyStays(t *testing.T) {
	zones := models.Camera{ID: "cam", Zones: []models.Zone{{ID: "q", Kind: models.ZoneQueue}}}.WithDefaults()
	m := New(Config{Camera: zones, Calendar: models.Calendar{Always: true}, Location: time.UTC, Interval: time.Second})
	var stays []models.Stay
	for n := range 60 {
		s := models.Stay{Zone: "q", Track: int64(n), Entered: day, Left: day.Add(time.Duration(20*n) * time.Second), Ended: models.EndServed}
		if n > 30 {
			s.Ended = models.EndLost
		}
		stays = append(stays, s)
	}
	for n := range 1300 {
		at := day.Add(time.Duration(n) * time.Second)
		look := models.Look{At: at, Zones: []models.ZoneLook{{Count: 2}}}
		if n%30 == 29 {
			look.Exits = []models.Exit{{At: at, Queue: "q", Served: true}}
		}
		if n == 1299 {
			look.Stays = stays
		}
		m.Update(look)
	}
	m.estimate(0, day.Add(1300*time.Second))
	if p := m.state.Zones[0].Flow.P90; p.N < 30 || p.Quality == models.Insufficient {
		t.Errorf("p90 is %+v", p)
	}
	b, err := m.State()
	if err != nil || !json.Valid(b) {
		t.Fatal(err)
	}
	again := New(m.cfg)
	if err := again.Restore(b); err != nil {
		t.Fatal(err)
	}
	if a, b := again.state.Zones[0].Flow.Median, m.state.Zones[0].Flow.Median; a.N != b.N {
		t.Errorf("after a restart the median is %+v, before %+v", a, b)
	}
}

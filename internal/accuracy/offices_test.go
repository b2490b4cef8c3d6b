package main

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// twoMinutes is an office of two minutes: two people wait in the second, the officer is away from 20 s to 80 s.
func twoMinutes() *day {
	queue, staff := make([]int, 120), make([]int, 120)
	for s := range 120 {
		if s >= 60 {
			queue[s] = 2
		}
		if s < 20 || s >= 80 {
			staff[s] = 1
		}
	}
	at := func(s float64) *float64 { return &s }
	minute := func(zone, counter string, start, occupancy, staffed int) map[string]string {
		return map[string]string{"zone": zone, "counter": counter, "minute_s": fmt.Sprint(start), "observed_s": "60", "occupancy_s": fmt.Sprint(occupancy), "staffed_s": fmt.Sprint(staffed)}
	}
	return &day{
		truth: office.Truth{Seconds: 120, Occupancy: map[string][]int{"q": queue, "o": staff},
			Visits:   []office.Visit{{Entered: at(60), ServiceStart: at(90)}, {Entered: at(60), ServiceStart: at(110)}, {Entered: at(60)}},
			Absences: []office.Absence{{Counter: "c", From: 20, To: 80}}},
		camera: models.Camera{
			Zones:    []models.Zone{{ID: "q", Kind: models.ZoneQueue}, {ID: "o", Kind: models.ZoneStaff}},
			Counters: []models.Counter{{ID: "c", Staff: []string{"o"}, Queues: []string{"q"}, MaxAbsence: 30 * time.Second, MaxAbsenceWithWaiting: 10 * time.Second}},
		},
		minutes: []map[string]string{minute("q", "", 0, 0, 0), minute("q", "", 60, 120, 0), minute("", "c", 0, 20, 20), minute("", "c", 60, 40, 40)},
		waits:   []float64{30, 50},
		events:  []event{{models.CounterAbsent, "c", 50}},
	}
}

// TestScoringTellsRightFromWrong: what is right scores without error, and each kind of mistake shows in its own figure.
func TestScoringTellsRightFromWrong(t *testing.T) {
	score := func(d *day) map[string]float64 {
		days, out := []*day{d}, map[string]float64{}
		figures := append(append(queueFigures("", days), waitFigures("", days)...), staffingFigure("", days))
		for _, f := range append(figures, absenceFigures("", days)...) {
			out[f.Name] = math.Round(f.Value*100) / 100
		}
		return out
	}
	right := score(twoMinutes())
	for _, c := range []struct {
		name  string
		spoil func(*day)
		want  map[string]float64 // figures that differ from what is right
	}{
		{"nothing wrong", func(*day) {}, nil},
		{"one person missed", func(d *day) { d.minutes[1]["occupancy_s"] = "60" }, map[string]float64{"queue per minute, error, people": .5, "queue per minute, bias, people": -.5}},
		{"too long waits", func(d *day) { d.waits = []float64{60, 100} }, map[string]float64{
			"mean wait (first in, first out), error, %": 100, "median wait (first in, first out), error, %": 100, "90 % wait (first in, first out), error, %": 100}},
		{"staffed too long", func(d *day) { d.minutes[2]["staffed_s"] = "26" }, map[string]float64{"staffed seconds by counter, error, %": 10}},
		{"told late", func(d *day) { d.events[0].OpenedS = 57 }, map[string]float64{"absence told after it was due, mean, s": 7, "absence told, furthest from due, s": 7}},
		{"not told", func(d *day) { d.events = nil }, map[string]float64{"absences told that were (precision)": 0, "absences due that were told (recall)": 0}},
		{"invented", func(d *day) { d.events = append(d.events, event{models.CounterAbsent, "c", 110}) }, map[string]float64{"absences told that were (precision)": .5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := twoMinutes()
			c.spoil(d)
			got := score(d)
			for name, v := range right {
				if want, differs := c.want[name]; differs {
					v = want
				}
				if got[name] != v {
					t.Errorf("%s: %g, want %g", name, got[name], v)
				}
			}
		})
	}
	for name, v := range map[string]float64{"queue per minute, error, people": 0, "mean wait (first in, first out), error, %": 0, "staffed seconds by counter, error, %": 0,
		"absences told that were (precision)": 1, "absences due that were told (recall)": 1, "absence told, furthest from due, s": 0} {
		if right[name] != v {
			t.Errorf("what is right: %s: %g, want %g", name, right[name], v)
		}
	}
}

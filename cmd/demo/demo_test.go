package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// TestZonesFitTheOffices: the demo's file names the polygons that the simulated offices draw and judge by.
func TestZonesFitTheOffices(t *testing.T) {
	d, err := config.LoadDemo("../../deploy/examples/demo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	offices := 0
	for _, sim := range d.Simulate {
		if sim.Office == nil {
			continue
		}
		offices++
		want := sim.Office.Camera()
		for _, cam := range d.Cameras {
			if cam.ID != sim.Camera {
				continue
			}
			for i, z := range want.Zones {
				if got := cam.Zones[i]; got.ID != z.ID || got.Kind != z.Kind || fmt.Sprint(got.Polygon) != fmt.Sprint(z.Polygon) {
					t.Errorf("camera %s, zone %s: the file says %v, the office draws %v", cam.ID, z.ID, got.Polygon, z.Polygon)
				}
			}
			if len(cam.Zones) != len(want.Zones) || len(cam.Counters) != len(want.Counters) {
				t.Errorf("camera %s: %d zones and %d counters, the office has %d and %d", cam.ID, len(cam.Zones), len(cam.Counters), len(want.Zones), len(want.Counters))
			}
		}
	}
	if offices != 2 {
		t.Errorf("%d offices", offices)
	}
}

func TestScoreFindsDelays(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cam := models.Camera{ID: "cam", Counters: []models.Counter{{ID: "c1", MaxAbsence: 10 * time.Second, MaxAbsenceWithWaiting: 10 * time.Second}}}
	truth := office.Truth{Seconds: 200, Absences: []office.Absence{{Counter: "c1", From: 20, To: 60}, {Counter: "c1", From: 120, To: 160}, {Counter: "c1", From: 185, To: 200}}}
	event := func(s float64) models.Event {
		return models.Event{Kind: models.CounterAbsent, Camera: "cam", Counter: "c1", Opened: began.Add(time.Duration(s * float64(time.Second)))}
	}
	var s eventSummary
	s.score([]models.Event{event(31.5)}, cam, truth, began)
	if s.AbsencesDue != 2 || fmt.Sprint(s.AbsenceDelayS) != "[1.5]" {
		t.Errorf("%+v", s) // the second is missing; the third is too young to be missed
	}
}

func TestTableTellsEachChangeOnce(t *testing.T) {
	var out bytes.Buffer
	table := newTable(&out)
	opened := time.Now()
	e := models.Event{ID: "1", Kind: models.CounterAbsent, Camera: "cam", Counter: "c2", Opened: opened, Revision: 1}
	lives := []models.Live{
		{Camera: "cam", At: opened, Health: models.CameraHealth{State: models.CameraLive}, FPSIn: 15, FPSAnalysed: 5, Coverage: 0.94, People: 4,
			Zones:    []models.LiveZone{{Zone: "q", Kind: models.ZoneQueue, Count: 3, Wait: models.Estimate{Value: 42, Low: 30, High: 60, Quality: models.Measured}}},
			Counters: []models.LiveCounter{{Counter: "c2", Staffing: models.Absent}}},
		{Camera: "dark", Health: models.CameraHealth{State: models.CameraOffline}},
	}
	for s := range 21 {
		if s == 15 {
			e.Revision, e.Closed = 2, opened.Add(31*time.Second)
		}
		table.draw(time.Duration(s)*time.Second, lives, []models.Event{e})
	}
	text := out.String()
	for _, want := range []string{"-- 20 s", "42 s (30-60)", "c2● absent", "94 %", "counter.absent c2 closed after 31s", "offline"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "s: cam: counter.absent c2 opened"); n != 1 {
		t.Errorf("the opening is announced %d times", n)
	}
	if strings.Contains(text, "dark         offline          -") {
		t.Error("a camera that shows nothing has figures")
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	for _, line := range strings.Split(fit("vắng mặt tại quầy\nngắn\n", 10), "\n") {
		if len([]rune(line)) > 9 {
			t.Errorf("%q would be broken", line)
		}
	}
	if text := "as it is\n"; fit(text, 0) != text || fit(text, 40) != text {
		t.Error("a line that fits is changed")
	}
}

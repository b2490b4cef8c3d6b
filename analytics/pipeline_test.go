package analytics

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// TestRestartAnywhere kills the road at random moments: the same incidents with the same ids, every minute once, and no
// second of absence that was not seen.
func TestRestartAnywhere(t *testing.T) {
	s := readScene(t, "testdata/short-thresholds.scene")
	clean := play(t, s, 5, eyes{s})
	r := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		s.restart = nil
		for range 1 + r.IntN(4) {
			s.restart = append(s.restart, time.Duration(r.Int64N(int64(s.end))))
		}
		slices.Sort(s.restart)
		p := play(t, s, 5, eyes{s})
		p.invariants(t)
		if !reflect.DeepEqual(clean.order, p.order) {
			t.Errorf("restarts at %v: incidents %v, want %v", s.restart, p.order, clean.order)
		}
		if len(p.minutes) != len(clean.minutes) {
			t.Errorf("restarts at %v: %d minutes, want %d", s.restart, len(p.minutes), len(clean.minutes))
		}
	}
}

// TestOutagesAreNoAbsence throws random outages at an officer who never leaves.
func TestOutagesAreNoAbsence(t *testing.T) {
	s := readScene(t, "testdata/outage-is-no-absence.scene")
	s.end = 30 * time.Minute
	r := rand.New(rand.NewPCG(5, 6))
	for range 25 {
		s.outages = nil
		for at := time.Duration(0); at < s.end; {
			at += time.Duration(r.ExpFloat64() * 60 * float64(time.Second))
			end := at + time.Duration(r.ExpFloat64()*45*float64(time.Second))
			s.outages = append(s.outages, outage{span{at, end}, []models.CameraState{models.CameraOffline, models.CameraStalled}[r.IntN(2)]})
			at = end
		}
		p := play(t, s, 2, eyes{s})
		p.invariants(t)
		for _, e := range p.events {
			if strings.HasPrefix(string(e.Kind), "counter.") {
				t.Fatalf("%s of an officer who never left: %v", p.tell(e), s.outages)
			}
		}
		for _, m := range p.minutes {
			if m.AbsentS > 0 {
				t.Fatalf("absent seconds at %v", m.Start)
			}
		}
	}
}

// TestStateIsSmall: state is kept every few seconds on the node's disk.
func TestStateIsSmall(t *testing.T) {
	s := readScene(t, "testdata/waits.scene")
	p, err := NewPipeline(Config{Node: "node", Camera: s.camera, Site: s.site, Detector: eyes{s}, FPS: 5})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int(s.end.Seconds() * 5) {
		if _, err := p.Step(&models.Frame{Number: int64(n + 1), At: s.start.Add(time.Duration(n) * 200 * time.Millisecond), Size: s.size}); err != nil {
			t.Fatal(err)
		}
	}
	state, err := p.State()
	if err != nil {
		t.Fatal(err)
	}
	if len(state) > 32<<10 || !json.Valid(state) {
		t.Errorf("the state has %d bytes", len(state))
	}
}

func TestRestoreRefuses(t *testing.T) {
	s := readScene(t, "testdata/waits.scene")
	build := func(c models.Camera) *Pipeline {
		p, err := NewPipeline(Config{Node: "node", Camera: c, Site: s.site, Detector: eyes{s}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	state, err := build(s.camera).State()
	if err != nil {
		t.Fatal(err)
	}
	other := s.camera
	other.Counters = nil
	if err := build(other).Restore(state); models.KindOf(err) != models.KindConflict {
		t.Errorf("state of other counters: %v", err)
	}
	for _, bad := range []string{"", "{", "[]", `{"Measure":1}`} {
		if err := build(s.camera).Restore([]byte(bad)); err == nil {
			t.Errorf("state %q was taken", bad)
		}
	}
}

package office

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestTruthJSON(t *testing.T) {
	s := play(newSim(t, offices["quick line"]), 100*time.Second)
	var b bytes.Buffer
	if err := s.Truth().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	keys := func(m any) []string {
		var out []string
		for k := range m.(map[string]any) {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if want := []string{"absences", "fps", "occupancy", "seconds", "staff", "visits"}; !slices.Equal(keys(got), want) {
		t.Errorf("keys %v, want %v", keys(got), want)
	}
	visits := got["visits"].([]any)
	if want := []string{"counter", "entered_s", "gave_up", "id", "left_s", "service_end_s", "service_start_s"}; !slices.Equal(keys(visits[0]), want) {
		t.Errorf("a visit's keys %v, want %v", keys(visits[0]), want)
	}
	if v, ok := visits[len(visits)-1].(map[string]any)["service_end_s"]; !ok || v != nil {
		t.Errorf("what has not happened is %v, want null", v)
	}
	if n := len(got["occupancy"].(map[string]any)["q1"].([]any)); n != 100 || got["seconds"] != 100.0 {
		t.Errorf("%d seconds of occupancy, %v seconds", n, got["seconds"])
	}
	if _, ok := got["absences"].([]any); !ok {
		t.Error("absences is no list")
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"zero works":         {Config{}, ""},
		"counters":           {Config{Counters: 7}, "counters: 7 is out of range: use 1 to 6"},
		"queue":              {Config{Queue: "crowd"}, "use line or seats"},
		"name":               {Config{Name: "Büro 1"}, "name:"},
		"speed":              {Config{Speed: 100}, "speed:"},
		"speed not a number": {Config{Speed: math.NaN()}, "speed:"},
		"arrivals":           {Config{ArrivalsPerHour: -3}, "arrivals per hour:"},
		"odd size":           {Config{Size: models.Size{W: 641, H: 361}}, "even"},
		"tall":               {Config{Size: models.Size{W: 400, H: 800}}, "width / height"},
		"no beginning":       {Config{Opens: time.Second}, "before opening"},
		"thresholds":         {Config{MaxAbsence: 10 * time.Second, MaxAbsenceWithWaiting: time.Minute}, "max absence with waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.cfg.Validate()
			if c.want == "" && err == nil {
				return
			}
			if err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) || models.KindOf(err) != models.KindInvalid {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func BenchmarkDraw(b *testing.B) {
	s, err := New(offices["crowded"])
	if err != nil {
		b.Fatal(err)
	}
	play(s, 2*time.Minute)
	var f models.Frame
	b.ReportMetric(float64(len(s.people)), "people")
	for b.Loop() {
		s.Draw(&f)
	}
}

func BenchmarkStep(b *testing.B) {
	s, err := New(offices["crowded"])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Step()
	}
}

func BenchmarkDrawPeople(b *testing.B) {
	c := offices["people, crowded"]
	c.Back = 0
	s, err := New(c)
	if err != nil {
		b.Fatal(err)
	}
	play(s, 2*time.Minute)
	b.ReportMetric(float64(len(s.people)), "people")
	var f models.Frame
	for b.Loop() {
		s.Draw(&f)
	}
}

// BenchmarkHalfDay lives four hours at two pictures a second without drawing them.
func BenchmarkHalfDay(b *testing.B) {
	for b.Loop() {
		s, err := New(Config{Look: People, FPS: 2, Profile: []Rate{{0, 40}, {90 * time.Minute, 20}}, Seed: 1})
		if err != nil {
			b.Fatal(err)
		}
		play(s, 4*time.Hour)
		s.Truth()
	}
}

func FuzzParseProfile(f *testing.F) {
	for _, s := range []string{"", "morning", "0s=40,1h=15,3h=30", "0=1", "1h30m", "=,=", "0s=NaN"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rates, err := ParseProfile(text)
		if err != nil {
			if models.KindOf(err) != models.KindInvalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		c := Config{Profile: rates}
		if c.Validate() != nil {
			return
		}
		s := newSim(t, c)
		for at, n := s.cfg.Opens.Seconds(), 0; n < 20; n++ {
			next := s.nextArrival(at, 1)
			if next < at {
				t.Fatalf("%q: after %g comes %g", text, at, next)
			}
			if at = next; math.IsInf(at, 1) {
				break
			}
		}
	})
}

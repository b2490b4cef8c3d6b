package office

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestServiceShapes(t *testing.T) {
	for name, c := range map[string]struct {
		cfg    Config
		cv     float64 // standard deviation / mean
		median float64 // / mean
	}{
		"lognormal":   {Config{ServiceSpread: 0.5}, math.Sqrt(math.Exp(0.25) - 1), math.Exp(-0.125)},
		"gamma":       {Config{ServiceShape: Gamma, ServiceSpread: 0.5}, 0.5, 0.918},
		"wide gamma":  {Config{ServiceShape: Gamma, ServiceSpread: 1.25}, 1.25, 0.544},
		"exponential": {Config{ServiceShape: Exponential}, 1, math.Ln2},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Speed, c.cfg.Service = 2, 10*time.Minute
			s, r := newSim(t, c.cfg), rng(1, 2)
			const n = 40000
			v := make([]float64, n)
			var sum, squares float64
			for i := range v {
				v[i] = s.service(r)
				sum, squares = sum+v[i], squares+v[i]*v[i]
			}
			slices.Sort(v)
			mean := sum / n
			cv := math.Sqrt(squares/n-mean*mean) / mean
			if math.Abs(mean/300-1) > 0.03 || math.Abs(cv/c.cv-1) > 0.05 || math.Abs(v[n/2]/mean/c.median-1) > 0.03 {
				t.Errorf("mean %.1f s, want 300; cv %.3f, want %.3f; median %.3f of the mean, want %.3f", mean, cv, c.cv, v[n/2]/mean, c.median)
			}
		})
	}
}

// TestProfile counts arrivals before they meet a full room: a Poisson process whose rate changes.
func TestProfile(t *testing.T) {
	s := newSim(t, Config{Speed: 4, Profile: []Rate{{0, 60}, {30 * time.Minute, 0}, {time.Hour, 20}, {2 * time.Hour, 0}}})
	var early, pause, late int
	for range 200 {
		for at := s.cfg.Opens.Seconds(); ; {
			at = s.nextArrival(at, 1)
			if math.IsInf(at, 1) {
				break
			}
			switch office := time.Duration((at - s.cfg.Opens.Seconds()) * 4 * float64(time.Second)); {
			case office < 30*time.Minute:
				early++
			case office < time.Hour:
				pause++
			default:
				late++
			}
		}
	}
	// Expected 200*30 and 200*20; four standard deviations of a Poisson count.
	if pause != 0 || math.Abs(float64(early)-6000) > 4*math.Sqrt(6000) || math.Abs(float64(late)-4000) > 4*math.Sqrt(4000) {
		t.Errorf("%d, %d and %d came, want 6000, 0, 4000", early, pause, late)
	}
}

func TestPeopleWaitBeforeTheOpening(t *testing.T) {
	s := newSim(t, Config{Seed: 2, Speed: 10, Early: 15 * time.Minute, ArrivalsPerHour: 60, Patience: -1})
	play(s, 88*time.Second)
	if n := len(s.line); n < 4 || s.counters[0].self != nil {
		t.Errorf("%d wait before the officers come", n)
	}
	play(s, 60*time.Second)
	truth := s.Truth()
	if !strings.HasPrefix(truth.Staff["c1"], strings.Repeat(".", 90)) || !strings.Contains(truth.Staff["c1"], "t") || len(truth.Absences) > 0 {
		t.Errorf("officers: %s, absences %v", truth.Staff["c1"], truth.Absences)
	}
}

func TestFamiliesWaitTogetherAndOneIsServed(t *testing.T) {
	for _, look := range []Look{Drawn, People} {
		s := play(newSim(t, Config{Seed: 3, Speed: 10, Families: 0.5, ArrivalsPerHour: 25, Look: look, FPS: 5, Patience: 15 * time.Minute}), 20*time.Minute)
		families, members, servedAlone := map[int]int{}, 0, 0
		visits := s.Truth().Visits
		for _, v := range visits {
			if v.With == 0 {
				if v.ServiceStart != nil {
					servedAlone++
				}
				continue
			}
			families[v.With]++
			members++
			first := visits[v.With-1]
			if v.ServiceStart != nil || v.Counter != nil || first.With != 0 {
				t.Errorf("%s: a family is served once: %+v with %+v", look, v, first)
			}
			if v.Left != nil && first.Left != nil && !v.GaveUp && *v.Left < *first.Left-15 {
				t.Errorf("%s: %d left at %g, the first of the family at %g", look, v.ID, *v.Left, *first.Left)
			}
			if v.GaveUp && !first.GaveUp {
				t.Errorf("%s: %d gave up without the family", look, v.ID)
			}
		}
		for id, n := range families {
			if n > 3 {
				t.Errorf("%s: %d came with %d others", look, id, n)
			}
		}
		if len(families) < 10 || members < len(families)*3/2 || servedAlone < 20 {
			t.Errorf("%s: %d families with %d others, %d served", look, len(families), members, servedAlone)
		}
	}
}

func TestOfficersStandAsOftenAsTold(t *testing.T) {
	for _, share := range []float64{-1, 0.15, 0.5, 1} {
		var stood, there float64
		for seed := range uint64(6) {
			s := play(newSim(t, Config{Seed: seed, Speed: 8, Look: People, Standing: share, FPS: 5, BreakEvery: -1}), 20*time.Minute)
			for _, letters := range s.Truth().Staff {
				for _, l := range letters[10:] {
					switch l {
					case 't', 'T':
						stood, there = stood+1, there+1
					case 's', 'S':
						there++
					}
				}
			}
		}
		if got := stood / there; math.Abs(got-math.Max(share, 0)) > 0.06 {
			t.Errorf("they stood %.3f of the time, want %g", got, share)
		}
	}
}

// TestStaffAgreesWithOccupancy: the letters and the counts of the staff zones say the same.
func TestStaffAgreesWithOccupancy(t *testing.T) {
	eachOffice(t, func(t *testing.T, c Config) {
		s := play(newSim(t, c), 5*time.Minute)
		truth := s.Truth()
		for k, counter := range s.Camera().Counters {
			letters, counts := truth.Staff[counter.ID], truth.Occupancy[s.camera.Zones[1+c.withDefaults().Counters+k].ID]
			if len(letters) != len(counts) {
				t.Fatalf("%s: %d letters, %d counts", counter.ID, len(letters), len(counts))
			}
			for i, n := range counts {
				if (letters[i] != '.') != (n > 0) {
					t.Errorf("%s, second %d: %c, but %d in the zone", counter.ID, i, letters[i], n)
				}
			}
		}
	})
}

// TestOcclusionHidesOfficers: told to, citizens stand so that officers are hidden, and else so that they are not.
func TestOcclusionHidesOfficers(t *testing.T) {
	hidden := func(c Config) (share float64) {
		c.Seed, c.Speed, c.Look, c.FPS, c.ArrivalsPerHour, c.Cast = 4, 8, People, 5, 40, cardboard
		s := play(newSim(t, c), 10*time.Minute)
		var n, served float64
		for k, letters := range s.Truth().Staff {
			for i, l := range letters {
				if l != '.' && s.Truth().Occupancy["s"+k[1:]][i] > 0 {
					served++
					if l == 'S' || l == 'T' {
						n++
					}
				}
			}
		}
		return n / served
	}
	never, often, farther := hidden(Config{}), hidden(Config{Occlusion: 1}), hidden(Config{Occlusion: 1, Back: 4})
	if never > 0.1 || often < 0.9 || farther < 0.9 {
		t.Errorf("hidden %.2f of the time by nobody in the way, %.2f and %.2f by somebody", never, often, farther)
	}
}

func TestLight(t *testing.T) {
	mean := func(c Config, at time.Duration) float64 {
		c.FPS, c.Speed, c.Look, c.Cast = 5, 8, People, cardboard
		s := play(newSim(t, c), at)
		var f models.Frame
		s.Draw(&f)
		sum := 0
		for _, v := range f.Pix {
			sum += int(v)
		}
		return float64(sum) / float64(len(f.Pix))
	}
	bright := mean(Config{}, 2*time.Second)
	for name, c := range map[string]struct {
		cfg  Config
		at   time.Duration
		want float64 // of bright, without the noise's 7
	}{
		"before the drift":   {Config{LightDrift: 0.4}, 200 * time.Millisecond, 1},
		"drift":              {Config{LightDrift: 0.4, ArrivalsPerHour: 0.1, BreakEvery: -1}, 5 * time.Minute, 0.6},
		"lights off":         {Config{LightsOffAt: time.Second, LightsOffFor: 5 * time.Second}, 2 * time.Second, darkness},
		"lights on again":    {Config{LightsOffAt: time.Second, LightsOffFor: 500 * time.Millisecond}, 2 * time.Second, 1},
		"no noise, as light": {Config{Noise: -1}, 2 * time.Second, (bright)/(bright-7) - 7/(bright-7) - 7/(bright-7) + 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (mean(c.cfg, c.at) - 7) / (bright - 7); math.Abs(got-c.want) > 0.03 {
				t.Errorf("brightness %.3f, want %.3f", got, c.want)
			}
		})
	}
	s := play(newSim(t, Config{LightsOffAt: 3 * time.Second, LightsOffFor: 20 * time.Second}), 10*time.Second)
	if d := s.Truth().Dark; len(d) != 1 || d[0] != (Span{3, 10}) {
		t.Errorf("dark %v", d)
	}
}

// TestNoise measures the noise between two pictures of the same moment.
func TestNoise(t *testing.T) {
	for sigma, want := range map[float64]float64{-1: 0, 3: 3.24, 10: 10} {
		s := newSim(t, Config{Noise: sigma})
		s.Step()
		var a, b models.Frame
		s.Draw(&a)
		s.Draw(&b)
		var squares float64
		for i := range a.Pix {
			d := float64(a.Pix[i]) - float64(b.Pix[i])
			squares += d * d
		}
		if got := math.Sqrt(squares / float64(len(a.Pix)) / 2); math.Abs(got-want) > 0.05*want+0.01 {
			t.Errorf("noise %g: standard deviation %.2f, want %.2f", sigma, got, want)
		}
	}
}

func TestTheLowViewNeedsPeople(t *testing.T) {
	if err := (Config{Look: People}).Drawable(); models.KindOf(err) != models.KindInvalid || err == nil || !strings.Contains(err.Error(), "--people") {
		t.Errorf("%v", err)
	}
	if err := (Config{Cast: cardboard}).Validate(); err == nil || !strings.Contains(err.Error(), "drawn people need none") {
		t.Errorf("%v", err)
	}
	if kind := (Config{Look: People}).Camera().Detector.Kind; kind != "network" {
		t.Errorf("detector %s", kind)
	}
}

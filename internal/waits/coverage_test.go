package waits

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

// TestIntervalsHoldTheDay: the printed interval of one morning holds what its people really waited, in at least 93 % of
// mornings with every fault.
func TestIntervalsHoldTheDay(t *testing.T) {
	const mornings = 30
	statistics := []Statistic{Median, P90, Mean, Over(1800)}
	held := make([]int, len(statistics))
	for seed := range uint64(mornings) {
		m := usual()
		m.missExit, m.hidden, m.gaveUp, m.missLeft, m.between, m.breaks = .05, 6, .005, .3, 90+10*float64(seed%5), seed%2 == 0
		r := rand.New(rand.NewPCG(seed, 11))
		w := m.watch(r)
		var truth models.Histogram
		for _, s := range w.truth {
			truth.Add(s)
		}
		for i, s := range statistics {
			if p := Publish(w.evidence(), s).Published; p.Low <= s.of(&truth) && s.of(&truth) <= p.High {
				held[i]++
			}
		}
	}
	for i, s := range statistics {
		t.Logf("%s: %d of %d", s.Name, held[i], mornings)
		if float64(held[i]) < .93*mornings {
			t.Errorf("%s: the interval holds the truth in %d of %d mornings", s.Name, held[i], mornings)
		}
	}
}

// TestIntervalsHoldTheOffice: over a dozen half days the interval holds what the office would give in the long run.
func TestIntervalsHoldTheOffice(t *testing.T) {
	m := usual()
	m.between, m.breaks = 120, true
	play := func(r *rand.Rand, session int, all *models.Histogram) (p Part) {
		p.Session = session
		for _, x := range m.people(r) {
			if x.left < m.hours*3600 {
				p.Waits.Add(x.left - x.arrived)
			}
		}
		all.Merge(p.Waits)
		return p
	}
	var long models.Histogram
	for seed := range uint64(600) {
		play(rand.New(rand.NewPCG(seed, 55)), 0, &long)
	}
	const periods, sessions = 60, 12
	for _, s := range []Statistic{Median, P90, Mean, Over(1800)} {
		held := 0
		for k := range uint64(periods) {
			r := rand.New(rand.NewPCG(k, 77))
			var all models.Histogram
			var parts []Part
			for n := range sessions {
				parts = append(parts, play(r, n, &all))
			}
			if low, high := interval(parts, s, s.of(&all), 0); low <= s.of(&long) && s.of(&long) <= high {
				held++
			}
		}
		t.Logf("%s: %d of %d", s.Name, held, periods)
		if float64(held) < .9*periods {
			t.Errorf("%s: the interval holds the long run in %d of %d periods", s.Name, held, periods)
		}
	}
}

// TestLittleHolds: of a queue in equilibrium (M/M/1, load .6) the Kim-Whitt interval holds the known mean wait.
func TestLittleHolds(t *testing.T) {
	const service, load, periods, hours = 60.0, .6, 300, 40
	want := service * load / (1 - load)
	held := 0
	for seed := range uint64(periods) {
		r := rand.New(rand.NewPCG(seed, 5))
		parts := make([]Part, hours)
		add := func(from, to float64) { // a wait, spread over the hours it lies in
			for h := max(int(from/3600), 0); h < hours && float64(h)*3600 < to; h++ {
				parts[h].PersonS += max(min(to, float64(h+1)*3600)-max(from, float64(h)*3600), 0)
			}
		}
		free, atStart, atEnd := -20000.0, 0, 0
		for now := -20000.0; now < hours*3600; now += r.ExpFloat64() * service / load {
			start := max(now, free)
			free = start + r.ExpFloat64()*service
			add(max(now, 0), start)
			if now < 0 && start >= 0 {
				atStart++
			}
			if start >= hours*3600 { // arrivals end with the period
				atEnd++
			} else if start >= 0 {
				parts[int(start/3600)].Exits++
			}
		}
		for h := range parts {
			parts[h].ObservedS = 3600
		}
		if e := Little(parts, atStart, atEnd); e.Low <= want && want <= e.High {
			held++
		}
	}
	t.Logf("%d of %d", held, periods)
	if float64(held) < .9*periods {
		t.Errorf("the interval holds %.0f s in %d of %d periods", want, held, periods)
	}
}

// TestSurvivalHolds: the Greenwood interval holds the known quantile, share and mean of waits of which a third is not seen
// to end.
func TestSurvivalHolds(t *testing.T) {
	const mean, people, periods = 600.0, 120, 500
	for _, c := range []struct {
		s    Statistic
		want float64
	}{{Median, mean * math.Ln2}, {Over(900), math.Exp(-1.5)}, {Statistic{"p75", quantile, .75}, mean * math.Log(4)}} {
		held := 0
		for seed := range uint64(periods) {
			r := rand.New(rand.NewPCG(seed, 6))
			var done, lost models.Histogram
			for range people {
				wait, until := r.ExpFloat64()*mean, r.ExpFloat64()*2*mean
				if wait <= until {
					done.Add(wait)
				} else {
					lost.Add(until)
				}
			}
			if e := Survival(done, lost, c.s); e.Quality != models.Unknown && e.Low <= c.want && c.want <= e.High {
				held++
			}
		}
		t.Logf("%s: %d of %d", c.s.Name, held, periods)
		if float64(held) < .93*periods {
			t.Errorf("%s: the interval holds %.3g in %d of %d periods", c.s.Name, c.want, held, periods)
		}
	}
}

// TestShare compares with the example of Newcombe (Statistics in Medicine 17, 1998): 81 of 263, Wilson .2553 to .3662.
func TestShare(t *testing.T) {
	e := Share(81, 263, 1)
	if math.Abs(e.Low-.2553) > 1e-3 || math.Abs(e.High-.3662) > 1e-3 || e.Quality != models.Measured {
		t.Errorf("%+v", e)
	}
	if e := Share(0, 20, 1); e.Quality != models.Insufficient || e.Low != 0 || e.High < .1 {
		t.Errorf("none of twenty: %+v", e)
	}
	if e := Share(3, 40, .4); e.Quality != models.Unknown {
		t.Errorf("hardly seen: %+v", e)
	}
}

package waits

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMornings holds first-in-first-out reconstruction to what docs/METHOD.md says of it: over eight mornings with each
// fault, the median is right to 5 % and the 90th percentile to 8 % on average; where it is not, the case says how far.
func TestMornings(t *testing.T) {
	for _, c := range []struct {
		name            string
		fault           func(*morning)
		median, p90     float64 // largest mean error, relative
		completedAtMost float64 // mean of completed tracks, relative to the truth: why it is never published
	}{
		{"every tenth detection missed, a twentieth of identities lost a minute", func(*morning) {}, .05, .08, .6},
		{"nothing missed", func(m *morning) { m.miss = 0 }, .02, .02, .6},
		{"people hidden for a minute, six times an hour", func(m *morning) { m.hidden = 6 }, .05, .08, .6},
		{"one in a hundred gives up each minute", func(m *morning) { m.gaveUp = .01 }, .05, .08, .8},
		{"families", func(m *morning) { m.families, m.between = .2, 110 }, .05, .08, 1},
		{"people before the opening", func(m *morning) { m.before = 12 }, .05, .08, .8},
		{"breaks", func(m *morning) { m.breaks, m.between = true, 120 }, .05, .08, 1},
		{"a little of everything", func(m *morning) {
			m.missExit, m.hidden, m.gaveUp, m.missLeft, m.families, m.between, m.before, m.breaks = .05, 6, .005, .3, .1, 95, 6, true
		}, .05, .08, 1},
		{"every tenth service start missed", func(m *morning) { m.missExit = .1 }, .08, .08, .6},
		{"half of those who give up just vanish", func(m *morning) { m.gaveUp, m.missLeft = .01, .5 }, .1, .08, .8},
	} {
		t.Run(c.name, func(t *testing.T) {
			const mornings = 8
			var median, p90, completed, truth float64
			for seed := range uint64(mornings) {
				m := usual()
				c.fault(&m)
				r := rand.New(rand.NewPCG(seed, 7))
				w := m.watch(r)
				median += (Publish(w.evidence(), Median).FIFO.Value/exactQuantile(w.truth, .5) - 1) / mornings
				p90 += (Publish(w.evidence(), P90).FIFO.Value/exactQuantile(w.truth, .9) - 1) / mornings
				completed += average(w.completedOnly) / mornings
				truth += average(w.truth) / mornings
			}
			t.Logf("true mean %.1f min; median errs by %+.1f %%, p90 by %+.1f %%; mean of completed tracks is %+.0f %% off", truth/60, 100*median, 100*p90, 100*(completed/truth-1))
			if math.Abs(median) > c.median || math.Abs(p90) > c.p90 {
				t.Errorf("the median errs by %+.1f %%, p90 by %+.1f %%", 100*median, 100*p90)
			}
			if completed > c.completedAtMost*truth {
				t.Errorf("the mean of completed tracks is %.0f s of %.0f", completed, truth)
			}
		})
	}
}

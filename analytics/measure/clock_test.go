package measure

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	start := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	for _, c := range []struct {
		name     string
		interval time.Duration
		frames   []float64 // negative: idle is called then
		want     string    // one letter a second: seen or unseen
	}{
		{"two a second", 500 * time.Millisecond, []float64{0, .5, 1, 1.5, 2, 2.5, 3}, "sss"},
		{"one a second", time.Second, []float64{0, 1, 2, 3}, "sss"},
		{"one every three seconds", 3 * time.Second, []float64{0, 3, 6}, "ssssss"},
		{"a gap of three intervals is sight", time.Second, []float64{0, 3}, "sss"},
		{"a longer one is not", time.Second, []float64{0, 1, 4.1, 5}, "suuus"},
		{"nothing is held longer than 10 s", time.Minute, []float64{0, 10, 21, 22}, "ssssssssssuuuuuuuuuuus"},
		{"a fast camera may stutter", 40 * time.Millisecond, []float64{0, .04, 1.5, 1.54, 3}, "sss"},
		{"idle says so at once", time.Second, []float64{0, 1, -2, -5, -6}, "suuuuu"},
		{"and what comes back begins anew", time.Second, []float64{0, 1, -5, 6, 7}, "suuuuus"},
		{"before the first frame", time.Second, []float64{-.1, -1.5, 2, 3}, "uus"},
		{"half a second is enough", time.Second, []float64{.4, 1, 1.9}, "s"},
		{"less is not", time.Second, []float64{.6, 1.1}, "u"},
		{"time does not run backwards", time.Second, []float64{0, 1, .5, 2}, "ss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk, got := clock{Limit: limit(c.interval)}, ""
			next := start
			tick := func(s time.Time, seen bool) {
				if !s.Equal(next) {
					t.Errorf("second %v follows %v", s, next)
				}
				next = s.Add(time.Second)
				got += map[bool]string{true: "s", false: "u"}[seen]
			}
			for _, f := range c.frames {
				if f < 0 {
					clk.idle(at(-f), tick)
				} else {
					clk.frame(at(f), tick)
				}
			}
			if got != c.want {
				t.Errorf("seconds are %q, want %q", got, c.want)
			}
		})
	}
}

// TestClockOfTheLastSecond: what a file ends in the middle of counts when half of it was seen.
func TestClockOfTheLastSecond(t *testing.T) {
	start := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		end  time.Duration
		want int
	}{{2400 * time.Millisecond, 2}, {2600 * time.Millisecond, 3}} {
		clk, n := clock{Limit: limit(time.Second)}, 0
		tick := func(time.Time, bool) { n++ }
		clk.frame(start, tick)
		clk.frame(start.Add(time.Second), tick)
		clk.frame(start.Add(2*time.Second), tick)
		clk.stop(start.Add(c.end), tick)
		if n != c.want {
			t.Errorf("a recording of %v has %d seconds, want %d", c.end, n, c.want)
		}
	}
}

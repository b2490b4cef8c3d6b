package ingest

import (
	"math/rand/v2"
	"testing"
	"time"
)

// arrival is one unit as a camera stamps it and as it comes in, both since the connection began.
type arrival struct{ raw, at time.Duration }

// steady are n units 40 ms apart whose stamps begin at raw and whose arrivals begin at at.
func steady(n int, raw, at time.Duration) (out []arrival) {
	for i := range n {
		d := time.Duration(i) * 40 * time.Millisecond
		out = append(out, arrival{raw + d, at + d})
	}
	return out
}

func TestClock(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	join := func(parts ...[]arrival) (out []arrival) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	for _, c := range []struct {
		name  string
		in    []arrival
		last  time.Duration // capture time of the last unit since the connection began
		near  time.Duration // how far it may be off
		pts   time.Duration // of the last unit
		jumps int
	}{
		{"steady", steady(100, 0, 0), 3960 * ms, 0, 3960 * ms, 0},
		{"stamps begin anywhere", steady(100, 400*time.Hour, 0), 3960 * ms, 0, 3960 * ms, 0},
		{"jitter of arrival does not matter", join(steady(100, 0, 0), []arrival{{4 * s, 4300 * ms}}), 4 * s, 0, 4 * s, 0},
		{"a unit early by the stamps was late before", join([]arrival{{0, 200 * ms}}, steady(100, 40*ms, 40*ms)[5:]), 4 * s, 0, 4 * s, 0},
		{"hours forward", join(steady(50, 0, 0), steady(50, 9*time.Hour, 2*s)), 3960 * ms, 0, 3960 * ms, 1},
		{"hours back", join(steady(50, 9*time.Hour, 0), steady(50, 0, 2*s)), 3960 * ms, 0, 3960 * ms, 1},
		{"B-frames step back", []arrival{{0, 0}, {120 * ms, 40 * ms}, {40 * ms, 80 * ms}, {80 * ms, 120 * ms}}, 0, 0, 80 * ms, 0},
		{"a pause that the stamps count", join(steady(50, 0, 0), steady(50, 20*s, 20*s)), 21960 * ms, 0, 21960 * ms, 0},
		{"a pause that the stamps do not count", join(steady(50, 0, 0), steady(300, 2*s, 22*s)), 33960 * ms, 0, 13960 * ms, 1},
		{"slow clock, 1 in 10 000", scaled(steady(90_000, 0, 0), 0.9999), 3600 * s, 100 * ms, scaled(steady(90_000, 0, 0), 0.9999)[89_999].raw, 0},
		{"fast clock, 1 in 10 000", scaled(steady(90_000, 0, 0), 1.0001), 3600 * s, 100 * ms, scaled(steady(90_000, 0, 0), 1.0001)[89_999].raw, 0},
		{"stamps count 25 a second, 24.5 are sent", scaled(steady(90_000, 0, 0), 0.98), 3600 * s, 1200 * ms, scaled(steady(90_000, 0, 0), 0.98)[89_999].raw, 0},
		{"stamps count 25 a second, 25.5 are sent", scaled(steady(90_000, 0, 0), 1.02), 3600 * s, s, scaled(steady(90_000, 0, 0), 1.02)[89_999].raw, 0},
		{"B-frames in a steady stream", reordered(steady(900, 0, 0)), 35960 * ms, 80 * ms, 35960 * ms, 0},
		{"arrivals at fixed moments", gathered(steady(900, 0, 0)), 35960 * ms, 0, 35960 * ms, 0},
		{"node's clock set back", join(steady(50, 0, 0), steady(50, 2*s, -time.Hour)), -time.Hour + 1960*ms, 0, 3960 * ms, 1},
		{"node's clock set forward", join(steady(50, 0, 0), steady(600, 2*s, time.Hour)), time.Hour + 23960*ms, 0, 25960 * ms, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var k Clock
			begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
			var pts time.Duration
			var at time.Time
			for _, a := range c.in {
				pts, at = k.Stamp(a.raw, begin.Add(a.at))
				if at.After(begin.Add(a.at)) {
					t.Fatalf("unit that arrived at %v was taken at %v", a.at, at.Sub(begin))
				}
			}
			if off := at.Sub(begin) - c.last; off.Abs() > c.near || pts != c.pts || k.Jumps != c.jumps {
				t.Fatalf("taken at %v, pts %v, %d jumps; want %v, %v, %d", at.Sub(begin), pts, k.Jumps, c.last, c.pts, c.jumps)
			}
		})
	}
}

func scaled(in []arrival, rate float64) []arrival {
	for i := range in {
		in[i].raw = time.Duration(float64(in[i].raw) * rate)
	}
	return in
}

// reordered sends I P B B: the third of each group of four after the first comes before the two that are shown earlier.
func reordered(in []arrival) []arrival {
	for i := 1; i+2 < len(in); i += 3 {
		in[i].raw, in[i+1].raw, in[i+2].raw = in[i+2].raw, in[i].raw, in[i+1].raw
		late := 80 * time.Millisecond // the encoder waits for the picture that it sends first
		in[i].at, in[i+1].at, in[i+2].at = in[i].at+late, in[i+1].at+late, in[i+2].at+late
	}
	return in
}

// gathered arrive when the socket is looked at: up to gatherEvery late, never at a rhythm of their own.
func gathered(in []arrival) []arrival {
	for i := range in {
		in[i].at = (in[i].at + gatherEvery - 1).Truncate(gatherEvery)
	}
	return in
}

// Whatever a camera does to its stamps, capture times follow the arrivals.
func TestClockTenThousandJumps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var k Clock
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	raw, last := time.Duration(0), time.Time{}
	for jump := range 10_000 {
		raw += time.Duration(r.Int64N(int64(200*time.Hour))) - 100*time.Hour
		for range 10 {
			raw += 66 * time.Millisecond
			now = now.Add(66 * time.Millisecond)
			_, at := k.Stamp(raw, now)
			if late := now.Sub(at); late < 0 || late > 100*time.Millisecond || !at.After(last) {
				t.Fatalf("jump %d: %v late, %v after the last", jump, late, at.Sub(last))
			}
			last = at
		}
	}
}

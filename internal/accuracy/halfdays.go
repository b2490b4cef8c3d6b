package main

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/office"
)

// Seeds from scoringSeed on are kept apart for the table; constants are chosen, and QUICK=1 runs, on those below.
const (
	developmentSeed = 1
	scoringSeed     = 901
)

// seeds are the first n seeds of a run.
func (r *report) seeds(n, quick int) []uint64 {
	first := uint64(scoringSeed)
	if r.quick {
		first, n = developmentSeed, quick
	}
	out := make([]uint64, n)
	for i := range out {
		out[i] = first + uint64(i)
	}
	return out
}

const pure = "pure road (true boxes with a detector's noise): "

// halfDays plays half days on the pure road and scores everything that is measured.
func (r *report) halfDays(ctx context.Context) ([]Figure, error) {
	var configs []office.Config
	for _, seed := range r.seeds(200, 24) {
		configs = append(configs, halfDay(seed))
	}
	days, err := playAll(ctx, "half days", configs, nil)
	if err != nil {
		return nil, err
	}
	r.days = days
	figures := append(queueFigures(pure, days), waitFigures(pure, days)...)
	figures = append(figures, staffingFigures(pure, days)...)
	figures = append(figures, absenceFigures(pure, days)...)
	figures = append(figures, staffFigures(pure, days)...)
	const clean = pure + "days without a persistent false box in the queue: "
	free := slices.DeleteFunc(slices.Clone(days), func(s score) bool { return s.poster == "q1" })
	figures = append(append(figures, queueFigures(clean, free)...), pooledWaits(clean, free)...)
	return append(figures, expectFigures(pure, days)...), nil
}

// playAll plays many days on all cores and keeps their scores.
func playAll(ctx context.Context, what string, configs []office.Config, outages func(seed uint64) []outage) ([]score, error) {
	days := make([]score, len(configs))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	var done atomic.Int64
	for i, c := range configs {
		work.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			var out []outage
			if outages != nil {
				out = outages(c.Seed)
			}
			d, err := play(c, out)
			if err != nil {
				return err
			}
			days[i] = d.score()
			if k := done.Add(1); k%20 == 0 || int(k) == len(configs) {
				step("%s: %d of %d", what, k, len(configs))
			}
			return nil
		})
	}
	return days, work.Wait()
}

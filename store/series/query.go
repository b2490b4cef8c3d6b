package series

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Sums returns what each zone or counter did in from..to, in steps, in order of time; steps of which nothing is kept are
// left out. Minutes and hours are those of UTC; days begin at the midnights of the site's time zone and are read from
// roll-ups: from and to are then taken as dates in loc, and a day's Start is its midnight in loc.
func (s *Store) Sums(ctx context.Context, keys []models.SeriesKey, step models.Step, from, to time.Time, loc *time.Location) (map[models.SeriesKey][]models.Sum, error) {
	widths := map[models.Step]time.Duration{models.StepMinute: time.Minute, models.StepHour: time.Hour, models.StepDay: 0}
	width, ok := widths[step]
	if !ok {
		return nil, models.Invalid("step", "%q is not a step: use minute, hour or day", step)
	}
	if step == models.StepDay {
		return s.days(ctx, keys, from, to, loc)
	}
	out := make(map[models.SeriesKey][]models.Sum, len(keys))
	for _, key := range keys {
		if _, twice := out[key]; twice {
			continue
		}
		sr, err := s.shelf.find(ctx, key)
		if errors.Is(err, errNoSeries) {
			continue
		}
		var sums []models.Sum
		if err == nil {
			sums, err = s.steps(ctx, sr, from, to, width)
		}
		if err != nil {
			return nil, fmt.Errorf("series: sums of %s/%s%s: %w", key.Camera, key.Zone, key.Counter, err)
		}
		if len(sums) > 0 {
			out[key] = sums
		}
	}
	return out, nil
}

func (s *Store) days(ctx context.Context, keys []models.SeriesKey, from, to time.Time, loc *time.Location) (map[models.SeriesKey][]models.Sum, error) {
	once := slices.Clone(keys)
	sortKeys(once)
	once = slices.Compact(once)
	out := make(map[models.SeriesKey][]models.Sum, len(once))
	err := s.shelf.days(ctx, once, dayOf(from, loc), dayOf(to.Add(-1), loc), func(key models.SeriesKey, day int64, body []byte) error {
		sum, err := decodeSum(body)
		sum.Start = midnight(day, loc)
		out[key] = append(out[key], sum)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("series: days: %w", err)
	}
	return out, nil
}

func sortKeys(keys []models.SeriesKey) {
	slices.SortFunc(keys, func(a, b models.SeriesKey) int {
		return cmp.Or(strings.Compare(a.Camera, b.Camera), strings.Compare(a.Zone, b.Zone), strings.Compare(a.Counter, b.Counter))
	})
}

func (s *Store) steps(ctx context.Context, sr *series, from, to time.Time, step time.Duration) (sums []models.Sum, err error) {
	err = hours(ctx, s.shelf, sr, from, to, func(h *hour) {
		// Inside an hour minutes and visits are each in order; together they are put in order by starting at its sums.
		first := len(sums)
		h.sum(from, to, func(t time.Time) *models.Sum {
			t = t.UTC().Truncate(step)
			i := first
			for i < len(sums) && sums[i].Start.Before(t) {
				i++
			}
			if i == len(sums) || !sums[i].Start.Equal(t) {
				sums = append(sums, models.Sum{})
				copy(sums[i+1:], sums[i:])
				sums[i] = models.Sum{Start: t}
			}
			return &sums[i]
		})
	})
	return sums, err
}

// Minutes returns the minutes of one zone or counter that began in from..to, in order.
func (s *Store) Minutes(ctx context.Context, key models.SeriesKey, from, to time.Time) (out []models.Minute, err error) {
	err = s.raw(ctx, key, from, to, func(h *hour) {
		for _, m := range h.minutes {
			if (models.Span{From: from, To: to}).Contains(m.Start) {
				out = append(out, m)
			}
		}
	})
	return out, err
}

// Visits returns the visits of one zone that ended in from..to, in order of their ends.
func (s *Store) Visits(ctx context.Context, key models.SeriesKey, from, to time.Time) (out []models.Visit, err error) {
	err = s.raw(ctx, key, from, to, func(h *hour) {
		for _, v := range h.visits {
			if (models.Span{From: from, To: to}).Contains(v.Left) {
				out = append(out, v)
			}
		}
	})
	return out, err
}

func (s *Store) raw(ctx context.Context, key models.SeriesKey, from, to time.Time, each func(*hour)) error {
	sr, err := s.shelf.find(ctx, key)
	if errors.Is(err, errNoSeries) {
		return nil
	}
	if err == nil {
		err = hours(ctx, s.shelf, sr, from, to, each)
	}
	if err != nil {
		return fmt.Errorf("series: %s/%s%s: %w", key.Camera, key.Zone, key.Counter, err)
	}
	return nil
}

// Keys returns every zone and counter of which something is kept, in order.
func (s *Store) Keys(ctx context.Context) (keys []models.SeriesKey, err error) {
	if keys, err = s.shelf.keys(ctx); err != nil {
		return nil, fmt.Errorf("series: keys: %w", err)
	}
	return keys, nil
}

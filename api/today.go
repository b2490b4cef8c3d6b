package api

import (
	"context"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// todayCache keeps today's figures for a moment: many pages ask for the same overview.
type todayCache struct {
	mu sync.Mutex
	today
}

// today is what happened since midnight.
type today struct {
	made   time.Time
	sums   map[string]map[models.SeriesKey][]models.Sum // by site
	events []models.Event                               // opened
}

const todayAge = 3 * time.Second

// sinceMidnight is what happened today, each site's day in its own time zone; events by the default zone.
func (s *directoryService) sinceMidnight(ctx context.Context, cat *catalogue) (today, error) {
	s.today.mu.Lock()
	defer s.today.mu.Unlock()
	now := s.now()
	if now.Sub(s.today.made) < todayAge {
		return s.today.today, nil
	}
	sums, err := s.todaySums(ctx, cat, now)
	if err != nil {
		return today{}, err
	}
	events, err := s.events.Events(ctx, models.EventQuery{From: midnight(now, zone(models.DefaultTimeZone)), Standing: true, Limit: 10 * maxPage})
	if err != nil {
		return today{}, err
	}
	s.today.today = today{now, sums, events}
	return s.today.today, nil
}

// todaySums are the hourly sums of each site since its local midnight.
func (s *directoryService) todaySums(ctx context.Context, cat *catalogue, now time.Time) (map[string]map[models.SeriesKey][]models.Sum, error) {
	keys, siteOf := map[string][]models.SeriesKey{}, map[models.SeriesKey]string{} // keys by time zone
	for _, cam := range cat.cameras {
		site := cat.sites[cam.Site]
		for _, k := range keysOf(scope{cameras: []models.Camera{cam}}, pb.Measure_MEASURE_COVERAGE) {
			keys[site.TimeZone] = append(keys[site.TimeZone], k)
			siteOf[k] = cam.Site
		}
	}
	out := map[string]map[models.SeriesKey][]models.Sum{}
	for name, ks := range keys {
		loc := zone(name)
		sums, err := s.series.Sums(ctx, ks, models.StepHour, midnight(now, loc), now, loc)
		if err != nil {
			return nil, err
		}
		for k, parts := range sums {
			if out[siteOf[k]] == nil {
				out[siteOf[k]] = map[models.SeriesKey][]models.Sum{}
			}
			out[siteOf[k]][k] = parts
		}
	}
	return out, nil
}

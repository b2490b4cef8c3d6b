package series

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// lawOf is the present law of a series.
type lawOf struct {
	models.Law
	body string // JSON
}

// law asks for it; ok is false when nobody knows one.
func (s *Store) law(sr *series) (l lawOf, ok bool, err error) {
	if s.Law == nil {
		return l, false, nil
	}
	if l.Law, ok = s.Law(sr.key); !ok {
		return l, false, nil
	}
	body, err := json.Marshal(l.Law)
	l.body = string(body)
	return l, true, err
}

// judge judges minutes that are about to be put by the present law, which is asked inside the transaction, so that no
// change of it can be missed.
func (s *Store) judge(ctx context.Context, w transaction, sr *series, minutes []models.Minute) error {
	l, ok, err := s.law(sr)
	if err != nil || !ok {
		return err
	}
	for i := range minutes {
		l.Judge(&minutes[i])
	}
	if sr.law == "" || sr.law == l.body || sr.mixed {
		return nil
	}
	sr.mixed = true
	return w.putSeries(ctx, sr)
}

// keep notes that all minutes of a series are judged by a law.
func (s *Store) keep(ctx context.Context, key models.SeriesKey, law string) error {
	return s.write(ctx, func(w transaction) error {
		sr, err := w.find(ctx, key)
		if err != nil {
			return err
		}
		sr.law, sr.mixed = law, false
		return w.putSeries(ctx, sr)
	})
}

// Stale returns the zones and counters whose minutes were judged by another law than the present one. One of which no law
// is kept was judged by its node, and is taken over as it is.
func (s *Store) Stale(ctx context.Context) (stale []models.SeriesKey, err error) {
	keys, err := s.Keys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		sr, err := s.shelf.find(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("series: stale: %w", err)
		}
		l, ok, err := s.law(sr)
		switch {
		case err != nil:
			return nil, fmt.Errorf("series: stale: %w", err)
		case !ok || sr.law == l.body && !sr.mixed:
		case sr.law == "":
			if err := s.keep(ctx, key, l.body); err != nil {
				return nil, fmt.Errorf("series: stale: %w", err)
			}
		default:
			stale = append(stale, key)
		}
	}
	return stale, nil
}

// Rejudge brings the minutes of a zone or counter under its present law, day by day, each in a transaction with its
// roll-up; each is told of every day whose working time is another, with the number of minutes that changed. Then
// finish is called with the law and the beginning of the first such day (zero when there was none), and only when it
// succeeds the law counts as applied: an interrupted call is simply done again.
func (s *Store) Rejudge(ctx context.Context, key models.SeriesKey, each func(day models.Day, minutes int), finish func(law models.Law, first time.Time) error) error {
	if err := s.rejudge(ctx, key, each, finish); err != nil {
		return fmt.Errorf("series: judge %s/%s%s anew: %w", key.Camera, key.Zone, key.Counter, err)
	}
	return nil
}

func (s *Store) rejudge(ctx context.Context, key models.SeriesKey, each func(models.Day, int), finish func(models.Law, time.Time) error) error {
	sr, err := s.shelf.find(ctx, key)
	if err != nil {
		return err
	}
	l, ok, err := s.law(sr)
	if err != nil || !ok {
		return err
	}
	var before models.Law
	if err := json.Unmarshal([]byte(sr.law), &before); err != nil {
		return err
	}
	before.Location = l.Location // asked only where it is the same
	lo, hi, some, err := s.shelf.span(ctx, sr)
	if err != nil {
		return err
	}
	if sr.loc = l.Location; sr.tz != sr.loc.String() {
		if err := s.write(ctx, func(w transaction) error { return moveZone(ctx, w, sr) }); err != nil {
			return err
		}
	}
	var first time.Time
	for d := dayOf(time.Unix(lo*3600, 0), sr.loc); some && d <= dayOf(time.Unix(hi*3600+3599, 0), sr.loc); d++ {
		from := midnight(d, sr.loc)
		if !sr.mixed && l.SameDay(&before, from) {
			continue
		}
		n, err := s.rejudgeDay(ctx, sr, d)
		if err != nil {
			return err
		}
		if sr.mixed && n == 0 {
			continue
		}
		if first.IsZero() {
			first = from
		}
		each(l.Calendar.Day(from, sr.loc), n)
	}
	if err := finish(l.Law, first); err != nil {
		return err
	}
	return s.keep(ctx, key, l.body)
}

// rejudgeDay judges the minutes of one local day by the law as it is while nothing else is written.
func (s *Store) rejudgeDay(ctx context.Context, sr *series, day int64) (changed int, err error) {
	err = s.write(ctx, func(w transaction) error {
		law, ok := s.Law(sr.key)
		if !ok {
			return nil
		}
		in := models.Span{From: midnight(day, sr.loc), To: midnight(day+1, sr.loc)}
		for n := hourOf(in.From); n <= hourOf(in.To.Add(-1)); n++ {
			h, err := readHour(ctx, w, sr, n)
			if err != nil {
				return err
			}
			k := h.judge(law, in)
			if k == 0 {
				continue
			}
			changed += k
			if err := writeHour(ctx, w, sr, n, h); err != nil {
				return err
			}
		}
		if changed == 0 {
			return nil
		}
		return rollUp(ctx, w, sr, day)
	})
	return changed, err
}

// judge judges the minutes that began in a span and counts those that changed.
func (h *hour) judge(law models.Law, in models.Span) (changed int) {
	for i := range h.minutes {
		m := &h.minutes[i]
		if !in.Contains(m.Start) {
			continue
		}
		working, off := m.WorkingS, m.OffS
		law.Judge(m)
		if m.WorkingS != working || m.OffS != off {
			changed++
		}
	}
	return changed
}

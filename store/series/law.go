package series

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// lawOf is the law of a series as it is kept beside it, and as it is now.
type lawOf struct {
	kept  string
	mixed bool // some minutes were judged by yet another law
	now   models.Law
	body  string
}

// law reads both. ok is false when nobody knows a law for the series.
func (s *Store) law(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, id int64, key models.SeriesKey) (l lawOf, ok bool, err error) {
	if s.Law == nil {
		return l, false, nil
	}
	if l.now, ok = s.Law(key); !ok {
		return l, false, nil
	}
	body, err := json.Marshal(l.now)
	if err != nil {
		return l, false, err
	}
	l.body = string(body)
	err = q.QueryRowContext(ctx, `SELECT body, mixed FROM laws WHERE series = ?`, id).Scan(&l.kept, &l.mixed)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return l, true, err
}

func (s *Store) keepLaw(ctx context.Context, x interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, id int64, body string) error {
	_, err := x.ExecContext(ctx, `INSERT INTO laws VALUES (?, ?, 0) ON CONFLICT (series) DO UPDATE SET body = excluded.body, mixed = 0`, id, body)
	return err
}

// judge judges minutes that are about to be put by the present law, which is asked inside the transaction, so that no
// change of it can be missed.
func (s *Store) judge(ctx context.Context, tx *sql.Tx, id int64, key models.SeriesKey, minutes []models.Minute) error {
	l, ok, err := s.law(ctx, tx, id, key)
	if err != nil || !ok {
		return err
	}
	for i := range minutes {
		l.now.Judge(&minutes[i])
	}
	if l.kept == "" || l.kept == l.body || l.mixed {
		return nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE laws SET mixed = 1 WHERE series = ?`, id)
	return err
}

// Stale returns the zones and counters whose minutes were judged by another law than the present one. One of which no law
// is kept was judged by its node, and is taken over as it is.
func (s *Store) Stale(ctx context.Context) (stale []models.SeriesKey, err error) {
	keys, err := s.Keys(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		sr, err := s.find(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("series: stale: %w", err)
		}
		l, ok, err := s.law(ctx, s.r, sr.id, key)
		switch {
		case err != nil:
			return nil, fmt.Errorf("series: stale: %w", err)
		case !ok || l.kept == l.body && !l.mixed:
		case l.kept == "":
			if err := s.keepLaw(ctx, s.w, sr.id, l.body); err != nil {
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
	sr, err := s.find(ctx, key)
	if err != nil {
		return err
	}
	l, ok, err := s.law(ctx, s.r, sr.id, key)
	if err != nil || !ok {
		return err
	}
	var before models.Law
	if err := json.Unmarshal([]byte(l.kept), &before); err != nil {
		return err
	}
	before.Location = l.now.Location // asked only where it is the same
	var lo, hi sql.NullInt64
	if err := s.r.QueryRowContext(ctx, `SELECT min(hour), max(hour) FROM hours WHERE series = ?`, sr.id).Scan(&lo, &hi); err != nil {
		return err
	}
	if sr.loc = l.now.Location; sr.tz != sr.loc.String() {
		if err := s.moved(ctx, sr, key); err != nil {
			return err
		}
	}
	var first time.Time
	for d := dayOf(time.Unix(lo.Int64*3600, 0), sr.loc); lo.Valid && d <= dayOf(time.Unix(hi.Int64*3600+3599, 0), sr.loc); d++ {
		from := midnight(d, sr.loc)
		if !l.mixed && l.now.SameDay(&before, from) {
			continue
		}
		n, err := s.rejudgeDay(ctx, sr, key, d)
		if err != nil {
			return err
		}
		if l.mixed && n == 0 {
			continue
		}
		if first.IsZero() {
			first = from
		}
		each(l.now.Calendar.Day(from, sr.loc), n)
	}
	if err := finish(l.now, first); err != nil {
		return err
	}
	return s.keepLaw(ctx, s.w, sr.id, l.body)
}

// moved cuts the days of a series anew in the zone that its site has moved to.
func (s *Store) moved(ctx context.Context, sr series, key models.SeriesKey) error {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	sr.tz = sr.loc.String()
	if err := moveZone(ctx, tx, sr, key); err != nil {
		return err
	}
	return tx.Commit()
}

// rejudgeDay judges the minutes of one local day by the law as it is while nothing else is written.
func (s *Store) rejudgeDay(ctx context.Context, sr series, key models.SeriesKey, day int64) (changed int, err error) {
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	law, ok := s.Law(key)
	if !ok {
		return 0, nil
	}
	in := models.Span{From: midnight(day, sr.loc), To: midnight(day+1, sr.loc)}
	for n := hourOf(in.From); n <= hourOf(in.To.Add(-1)); n++ {
		k := slot{key, n}
		h, err := readHour(ctx, tx, sr, k)
		if err != nil {
			return 0, err
		}
		was := changed
		for i := range h.minutes {
			m := &h.minutes[i]
			working, off := m.WorkingS, m.OffS
			if in.Contains(m.Start) {
				law.Judge(m)
			}
			if m.WorkingS != working || m.OffS != off {
				changed++
			}
		}
		if changed == was {
			continue
		}
		if err := writeHour(ctx, tx, sr, n, h); err != nil {
			return 0, err
		}
	}
	if changed > 0 {
		if err := rollUp(ctx, tx, sr, key, day); err != nil {
			return 0, err
		}
	}
	return changed, tx.Commit()
}

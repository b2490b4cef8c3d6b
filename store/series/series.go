// Package series remembers minutes and visits for years: the stop after the centre's intake for everything that is
// counted. In go minutes and visits, in any order and any number of times; out come sums over minutes, hours and days
// that merge exactly over zones, counters, sites and units. It imports models; central and api declare the parts that
// they need, and store/storetest holds every adapter to the promises made here.
//
// Promises:
//   - Put returns nil only when all of it is on the disk; after a crash either all of it is there or nothing.
//   - Putting the same minute or visit again changes nothing. Of two versions of one minute the one that saw more is kept,
//     whichever came first, so that the order of arrival does not matter.
//   - Sums of days are read from roll-ups that were recomputed in the transaction that changed them; they are equal to the
//     sums of their minutes.
//   - What is working time is decided by the law of each series (models.Law) when it is put, and again when the law changes:
//     see Stale and Rejudge.
//   - Seconds and instants are kept to the millisecond.
//
// Layout: one row per zone or counter and hour holds its minutes and visits in a few bytes each (see codec.go), one row
// per zone or counter and local day holds the roll-up.
package series

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/sqlitefile"
	"github.com/counterwatch/counterwatch/models"
)

// Store is the embedded adapter: one SQLite file. It is safe for concurrent use.
type Store struct {
	// Law gives the present law of a zone or counter; what is put is judged by it. Nil, and where it knows none, minutes are
	// kept as they are told. It is to be set before the first call and must be safe for concurrent use.
	Law func(models.SeriesKey) (models.Law, bool)

	w, r *sql.DB
	zone func(camera string) *time.Location
}

const schema = `
CREATE TABLE IF NOT EXISTS series (
	id      INTEGER PRIMARY KEY,
	camera  TEXT NOT NULL,
	zone    TEXT NOT NULL,
	counter TEXT NOT NULL,
	kind    TEXT NOT NULL,
	tz      TEXT NOT NULL, -- in which the days of its roll-ups begin
	UNIQUE (camera, zone, counter)
);
CREATE TABLE IF NOT EXISTS hours (
	series INTEGER NOT NULL,
	hour   INTEGER NOT NULL, -- hours since 1970 UTC
	body   BLOB NOT NULL,
	PRIMARY KEY (series, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS days (
	series INTEGER NOT NULL,
	day    INTEGER NOT NULL, -- days since 1970-01-01 of the local calendar
	body   BLOB NOT NULL,
	PRIMARY KEY (series, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS laws (
	series INTEGER PRIMARY KEY,
	body   TEXT NOT NULL,   -- by which its minutes were judged
	mixed  INTEGER NOT NULL -- 1: some by another one, because it had changed and the change was not yet carried out
);`

const readers = 8

// Open opens or creates the file. zone gives the time zone of a camera's site, in which its days begin; nil is
// models.DefaultTimeZone for all.
func Open(ctx context.Context, path string, zone func(camera string) *time.Location) (*Store, error) {
	if zone == nil {
		loc, err := (&models.Site{}).Location()
		if err != nil {
			return nil, err
		}
		zone = func(string) *time.Location { return loc }
	}
	w, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	if _, err := w.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("series: create the tables: %w", err), w.Close())
	}
	r, err := sqlitefile.OpenReader(path, readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("series: %w", err), w.Close())
	}
	return &Store{w: w, r: r, zone: zone}, nil
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.r.Close(), s.w.Close()) }

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error { return s.r.PingContext(ctx) }

// series is one zone or counter as it is kept.
type series struct {
	id   int64
	kind models.ZoneKind
	tz   string
	loc  *time.Location
}

type slot struct {
	key  models.SeriesKey
	hour int64
}

// Put keeps minutes and visits in one transaction. A visit belongs to the hour in which it ended. One that cannot be
// kept (no camera, neither or both of zone and counter, no time, a number that is none) is KindInvalid and keeps all out.
func (s *Store) Put(ctx context.Context, minutes []models.Minute, visits []models.Visit) error {
	changes := map[slot]*hour{}
	kinds := map[models.SeriesKey]models.ZoneKind{}
	at := func(key models.SeriesKey, kind models.ZoneKind, t time.Time) *hour {
		if kind != "" {
			kinds[key] = kind
		}
		k := slot{key, hourOf(t)}
		if changes[k] == nil {
			changes[k] = &hour{}
		}
		return changes[k]
	}
	for _, m := range minutes {
		if err := CheckMinute(m); err != nil {
			return err
		}
		at(models.SeriesKey{Camera: m.Camera, Zone: m.Zone, Counter: m.Counter}, m.Kind, m.Start).putMinute(m)
	}
	for _, v := range visits {
		if err := CheckVisit(v); err != nil {
			return err
		}
		at(models.SeriesKey{Camera: v.Camera, Zone: v.Zone}, v.Kind, v.Left).putVisit(v)
	}
	if len(changes) == 0 {
		return nil
	}
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("series: put: %w", err)
	}
	if err := s.put(ctx, tx, changes, kinds); err != nil {
		return errors.Join(fmt.Errorf("series: put: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("series: put: %w", err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, tx *sql.Tx, changes map[slot]*hour, kinds map[models.SeriesKey]models.ZoneKind) error {
	known := map[models.SeriesKey]series{}
	days := map[models.SeriesKey]map[int64]bool{}
	for k, change := range changes {
		sr, ok := known[k.key]
		if !ok {
			var err error
			if sr, err = s.series(ctx, tx, k.key, kinds[k.key]); err != nil {
				return err
			}
			known[k.key], days[k.key] = sr, map[int64]bool{}
		}
		if err := s.judge(ctx, tx, sr.id, k.key, change.minutes); err != nil {
			return err
		}
		old, err := readHour(ctx, tx, sr, k)
		if err != nil {
			return err
		}
		if !old.merge(change) {
			continue
		}
		if err := writeHour(ctx, tx, sr, k.hour, old); err != nil {
			return err
		}
		// An hour of UTC lies in two local days where the zone is not a whole number of hours away.
		begin := time.Unix(k.hour*3600, 0)
		days[k.key][dayOf(begin, sr.loc)] = true
		days[k.key][dayOf(begin.Add(time.Hour-time.Millisecond), sr.loc)] = true
	}
	for key, set := range days {
		for day := range set {
			if err := rollUp(ctx, tx, known[key], key, day); err != nil {
				return err
			}
		}
	}
	return nil
}

// series finds or makes a series. When its site has moved to another time zone, all of its days are recomputed.
func (s *Store) series(ctx context.Context, tx *sql.Tx, key models.SeriesKey, kind models.ZoneKind) (series, error) {
	loc := s.zone(key.Camera)
	sr := series{loc: loc, tz: loc.String()}
	var tz string
	err := tx.QueryRowContext(ctx, `SELECT id, kind, tz FROM series WHERE camera = ? AND zone = ? AND counter = ?`, key.Camera, key.Zone, key.Counter).
		Scan(&sr.id, &sr.kind, &tz)
	if errors.Is(err, sql.ErrNoRows) {
		res, err := tx.ExecContext(ctx, `INSERT INTO series (camera, zone, counter, kind, tz) VALUES (?, ?, ?, ?, ?)`, key.Camera, key.Zone, key.Counter, kind, sr.tz)
		if err != nil {
			return sr, err
		}
		sr.kind = kind
		if sr.id, err = res.LastInsertId(); err != nil {
			return sr, err
		}
		l, ok, err := s.law(ctx, tx, sr.id, key)
		if err == nil && ok {
			err = s.keepLaw(ctx, tx, sr.id, l.body)
		}
		return sr, err
	}
	if err != nil {
		return sr, err
	}
	if kind != "" && kind != sr.kind {
		sr.kind = kind
		if _, err := tx.ExecContext(ctx, `UPDATE series SET kind = ? WHERE id = ?`, kind, sr.id); err != nil {
			return sr, err
		}
	}
	if tz != sr.tz {
		return sr, moveZone(ctx, tx, sr, key)
	}
	return sr, nil
}

func moveZone(ctx context.Context, tx *sql.Tx, sr series, key models.SeriesKey) error {
	if _, err := tx.ExecContext(ctx, `UPDATE series SET tz = ? WHERE id = ?`, sr.tz, sr.id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM days WHERE series = ?`, sr.id); err != nil {
		return err
	}
	var first, last sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT min(hour), max(hour) FROM hours WHERE series = ?`, sr.id).Scan(&first, &last); err != nil || !first.Valid {
		return err
	}
	for d := dayOf(time.Unix(first.Int64*3600, 0), sr.loc); d <= dayOf(time.Unix(last.Int64*3600+3599, 0), sr.loc); d++ {
		if err := rollUp(ctx, tx, sr, key, d); err != nil {
			return err
		}
	}
	return nil
}

// rollUp recomputes one local day from its hours.
func rollUp(ctx context.Context, tx *sql.Tx, sr series, key models.SeriesKey, day int64) error {
	from, to := midnight(day, sr.loc), midnight(day+1, sr.loc)
	rows, err := tx.QueryContext(ctx, `SELECT hour, body FROM hours WHERE series = ? AND hour BETWEEN ? AND ?`, sr.id, hourOf(from), hourOf(to.Add(-1)))
	if err != nil {
		return err
	}
	defer rows.Close()
	sum := models.Sum{Start: from}
	for rows.Next() {
		h, err := scanHour(rows, sr, key)
		if err != nil {
			return err
		}
		h.sum(from, to, func(time.Time) *models.Sum { return &sum })
	}
	if err := rows.Err(); err != nil {
		return err
	}
	body, err := encodeSum(sum)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (series, day) DO UPDATE SET body = excluded.body`, sr.id, day, body)
	return err
}

func readHour(ctx context.Context, tx *sql.Tx, sr series, k slot) (*hour, error) {
	var body []byte
	err := tx.QueryRowContext(ctx, `SELECT body FROM hours WHERE series = ? AND hour = ?`, sr.id, k.hour).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return &hour{}, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeHour(body, k.key, sr.kind, time.Unix(k.hour*3600, 0).UTC())
}

func writeHour(ctx context.Context, tx *sql.Tx, sr series, n int64, h *hour) error {
	body, err := encodeHour(h)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO hours VALUES (?, ?, ?) ON CONFLICT (series, hour) DO UPDATE SET body = excluded.body`, sr.id, n, body)
	return err
}

func scanHour(rows *sql.Rows, sr series, key models.SeriesKey) (*hour, error) {
	var n int64
	var body sql.RawBytes
	if err := rows.Scan(&n, &body); err != nil {
		return nil, err
	}
	h, err := decodeHour(body, key, sr.kind, time.Unix(n*3600, 0).UTC())
	if err != nil {
		return nil, fmt.Errorf("%s/%s%s hour %d: %w", key.Camera, key.Zone, key.Counter, n, err)
	}
	return h, nil
}

// hour is what one zone or counter did in one hour of UTC: minutes in order of time, visits in order of their ends.
type hour struct {
	minutes []models.Minute
	visits  []models.Visit
}

// putMinute adds m unless a version of the same minute that saw at least as much is there; it reports whether it did.
func (h *hour) putMinute(m models.Minute) bool {
	m = rounded(m)
	i, found := slices.BinarySearchFunc(h.minutes, m, func(a, b models.Minute) int { return a.Start.Compare(b.Start) })
	switch {
	case !found:
		h.minutes = slices.Insert(h.minutes, i, m)
	case m.ObservedS > h.minutes[i].ObservedS || m.ObservedS == h.minutes[i].ObservedS && m.WorkingS+m.OffS > h.minutes[i].WorkingS+h.minutes[i].OffS:
		h.minutes[i] = m
	default:
		return false
	}
	return true
}

// putVisit adds v unless a visit of that id is there; it reports whether it did.
func (h *hour) putVisit(v models.Visit) bool {
	v.Entered, v.Left = v.Entered.UTC().Truncate(time.Millisecond), v.Left.UTC().Truncate(time.Millisecond)
	if slices.ContainsFunc(h.visits, func(o models.Visit) bool { return o.ID == v.ID }) {
		return false
	}
	i, _ := slices.BinarySearchFunc(h.visits, v, func(a, b models.Visit) int { return a.Left.Compare(b.Left) })
	h.visits = slices.Insert(h.visits, i, v)
	return true
}

func (h *hour) merge(o *hour) (changed bool) {
	for _, m := range o.minutes {
		changed = h.putMinute(m) || changed
	}
	for _, v := range o.visits {
		changed = h.putVisit(v) || changed
	}
	return changed
}

// sum adds what lies in from..to to the sum that into gives for its time.
func (h *hour) sum(from, to time.Time, into func(time.Time) *models.Sum) {
	in := models.Span{From: from, To: to}
	for _, m := range h.minutes {
		if in.Contains(m.Start) {
			into(m.Start).Add(m)
		}
	}
	for _, v := range h.visits {
		if in.Contains(v.Left) {
			into(v.Left).AddVisit(v)
		}
	}
}

func hourOf(t time.Time) int64 { return floorDiv(t.Unix(), 3600) }

// dayOf numbers the local day of t; midnight is its inverse.
func dayOf(t time.Time, loc *time.Location) int64 {
	y, m, d := t.In(loc).Date()
	return floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), 86400)
}

func midnight(day int64, loc *time.Location) time.Time {
	y, m, d := time.Unix(day*86400, 0).UTC().Date()
	return models.LocalDay(time.Date(y, m, d, 12, 0, 0, 0, loc), loc).From
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

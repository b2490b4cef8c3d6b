package series

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/counterwatch/counterwatch/internal/sqlitefile"
	"github.com/counterwatch/counterwatch/models"
)

// sqlite is the embedded shelf: one file.
type sqlite struct {
	rows
	w, r *sql.DB
}

const schema = `
CREATE TABLE IF NOT EXISTS series (
	id      INTEGER PRIMARY KEY,
	camera  TEXT NOT NULL,
	zone    TEXT NOT NULL,
	counter TEXT NOT NULL,
	kind    TEXT NOT NULL,
	tz      TEXT NOT NULL,
	since   INTEGER NOT NULL DEFAULT 0,
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
	body   TEXT NOT NULL,
	mixed  INTEGER NOT NULL
);`

const readers = 8

func openSQLite(ctx context.Context, path string) (*sqlite, error) {
	w, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	if _, err := w.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("series: create the tables: %w", err), w.Close())
	}
	// A file of before there was forgetting.
	var since int
	err = w.QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('series') WHERE name = 'since'`).Scan(&since)
	if err == nil && since == 0 {
		_, err = w.ExecContext(ctx, `ALTER TABLE series ADD COLUMN since INTEGER NOT NULL DEFAULT 0`)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("series: bring the tables up to date: %w", err), w.Close())
	}
	r, err := sqlitefile.OpenReader(path, readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("series: %w", err), w.Close())
	}
	return &sqlite{rows{r}, w, r}, nil
}

func (f *sqlite) ping(ctx context.Context) error { return f.r.PingContext(ctx) }
func (f *sqlite) close() error                   { return errors.Join(f.r.Close(), f.w.Close()) }

func (f *sqlite) begin(ctx context.Context) (transaction, error) {
	tx, err := f.w.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &sqliteTx{rows{tx}, tx}, nil
}

// rows reads, in or outside a transaction.
type rows struct {
	q interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	}
}

func (r rows) find(ctx context.Context, key models.SeriesKey) (*series, error) {
	sr := series{key: key}
	err := r.q.QueryRowContext(ctx, `SELECT id, kind, tz, since, coalesce(laws.body, ''), coalesce(laws.mixed, 0) FROM series LEFT JOIN laws ON laws.series = id
		WHERE camera = ? AND zone = ? AND counter = ?`, key.Camera, key.Zone, key.Counter).Scan(&sr.id, &sr.kind, &sr.tz, &sr.since, &sr.law, &sr.mixed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoSeries
	}
	return &sr, err
}

func (r rows) keys(ctx context.Context) (keys []models.SeriesKey, err error) {
	list, err := r.q.QueryContext(ctx, `SELECT camera, zone, counter FROM series ORDER BY camera, zone, counter`)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	for list.Next() {
		var k models.SeriesKey
		if err := list.Scan(&k.Camera, &k.Zone, &k.Counter); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, list.Err()
}

func (r rows) span(ctx context.Context, sr *series) (first, last int64, ok bool, err error) {
	var lo, hi sql.NullInt64
	err = r.q.QueryRowContext(ctx, `SELECT min(hour), max(hour) FROM hours WHERE series = ?`, sr.id).Scan(&lo, &hi)
	return lo.Int64, hi.Int64, lo.Valid, err
}

func (r rows) hours(ctx context.Context, sr *series, from, to int64, each func(int64, []byte) error) error {
	return r.bodies(ctx, `SELECT hour, body FROM hours WHERE series = ? AND hour BETWEEN ? AND ? ORDER BY hour`, sr.id, from, to, each)
}

func (r rows) days(ctx context.Context, keys []models.SeriesKey, from, to int64, each func(models.SeriesKey, int64, []byte) error) error {
	for _, key := range keys {
		sr, err := r.find(ctx, key)
		if errors.Is(err, errNoSeries) {
			continue
		}
		if err == nil {
			err = r.bodies(ctx, `SELECT day, body FROM days WHERE series = ? AND day BETWEEN ? AND ? ORDER BY day`, sr.id, from, to,
				func(day int64, body []byte) error { return each(key, day, body) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r rows) bodies(ctx context.Context, query string, id, from, to int64, each func(int64, []byte) error) error {
	list, err := r.q.QueryContext(ctx, query, id, from, to)
	if err != nil {
		return err
	}
	defer list.Close()
	for list.Next() {
		var n int64
		var body sql.RawBytes
		if err := list.Scan(&n, &body); err != nil {
			return err
		}
		if err := each(n, body); err != nil {
			return err
		}
	}
	return list.Err()
}

// sqliteTx is one transaction.
type sqliteTx struct {
	rows
	tx *sql.Tx
}

func (w *sqliteTx) commit() error   { return w.tx.Commit() }
func (w *sqliteTx) rollback() error { return w.tx.Rollback() }

func (w *sqliteTx) putSeries(ctx context.Context, sr *series) error {
	err := w.tx.QueryRowContext(ctx, `INSERT INTO series (camera, zone, counter, kind, tz, since) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (camera, zone, counter) DO UPDATE SET kind = excluded.kind, tz = excluded.tz, since = excluded.since RETURNING id`,
		sr.key.Camera, sr.key.Zone, sr.key.Counter, sr.kind, sr.tz, sr.since).Scan(&sr.id)
	if err != nil || sr.law == "" {
		return err
	}
	return w.exec(ctx, `INSERT INTO laws VALUES (?, ?, ?) ON CONFLICT (series) DO UPDATE SET body = excluded.body, mixed = excluded.mixed`, sr.id, sr.law, sr.mixed)
}

func (w *sqliteTx) putHour(ctx context.Context, sr *series, n int64, body []byte) error {
	return w.exec(ctx, `INSERT INTO hours VALUES (?, ?, ?) ON CONFLICT (series, hour) DO UPDATE SET body = excluded.body`, sr.id, n, body)
}

func (w *sqliteTx) putDay(ctx context.Context, sr *series, day int64, body []byte, _ *models.Sum) error {
	return w.exec(ctx, `INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (series, day) DO UPDATE SET body = excluded.body`, sr.id, day, body)
}

func (w *sqliteTx) dropDays(ctx context.Context, sr *series, from int64) error {
	return w.exec(ctx, `DELETE FROM days WHERE series = ? AND day >= ?`, sr.id, from)
}

func (w *sqliteTx) dropHours(ctx context.Context, sr *series, to int64) error {
	return w.exec(ctx, `DELETE FROM hours WHERE series = ? AND hour <= ?`, sr.id, to)
}

func (w *sqliteTx) exec(ctx context.Context, query string, args ...any) error {
	_, err := w.tx.ExecContext(ctx, query, args...)
	return err
}

// Package outbox is the node's durable queue: the stop between the pipeline and the bus. In go records and pictures, in
// one transaction with the pipeline state that made them; out they come in order, and they are forgotten only when the
// centre has committed them. It is one SQLite file, written through to the disk at every commit, so that neither kill -9
// nor a power cut loses or doubles anything. Only cmd wires it; it imports models.
package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/internal/sqlitefile"
	"github.com/counterwatch/counterwatch/models"
)

// Codec turns records into the bytes that are kept; cmd gives internal/wire's.
type Codec struct {
	Encode func(models.Record) ([]byte, error)
	Decode func([]byte) (models.Record, error)
}

// Config says how much the outbox may keep. Its zero value works.
type Config struct {
	MaxBytes int64        // budget of the file; 0 is 2 GiB. It also never takes the last tenth of the disk
	Log      *slog.Logger // nil is slog.Default()
}

// Outbox is safe for concurrent use.
type Outbox struct {
	db    *sql.DB
	codec Codec
	max   int64
	dir   string
	log   *slog.Logger
	wake  chan struct{} // an event waits
	mu    sync.Mutex
	lost  Lost // since the start, guarded by mu
	now   Lost // since there was room last, guarded by mu
}

const file = "outbox.db"

const schema = `
CREATE TABLE IF NOT EXISTS records (
	seq  INTEGER PRIMARY KEY AUTOINCREMENT,
	id   TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_kind ON records (kind, seq);
CREATE TABLE IF NOT EXISTS media (
	seq    INTEGER PRIMARY KEY AUTOINCREMENT,
	id     TEXT NOT NULL UNIQUE,
	after  INTEGER NOT NULL, -- the newest record when it was put: that one goes first
	camera TEXT NOT NULL,
	event  TEXT NOT NULL,
	at     INTEGER NOT NULL,
	type   TEXT NOT NULL,
	data   BLOB
);
CREATE TABLE IF NOT EXISTS states (camera TEXT PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sent (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO sent VALUES (1, 0);`

// The kinds of records, as kept in the kind column.
const (
	kindMinute = 1
	kindVisit  = 2
	kindEvent  = 3
)

// Open opens or creates DIR/outbox.db. A damaged file is moved aside with a loud error in the log and a fresh one begun:
// the node goes on, and what was not yet sent can be looked for in the file that was kept.
func Open(ctx context.Context, dir string, codec Codec, cfg Config) (*Outbox, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 2 << 30
	}
	path := filepath.Join(dir, file)
	db, err := open(ctx, path)
	if sqlitefile.IsCorrupt(err) {
		aside, moveErr := sqlitefile.MoveAside(path, time.Now())
		if moveErr != nil {
			return nil, errors.Join(err, moveErr)
		}
		cfg.Log.Error("the outbox file is damaged: it was moved aside and a fresh one begun; records that the centre had "+
			"not yet confirmed are only in the file kept", "err", err, "kept", aside)
		db, err = open(ctx, path)
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return &Outbox{db: db, codec: codec, max: cfg.MaxBytes, dir: dir, log: cfg.Log, wake: make(chan struct{}, 1)}, nil
}

func open(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sqlitefile.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := sqlitefile.Check(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("create the tables: %w", err), db.Close())
	}
	return db, nil
}

// Close closes the file; everything put is already on the disk.
func (o *Outbox) Close() error { return o.db.Close() }

// Put keeps records, pictures and the camera's pipeline state in one transaction: after a crash either all of it is
// there or nothing. A record or picture whose id is already waiting is kept once. A nil state leaves the old one, an
// empty one forgets it. When the disk is full before the budget is, detail is given up as if it were, once.
func (o *Outbox) Put(ctx context.Context, camera string, records []models.Record, media []models.Media, state []byte) error {
	lost, err := o.put(ctx, camera, records, media, state)
	if sqlitefile.IsFull(err) {
		if freeErr := o.free(ctx); freeErr != nil {
			return fmt.Errorf("outbox: put for camera %s: the disk is full: %w", camera, freeErr)
		}
		lost, err = o.put(ctx, camera, records, media, state)
	}
	if err != nil {
		return fmt.Errorf("outbox: put for camera %s: %w", camera, err)
	}
	o.report(lost)
	if slices.ContainsFunc(records, func(r models.Record) bool { return r.Event != nil }) {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (o *Outbox) put(ctx context.Context, camera string, records []models.Record, media []models.Media, state []byte) (lost Lost, err error) {
	err = o.tx(ctx, func(tx *sql.Tx) error {
		for _, r := range records {
			body, err := o.codec.Encode(r)
			if err != nil {
				return fmt.Errorf("encode record %s: %w", r.ID, err)
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO records (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`, r.ID, kindOf(r), body)
			if err != nil {
				return err
			}
		}
		for _, m := range media {
			_, err := tx.ExecContext(ctx, `INSERT INTO media (id, after, camera, event, at, type, data)
				VALUES (?, (SELECT coalesce(max(seq), 0) FROM records), ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				m.ID, m.Camera, m.Event, m.At.UnixNano(), m.Type, m.Data)
			if err != nil {
				return err
			}
		}
		switch {
		case state == nil:
		case len(state) == 0:
			if _, err := tx.ExecContext(ctx, `DELETE FROM states WHERE camera = ?`, camera); err != nil {
				return err
			}
		default:
			_, err := tx.ExecContext(ctx, `INSERT INTO states VALUES (?, ?) ON CONFLICT (camera) DO UPDATE SET state = excluded.state`, camera, state)
			if err != nil {
				return err
			}
		}
		var err error
		lost, err = o.shrink(ctx, tx, o.max)
		return err
	})
	return lost, err
}

// Cameras returns the ids of the cameras whose state is kept.
func (o *Outbox) Cameras(ctx context.Context) (ids []string, err error) {
	rows, err := o.db.QueryContext(ctx, `SELECT camera FROM states ORDER BY camera`)
	if err != nil {
		return nil, fmt.Errorf("outbox: cameras: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("outbox: cameras: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// State returns the pipeline state last put for the camera; nil when there is none.
func (o *Outbox) State(ctx context.Context, camera string) ([]byte, error) {
	var state []byte
	err := o.db.QueryRowContext(ctx, `SELECT state FROM states WHERE camera = ?`, camera).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: state of camera %s: %w", camera, err)
	}
	return state, nil
}

// Next returns the oldest records, at most max, and the sequence numbers by which Ack forgets them. Until then it
// returns the same ones again. A record that cannot be read back is dropped with a loud error: it can never be sent.
func (o *Outbox) Next(ctx context.Context, max int) (records []models.Record, seqs []int64, err error) {
	err = o.tx(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT seq, body FROM records ORDER BY seq LIMIT ?`, max)
		if err != nil {
			return err
		}
		defer rows.Close()
		var broken []int64
		for rows.Next() {
			var seq int64
			var body []byte
			if err := rows.Scan(&seq, &body); err != nil {
				return err
			}
			r, err := o.codec.Decode(body)
			if err != nil {
				o.log.Error("a record in the outbox cannot be read and is dropped", "seq", seq, "err", err)
				broken = append(broken, seq)
				continue
			}
			records, seqs = append(records, r), append(seqs, seq)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if err := forget(ctx, tx, broken); err != nil || len(seqs) == 0 {
			return err
		}
		// Remembered on the disk, because what the centre may already have must never be merged into something new.
		_, err = tx.ExecContext(ctx, `UPDATE sent SET seq = ? WHERE seq < ?`, seqs[len(seqs)-1], seqs[len(seqs)-1])
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("outbox: next records: %w", err)
	}
	return records, seqs, nil
}

// Ack forgets records that the centre has committed.
func (o *Outbox) Ack(ctx context.Context, seqs []int64) error {
	err := o.tx(ctx, func(tx *sql.Tx) error { return forget(ctx, tx, seqs) })
	if err != nil {
		return fmt.Errorf("outbox: acknowledge: %w", err)
	}
	return nil
}

// NextMedia returns the oldest picture whose records have all been acknowledged; ok is false when there is none.
func (o *Outbox) NextMedia(ctx context.Context) (m models.Media, ok bool, err error) {
	var at int64
	err = o.db.QueryRowContext(ctx, `SELECT id, camera, event, at, type, data FROM media
		WHERE after < (SELECT coalesce(min(seq), 9223372036854775807) FROM records) ORDER BY seq LIMIT 1`).
		Scan(&m.ID, &m.Camera, &m.Event, &at, &m.Type, &m.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return models.Media{}, false, nil
	}
	if err != nil {
		return models.Media{}, false, fmt.Errorf("outbox: next media: %w", err)
	}
	m.At = time.Unix(0, at).UTC()
	return m, true, nil
}

// AckMedia forgets a picture that the centre has, or that it will never take.
func (o *Outbox) AckMedia(ctx context.Context, id string) error {
	if _, err := o.db.ExecContext(ctx, `DELETE FROM media WHERE id = ?`, id); err != nil {
		return fmt.Errorf("outbox: acknowledge media %s: %w", id, err)
	}
	return nil
}

// Depth is the number of records and pictures that the centre has not confirmed.
func (o *Outbox) Depth(ctx context.Context) (records, media int, err error) {
	err = o.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM media)`).Scan(&records, &media)
	return records, media, err
}

// Urgent is signalled when an event was put: it should not wait for the next second.
func (o *Outbox) Urgent() <-chan struct{} { return o.wake }

func (o *Outbox) tx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func forget(ctx context.Context, tx *sql.Tx, seqs []int64) error {
	for _, seq := range seqs {
		if _, err := tx.ExecContext(ctx, `DELETE FROM records WHERE seq = ?`, seq); err != nil {
			return err
		}
	}
	return nil
}

func kindOf(r models.Record) int {
	switch {
	case r.Event != nil:
		return kindEvent
	case r.Visit != nil:
		return kindVisit
	default:
		return kindMinute
	}
}

// Package sql remembers everything but series and pictures: units, sites, cameras, incidents, nodes, users, sessions.
// It is the stop after the centre's intake, and where the API reads. In go models, out come models; errors are of
// models' kinds. It runs on SQLite and on PostgreSQL 15 through bun with portable SQL and goose migrations: one code path, and
// one suite for both (store/storetest). It imports models; central and api declare the parts of Store that they need.
package sql

import (
	"context"
	"crypto/sha256"
	stdsql "database/sql"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/internal/sqlitefile"
	"github.com/counterwatch/counterwatch/models"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is safe for concurrent use. A call that changes something has it on the disk when it returns.
type Store struct {
	w, r  *bun.DB // SQLite: one writer, and readers that never wait for it; PostgreSQL: the same pool
	alone string  // SQL with which a transaction waits until it numbers changes alone; empty where there is one writer
	seal  *seal.Key
}

// conns is how many queries may run at once.
const conns = 8

// Open opens or creates a database and brings its tables up to date. where is the path of an SQLite file, or the address of
// an existing PostgreSQL database such as postgres://user:password@host:5432/counterwatch?sslmode=verify-full. key seals the
// addresses of cameras, which hold passwords; another key than the one they were sealed with makes them unreadable.
func Open(ctx context.Context, where string, key *seal.Key) (*Store, error) {
	if IsPostgres(where) {
		return openPostgres(ctx, where, key)
	}
	w, err := sqlitefile.Open(ctx, where)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := migrate(ctx, w, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("store: bring the tables of %s up to date: %w", where, err), w.Close())
	}
	r, err := sqlitefile.OpenReader(where, conns)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), w.Close())
	}
	return &Store{w: bun.NewDB(w, sqlitedialect.New()), r: bun.NewDB(r, sqlitedialect.New()), seal: key}, nil
}

func migrate(ctx context.Context, db *stdsql.DB, dialect goose.Dialect, opts ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close closes the database.
func (s *Store) Close() error {
	if s.r == s.w {
		return s.w.Close()
	}
	return errors.Join(s.r.Close(), s.w.Close())
}

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error { return s.r.PingContext(ctx) }

func (s *Store) tx(ctx context.Context, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.w.RunInTx(ctx, nil, do)
}

// numbered is a transaction that numbers changes: no other one does meanwhile, in this process or another.
func (s *Store) numbered(ctx context.Context, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if s.alone != "" {
			if _, err := tx.ExecContext(ctx, s.alone); err != nil {
				return err
			}
		}
		return do(ctx, tx)
	})
}

// found turns "no rows" into a KindNotFound that names what was looked for.
func found(err error, what, id string) error {
	if errors.Is(err, stdsql.ErrNoRows) {
		return models.Errorf(models.KindNotFound, "%s %q does not exist", what, id)
	}
	if err != nil {
		return fmt.Errorf("store: %s %s: %w", what, id, err)
	}
	return nil
}

// nanos and instant keep instants as numbers; the zero time is 0.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func body(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", models.Errorf(models.KindInvalid, "cannot be stored: %w", err)
	}
	return string(b), nil
}

// hash is how secrets are kept: they are long and random, so a plain SHA-256 is enough.
func hash(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// sealed encrypts text; id is bound to it, so that a sealed address cannot be moved to another camera.
func (s *Store) sealed(text, id string) string {
	return base64.StdEncoding.EncodeToString(s.seal.Seal([]byte(text), id))
}

// unsealed decrypts what sealed made. Nothing is what an operator leaves whose key is lost.
func (s *Store) unsealed(text, id string) (string, error) {
	if text == "" {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", models.Errorf(models.KindInvalid, "store: the sealed address of camera %s is damaged: %s", id, forgetAddresses)
	}
	plain, err := s.seal.Unseal(b, id)
	if err != nil {
		return "", models.Errorf(models.KindInvalid, "store: %w; if it is lost, %s", err, forgetAddresses)
	}
	return string(plain), nil
}

// forgetAddresses is the way out when addresses cannot be unsealed any more.
const forgetAddresses = "run the statement UPDATE cameras SET url = '' in the centre's database and give the cameras their addresses again"

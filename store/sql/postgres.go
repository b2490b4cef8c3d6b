package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/models"
)

// numbersAlone makes a transaction wait for others that number changes: the number is that of advisory locks, taken nowhere else.
const numbersAlone = "SELECT pg_advisory_xact_lock(7305812204)"

// IsPostgres reports whether where is the address of a PostgreSQL database and not the path of a file.
func IsPostgres(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

func openPostgres(ctx context.Context, where string, key *seal.Key) (*Store, error) {
	cfg, err := pgx.ParseConfig(where)
	if err != nil { // pgx leaves the password out of it
		return nil, models.Errorf(models.KindInvalid, "the address of the database cannot be read: write postgres://user:password@host:5432/counterwatch, "+
			"special characters of the password as %%40 for @, %%2F for /")
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(explainPostgres(err, cfg), db.Close())
	}
	// Several centres may start at once: one of them brings the tables up to date, the others wait.
	session, err := lock.NewPostgresSessionLocker()
	if err == nil {
		err = migrate(ctx, db, goose.DialectPostgres, goose.WithSessionLocker(session))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: bring the tables of database %s at %s up to date: %w", cfg.Database, cfg.Host, err), db.Close())
	}
	both := bun.NewDB(db, pgdialect.New())
	return &Store{w: both, r: both, alone: numbersAlone, seal: key}, nil
}

// explainPostgres says what an operator can do about a database that does not let us in. It never shows the password.
func explainPostgres(err error, cfg *pgx.ConnConfig) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "28P01", "28000": // invalid_password, invalid_authorization_specification
			return models.Errorf(models.KindUnauthenticated, "PostgreSQL at %s refuses user %q: correct the name and password in the database's address, and see pg_hba.conf", cfg.Host, cfg.User)
		case "3D000": // invalid_catalog_name
			return models.Errorf(models.KindNotFound, "PostgreSQL at %s has no database %q: make it with `createdb -O %s %s`", cfg.Host, cfg.Database, cfg.User, cfg.Database)
		}
		return models.Errorf(models.KindUnavailable, "PostgreSQL at %s: %s", cfg.Host, e.Message)
	}
	return models.Errorf(models.KindUnavailable, "PostgreSQL at %s:%d does not answer: is it running, and reachable from here?", cfg.Host, cfg.Port)
}

package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/counterwatch/counterwatch/models"
)

type userRow struct {
	bun.BaseModel `bun:"table:users"`
	ID            string `bun:",pk"`
	Name          string
	PasswordHash  string
	Created       int64
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions"`
	Hash          string `bun:",pk"`
	UserID        string
	Created       int64
	Expires       int64
}

type ticketRow struct {
	bun.BaseModel `bun:"table:tickets"`
	Hash          string `bun:",pk"`
	Purpose       string
	UserID        string
	Expires       int64
}

// HasUsers reports whether a user exists.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	return s.r.NewSelect().Model((*userRow)(nil)).Exists(ctx)
}

// CreateUser adds a user; KindConflict when the id is taken.
func (s *Store) CreateUser(ctx context.Context, u models.User) error {
	row := userRow{ID: u.ID, Name: u.Name, PasswordHash: u.PasswordHash, Created: nanos(u.Created)}
	res, err := s.w.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store: create user %s: %w", u.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return models.Errorf(models.KindConflict, "user %q exists already; choose another name", u.ID)
	}
	return nil
}

// User returns one user; KindNotFound when there is none.
func (s *Store) User(ctx context.Context, id string) (models.User, error) {
	var r userRow
	err := s.r.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	return models.User{ID: r.ID, Name: r.Name, PasswordHash: r.PasswordHash, Created: instant(r.Created)}, found(err, "user", id)
}

// PutSession keeps a session, or replaces one of the same hash, and forgets those that had expired when it was made.
func (s *Store) PutSession(ctx context.Context, v models.SignIn) error {
	row := sessionRow{Hash: v.Hash, UserID: v.User, Created: nanos(v.Created), Expires: nanos(v.Expires)}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("expires <= ?", row.Created).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (hash) DO UPDATE").Set("user_id = EXCLUDED.user_id").
			Set("created = EXCLUDED.created").Set("expires = EXCLUDED.expires").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: session of user %s: %w", v.User, err)
	}
	return nil
}

// Session returns the session of a hash, also one that has expired; KindNotFound when there is none.
func (s *Store) Session(ctx context.Context, hash string) (models.SignIn, error) {
	var r sessionRow
	err := s.r.NewSelect().Model(&r).Where("hash = ?", hash).Scan(ctx)
	return models.SignIn{Hash: r.Hash, User: r.UserID, Created: instant(r.Created), Expires: instant(r.Expires)}, found(err, "session", "")
}

// DeleteSession ends a session; one that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	if _, err := s.w.NewDelete().Model((*sessionRow)(nil)).Where("hash = ?", hash).Exec(ctx); err != nil {
		return fmt.Errorf("store: end a session: %w", err)
	}
	return nil
}

// PutTicket keeps a ticket and forgets those that expired before now.
func (s *Store) PutTicket(ctx context.Context, t models.Ticket, now time.Time) error {
	row := ticketRow{Hash: t.Hash, Purpose: t.Purpose, UserID: t.User, Expires: nanos(t.Expires)}
	err := s.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*ticketRow)(nil)).Where("expires < ?", nanos(now)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (hash) DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: ticket: %w", err)
	}
	return nil
}

// TakeTicket removes and returns a ticket in one step: of any number of callers one succeeds, the others get KindNotFound.
func (s *Store) TakeTicket(ctx context.Context, hash string) (models.Ticket, error) {
	var r ticketRow
	err := s.w.NewDelete().Model(&r).Where("hash = ?", hash).Returning("*").Scan(ctx)
	if errors.Is(err, stdsql.ErrNoRows) {
		return models.Ticket{}, models.Errorf(models.KindNotFound, "the token is not valid: it was used, has expired, or was mistyped")
	}
	if err != nil {
		return models.Ticket{}, fmt.Errorf("store: take a ticket: %w", err)
	}
	return models.Ticket{Hash: r.Hash, Purpose: r.Purpose, User: r.UserID, Expires: instant(r.Expires)}, nil
}

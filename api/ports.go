package api

import (
	"context"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Directory is what there is to watch. The order of what it returns does not matter.
type Directory interface {
	Units(context.Context) ([]models.Unit, error)
	Sites(context.Context) ([]models.Site, error)
	Cameras(context.Context) ([]models.Camera, error)
}

// Heard is a node's newest heartbeat and when it was heard, by the centre's clock.
type Heard struct {
	Beat models.Beat
	At   time.Time
}

// Live is what nodes last told.
type Live interface {
	// Beats returns the newest heartbeat of every node that was heard since the start.
	Beats() []Heard
	// Changed returns a channel that is closed when the next heartbeat is heard.
	Changed() <-chan struct{}
}

// Events is the memory of incidents.
type Events interface {
	Events(context.Context, models.EventQuery) ([]models.Event, error)
	// Event returns the newest revision; KindNotFound when there is none.
	Event(ctx context.Context, id string) (models.Event, error)
	// Changes returns revisions stored after a number, in the order in which they were stored, at most limit.
	Changes(ctx context.Context, after int64, limit int) ([]models.EventChange, error)
	// LastChange is the number of the last stored revision; 0 when there is none.
	LastChange(context.Context) (int64, error)
	// Changed returns a channel that is closed when the next revision is stored.
	Changed() <-chan struct{}
}

// Series is the memory of minutes.
type Series interface {
	// Sums returns what each zone or counter did, in steps, in order of time, steps without minutes left out. Steps begin at
	// whole hours of UTC or at midnights of loc.
	Sums(ctx context.Context, keys []models.SeriesKey, step models.Step, from, to time.Time, loc *time.Location) (map[models.SeriesKey][]models.Sum, error)
}

// Pictures are stills from nodes and snapshots of incidents.
type Pictures interface {
	// Still asks a node for the newest picture of a camera; KindUnavailable when it does not answer.
	Still(ctx context.Context, node, camera string) (models.Still, error)
	// Snapshot returns a stored picture; KindNotFound when there is none.
	Snapshot(ctx context.Context, id string) (models.Media, error)
	// PutMedia stores a picture that a node made. Storing it again changes nothing.
	PutMedia(ctx context.Context, node string, m models.Media) error
}

// Prober lets nodes try cameras.
type Prober interface {
	// TryCamera returns KindLimited while the node tries another camera, KindUnavailable when it does not answer.
	TryCamera(ctx context.Context, node string, o models.CameraOrder) (models.CameraTrial, error)
}

// Accounts is the memory of who may come in.
type Accounts interface {
	// HasUsers reports whether a user exists.
	HasUsers(context.Context) (bool, error)
	// User returns KindNotFound when there is none.
	User(ctx context.Context, id string) (models.User, error)
	// CreateUser returns KindConflict when the id is taken.
	CreateUser(context.Context, models.User) error
	// PutSession stores a sign-in; one with the same hash is replaced.
	PutSession(context.Context, models.SignIn) error
	// Session returns a sign-in, expired ones too; KindNotFound when there is none.
	Session(ctx context.Context, hash string) (models.SignIn, error)
	DeleteSession(ctx context.Context, hash string) error
	// PutTicket stores a ticket and forgets those that expired before now.
	PutTicket(ctx context.Context, t models.Ticket, now time.Time) error
	// TakeTicket removes and returns a ticket in one step, so that it works once; KindNotFound when there is none.
	TakeTicket(ctx context.Context, hash string) (models.Ticket, error)
}

// Nodes knows the secrets of nodes.
type Nodes interface {
	// Enrol gives a node a new secret; KindForbidden when the token is wrong.
	Enrol(ctx context.Context, token, node string) (secret string, err error)
	// Verify reports whether the secret is the node's.
	Verify(node, secret string) bool
	// List returns the ids of all enrolled nodes.
	List(context.Context) ([]string, error)
}

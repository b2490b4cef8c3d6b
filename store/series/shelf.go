package series

import (
	"context"
	"errors"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// series is one zone or counter as it is kept.
type series struct {
	id    int64 // SQLite's
	key   models.SeriesKey
	kind  models.ZoneKind
	tz    string         // in which the days of its roll-ups begin
	loc   *time.Location // the same, as its site is now
	law   string         // JSON of the law by which its minutes were judged; empty: by their node
	mixed bool           // some by another one, because it had changed and the change was not yet carried out
}

// errNoSeries says that nothing is kept of a zone or counter.
var errNoSeries = errors.New("no such series")

// shelf is where rows are kept. It is safe for concurrent use; what is read from it is what was committed.
type shelf interface {
	source
	// begin waits for the one before, so that there is one at a time.
	begin(ctx context.Context) (transaction, error)
	ping(ctx context.Context) error
	close() error
}

// source reads. Bodies are valid until each returns.
type source interface {
	find(ctx context.Context, key models.SeriesKey) (*series, error) // errNoSeries; loc is not set
	keys(ctx context.Context) ([]models.SeriesKey, error)
	span(ctx context.Context, sr *series) (first, last int64, ok bool, err error) // of its hours
	// hours and days are those from..to, both included, in order.
	hours(ctx context.Context, sr *series, from, to int64, each func(hour int64, body []byte) error) error
	days(ctx context.Context, sr *series, from, to int64, each func(day int64, body []byte) error) error
}

// transaction is one transaction; it reads what it has written. It ends with commit or rollback.
type transaction interface {
	source
	putSeries(ctx context.Context, sr *series) error // sets the id of a new one
	putHour(ctx context.Context, sr *series, hour int64, body []byte) error
	putDay(ctx context.Context, sr *series, day int64, body []byte, sum *models.Sum) error // sum: the same, for people who read the database
	dropDays(ctx context.Context, sr *series) error
	commit() error
	rollback() error
}

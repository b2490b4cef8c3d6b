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
	since int64          // local day from which its minutes are kept; what is older was forgotten, but for the days' sums
	mixed bool           // some by another one, because it had changed and the change was not yet carried out
}

// errNoSeries says that nothing is kept of a zone or counter.
var errNoSeries = errors.New("no such series")

// shelf is where rows are kept. It is safe for concurrent use; what is read from it is what was committed.
type shelf interface {
	source
	keys(ctx context.Context) ([]models.SeriesKey, error) // of all series, in order
	// days are those from..to of any number of series, both included, each series' in order.
	days(ctx context.Context, keys []models.SeriesKey, from, to int64, each func(key models.SeriesKey, day int64, body []byte) error) error
	// begin waits for the transaction before, so that there is one at a time.
	begin(ctx context.Context) (transaction, error)
	ping(ctx context.Context) error
	close() error
}

// source reads one series. Bodies are valid until each returns.
type source interface {
	find(ctx context.Context, key models.SeriesKey) (*series, error) // errNoSeries; loc is not set
	// span is the first and the last hour. A transaction that has written does not tell of what it wrote.
	span(ctx context.Context, sr *series) (first, last int64, ok bool, err error)
	// hours are those from..to, both included, in order.
	hours(ctx context.Context, sr *series, from, to int64, each func(hour int64, body []byte) error) error
}

// transaction changes; it reads the hours that it has written. It ends with commit or rollback.
type transaction interface {
	source
	putSeries(ctx context.Context, sr *series) error // sets the id of a new one
	putHour(ctx context.Context, sr *series, hour int64, body []byte) error
	putDay(ctx context.Context, sr *series, day int64, body []byte, sum *models.Sum) error // sum: the same, for people who read the database
	dropDays(ctx context.Context, sr *series, from int64) error                            // and all later
	dropHours(ctx context.Context, sr *series, to int64) error                             // and all earlier
	commit() error
	rollback() error
}

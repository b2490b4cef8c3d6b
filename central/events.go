package central

import (
	"context"
	"sync"

	"github.com/counterwatch/counterwatch/models"
)

// EventStore remembers incidents.
type EventStore interface {
	PutEvents(context.Context, []models.Event) ([]models.EventChange, error)
	Events(context.Context, models.EventQuery) ([]models.Event, error)
	Event(ctx context.Context, id string) (models.Event, error)
	Changes(ctx context.Context, after int64, limit int) ([]models.EventChange, error)
	LastChange(context.Context) (int64, error)
}

// Events is the memory of incidents with a bell. A watcher waits for Changed and then reads Changes after the number it
// has seen: no queue can overflow, a slow watcher holds nobody up, and after a break it goes on from its number.
type Events struct {
	EventStore
	bell bell
}

// NewEvents puts a bell on a store.
func NewEvents(s EventStore) *Events { return &Events{EventStore: s} }

// Put stores revisions of incidents and rings when something became new.
func (e *Events) Put(ctx context.Context, events []models.Event) error {
	changes, err := e.PutEvents(ctx, events)
	if len(changes) > 0 {
		e.bell.ring()
	}
	return err
}

// Changed returns a channel that is closed when the next revision has been stored. Take it before reading Changes.
func (e *Events) Changed() <-chan struct{} { return e.bell.next() }

// bell wakes any number of listeners; its zero value works.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

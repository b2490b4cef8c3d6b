package central

import (
	"context"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// EventStore remembers incidents.
type EventStore interface {
	PutEvents(context.Context, []models.Event) ([]models.EventChange, error)
	ToldEvents(ctx context.Context, camera, counter string, from time.Time) ([]models.Event, error)
	JudgedEvents(context.Context) ([]models.Event, error)
	JudgeEvents(context.Context, []models.Event) ([]models.EventChange, error)
	Events(context.Context, models.EventQuery) ([]models.Event, error)
	Event(ctx context.Context, id string) (models.Event, error)
	Changes(ctx context.Context, after int64, limit int) ([]models.EventChange, error)
	LastChange(context.Context) (int64, error)
}

// Events is the memory of incidents with a bell. A watcher waits for Changed and then reads Changes after the number it
// has seen: no queue can overflow, a slow watcher holds nobody up, and after a break it goes on from its number.
type Events struct {
	EventStore
	// Law and Now judge incidents by the present calendars; nil lets them stand as they are told. To be set before use.
	Law func(models.SeriesKey) (models.Law, bool)
	Now func() time.Time

	bell bell
}

// NewEvents puts a bell on a store.
func NewEvents(s EventStore) *Events { return &Events{EventStore: s} }

// Put stores revisions of incidents and rings when something became new.
func (e *Events) Put(ctx context.Context, events []models.Event) error {
	changes, err := e.PutEvents(ctx, events)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		e.bell.ring()
	}
	if e.Law == nil {
		return nil
	}
	var told []models.Event
	for _, c := range changes {
		told = append(told, c.Event)
	}
	_, err = e.judge(ctx, told, e.Law)
	return err
}

// Rejudge judges the incidents of a counter by a law that has changed for the days from first on, and returns how many
// became others.
func (e *Events) Rejudge(ctx context.Context, camera, counter string, law models.Law, first time.Time) (changed int, err error) {
	told, err := e.ToldEvents(ctx, camera, counter, first.Add(-longest))
	if err != nil {
		return 0, err
	}
	return e.judge(ctx, told, func(models.SeriesKey) (models.Law, bool) { return law, true })
}

// Review judges the incidents about which something was decided before by the present law: a decision may be taken back.
func (e *Events) Review(ctx context.Context) (changed int, err error) {
	told, err := e.JudgedEvents(ctx)
	if err != nil {
		return 0, err
	}
	return e.judge(ctx, told, e.Law)
}

// longest is for how long before a day an incident may have been open that reaches into it.
const longest = 40 * 24 * time.Hour

// judge stores what the law makes of incidents.
func (e *Events) judge(ctx context.Context, told []models.Event, law func(models.SeriesKey) (models.Law, bool)) (int, error) {
	var judged []models.Event
	for _, t := range told {
		if l, ok := law(models.SeriesKey{Camera: t.Camera, Counter: t.Counter}); ok && t.Counter != "" {
			judged = append(judged, judge(t, l, e.Now()))
		}
	}
	changes, err := e.JudgeEvents(ctx, judged)
	if len(changes) > 0 {
		e.bell.ring()
	}
	return len(changes), err
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

package central

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// SeriesStore remembers minutes and visits.
type SeriesStore interface {
	Put(ctx context.Context, minutes []models.Minute, visits []models.Visit) error
}

// QuarantineStore keeps what could not be stored.
type QuarantineStore interface {
	Quarantine(ctx context.Context, node string, payload []byte, reason string, at time.Time) error
}

// Intake stores what nodes send. Both stores know what they have by its id, so that a batch that is sent again after a
// crash between the two, or after a lost answer, changes nothing.
type Intake struct {
	Events     *Events
	Series     SeriesStore
	Quarantine QuarantineStore
	Knows      func(camera string) bool // whether the registry has the camera
	Now        func() time.Time
	Log        *slog.Logger
}

// Batch stores a node's records and returns nil only when all of them are committed or in quarantine. A record that can
// never be stored is quarantined with its reason, so that it does not hold up those behind it.
func (in *Intake) Batch(ctx context.Context, node string, records []models.Record) error {
	good := make([]models.Record, 0, len(records))
	for _, r := range records {
		if err := in.check(node, r); err != nil {
			if err := in.poison(ctx, node, r, err); err != nil {
				return err
			}
			continue
		}
		good = append(good, r)
	}
	err := in.store(ctx, good)
	if err == nil || models.KindOf(err) != models.KindInvalid {
		return err
	}
	for _, r := range good { // one of them is to blame
		err := in.store(ctx, []models.Record{r})
		if err != nil && models.KindOf(err) == models.KindInvalid {
			err = in.poison(ctx, node, r, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Unreadable quarantines a record that could not even be decoded.
func (in *Intake) Unreadable(ctx context.Context, node string, payload []byte, reason error) error {
	in.Log.Error("a record that cannot be read is in quarantine", "node", node, "bytes", len(payload), "err", reason)
	return in.Quarantine.Quarantine(ctx, node, payload, reason.Error(), in.Now())
}

func (in *Intake) store(ctx context.Context, records []models.Record) error {
	var minutes []models.Minute
	var visits []models.Visit
	var events []models.Event
	for _, r := range records {
		switch {
		case r.Minute != nil:
			minutes = append(minutes, *r.Minute)
		case r.Visit != nil:
			visits = append(visits, *r.Visit)
		case r.Event != nil:
			events = append(events, *r.Event)
		}
	}
	if err := in.Series.Put(ctx, minutes, visits); err != nil {
		return err
	}
	return in.Events.Put(ctx, events)
}

// check refuses what this node may not say. Which node has a camera now is not asked: what a camera's former node still
// keeps is true.
func (in *Intake) check(node string, r models.Record) error {
	camera := ""
	switch {
	case r.Minute != nil && r.Visit == nil && r.Event == nil:
		camera = r.Minute.Camera
	case r.Visit != nil && r.Minute == nil && r.Event == nil:
		camera = r.Visit.Camera
	case r.Event != nil && r.Minute == nil && r.Visit == nil:
		camera = r.Event.Camera
		if err := checkEvent(node, r.Event); err != nil {
			return err
		}
	default:
		return models.Invalid("record", "it must hold one minute, visit or event")
	}
	if r.Node != node {
		return models.Invalid("node", "node %s cannot speak for node %q", node, r.Node)
	}
	if !in.Knows(camera) && (r.Event == nil || camera != "") { // an incident may be the node's own
		return models.Invalid("camera", "camera %q is not in the registry", camera)
	}
	return nil
}

func checkEvent(node string, e *models.Event) error {
	switch {
	case e.ID == "" || e.Kind == "" || e.Revision < 1 || e.Opened.IsZero():
		return models.Invalid("event", "it needs an id, a kind, a revision from 1 and a time")
	case e.Node != node:
		return models.Invalid("event.node", "node %s cannot speak for node %q", node, e.Node)
	case !e.Open() && e.Closed.Before(e.Opened):
		return models.Invalid("event.closed", "it closes before it opens")
	}
	return nil
}

func (in *Intake) poison(ctx context.Context, node string, r models.Record, reason error) error {
	payload, err := json.Marshal(r)
	if err != nil {
		payload = fmt.Appendf(nil, "%+v", r) // numbers that JSON does not have
	}
	in.Log.Error("a record that cannot be stored is in quarantine", "node", node, "record", r.ID, "err", reason)
	return in.Quarantine.Quarantine(ctx, node, payload, reason.Error(), in.Now())
}

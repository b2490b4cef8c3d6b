package central

import (
	"context"
	"log/slog"
	"maps"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// LawStore keeps minutes under the law by which they were judged.
type LawStore interface {
	Stale(context.Context) ([]models.SeriesKey, error)
	Rejudge(ctx context.Context, key models.SeriesKey, each func(day models.Day, minutes int), finish func(law models.Law, first time.Time) error) error
}

// Decisions carries out late decisions of calendars: a holiday entered afterwards, a swapped day, hours in force since a
// date. Days whose working time became another are computed anew from their minutes, and incidents in time that is not
// working time any more are withdrawn or trimmed. What was interrupted is done again.
type Decisions struct {
	Series  LawStore
	Events  *Events
	Changed func() <-chan struct{} // of the registry
	Log     *slog.Logger
}

// Run carries out what is open, and then every change of the registry, until ctx ends.
func (d *Decisions) Run(ctx context.Context) error {
	for {
		changed := d.Changed()
		var again <-chan time.Time
		if err := d.Apply(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("a decision of a calendar could not be carried out; it is tried again in a minute", "err", err)
			again = time.After(time.Minute)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-again:
		}
	}
}

// Apply carries out what is open. Calling it again changes nothing.
func (d *Decisions) Apply(ctx context.Context) error {
	stale, err := d.Series.Stale(ctx)
	if err != nil {
		return err
	}
	if changed, err := d.Events.Review(ctx); err != nil {
		return err
	} else if changed > 0 {
		d.Log.Info("incidents were judged anew", "incidents", changed)
	}
	for n, key := range stale {
		log := d.Log.With("camera", key.Camera, "zone", key.Zone, "counter", key.Counter, "series", n+1, "of", len(stale))
		days := 0
		each := func(day models.Day, minutes int) {
			days++
			log.Info("the calendar of a past day has changed", "day", day.Span.From.Format(time.DateOnly), "reason", day.Reason, "sessions", len(day.Working), "minutes", minutes)
		}
		finish := func(law models.Law, first time.Time) error {
			changed := 0
			if key.Counter != "" && !first.IsZero() {
				var err error
				if changed, err = d.Events.Rejudge(ctx, key.Camera, key.Counter, law, first); err != nil {
					return err
				}
			}
			log.Info("the new calendar holds", "days", days, "incidents", changed)
			return nil
		}
		if err := d.Series.Rejudge(ctx, key, each, finish); err != nil {
			return err
		}
	}
	return nil
}

// outside is why an incident is withdrawn when no exception of the calendar gives a reason.
const outside = "calendar"

// judge says what the law makes of an incident about officers or citizens at a counter, as its node told it. Time that is
// not working time is taken off its ends; when what is left was not seen for as long as the rule asks, or nothing is left,
// the incident is withdrawn. Less than a minute of such time is the rule's own delay in closing, and changes nothing.
func judge(e models.Event, law models.Law, now time.Time) models.Event {
	switch e.Kind {
	case models.CounterAbsent, models.CounterUnderstaffed, models.CounterOpenedLate, models.CounterClosedEarly, models.CustomerUnattended:
	default:
		return e
	}
	end := now
	if !e.Open() {
		end = e.Began.Add(time.Duration(e.Numbers["duration_s"] * float64(time.Second)))
	}
	if e.Began.IsZero() || end.Sub(e.Began) > longest {
		return e // no working day lasts so long
	}
	worked, first, last := law.Working(e.Began, end)
	if end.Sub(e.Began)-worked < time.Minute {
		return e
	}
	e.Numbers = maps.Clone(e.Numbers)
	if worked == 0 || worked.Seconds()*e.ObservedRatio < e.Numbers["limit_s"] {
		day := law.Calendar.Day(e.Began, law.Location)
		if e.Withdrawn = outside; day.Reason != "" {
			e.Withdrawn = day.Reason
		}
		if e.Open() {
			e.Closed = e.Opened
		}
		return e
	}
	e.Began = first
	if e.Opened.Before(first) {
		e.Opened = first
	}
	if !e.Open() || now.Sub(last) >= time.Minute {
		if e.Open() || e.Closed.After(last) {
			e.Closed = last
		}
		e.Numbers["duration_s"] = worked.Seconds()
	}
	if !e.Open() && e.Opened.After(e.Closed) {
		e.Opened = e.Closed
	}
	return e
}

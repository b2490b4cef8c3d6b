// Package series remembers minutes and visits for years: the stop after the centre's intake for everything that is
// counted. In go minutes and visits, in any order and any number of times; out come sums over minutes, hours and days
// that merge exactly over zones, counters, sites and units. It imports models; central and api declare the parts that
// they need, and store/storetest holds every adapter to the promises made here.
//
// Promises:
//   - Put returns nil only when all of it is on the disk; after a crash either all of it is there or nothing.
//   - Putting the same minute or visit again changes nothing. Of two versions of one minute the one that saw more is kept,
//     whichever came first, so that the order of arrival does not matter.
//   - Sums of days are read from roll-ups that were recomputed in the transaction that changed them; they are equal to the
//     sums of their minutes.
//   - What is working time is decided by the law of each series (models.Law) when it is put, and again when the law changes:
//     see Stale and Rejudge.
//   - Minutes and visits are forgotten by whole local days (Forget); the sums of those days stay.
//   - Seconds and instants are kept to the millisecond.
//
// Layout: one row per zone or counter and hour holds its minutes and visits in a few bytes each (see codec.go), one row
// per zone or counter and local day holds the roll-up. Where rows are kept is a shelf: a SQLite file (sqlite.go), or InfluxDB
// (influx.go); all else is one code path.
package series

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Store is safe for concurrent use.
type Store struct {
	// Law gives the present law of a zone or counter; what is put is judged by it. Nil, and where it knows none, minutes are
	// kept as they are told. It is to be set before the first call and must be safe for concurrent use.
	Law func(models.SeriesKey) (models.Law, bool)

	shelf shelf
	zone  func(camera string) *time.Location
}

// Open opens or creates a SQLite file. zone gives the time zone of a camera's site, in which its days begin; nil is
// models.DefaultTimeZone for all.
func Open(ctx context.Context, path string, zone func(camera string) *time.Location) (*Store, error) {
	f, err := openSQLite(ctx, path)
	if err != nil {
		return nil, err
	}
	return newStore(f, zone)
}

func newStore(f shelf, zone func(camera string) *time.Location) (*Store, error) {
	if zone == nil {
		loc, err := (&models.Site{}).Location()
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		zone = func(string) *time.Location { return loc }
	}
	return &Store{shelf: f, zone: zone}, nil
}

// Close ends the store.
func (s *Store) Close() error { return s.shelf.close() }

// Ping reports whether the store answers.
func (s *Store) Ping(ctx context.Context) error { return s.shelf.ping(ctx) }

type slot struct {
	key  models.SeriesKey
	hour int64
}

// Put keeps minutes and visits in one transaction. A visit belongs to the hour in which it ended. One that cannot be
// kept (no camera, neither or both of zone and counter, no time, a number that is none) is KindInvalid and keeps all out. What
// is older than what was forgotten (Forget) is left out: it would come back as if it were all of its day.
func (s *Store) Put(ctx context.Context, minutes []models.Minute, visits []models.Visit) error {
	changes := map[slot]*hour{}
	kinds := map[models.SeriesKey]models.ZoneKind{}
	at := func(key models.SeriesKey, kind models.ZoneKind, t time.Time) *hour {
		if kind != "" || kinds[key] == "" {
			kinds[key] = kind
		}
		k := slot{key, hourOf(t)}
		if changes[k] == nil {
			changes[k] = &hour{}
		}
		return changes[k]
	}
	for _, m := range minutes {
		if err := CheckMinute(m); err != nil {
			return err
		}
		at(models.SeriesKey{Camera: m.Camera, Zone: m.Zone, Counter: m.Counter}, m.Kind, m.Start).putMinute(m)
	}
	for _, v := range visits {
		if err := CheckVisit(v); err != nil {
			return err
		}
		at(models.SeriesKey{Camera: v.Camera, Zone: v.Zone}, v.Kind, v.Left).putVisit(v)
	}
	if len(changes) == 0 {
		return nil
	}
	if err := s.write(ctx, func(w transaction) error { return s.put(ctx, w, changes, kinds) }); err != nil {
		return fmt.Errorf("series: put: %w", err)
	}
	return nil
}

// write does something in one transaction.
func (s *Store) write(ctx context.Context, do func(w transaction) error) error {
	w, err := s.shelf.begin(ctx)
	if err != nil {
		return err
	}
	if err := do(w); err != nil {
		return errors.Join(err, w.rollback())
	}
	return w.commit()
}

func (s *Store) put(ctx context.Context, w transaction, changes map[slot]*hour, kinds map[models.SeriesKey]models.ZoneKind) error {
	known := map[models.SeriesKey]*series{}
	days := map[models.SeriesKey]map[int64]bool{}
	for key, kind := range kinds {
		sr, err := s.series(ctx, w, key, kind)
		if err != nil {
			return err
		}
		known[key], days[key] = sr, map[int64]bool{}
	}
	for k, change := range changes {
		sr := known[k.key]
		if change.forget(midnight(sr.since, sr.loc)) {
			continue
		}
		if err := s.judge(ctx, w, sr, change.minutes); err != nil {
			return err
		}
		old, err := readHour(ctx, w, sr, k.hour)
		if err != nil {
			return err
		}
		if !old.merge(change) {
			continue
		}
		if err := writeHour(ctx, w, sr, k.hour, old); err != nil {
			return err
		}
		// An hour of UTC lies in two local days where the zone is not a whole number of hours away.
		begin := time.Unix(k.hour*3600, 0)
		days[k.key][dayOf(begin, sr.loc)] = true
		days[k.key][dayOf(begin.Add(time.Hour-time.Millisecond), sr.loc)] = true
	}
	for key, set := range days {
		for day := range set {
			if err := rollUp(ctx, w, known[key], day); err != nil {
				return err
			}
		}
	}
	return nil
}

// series finds or makes a series. When its site has moved to another time zone, all of its days are recomputed.
func (s *Store) series(ctx context.Context, w transaction, key models.SeriesKey, kind models.ZoneKind) (*series, error) {
	loc := s.zone(key.Camera)
	sr, err := w.find(ctx, key)
	if errors.Is(err, errNoSeries) {
		sr = &series{key: key, kind: kind, tz: loc.String(), loc: loc}
		l, ok, err := s.law(sr)
		if err != nil {
			return nil, err
		}
		if ok {
			sr.law = l.body
		}
		return sr, w.putSeries(ctx, sr)
	}
	if err != nil {
		return nil, err
	}
	sr.loc = loc
	if kind != "" && kind != sr.kind {
		sr.kind = kind
		if err := w.putSeries(ctx, sr); err != nil {
			return nil, err
		}
	}
	if sr.tz != loc.String() {
		return sr, moveZone(ctx, w, sr)
	}
	return sr, nil
}

// moveZone cuts the days of a series anew at the midnights of sr.loc.
func moveZone(ctx context.Context, w transaction, sr *series) error {
	sr.tz = sr.loc.String()
	if err := w.putSeries(ctx, sr); err != nil {
		return err
	}
	if err := w.dropDays(ctx, sr, sr.since); err != nil {
		return err
	}
	first, last, ok, err := w.span(ctx, sr)
	if err != nil || !ok {
		return err
	}
	for d := dayOf(time.Unix(first*3600, 0), sr.loc); d <= dayOf(time.Unix(last*3600+3599, 0), sr.loc); d++ {
		if err := rollUp(ctx, w, sr, d); err != nil {
			return err
		}
	}
	return nil
}

// rollUp recomputes one local day from its hours. A day whose hours were forgotten stays as it is.
func rollUp(ctx context.Context, w transaction, sr *series, day int64) error {
	if day < sr.since {
		return nil
	}
	from, to := midnight(day, sr.loc), midnight(day+1, sr.loc)
	sum := models.Sum{Start: from}
	err := hours(ctx, w, sr, from, to, func(h *hour) {
		h.sum(from, to, func(time.Time) *models.Sum { return &sum })
	})
	if err != nil {
		return err
	}
	body, err := encodeSum(sum)
	if err != nil {
		return err
	}
	return w.putDay(ctx, sr, day, body, &sum)
}

// hours hands over the hours of a series that overlap from..to, in order.
func hours(ctx context.Context, r source, sr *series, from, to time.Time, each func(*hour)) error {
	return r.hours(ctx, sr, hourOf(from), hourOf(to.Add(-1)), func(n int64, body []byte) error {
		h, err := decodeHour(body, sr.key, sr.kind, time.Unix(n*3600, 0).UTC())
		if err != nil {
			return fmt.Errorf("%s/%s%s hour %d: %w", sr.key.Camera, sr.key.Zone, sr.key.Counter, n, err)
		}
		each(h)
		return nil
	})
}

// readHour is an hour as it is kept; an empty one when nothing is.
func readHour(ctx context.Context, r source, sr *series, n int64) (*hour, error) {
	h := &hour{}
	begin := time.Unix(n*3600, 0)
	err := hours(ctx, r, sr, begin, begin.Add(time.Hour), func(kept *hour) { h = kept })
	return h, err
}

func writeHour(ctx context.Context, w transaction, sr *series, n int64, h *hour) error {
	body, err := encodeHour(h)
	if err != nil {
		return err
	}
	return w.putHour(ctx, sr, n, body)
}

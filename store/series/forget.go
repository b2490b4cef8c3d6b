package series

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Forget deletes the minutes and visits of a zone or counter up to the last local midnight at or before an instant; the sums of
// those days stay. It reports whether there was anything to delete.
func (s *Store) Forget(ctx context.Context, key models.SeriesKey, before time.Time) (forgot bool, err error) {
	err = s.write(ctx, func(w transaction) error {
		sr, err := w.find(ctx, key)
		if errors.Is(err, errNoSeries) {
			return nil
		}
		if err != nil {
			return err
		}
		sr.loc = s.zone(key.Camera)
		first, _, ok, err := w.span(ctx, sr)
		if err != nil {
			return err
		}
		day := dayOf(before, sr.loc)
		cut := midnight(day, sr.loc)
		if !ok || day <= sr.since || !time.Unix(first*3600, 0).Before(cut) {
			return nil
		}
		forgot, sr.since = true, day
		if err := w.putSeries(ctx, sr); err != nil {
			return err
		}
		if err := w.dropHours(ctx, sr, hourOf(cut)-1); err != nil {
			return err
		}
		// The hour in which the midnight lies, where the zone is not a whole number of hours away.
		h, err := readHour(ctx, w, sr, hourOf(cut))
		if err != nil || len(h.minutes)+len(h.visits) == 0 {
			return err
		}
		h.forget(cut)
		return writeHour(ctx, w, sr, hourOf(cut), h)
	})
	if err != nil {
		return false, fmt.Errorf("series: forget %s/%s%s: %w", key.Camera, key.Zone, key.Counter, err)
	}
	return forgot, nil
}

package central

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// ForgetfulSeries deletes minutes and visits by whole days.
type ForgetfulSeries interface {
	Keys(context.Context) ([]models.SeriesKey, error)
	Forget(ctx context.Context, key models.SeriesKey, before time.Time) (bool, error)
}

// ForgetfulSnapshots finds and deletes pictures by age.
type ForgetfulSnapshots interface {
	SnapshotCameras(context.Context) ([]string, error)
	OldSnapshots(ctx context.Context, camera string, before time.Time, limit int) ([]models.StoredSnapshot, error)
	DeleteSnapshot(ctx context.Context, id string) error
}

// Retention deletes what is older than its site lets it be: pictures to the moment, minutes and visits by whole local days.
type Retention struct {
	Series    ForgetfulSeries
	Snapshots ForgetfulSnapshots
	Blobs     interface {
		Delete(ctx context.Context, id string) error
	}
	Of  func(camera string) models.Retention // the defaults for a camera that is not known any more
	Now func() time.Time
	Log *slog.Logger
}

// How Retention goes about it: nothing is older than its limit by more than an hour, nor by a day where days are whole.
const (
	sweepEvery = 30 * time.Minute
	sweepPage  = 500
)

// Run sweeps at once and then every half hour, until ctx ends.
func (r *Retention) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("what is older than its retention could not all be deleted; it is tried again", "err", err, "in", sweepEvery)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Sweep deletes what is too old now. What fails does not keep the rest from being deleted.
func (r *Retention) Sweep(ctx context.Context) error {
	pictures, err := r.pictures(ctx)
	series, err2 := r.series(ctx)
	if pictures+series > 0 {
		r.Log.Info("what was older than its retention is deleted", "pictures", pictures, "series", series)
	}
	return errors.Join(err, err2)
}

// pictures deletes the bytes first: a row without bytes is found again, bytes without a row never.
func (r *Retention) pictures(ctx context.Context) (deleted int, err error) {
	cameras, err := r.Snapshots.SnapshotCameras(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, camera := range cameras {
		before := r.Now().Add(-r.Of(camera).WithDefaults().Pictures)
		for {
			old, err := r.Snapshots.OldSnapshots(ctx, camera, before, sweepPage)
			for _, s := range old {
				if err == nil {
					err = r.Blobs.Delete(ctx, s.ID)
				}
				if err == nil {
					err = r.Snapshots.DeleteSnapshot(ctx, s.ID)
				}
				if err == nil {
					deleted++
				}
			}
			if err != nil {
				errs = append(errs, err)
			}
			if err != nil || len(old) < sweepPage {
				break
			}
		}
	}
	return deleted, errors.Join(errs...)
}

func (r *Retention) series(ctx context.Context) (cut int, err error) {
	keys, err := r.Series.Keys(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, key := range keys {
		forgot, err := r.Series.Forget(ctx, key, r.Now().Add(-r.Of(key.Camera).WithDefaults().Series))
		if forgot {
			cut++
		}
		errs = append(errs, err)
	}
	return cut, errors.Join(errs...)
}

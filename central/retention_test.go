package central_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/central"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/blob"
)

// disk is a blob store that fails when told.
type disk struct {
	*blob.Disk
	fail string // id that cannot be deleted
}

func (d *disk) Delete(ctx context.Context, id string) error {
	if id == d.fail {
		return errors.New("disk is gone")
	}
	return d.Disk.Delete(ctx, id)
}

// Twelve days, swept four times a day: nothing is older than its site lets it be by more than an hour, minutes by more than their day.
func TestRetention(t *testing.T) {
	h := newHouse(t)
	sites := []models.Site{{ID: "s", Unit: "u"}, {ID: "brief", Unit: "u", Retention: models.Retention{Pictures: 24 * time.Hour, Series: 72 * time.Hour}}}
	cameras := []models.Camera{{ID: "cam", Site: "s", Node: "n"}, {ID: "short", Site: "brief", Node: "n"}}
	if err := h.registry.Apply(t.Context(), []models.Unit{{ID: "u"}}, sites, cameras); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	d := &disk{Disk: b}
	r := &central.Retention{Series: h.series, Snapshots: h.sql, Blobs: d, Of: h.registry.Retention, Now: h.clock, Log: quiet}
	take := func(camera string, at time.Time) string {
		id := fmt.Sprint(camera, "-", at.Unix())
		if _, err := b.Put(t.Context(), id, bytes.NewReader([]byte("picture"))); err != nil {
			t.Fatal(err)
		}
		if err := h.sql.PutSnapshot(t.Context(), models.StoredSnapshot{ID: id, Event: "e", Camera: camera, At: at, Type: "image/jpeg"}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	limits := map[string]models.Retention{
		"cam": {Pictures: models.DefaultPictures, Series: models.DefaultSeries}, "short": sites[1].Retention, "gone": {Pictures: models.DefaultPictures, Series: models.DefaultSeries},
	}
	taken := map[string][]time.Time{}
	for day := range 12 {
		for step := range 4 {
			h.now = epoch.AddDate(0, 0, day).Add(time.Duration(step) * 6 * time.Hour)
			for camera := range limits {
				take(camera, h.now)
				taken[camera] = append(taken[camera], h.now)
				m := models.Minute{Camera: camera, Zone: "q", Start: h.now, WorkingS: 60, ObservedS: 60}
				if err := h.series.Put(t.Context(), []models.Minute{m}, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			for camera, limit := range limits {
				for _, at := range taken[camera] {
					_, err := b.Get(t.Context(), fmt.Sprint(camera, "-", at.Unix()))
					if kept := err == nil; kept != (h.now.Sub(at) <= limit.Pictures) {
						t.Fatalf("day %d: picture of %s from %v ago, kept %v", day, camera, h.now.Sub(at), kept)
					}
				}
				left, err := h.series.Minutes(t.Context(), models.SeriesKey{Camera: camera, Zone: "q"}, epoch, h.now.Add(time.Minute))
				if err != nil || len(left) == 0 || h.now.Sub(left[0].Start) > limit.Series+24*time.Hour {
					t.Fatalf("day %d: %d minutes of %s, the first from %v, %v", day, len(left), camera, left[0].Start, err)
				}
			}
		}
	}
	sums, err := h.series.Sums(t.Context(), []models.SeriesKey{{Camera: "short", Zone: "q"}}, models.StepDay, epoch, h.now.Add(24*time.Hour), time.UTC)
	if err != nil || len(sums[models.SeriesKey{Camera: "short", Zone: "q"}]) < 12 {
		t.Fatalf("the sums of days did not stay: %v, %v", sums, err)
	}
}

// What cannot be deleted is tried again, and does not keep the rest from being deleted.
func TestRetentionGoesOn(t *testing.T) {
	h := newHouse(t)
	b, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, camera := range []string{"a", "b"} {
		if _, err := b.Put(t.Context(), camera+"-1", bytes.NewReader([]byte("picture"))); err != nil {
			t.Fatal(err)
		}
		if err := h.sql.PutSnapshot(t.Context(), models.StoredSnapshot{ID: camera + "-1", Event: "e", Camera: camera, At: epoch}); err != nil {
			t.Fatal(err)
		}
	}
	d := &disk{Disk: b, fail: "a-1"}
	h.now = epoch.AddDate(0, 1, 0)
	r := &central.Retention{Series: h.series, Snapshots: h.sql, Blobs: d, Of: h.registry.Retention, Now: h.clock, Log: quiet}
	if err := r.Sweep(t.Context()); err == nil {
		t.Fatal("the failure is not told")
	}
	if _, err := b.Get(t.Context(), "b-1"); models.KindOf(err) != models.KindNotFound {
		t.Fatal("the picture of the other camera stays", err)
	}
	d.fail = ""
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := h.sql.SnapshotCameras(t.Context()); err != nil || len(left) != 0 {
		t.Fatal(left, err)
	}
}

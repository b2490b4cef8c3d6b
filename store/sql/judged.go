package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/counterwatch/counterwatch/models"
)

// ToldEvents returns the incidents of a camera's counter that opened at or after a time, as their node last told them,
// whatever was decided about them since; in order of opening.
func (s *Store) ToldEvents(ctx context.Context, camera, counter string, from time.Time) ([]models.Event, error) {
	return s.told(ctx, "e.camera = ? AND e.counter = ? AND e.opened >= ?", camera, counter, nanos(from))
}

// JudgedEvents returns the incidents about which something was decided, as their node last told them.
func (s *Store) JudgedEvents(ctx context.Context) ([]models.Event, error) {
	return s.told(ctx, "EXISTS (SELECT 1 FROM event_revisions AS j WHERE j.event_id = e.id AND j.revision = e.revision AND j.judged > 0)")
}

func (s *Store) told(ctx context.Context, where string, args ...any) ([]models.Event, error) {
	var rows []revisionRow
	err := s.r.NewSelect().Model(&rows).Column("revision_row.body").
		Join("JOIN events AS e ON e.id = revision_row.event_id AND e.revision = revision_row.revision").
		Where("revision_row.judged = 0").Where(where, args...).OrderExpr("e.opened, e.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: events as they were told: %w", err)
	}
	return bodies[models.Event](rows, func(r revisionRow) string { return r.Body })
}

// JudgeEvents puts what has been decided about incidents in the place of their newest revision, in one transaction; what
// was there stays in the history. One that is so already, or of which the node has told more meanwhile, is left alone. It
// returns what became new.
func (s *Store) JudgeEvents(ctx context.Context, events []models.Event) ([]models.EventChange, error) {
	return s.change(ctx, "judge", events, judgeEvent)
}

func judgeEvent(ctx context.Context, tx bun.Tx, e models.Event, seq int64) (changed bool, err error) {
	b, err := body(e)
	if err != nil {
		return false, err
	}
	row := newEventRow(e, b)
	res, err := tx.NewUpdate().Model(&row).Column("opened", "closed", "withdrawn", "body").
		Where("id = ? AND revision = ? AND body <> ?", e.ID, e.Revision, b).Exec(ctx)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	rev := revisionRow{EventID: e.ID, Revision: e.Revision, Seq: seq, Body: b}
	err = tx.NewSelect().Model((*revisionRow)(nil)).ColumnExpr("max(judged) + 1").Where("event_id = ? AND revision = ?", e.ID, e.Revision).Scan(ctx, &rev.Judged)
	if err != nil {
		return false, err
	}
	_, err = tx.NewInsert().Model(&rev).Exec(ctx)
	return true, err
}

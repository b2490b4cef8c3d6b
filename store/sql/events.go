package sql

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/counterwatch/counterwatch/models"
)

type eventRow struct {
	bun.BaseModel `bun:"table:events"`
	ID            string `bun:",pk"`
	Revision      int
	Kind          models.EventKind
	Node          string
	Camera        string
	Counter       string
	Opened        int64
	Closed        int64
	Withdrawn     int
	Body          string
}

func newEventRow(e models.Event, body string) eventRow {
	row := eventRow{ID: e.ID, Revision: e.Revision, Kind: e.Kind, Node: e.Node, Camera: e.Camera, Counter: e.Counter,
		Opened: nanos(e.Opened), Closed: nanos(e.Closed), Body: body}
	if e.Withdrawn != "" {
		row.Withdrawn = 1
	}
	return row
}

type revisionRow struct {
	bun.BaseModel `bun:"table:event_revisions"`
	EventID       string `bun:",pk"`
	Revision      int    `bun:",pk"`
	Judged        int    `bun:",pk"` // 0: as the node told it
	Seq           int64
	Body          string
}

// PutEvents stores revisions of incidents in one transaction. A revision that is there already changes nothing; one
// older than the newest known is kept in the history only. It returns the revisions that became an incident's newest.
func (s *Store) PutEvents(ctx context.Context, events []models.Event) ([]models.EventChange, error) {
	return s.change(ctx, "put", events, putEvent)
}

// change does something with each event in one transaction and numbers those of which do says that they changed something.
func (s *Store) change(ctx context.Context, what string, events []models.Event,
	do func(ctx context.Context, tx bun.Tx, e models.Event, seq int64) (changed bool, err error)) (changes []models.EventChange, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	err = s.numbered(ctx, func(ctx context.Context, tx bun.Tx) error {
		changes = nil
		seq, err := lastSeq(ctx, tx)
		if err != nil {
			return err
		}
		for _, e := range events {
			changed, err := do(ctx, tx, e, seq+1)
			if err != nil {
				return fmt.Errorf("event %s revision %d: %w", e.ID, e.Revision, err)
			}
			if changed {
				seq++
				changes = append(changes, models.EventChange{Seq: seq, Event: e})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: %s events: %w", what, err)
	}
	return changes, nil
}

func lastSeq(ctx context.Context, tx bun.IDB) (seq int64, err error) {
	err = tx.NewSelect().Model((*revisionRow)(nil)).ColumnExpr("coalesce(max(seq), 0)").Where("seq > 0").Scan(ctx, &seq)
	return seq, err
}

// putEvent reports whether e became the newest revision, with seq as its place in the order of changes.
func putEvent(ctx context.Context, tx bun.Tx, e models.Event, seq int64) (newest bool, err error) {
	b, err := body(e)
	if err != nil {
		return false, err
	}
	row := newEventRow(e, b)
	res, err := tx.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").
		Set("revision = EXCLUDED.revision").Set("kind = EXCLUDED.kind").Set("node = EXCLUDED.node").Set("camera = EXCLUDED.camera").
		Set("counter = EXCLUDED.counter").Set("opened = EXCLUDED.opened").Set("closed = EXCLUDED.closed").Set("withdrawn = EXCLUDED.withdrawn").Set("body = EXCLUDED.body").
		Where("EXCLUDED.revision > event_row.revision").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, err
	}
	rev := revisionRow{EventID: e.ID, Revision: e.Revision, Body: b}
	if newest = n > 0; newest {
		rev.Seq = seq
	}
	_, err = tx.NewInsert().Model(&rev).On("CONFLICT (event_id, revision, judged) DO NOTHING").Exec(ctx)
	return newest, err
}

// Events returns incidents, each in its newest revision, in the order of models.EventQuery.
func (s *Store) Events(ctx context.Context, q models.EventQuery) ([]models.Event, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var rows []eventRow
	sel := s.r.NewSelect().Model(&rows).Column("body").OrderExpr("opened DESC, id DESC").Limit(int64(q.Limit))
	if len(q.Kinds) > 0 {
		sel = sel.Where("kind IN (?)", bun.List(q.Kinds))
	}
	if q.Open != nil && *q.Open {
		sel = sel.Where("closed = 0")
	} else if q.Open != nil {
		sel = sel.Where("closed <> 0")
	}
	if q.Cameras != nil {
		if len(q.Cameras) == 0 {
			return nil, nil
		}
		sel = sel.Where("camera IN (?)", bun.List(q.Cameras))
	}
	if q.Standing {
		sel = sel.Where("withdrawn = 0")
	}
	if q.Counter != "" {
		sel = sel.Where("counter = ?", q.Counter)
	}
	if q.Node != "" {
		sel = sel.Where("node = ?", q.Node)
	}
	if !q.From.IsZero() {
		sel = sel.Where("opened >= ?", nanos(q.From))
	}
	if !q.To.IsZero() {
		sel = sel.Where("opened < ?", nanos(q.To))
	}
	if q.After != nil {
		at := nanos(q.After.Opened)
		sel = sel.Where("(opened < ? OR (opened = ? AND id < ?))", at, at, q.After.ID)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: events: %w", err)
	}
	return bodies[models.Event](rows, func(r eventRow) string { return r.Body })
}

// Event returns an incident in its newest revision; KindNotFound when there is none of that id.
func (s *Store) Event(ctx context.Context, id string) (e models.Event, err error) {
	var text string
	err = s.r.NewSelect().Model((*eventRow)(nil)).Column("body").Where("id = ?", id).Scan(ctx, &text)
	if err := found(err, "event", id); err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(text), &e)
}

// EventHistory returns all revisions of an incident, oldest first, each followed by what was decided about it.
func (s *Store) EventHistory(ctx context.Context, id string) ([]models.Event, error) {
	var rows []revisionRow
	if err := s.r.NewSelect().Model(&rows).Column("body").Where("event_id = ?", id).Order("revision", "judged").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: history of event %s: %w", id, err)
	}
	return bodies[models.Event](rows, func(r revisionRow) string { return r.Body })
}

// Changes returns what became newest after the change numbered seq, in order, at most limit.
func (s *Store) Changes(ctx context.Context, seq int64, limit int) ([]models.EventChange, error) {
	var rows []revisionRow
	err := s.r.NewSelect().Model(&rows).Column("seq", "body").Where("seq > ?", max(seq, 0)).Order("seq").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: changes of events: %w", err)
	}
	events, err := bodies[models.Event](rows, func(r revisionRow) string { return r.Body })
	if err != nil {
		return nil, err
	}
	out := make([]models.EventChange, len(rows))
	for i, r := range rows {
		out[i] = models.EventChange{Seq: r.Seq, Event: events[i]}
	}
	return out, nil
}

// LastChange is the number of the newest change; 0 before the first.
func (s *Store) LastChange(ctx context.Context) (seq int64, err error) {
	return lastSeq(ctx, s.r)
}

// OpenEvents counts the incidents that go on, by camera; those of no camera are under the empty id.
func (s *Store) OpenEvents(ctx context.Context) (map[string]map[models.EventKind]int, error) {
	var rows []struct {
		Camera string
		Kind   models.EventKind
		N      int
	}
	err := s.r.NewSelect().Model((*eventRow)(nil)).Column("camera", "kind").ColumnExpr("count(*) AS n").Where("closed = 0 AND withdrawn = 0").
		Group("camera", "kind").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("store: count open events: %w", err)
	}
	counts := map[string]map[models.EventKind]int{}
	for _, r := range rows {
		if counts[r.Camera] == nil {
			counts[r.Camera] = map[models.EventKind]int{}
		}
		counts[r.Camera][r.Kind] = r.N
	}
	return counts, nil
}

package sql

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/counterwatch/counterwatch/models"
)

type nodeRow struct {
	bun.BaseModel `bun:"table:nodes"`
	ID            string `bun:",pk"`
	Secret        string
	Enrolled      int64
	LastSeen      int64
	Version       string
}

func (r *nodeRow) node() models.Node {
	return models.Node{ID: r.ID, Enrolled: instant(r.Enrolled), LastSeen: instant(r.LastSeen), Version: r.Version}
}

type quarantineRow struct {
	bun.BaseModel `bun:"table:quarantine"`
	ID            string `bun:",pk"`
	Node          string
	At            int64
	Reason        string
	Payload       string
}

type snapshotRow struct {
	bun.BaseModel `bun:"table:snapshots"`
	ID            string `bun:",pk"`
	EventID       string
	Camera        string
	At            int64
	Type          string
	Bytes         int64
}

func (r *snapshotRow) snapshot() models.StoredSnapshot {
	return models.StoredSnapshot{ID: r.ID, Event: r.EventID, Camera: r.Camera, At: instant(r.At), Type: r.Type, Bytes: r.Bytes}
}

// EnrolNode keeps a node with its secret's hash; an enrolled node gets a new secret and its old one ends.
func (s *Store) EnrolNode(ctx context.Context, id, secret string, now time.Time) error {
	row := nodeRow{ID: id, Secret: hash(secret), Enrolled: nanos(now)}
	_, err := s.w.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").Set("secret = EXCLUDED.secret").Set("enrolled = EXCLUDED.enrolled").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store: enrol node %s: %w", id, err)
	}
	return nil
}

// CheckNodeSecret reports whether the secret is the node's.
func (s *Store) CheckNodeSecret(ctx context.Context, id, secret string) (bool, error) {
	var r nodeRow
	err := found(s.r.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx), "node", id)
	if models.KindOf(err) == models.KindNotFound && err != nil {
		return false, nil
	}
	return err == nil && subtle.ConstantTimeCompare([]byte(r.Secret), []byte(hash(secret))) == 1, err
}

// SawNode keeps when a node was last heard of, and its program's version; a node not enrolled is not kept.
func (s *Store) SawNode(ctx context.Context, id, version string, at time.Time) error {
	_, err := s.w.NewUpdate().Model((*nodeRow)(nil)).Set("last_seen = ?", nanos(at)).Set("version = ?", version).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("store: heartbeat of node %s: %w", id, err)
	}
	return nil
}

// Nodes returns all enrolled nodes in order of their ids.
func (s *Store) Nodes(ctx context.Context) ([]models.Node, error) {
	var rows []nodeRow
	if err := s.r.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: nodes: %w", err)
	}
	nodes := make([]models.Node, len(rows))
	for i := range rows {
		nodes[i] = rows[i].node()
	}
	return nodes, nil
}

// Quarantine keeps what could not be stored, with the reason; the same payload is kept once.
func (s *Store) Quarantine(ctx context.Context, node string, payload []byte, reason string, at time.Time) error {
	row := quarantineRow{ID: hash(node + "\n" + string(payload)), Node: node, At: nanos(at), Reason: reason, Payload: base64.StdEncoding.EncodeToString(payload)}
	if _, err := s.w.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store: quarantine: %w", err)
	}
	return nil
}

// Quarantined counts what is in quarantine.
func (s *Store) Quarantined(ctx context.Context) (int, error) {
	n, err := s.r.NewSelect().Model((*quarantineRow)(nil)).Count(ctx)
	return int(n), err
}

// PutSnapshot keeps what is known of a picture; one that is there already is replaced.
func (s *Store) PutSnapshot(ctx context.Context, v models.StoredSnapshot) error {
	row := snapshotRow{ID: v.ID, EventID: v.Event, Camera: v.Camera, At: nanos(v.At), Type: v.Type, Bytes: v.Bytes}
	_, err := s.w.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").Set("type = EXCLUDED.type").Set("bytes = EXCLUDED.bytes").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store: snapshot %s: %w", v.ID, err)
	}
	return nil
}

// Snapshot returns what is known of a picture; KindNotFound when there is none.
func (s *Store) Snapshot(ctx context.Context, id string) (models.StoredSnapshot, error) {
	var r snapshotRow
	err := s.r.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	return r.snapshot(), found(err, "snapshot", id)
}

// Snapshots returns the pictures of an incident that have arrived, oldest first.
func (s *Store) Snapshots(ctx context.Context, event string) ([]models.StoredSnapshot, error) {
	var rows []snapshotRow
	if err := s.r.NewSelect().Model(&rows).Where("event_id = ?", event).Order("at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("store: snapshots of event %s: %w", event, err)
	}
	out := make([]models.StoredSnapshot, len(rows))
	for i := range rows {
		out[i] = rows[i].snapshot()
	}
	return out, nil
}

// OldSnapshots returns pictures of a camera that were taken before an instant, at most limit.
func (s *Store) OldSnapshots(ctx context.Context, camera string, before time.Time, limit int) ([]models.StoredSnapshot, error) {
	var rows []snapshotRow
	err := s.r.NewSelect().Model(&rows).Where("camera = ? AND at < ?", camera, nanos(before)).Order("at", "id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: old snapshots of camera %s: %w", camera, err)
	}
	out := make([]models.StoredSnapshot, len(rows))
	for i := range rows {
		out[i] = rows[i].snapshot()
	}
	return out, nil
}

// SnapshotCameras returns the cameras of which there are pictures.
func (s *Store) SnapshotCameras(ctx context.Context) (cameras []string, err error) {
	err = s.r.NewSelect().Model((*snapshotRow)(nil)).ColumnExpr("DISTINCT camera").OrderExpr("camera").Scan(ctx, &cameras)
	if err != nil {
		return nil, fmt.Errorf("store: cameras with snapshots: %w", err)
	}
	return cameras, nil
}

// DeleteSnapshot forgets a picture; one that is not there is no error.
func (s *Store) DeleteSnapshot(ctx context.Context, id string) error {
	if _, err := s.w.NewDelete().Model((*snapshotRow)(nil)).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("store: delete snapshot %s: %w", id, err)
	}
	return nil
}

package central

import (
	"bytes"
	"context"
	"io"

	"github.com/counterwatch/counterwatch/models"
)

// BlobStore keeps the bytes of pictures.
type BlobStore interface {
	Put(ctx context.Context, id string, r io.Reader) (int64, error)
	Get(ctx context.Context, id string) ([]byte, error)
}

// SnapshotStore remembers what pictures show.
type SnapshotStore interface {
	PutSnapshot(context.Context, models.StoredSnapshot) error
	Snapshot(ctx context.Context, id string) (models.StoredSnapshot, error)
}

// Stiller asks nodes for pictures.
type Stiller interface {
	Still(ctx context.Context, node, camera string) (models.Still, error)
}

// Media takes pictures from nodes, keeps them and gives them out.
type Media struct {
	Stiller
	Blobs     BlobStore
	Snapshots SnapshotStore
	Events    *Events
	Camera    func(id string) (models.Camera, bool)
}

// PutMedia stores a picture of an incident. The node must have the camera, or have reported the incident: a camera may
// have moved since. Storing it again changes nothing.
func (m *Media) PutMedia(ctx context.Context, node string, p models.Media) error {
	if err := m.may(ctx, node, p); err != nil {
		return err
	}
	// SOI of ISO/IEC 10918-1: what is given out as a picture must be one, not a page with scripts.
	if p.Type != "image/jpeg" || !bytes.HasPrefix(p.Data, []byte{0xff, 0xd8, 0xff}) {
		return models.Errorf(models.KindUnsupported, "picture %s is not a JPEG", p.ID)
	}
	old, err := m.Snapshots.Snapshot(ctx, p.ID)
	if err == nil {
		if old.Camera != p.Camera || old.Event != p.Event {
			return models.Errorf(models.KindForbidden, "picture %s belongs to another camera or incident", p.ID)
		}
		return nil
	}
	if models.KindOf(err) != models.KindNotFound {
		return err
	}
	n, err := m.Blobs.Put(ctx, p.ID, bytes.NewReader(p.Data))
	if err != nil {
		return err
	}
	return m.Snapshots.PutSnapshot(ctx, models.StoredSnapshot{ID: p.ID, Event: p.Event, Camera: p.Camera, At: p.At, Type: p.Type, Bytes: n})
}

func (m *Media) may(ctx context.Context, node string, p models.Media) error {
	if c, ok := m.Camera(p.Camera); ok && c.Node == node {
		return nil
	}
	e, err := m.Events.Event(ctx, p.Event)
	if err == nil && e.Node == node && e.Camera == p.Camera {
		return nil
	}
	if err != nil && models.KindOf(err) != models.KindNotFound {
		return err
	}
	return models.Errorf(models.KindForbidden, "node %s has no camera %q", node, p.Camera)
}

// Snapshot returns a stored picture; KindNotFound when there is none.
func (m *Media) Snapshot(ctx context.Context, id string) (models.Media, error) {
	v, err := m.Snapshots.Snapshot(ctx, id)
	if err != nil {
		return models.Media{}, err
	}
	data, err := m.Blobs.Get(ctx, id)
	return models.Media{ID: v.ID, Camera: v.Camera, Event: v.Event, At: v.At, Type: v.Type, Data: data}, err
}

package api

import (
	"context"

	"google.golang.org/genproto/googleapis/api/httpbody"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type mediaService struct {
	pb.UnimplementedMediaServiceServer
	*core
}

const jpeg = "image/jpeg"

// still asks the node of a camera, given by its resource name, for its newest picture.
func (c *core) still(ctx context.Context, name string) (models.Still, error) {
	cat, err := c.catalogue(ctx)
	if err != nil {
		return models.Still{}, err
	}
	ids, err := cat.resolve("name", name, wire.Cameras)
	if err != nil {
		return models.Still{}, err
	}
	return c.pictures.Still(ctx, cat.cameras[ids[0]].Node, ids[0])
}

// GetStill gives a camera's newest picture.
func (s *mediaService) GetStill(ctx context.Context, r *pb.GetStillRequest) (*httpbody.HttpBody, error) {
	still, err := s.still(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return &httpbody.HttpBody{ContentType: jpeg, Data: still.JPEG}, nil
}

// GetSnapshot gives a picture of an incident.
func (s *mediaService) GetSnapshot(ctx context.Context, r *pb.GetSnapshotRequest) (*httpbody.HttpBody, error) {
	ids, err := parseName("name", r.Name, wire.Snapshots)
	if err != nil {
		return nil, err
	}
	m, err := s.pictures.Snapshot(ctx, ids[0])
	if err != nil {
		return nil, err
	}
	if m.Type != jpeg { // stored before this rule, or altered: never serve what a browser could run
		return nil, models.Errorf(models.KindUnsupported, "snapshot %s is not a JPEG picture", ids[0])
	}
	return &httpbody.HttpBody{ContentType: jpeg, Data: m.Data}, nil
}

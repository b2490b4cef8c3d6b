package api

import (
	"context"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type probeService struct {
	pb.UnimplementedProbeServiceServer
	*core
}

// TestCamera lets a camera's own node try it.
func (s *probeService) TestCamera(ctx context.Context, r *pb.TestCameraRequest) (*pb.CameraTrial, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := cat.resolve("name", r.Name, wire.Cameras)
	if err != nil {
		return nil, err
	}
	return s.try(ctx, cat.cameras[ids[0]].Node, models.CameraOrder{Camera: ids[0]})
}

// TestNodeCamera lets a node try an address.
func (s *probeService) TestNodeCamera(ctx context.Context, r *pb.TestNodeCameraRequest) (*pb.CameraTrial, error) {
	ids, err := parseName("name", r.Name, wire.Nodes)
	if err != nil {
		return nil, err
	}
	if r.Url == "" {
		return nil, models.Invalid("url", "is missing: give the camera's address, as in rtsp://user:password@192.168.1.10:554/stream1")
	}
	return s.try(ctx, ids[0], models.CameraOrder{
		URL: models.SecretURL(r.Url), Transport: r.Transport, TLS: models.CameraTLS{Fingerprint: r.TlsFingerprint, CA: r.TlsCa},
	})
}

func (s *probeService) try(ctx context.Context, node string, o models.CameraOrder) (*pb.CameraTrial, error) {
	s.log.Info("a camera is tested", "user", caller(ctx).ID, "node", node, "camera", o.Camera, "url", o.URL)
	t, err := s.prober.TryCamera(ctx, node, o)
	if err != nil {
		return nil, err
	}
	return wire.ToTrial(t), nil
}

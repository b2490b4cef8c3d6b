package api

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type liveService struct {
	pb.UnimplementedLiveServiceServer
	*core
	watchers gate
}

// wanted are the cameras that names and a scope choose together, in order of their ids; all when neither is given.
func (s *liveService) wanted(ctx context.Context, names []string, scopeName string) ([]string, error) {
	if len(names) > maxPage {
		return nil, models.Invalid("cameras", "%d names, at most %d", len(names), maxPage)
	}
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	in, err := cat.inScope("scope", scopeName)
	if err != nil {
		return nil, err
	}
	scope := in.ids()
	if len(names) == 0 {
		return scope, nil
	}
	var ids []string
	for _, n := range names {
		id, err := cat.resolve("cameras", n, wire.Cameras)
		if err != nil {
			return nil, err
		}
		if scopeName == "" || slices.Contains(scope, id[0]) {
			ids = append(ids, id[0])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// GetLive gives the newest figures of cameras.
func (s *liveService) GetLive(ctx context.Context, r *pb.GetLiveRequest) (*pb.GetLiveResponse, error) {
	ids, err := s.wanted(ctx, r.Cameras, r.Scope)
	if err != nil {
		return nil, err
	}
	live := s.heardCameras()
	out := &pb.GetLiveResponse{Time: wire.ToTime(s.now())}
	for _, id := range ids {
		out.Cameras = append(out.Cameras, s.show(id, live[id]))
	}
	return out, nil
}

// show is what a camera shows. One whose node is silent shows nothing as live: it keeps its last figures with their time, and
// the reason says why they are old.
func (s *liveService) show(id string, h heard) *pb.CameraLive {
	h.Live.Camera = id
	p := wire.ToLive(h.Live)
	if !h.at.IsZero() && s.now().Sub(h.at) > nodeSilent {
		p.State, p.Reason, p.Since = pb.CameraState_CAMERA_STATE_UNSPECIFIED, "its node is silent", wire.ToTime(h.at)
	}
	return p
}

// WatchLive sends what changed, at most once a second.
func (s *liveService) WatchLive(r *pb.WatchLiveRequest, stream grpc.ServerStreamingServer[pb.WatchLiveResponse]) error {
	ctx := stream.Context()
	leave, err := s.watchers.enter()
	if err != nil {
		return err
	}
	defer leave()
	pace, alive := time.NewTicker(time.Second), time.NewTicker(aliveEvery)
	defer pace.Stop()
	defer alive.Stop()
	sent := map[string]mark{}
	for first := true; ; first = false {
		changed := s.live.Changed()
		ids, err := s.wanted(ctx, r.Cameras, r.Scope)
		if err != nil {
			return err
		}
		if err := s.sendChanged(ids, sent, first, stream); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-alive.C:
			if err := stream.Send(&pb.WatchLiveResponse{Time: wire.ToTime(s.now())}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
	}
}

// mark is what makes the figures of a camera the same as those sent before.
type mark struct {
	at     time.Time // when they were heard
	silent bool
}

func (s *liveService) sendChanged(ids []string, sent map[string]mark, first bool, stream grpc.ServerStreamingServer[pb.WatchLiveResponse]) error {
	live := s.heardCameras()
	out := &pb.WatchLiveResponse{Time: wire.ToTime(s.now())}
	for _, id := range ids {
		h := live[id]
		m := mark{h.at, s.now().Sub(h.at) > nodeSilent}
		if old, ok := sent[id]; ok && old == m {
			continue
		}
		sent[id] = m
		out.Cameras = append(out.Cameras, s.show(id, h))
	}
	if len(out.Cameras) == 0 && !first {
		return nil
	}
	return stream.Send(out)
}

// GetTile asks the camera's node for a picture with what was seen in it.
func (s *liveService) GetTile(ctx context.Context, r *pb.GetTileRequest) (*pb.Tile, error) {
	still, err := s.still(ctx, r.Name)
	if err != nil {
		return nil, err
	}
	return wire.ToTile(still), nil
}

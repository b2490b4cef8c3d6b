package api

import (
	"context"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type healthService struct {
	pb.UnimplementedHealthServiceServer
	*core
}

// all nodes: those enrolled, those heard, those that cameras name.
func (s *healthService) all(ctx context.Context) (map[string]*pb.Node, error) {
	out := map[string]*pb.Node{}
	ids, err := s.nodes.List(ctx)
	if err != nil {
		return nil, err
	}
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	for _, cam := range cat.cameras {
		if cam.Node != "" {
			ids = append(ids, cam.Node)
		}
	}
	for _, id := range ids {
		out[id] = &pb.Node{Name: wire.Name(wire.Nodes, id)}
	}
	for _, h := range s.live.Beats() {
		b := h.Beat
		out[b.Node] = &pb.Node{
			Name: wire.Name(wire.Nodes, b.Node), Online: s.now().Sub(h.At) < nodeSilent, BeatTime: wire.ToTime(h.At),
			StartTime: wire.ToTime(b.Started), Version: b.Version, MemoryBytes: b.MemoryBytes, OutboxDepth: int32(b.OutboxDepth),
			Budgets: mapped(b.Budgets, wire.ToBudget), Cameras: mapped(b.Cameras, wire.ToHealth),
		}
	}
	return out, nil
}

// ListNodes lists nodes in order of their names.
func (s *healthService) ListNodes(ctx context.Context, r *pb.ListNodesRequest) (*pb.ListNodesResponse, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	nodes := values(all, func(*pb.Node) bool { return true })
	nodes, next, err := page(nodes, (*pb.Node).GetName, r.PageSize, r.PageToken)
	return &pb.ListNodesResponse{Nodes: nodes, NextPageToken: next}, err
}

// GetNode gives one node.
func (s *healthService) GetNode(ctx context.Context, r *pb.GetNodeRequest) (*pb.Node, error) {
	ids, err := parseName("name", r.Name, wire.Nodes)
	if err != nil {
		return nil, err
	}
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	n, ok := all[ids[0]]
	if !ok {
		return nil, models.Errorf(models.KindNotFound, "there is no nodes/%s", ids[0])
	}
	return n, nil
}

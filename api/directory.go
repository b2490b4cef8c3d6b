package api

import (
	"context"
	"slices"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type directoryService struct {
	pb.UnimplementedDirectoryServiceServer
	*core
	today *todayCache
}

// values of a map whose entries pass.
func values[T any](m map[string]T, keep func(T) bool) []T {
	var out []T
	for _, v := range m {
		if keep(v) {
			out = append(out, v)
		}
	}
	return out
}

func mapped[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func (s *directoryService) ListUnits(ctx context.Context, r *pb.ListUnitsRequest) (*pb.ListUnitsResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	conds, err := parseFilter(r.Filter, map[string]string{"parent": "=", "kind": "="})
	if err != nil {
		return nil, err
	}
	units := values(cat.units, func(u models.Unit) bool {
		return !slices.ContainsFunc(conds, func(c condition) bool {
			return c.field == "parent" && c.value != wire.Name(wire.Units, u.Parent) || c.field == "kind" && c.value != u.Kind
		})
	})
	units, next, err := page(units, func(u models.Unit) string { return u.ID }, r.PageSize, r.PageToken)
	return &pb.ListUnitsResponse{Units: mapped(units, wire.ToUnit), NextPageToken: next}, err
}

func (s *directoryService) GetUnit(ctx context.Context, r *pb.GetUnitRequest) (*pb.Unit, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := cat.resolve("name", r.Name, wire.Units)
	if err != nil {
		return nil, err
	}
	return wire.ToUnit(cat.units[ids[0]]), nil
}

func (s *directoryService) ListSites(ctx context.Context, r *pb.ListSitesRequest) (*pb.ListSitesResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	conds, err := parseFilter(r.Filter, map[string]string{"unit": "="})
	if err != nil {
		return nil, err
	}
	sites := values(cat.sites, func(models.Site) bool { return true })
	for _, c := range conds {
		ids, err := cat.resolve("filter", c.value, wire.Units)
		if err != nil {
			return nil, err
		}
		sites = slices.DeleteFunc(sites, func(x models.Site) bool { return !cat.below(x.Unit, ids[0]) })
	}
	sites, next, err := page(sites, func(x models.Site) string { return x.ID }, r.PageSize, r.PageToken)
	return &pb.ListSitesResponse{Sites: mapped(sites, wire.ToSite), NextPageToken: next}, err
}

func (s *directoryService) GetSite(ctx context.Context, r *pb.GetSiteRequest) (*pb.Site, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := cat.resolve("name", r.Name, wire.Sites)
	if err != nil {
		return nil, err
	}
	return wire.ToSite(cat.sites[ids[0]]), nil
}

func (s *directoryService) ListCameras(ctx context.Context, r *pb.ListCamerasRequest) (*pb.ListCamerasResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	conds, err := parseFilter(r.Filter, map[string]string{"unit": "=", "site": "=", "node": "="})
	if err != nil {
		return nil, err
	}
	cameras := values(cat.cameras, func(models.Camera) bool { return true })
	for _, c := range conds {
		if c.field == "node" {
			cameras = slices.DeleteFunc(cameras, func(x models.Camera) bool { return wire.Name(wire.Nodes, x.Node) != c.value })
			continue
		}
		in, err := cat.named(c)
		if err != nil {
			return nil, err
		}
		cameras = slices.DeleteFunc(cameras, func(x models.Camera) bool { return !contains(in.ids(), x.ID) })
	}
	cameras, next, err := page(cameras, func(x models.Camera) string { return x.ID }, r.PageSize, r.PageToken)
	return &pb.ListCamerasResponse{Cameras: mapped(cameras, wire.ToCamera), NextPageToken: next}, err
}

// named resolves a filter's condition on unit, site or camera, whose value must be a name of that very collection.
func (c *catalogue) named(cond condition) (scope, error) {
	collection := map[string]string{"unit": wire.Units, "site": wire.Sites, "camera": wire.Cameras}[cond.field]
	if _, err := parseName("filter", cond.value, collection); err != nil {
		return scope{}, err
	}
	return c.inScope("filter", cond.value)
}

func (s *directoryService) GetCamera(ctx context.Context, r *pb.GetCameraRequest) (*pb.Camera, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := cat.resolve("name", r.Name, wire.Cameras)
	if err != nil {
		return nil, err
	}
	cam := wire.ToCamera(cat.cameras[ids[0]])
	if h, ok := s.heardCameras()[ids[0]]; ok {
		cam.Live = wire.ToLive(h.Live)
	}
	return cam, nil
}

func (s *directoryService) ListCounters(ctx context.Context, r *pb.ListCountersRequest) (*pb.ListCountersResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	name := r.Parent
	if name == wire.Name(wire.Sites, "-") {
		name = ""
	} else if _, err := parseName("parent", name, wire.Sites); err != nil {
		return nil, err
	}
	in, err := cat.inScope("parent", name)
	if err != nil {
		return nil, err
	}
	var counters []*pb.Counter
	for _, cam := range in.cameras {
		for _, k := range cam.Counters {
			counters = append(counters, wire.ToCounter(cam.Site, cam.ID, k))
		}
	}
	counters, next, err := page(counters, (*pb.Counter).GetName, r.PageSize, r.PageToken)
	return &pb.ListCountersResponse{Counters: counters, NextPageToken: next}, err
}

func (s *directoryService) GetCounter(ctx context.Context, r *pb.GetCounterRequest) (*pb.Counter, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := parseName("name", r.Name, wire.Sites, wire.Counters); err != nil {
		return nil, err
	}
	in, err := cat.inScope("name", r.Name)
	if err != nil {
		return nil, err
	}
	cam := in.cameras[0]
	i := slices.IndexFunc(cam.Counters, func(k models.Counter) bool { return k.ID == in.counter })
	return wire.ToCounter(cam.Site, cam.ID, cam.Counters[i]), nil
}

package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// catalogue is the directory at one moment, indexed by id.
type catalogue struct {
	units   map[string]models.Unit
	sites   map[string]models.Site
	cameras map[string]models.Camera
}

func loadCatalogue(ctx context.Context, d Directory) (*catalogue, error) {
	units, err := d.Units(ctx)
	if err != nil {
		return nil, err
	}
	sites, err := d.Sites(ctx)
	if err != nil {
		return nil, err
	}
	cameras, err := d.Cameras(ctx)
	if err != nil {
		return nil, err
	}
	return &catalogue{
		units:   index(units, func(u models.Unit) string { return u.ID }),
		sites:   index(sites, func(s models.Site) string { return s.ID }),
		cameras: index(cameras, func(c models.Camera) string { return c.ID }),
	}, nil
}

func index[T any](items []T, id func(T) string) map[string]T {
	m := make(map[string]T, len(items))
	for _, v := range items {
		m[id(v)] = v
	}
	return m
}

// find is the entry of an id, or an error that names it.
func find[T any](m map[string]T, collection, id string) (T, error) {
	v, ok := m[id]
	if !ok {
		return v, models.Errorf(models.KindNotFound, "there is no %s/%s", collection, id)
	}
	return v, nil
}

// below reports whether unit is top or hangs somewhere below it; everything is below the empty top.
func (c *catalogue) below(unit, top string) bool {
	if top == "" {
		return true
	}
	for range len(c.units) + 1 { // a bound, should parents ever form a ring
		if unit == top {
			return true
		}
		u, ok := c.units[unit]
		if !ok || u.Parent == "" {
			return false
		}
		unit = u.Parent
	}
	return false
}

// scope is the part of the directory that a resource name stands for, with all below it.
type scope struct {
	cameras []models.Camera // in order of their ids
	zone    string          // only this zone, when set
	counter string          // only this counter, when set
}

// inScope resolves units/{}, sites/{}, cameras/{}, cameras/{}/zones/{} and sites/{}/counters/{}; empty is everything.
func (c *catalogue) inScope(field, name string) (scope, error) {
	var keep func(models.Camera) bool
	var s scope
	collection, _, _ := strings.Cut(name, "/")
	deep := strings.Count(name, "/") > 1
	switch {
	case name == "":
		keep = func(models.Camera) bool { return true }
	case collection == wire.Units:
		ids, err := c.resolve(field, name, wire.Units)
		if err != nil {
			return s, err
		}
		keep = func(cam models.Camera) bool { return c.below(c.sites[cam.Site].Unit, ids[0]) }
	case collection == wire.Sites && deep:
		ids, err := c.resolve(field, name, wire.Sites, wire.Counters)
		if err != nil {
			return s, err
		}
		s.counter = ids[1]
		keep = func(cam models.Camera) bool {
			return cam.Site == ids[0] && slices.ContainsFunc(cam.Counters, func(k models.Counter) bool { return k.ID == ids[1] })
		}
	case collection == wire.Sites:
		ids, err := c.resolve(field, name, wire.Sites)
		if err != nil {
			return s, err
		}
		keep = func(cam models.Camera) bool { return cam.Site == ids[0] }
	case collection == wire.Cameras && deep:
		ids, err := c.resolve(field, name, wire.Cameras, wire.Zones)
		if err != nil {
			return s, err
		}
		s.zone = ids[1]
		keep = func(cam models.Camera) bool {
			return cam.ID == ids[0] && slices.ContainsFunc(cam.Zones, func(z models.Zone) bool { return z.ID == ids[1] })
		}
	case collection == wire.Cameras:
		ids, err := c.resolve(field, name, wire.Cameras)
		if err != nil {
			return s, err
		}
		keep = func(cam models.Camera) bool { return cam.ID == ids[0] }
	default:
		return s, models.Invalid(field, "%q is not units/{id}, sites/{id}, cameras/{id}, cameras/{id}/zones/{id} or sites/{id}/counters/{id}", clip(name))
	}
	for _, id := range sortedKeys(c.cameras) {
		if cam := c.cameras[id]; keep(cam) {
			s.cameras = append(s.cameras, cam)
		}
	}
	if (s.zone != "" || s.counter != "") && len(s.cameras) == 0 {
		return s, models.Errorf(models.KindNotFound, "there is no %s", clip(name))
	}
	return s, nil
}

// resolve parses a name whose first part must exist.
func (c *catalogue) resolve(field, name string, collections ...string) ([]string, error) {
	ids, err := parseName(field, name, collections...)
	if err != nil {
		return nil, err
	}
	switch collections[0] {
	case wire.Units:
		_, err = find(c.units, wire.Units, ids[0])
	case wire.Sites:
		_, err = find(c.sites, wire.Sites, ids[0])
	case wire.Cameras:
		_, err = find(c.cameras, wire.Cameras, ids[0])
	}
	return ids, err
}

// ids of the scope's cameras, never nil.
func (s scope) ids() []string {
	ids := make([]string, 0, len(s.cameras))
	for _, c := range s.cameras {
		ids = append(ids, c.ID)
	}
	return ids
}

// location is the time zone of a scope: that of its sites when they agree, the default otherwise.
func (c *catalogue) location(s scope) *time.Location {
	var name string
	for i, cam := range s.cameras {
		tz := c.sites[cam.Site].TimeZone
		if i > 0 && tz != name {
			return zone("")
		}
		name = tz
	}
	return zone(name)
}

// zone is a site's time zone by its name, empty for the default. One that this machine does not know is UTC: the registry
// has refused it before, and cmd/central brings all zones along.
func zone(name string) *time.Location {
	loc, err := (&models.Site{TimeZone: name}).Location()
	if err != nil {
		return time.UTC
	}
	return loc
}

package central

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// DirectoryStore remembers what there is to watch.
type DirectoryStore interface {
	PutDirectory(ctx context.Context, units []models.Unit, sites []models.Site, cameras []models.Camera) error
	Units(context.Context) ([]models.Unit, error)
	Sites(context.Context) ([]models.Site, error)
	Cameras(context.Context) ([]models.Camera, error)
}

// Registry knows units, sites and cameras, and what each node needs of them. It is safe for concurrent use.
type Registry struct {
	DirectoryStore
	push func(node string, cfg models.NodeConfig) error

	applying sync.Mutex // one Apply at a time, so that pushes are in order
	mu       sync.RWMutex
	sites    map[string]models.Site
	cameras  map[string]models.Camera
	zones    map[string]*time.Location // by site
	fallback *time.Location
	bell     bell
}

// NewRegistry reads the store. push sends a configuration to its node; a node that is away asks for it later.
func NewRegistry(ctx context.Context, s DirectoryStore, push func(node string, cfg models.NodeConfig) error) (*Registry, error) {
	loc, err := (&models.Site{}).Location()
	if err != nil {
		return nil, err
	}
	r := &Registry{DirectoryStore: s, push: push, fallback: loc}
	return r, r.read(ctx)
}

func (r *Registry) read(ctx context.Context) error {
	sites, err := r.Sites(ctx)
	if err != nil {
		return err
	}
	cameras, err := r.Cameras(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.zones = map[string]*time.Location{}
	for i := range sites {
		if r.zones[sites[i].ID], err = sites[i].Location(); err != nil {
			r.zones[sites[i].ID] = r.fallback // of a machine that does not know it any more
		}
	}
	r.sites, r.cameras = byID(sites, func(s models.Site) string { return s.ID }), byID(cameras, func(c models.Camera) string { return c.ID })
	return nil
}

// Apply adds or replaces units, sites and cameras, all or none, and tells the nodes whose configuration became another.
// It is checked together with what is there already; the error names the field as in a registry file. Applying the same
// again changes nothing.
func (r *Registry) Apply(ctx context.Context, units []models.Unit, sites []models.Site, cameras []models.Camera) error {
	r.applying.Lock()
	defer r.applying.Unlock()
	if err := r.check(ctx, units, sites, cameras); err != nil {
		return err
	}
	before := r.configs()
	if err := r.PutDirectory(ctx, units, sites, cameras); err != nil {
		return err
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	r.bell.ring()
	after := r.configs()
	for node := range before {
		if _, ok := after[node]; !ok {
			after[node] = nodeConfig(nil, nil) // it has lost its last camera
		}
	}
	for node, cfg := range after {
		if before[node].Version == cfg.Version {
			continue
		}
		if err := r.push(node, cfg); err != nil {
			return err
		}
	}
	return nil
}

// check puts what is new first, so that its places in the lists are those of the error.
func (r *Registry) check(ctx context.Context, units []models.Unit, sites []models.Site, cameras []models.Camera) error {
	oldUnits, err := r.Units(ctx)
	if err != nil {
		return err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return models.ValidateRegistry(
		merged(units, slices.Values(oldUnits), func(u models.Unit) string { return u.ID }),
		merged(sites, maps.Values(r.sites), func(s models.Site) string { return s.ID }),
		merged(cameras, maps.Values(r.cameras), func(c models.Camera) string { return c.ID }))
}

// Camera returns one camera.
func (r *Registry) Camera(id string) (models.Camera, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c, ok := r.cameras[id]
	return c, ok
}

// Knows reports whether there is a camera of that id.
func (r *Registry) Knows(camera string) bool {
	_, ok := r.Camera(camera)
	return ok
}

// Location is the time zone of a camera's site; the default zone for a camera that is not there.
func (r *Registry) Location(camera string) *time.Location {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if loc := r.zones[r.cameras[camera].Site]; loc != nil {
		return loc
	}
	return r.fallback
}

// Changed returns a channel that is closed when something has been applied.
func (r *Registry) Changed() <-chan struct{} { return r.bell.next() }

// Law is what decides about the time of a zone or counter; ok is false when the registry does not have it.
func (r *Registry) Law(key models.SeriesKey) (law models.Law, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	camera, ok := r.cameras[key.Camera]
	if !ok {
		return law, false
	}
	loc := r.zones[camera.Site]
	law = models.Law{Calendar: r.sites[camera.Site].Calendar, TimeZone: loc.String(), Location: loc}
	if key.Counter == "" {
		return law, true
	}
	i := slices.IndexFunc(camera.Counters, func(c models.Counter) bool { return c.ID == key.Counter })
	if i < 0 {
		return law, false
	}
	c := &camera.Counters[i]
	if c.Calendar != nil {
		law.Calendar = *c.Calendar
	}
	law.Required = max(c.RequiredOnDuty, 1)
	law.Member = camera.Member(c.ID)
	return law, true
}

// Nodes returns the nodes that have cameras.
func (r *Registry) Nodes() map[string]bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	nodes := map[string]bool{}
	for _, c := range r.cameras {
		nodes[c.Node] = true
	}
	return nodes
}

// Retention is how long what a camera saw is kept; the defaults for a camera that is not known.
func (r *Registry) Retention(camera string) models.Retention {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.sites[r.cameras[camera].Site].Retention.WithDefaults()
}

// NodeConfig is what a node needs to know: its cameras and their sites. Its version is a hash of the rest.
func (r *Registry) NodeConfig(_ context.Context, node string) (models.NodeConfig, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.nodeConfig(node), nil
}

func (r *Registry) configs() map[string]models.NodeConfig {
	nodes := r.Nodes()
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make(map[string]models.NodeConfig, len(nodes))
	for node := range nodes {
		out[node] = r.nodeConfig(node)
	}
	return out
}

func (r *Registry) nodeConfig(node string) models.NodeConfig {
	var cameras []models.Camera
	sites := map[string]models.Site{}
	for _, c := range r.cameras {
		if c.Node == node {
			cameras = append(cameras, c)
			sites[c.Site] = r.sites[c.Site]
		}
	}
	return nodeConfig(sites, cameras)
}

func nodeConfig(sites map[string]models.Site, cameras []models.Camera) models.NodeConfig {
	cfg := models.NodeConfig{Sites: slices.SortedFunc(maps.Values(sites), func(a, b models.Site) int { return strings.Compare(a.ID, b.ID) }), Cameras: cameras}
	slices.SortFunc(cfg.Cameras, func(a, b models.Camera) int { return strings.Compare(a.ID, b.ID) })
	h := sha256.New()
	for _, c := range cfg.Cameras {
		fmt.Fprintf(h, "%q %q\n", c.URL.Reveal(), c.SubURL.Reveal()) // JSON leaves the password out
	}
	if err := json.NewEncoder(h).Encode(cfg); err != nil {
		panic(fmt.Sprintf("a checked configuration cannot be encoded: %v", err))
	}
	cfg.Version = hex.EncodeToString(h.Sum(nil)[:8])
	return cfg
}

func byID[T any](list []T, id func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[id(v)] = v
	}
	return m
}

// merged is what is new, followed by what is old and not replaced.
func merged[T any](fresh []T, old iter.Seq[T], id func(T) string) []T {
	all := append([]T(nil), fresh...)
	replaced := byID(fresh, id)
	for v := range old {
		if _, ok := replaced[id(v)]; !ok {
			all = append(all, v)
		}
	}
	return all
}

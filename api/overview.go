package api

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// todayCache keeps today's sums for a moment: many pages ask for the same overview.
type todayCache struct {
	mu   sync.Mutex
	made time.Time
	sums map[string]map[models.SeriesKey][]models.Sum // by site
}

const todayAge = 3 * time.Second

// tally is what rolls up the tree.
type tally struct {
	status *pb.PlaceStatus
	sums   map[models.SeriesKey][]models.Sum
}

func newTally() *tally {
	return &tally{&pb.PlaceStatus{Today: &pb.DayFigures{}}, map[models.SeriesKey][]models.Sum{}}
}

func (t *tally) add(o *tally) {
	a, b := t.status, o.status
	a.OpenCritical += b.OpenCritical
	a.OpenAttention += b.OpenAttention
	a.OpenNoData += b.OpenNoData
	a.Cameras += b.Cameras
	a.CamerasWithoutData += b.CamerasWithoutData
	a.CountersDue += b.CountersDue
	a.CountersStaffed += b.CountersStaffed
	a.CountersUnknown += b.CountersUnknown
	a.Counters += b.Counters
	a.Waiting += b.Waiting
	a.Today.Events += b.Today.Events
	for k, s := range o.sums {
		t.sums[k] = s
	}
}

// finish computes what cannot be added up: figures and severity.
func (t *tally) finish() *pb.PlaceStatus {
	s := t.status
	queues, counters := map[models.SeriesKey][]models.Sum{}, map[models.SeriesKey][]models.Sum{}
	for k, parts := range t.sums {
		if k.Counter != "" {
			counters[k] = parts
		} else {
			queues[k] = parts
		}
	}
	// Half days of any site's own zone: the default zone only decides where sessions of the bootstrap are cut.
	loc, err := time.LoadLocation(models.DefaultTimeZone)
	if err != nil {
		loc = time.UTC
	}
	median, _ := estimate(pb.Measure_MEASURE_WAIT, pb.Statistic_STATISTIC_MEDIAN, queues, loc)
	p90, _ := estimate(pb.Measure_MEASURE_WAIT, pb.Statistic_STATISTIC_P90, queues, loc)
	staffing, _ := estimate(pb.Measure_MEASURE_STAFFING, pb.Statistic_STATISTIC_MEAN, counters, loc)
	_, seen := estimate(pb.Measure_MEASURE_COVERAGE, pb.Statistic_STATISTIC_MEAN, t.sums, loc)
	s.Today.WaitMedianS, s.Today.WaitP90S, s.Today.Staffing = wire.ToEstimate(median), wire.ToEstimate(p90), wire.ToEstimate(staffing)
	s.Today.Coverage = seen.coverage()
	for _, parts := range queues {
		for _, p := range parts {
			s.Today.Visits += int32(p.Waits.N)
		}
	}
	switch {
	case s.OpenCritical > 0:
		s.Severity = pb.Severity_SEVERITY_CRITICAL
	case s.OpenAttention > 0:
		s.Severity = pb.Severity_SEVERITY_ATTENTION
	case s.OpenNoData > 0 || s.CamerasWithoutData == s.Cameras:
		s.Severity = pb.Severity_SEVERITY_NO_DATA
	default:
		s.Severity = pb.Severity_SEVERITY_NORMAL
	}
	return s
}

// GetOverview gives the tree, worst first among siblings.
func (s *directoryService) GetOverview(ctx context.Context, r *pb.GetOverviewRequest) (*pb.Overview, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	top := ""
	if r.Unit != "" {
		ids, err := cat.resolve("unit", r.Unit, wire.Units)
		if err != nil {
			return nil, err
		}
		top = ids[0]
	}
	sites, err := s.tallySites(ctx, cat)
	if err != nil {
		return nil, err
	}
	total := newTally()
	byUnit := map[string]*tally{}
	for _, site := range cat.sites {
		if !cat.below(site.Unit, top) {
			continue
		}
		total.add(sites[site.ID])
		for _, u := range cat.above(site.Unit) {
			if byUnit[u] == nil {
				byUnit[u] = newTally()
			}
			byUnit[u].add(sites[site.ID])
		}
	}
	children := map[string][]*pb.Place{}
	for _, u := range cat.units {
		if cat.below(u.ID, top) {
			t := byUnit[u.ID]
			if t == nil {
				t = newTally()
			}
			p := &pb.Place{Name: wire.Name(wire.Units, u.ID), Parent: wire.Name(wire.Units, u.Parent), DisplayName: u.Name, Kind: u.Kind, Status: t.finish()}
			if u.ID == top {
				p.Parent = ""
			}
			children[p.Parent] = append(children[p.Parent], p)
		}
	}
	for _, x := range cat.sites {
		if cat.below(x.Unit, top) {
			p := &pb.Place{Name: wire.Name(wire.Sites, x.ID), Parent: wire.Name(wire.Units, x.Unit), DisplayName: x.Name, Kind: "site", Notice: x.Notice, Status: sites[x.ID].finish()}
			children[p.Parent] = append(children[p.Parent], p)
		}
	}
	out := &pb.Overview{Time: wire.ToTime(s.now()), Total: total.finish()}
	out.Places = depthFirst(nil, children, "")
	return out, nil
}

// above is a unit and all units over it.
func (c *catalogue) above(unit string) []string {
	var out []string
	for range len(c.units) + 1 {
		u, ok := c.units[unit]
		if !ok {
			break
		}
		out = append(out, unit)
		unit = u.Parent
	}
	return out
}

// depthFirst appends what hangs below parent, worst first, each followed by its own children.
func depthFirst(out []*pb.Place, children map[string][]*pb.Place, parent string) []*pb.Place {
	here := children[parent]
	delete(children, parent) // each place once, whatever the tree
	slices.SortFunc(here, func(a, b *pb.Place) int {
		x, y := a.Status, b.Status
		return cmp.Or(
			cmp.Compare(y.Severity, x.Severity),
			cmp.Compare(y.OpenCritical, x.OpenCritical),
			cmp.Compare(y.OpenAttention, x.OpenAttention),
			cmp.Compare(y.OpenNoData, x.OpenNoData),
			cmp.Compare(y.Waiting, x.Waiting),
			cmp.Compare(a.DisplayName, b.DisplayName),
			cmp.Compare(a.Name, b.Name),
		)
	})
	for _, p := range here {
		out = depthFirst(append(out, p), children, p.Name)
	}
	return out
}

// tallySites counts what each site shows now, and brings its figures of today.
func (s *directoryService) tallySites(ctx context.Context, cat *catalogue) (map[string]*tally, error) {
	today, err := s.todaySums(ctx, cat)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*tally, len(cat.sites))
	for id := range cat.sites {
		out[id] = newTally()
		if sums := today[id]; sums != nil {
			out[id].sums = sums
		}
	}
	now := s.now()
	live := s.heardCameras()
	for _, cam := range cat.cameras {
		if t := out[cam.Site]; t != nil {
			countCamera(t.status, cat.sites[cam.Site], cam, live[cam.ID], now)
		}
	}
	return out, s.countEvents(ctx, cat, out, now)
}

func countCamera(p *pb.PlaceStatus, site models.Site, cam models.Camera, h heard, now time.Time) {
	fresh := h.fresh(now)
	p.Cameras++
	if !fresh {
		p.CamerasWithoutData++
	}
	loc, err := site.Location()
	if err != nil {
		loc = time.UTC
	}
	_, due, _ := site.Calendar.Session(now, loc)
	states := map[string]models.Staffing{}
	if fresh {
		for _, k := range h.Counters {
			states[k.Counter] = k.Staffing
		}
		for _, z := range h.Zones {
			if z.Kind == models.ZoneQueue {
				p.Waiting += int32(z.Count)
			}
		}
	}
	for _, k := range cam.Counters {
		p.Counters++
		if !due {
			continue
		}
		p.CountersDue++
		switch states[k.ID] {
		case models.Staffed:
			p.CountersStaffed++
		case models.Grace, models.Absent:
		default:
			p.CountersUnknown++
		}
	}
}

// countEvents counts open incidents, and those opened today, at the site they are about. An incident about a node counts at
// every site whose cameras the node reads.
func (s *directoryService) countEvents(ctx context.Context, cat *catalogue, out map[string]*tally, now time.Time) error {
	open := true
	opened, err := s.events.Events(ctx, models.EventQuery{Open: &open, Limit: 10 * maxPage})
	if err != nil {
		return err
	}
	for _, e := range opened {
		for _, site := range cat.sitesOf(e) {
			count(out[site], severity(e.Kind))
		}
	}
	loc, err := time.LoadLocation(models.DefaultTimeZone)
	if err != nil {
		loc = time.UTC
	}
	since, err := s.events.Events(ctx, models.EventQuery{From: midnight(now, loc), Limit: 10 * maxPage})
	if err != nil {
		return err
	}
	for _, e := range since {
		for _, site := range cat.sitesOf(e) {
			if t := out[site]; t != nil {
				t.status.Today.Events++
			}
		}
	}
	return nil
}

func count(t *tally, sev pb.Severity) {
	if t == nil {
		return
	}
	switch sev {
	case pb.Severity_SEVERITY_CRITICAL:
		t.status.OpenCritical++
	case pb.Severity_SEVERITY_ATTENTION:
		t.status.OpenAttention++
	default:
		t.status.OpenNoData++
	}
}

// sitesOf are the sites an incident is about.
func (c *catalogue) sitesOf(e models.Event) []string {
	if e.Camera != "" {
		return []string{c.cameras[e.Camera].Site}
	}
	sites := map[string]bool{}
	for _, cam := range c.cameras {
		if cam.Node == e.Node {
			sites[cam.Site] = true
		}
	}
	return sortedKeys(sites)
}

// todaySums are the hourly sums of each site since its local midnight.
func (s *directoryService) todaySums(ctx context.Context, cat *catalogue) (map[string]map[models.SeriesKey][]models.Sum, error) {
	s.today.mu.Lock()
	defer s.today.mu.Unlock()
	now := s.now()
	if now.Sub(s.today.made) < todayAge {
		return s.today.sums, nil
	}
	keys, siteOf := map[string][]models.SeriesKey{}, map[models.SeriesKey]string{} // keys by time zone
	for _, cam := range cat.cameras {
		site := cat.sites[cam.Site]
		loc, err := site.Location()
		if err != nil {
			loc = time.UTC
		}
		for _, k := range keysOf(scope{cameras: []models.Camera{cam}}, pb.Measure_MEASURE_COVERAGE) {
			keys[loc.String()] = append(keys[loc.String()], k)
			siteOf[k] = cam.Site
		}
	}
	out := map[string]map[models.SeriesKey][]models.Sum{}
	for zone, ks := range keys {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			loc = time.UTC
		}
		sums, err := s.series.Sums(ctx, ks, models.StepHour, midnight(now, loc), now, loc)
		if err != nil {
			return nil, err
		}
		for k, parts := range sums {
			if out[siteOf[k]] == nil {
				out[siteOf[k]] = map[models.SeriesKey][]models.Sum{}
			}
			out[siteOf[k]][k] = parts
		}
	}
	s.today.made, s.today.sums = now, out
	return out, nil
}

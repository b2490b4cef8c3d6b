package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// tally is what rolls up the tree.
type tally struct {
	status *pb.PlaceStatus
	sums   map[models.SeriesKey][]models.Sum

	anyOrder bool // a queue is called out of order
}

func newTally() *tally {
	return &tally{status: &pb.PlaceStatus{Today: &pb.DayFigures{}}, sums: map[models.SeriesKey][]models.Sum{}}
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
	t.anyOrder = t.anyOrder || o.anyOrder
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
	loc := zone(models.DefaultTimeZone)
	median, _ := estimate(query{measure: pb.Measure_MEASURE_WAIT, statistic: pb.Statistic_STATISTIC_MEDIAN, anyOrder: t.anyOrder}, queues, loc)
	p90, _ := estimate(query{measure: pb.Measure_MEASURE_WAIT, statistic: pb.Statistic_STATISTIC_P90, anyOrder: t.anyOrder}, queues, loc)
	staffing, _ := estimate(query{measure: pb.Measure_MEASURE_STAFFING}, counters, loc)
	_, seen := estimate(query{measure: pb.Measure_MEASURE_COVERAGE}, t.sums, loc)
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
	today, err := s.sinceMidnight(ctx, cat)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*tally, len(cat.sites))
	for id := range cat.sites {
		out[id] = newTally()
		if sums := today.sums[id]; sums != nil {
			out[id].sums = sums
		}
	}
	now := s.now()
	live := s.heardCameras()
	for _, cam := range cat.cameras {
		if t := out[cam.Site]; t != nil {
			t.anyOrder = t.anyOrder || slices.ContainsFunc(cam.Zones, func(z models.Zone) bool { return z.Discipline == models.DisciplineAny })
			countCamera(t.status, cat.sites[cam.Site], cam, live[cam.ID], now)
		}
	}
	for _, e := range today.events {
		for _, site := range cat.sitesOf(e) {
			if t := out[site]; t != nil {
				t.status.Today.Events++
			}
		}
	}
	return out, s.countOpen(ctx, cat, out)
}

func countCamera(p *pb.PlaceStatus, site models.Site, cam models.Camera, h heard, now time.Time) {
	fresh := h.fresh(now)
	p.Cameras++
	if !fresh {
		p.CamerasWithoutData++
	}
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
		if cam.Member(k.ID) { // its group counts
			continue
		}
		p.Counters++
		calendar := &site.Calendar
		if k.Calendar != nil {
			calendar = k.Calendar
		}
		if _, due, _ := calendar.Session(now, zone(site.TimeZone)); !due {
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

// countOpen counts open incidents at the site they are about. An incident about a node counts at every site whose cameras the
// node reads.
func (s *directoryService) countOpen(ctx context.Context, cat *catalogue, out map[string]*tally) error {
	open := true
	events, err := s.events.Events(ctx, models.EventQuery{Open: &open, Standing: true, Limit: 10 * maxPage})
	for _, e := range events {
		for _, site := range cat.sitesOf(e) {
			count(out[site], severity(e.Kind))
		}
	}
	return err
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

package api

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

type eventService struct {
	pb.UnimplementedEventServiceServer
	*core
	watchers gate
}

// severity says how urgent a kind of incident is.
func severity(k models.EventKind) pb.Severity {
	switch k {
	case models.CounterAbsent:
		return pb.Severity_SEVERITY_CRITICAL
	case models.CameraOfflineEvent, models.CameraStalledEvent, models.NodeOffline:
		return pb.Severity_SEVERITY_NO_DATA
	default:
		return pb.Severity_SEVERITY_ATTENTION
	}
}

// toEvent is an incident with what only the directory knows.
func (c *catalogue) toEvent(e models.Event) *pb.Event {
	p := wire.ToEvent(e)
	p.Severity = severity(e.Kind)
	cam, ok := c.cameras[e.Camera]
	if !ok {
		p.SubjectDisplayName = e.Node
		return p
	}
	p.Site, p.SiteDisplayName = wire.Name(wire.Sites, cam.Site), c.sites[cam.Site].Name
	p.SubjectDisplayName = cam.Name
	if e.Counter != "" {
		p.Counter = wire.Name(wire.Sites, cam.Site, wire.Counters, e.Counter)
		p.SubjectDisplayName = e.Counter
		for _, k := range cam.Counters {
			if k.ID == e.Counter && k.Name != "" {
				p.SubjectDisplayName = k.Name
			}
		}
	}
	return p
}

var eventFields = map[string]string{
	"kind": "=", "open": "=", "unit": "=", "site": "=", "camera": "=", "counter": "=", "node": "=", "open_time": ">= <",
}

// eventQuery turns a filter into a query.
func (c *catalogue) eventQuery(filter string) (models.EventQuery, error) {
	var q models.EventQuery
	conds, err := parseFilter(filter, eventFields)
	if err != nil {
		return q, err
	}
	for _, cond := range conds {
		if err := c.restrict(&q, cond); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (c *catalogue) restrict(q *models.EventQuery, cond condition) error {
	switch cond.field {
	case "kind":
		kind := models.EventKind(cond.value)
		if !wire.KnownEventKind(kind) {
			return models.Invalid("filter", "%q is not a kind of event such as %s", clip(cond.value), models.CounterAbsent)
		}
		q.Kinds = append(q.Kinds, kind)
	case "open":
		open, err := strconv.ParseBool(cond.value)
		if err != nil {
			return models.Invalid("filter", "open takes true or false, not %q", clip(cond.value))
		}
		q.Open = &open
	case "open_time":
		t, err := time.Parse(time.RFC3339, cond.value)
		if err != nil {
			return models.Invalid("filter", "open_time takes a time such as 2026-01-31T08:00:00Z, not %q", clip(cond.value))
		}
		if cond.op == "<" {
			q.To = t.UTC()
		} else {
			q.From = t.UTC()
		}
	case "node":
		ids, err := parseName("filter", cond.value, wire.Nodes)
		if err != nil {
			return err
		}
		q.Node = ids[0]
	case "counter":
		if _, err := parseName("filter", cond.value, wire.Sites, wire.Counters); err != nil {
			return err
		}
		in, err := c.inScope("filter", cond.value)
		if err != nil {
			return err
		}
		q.Counter = in.counter
		q.Cameras = both(q.Cameras, in.ids())
	default:
		in, err := c.named(cond)
		if err != nil {
			return err
		}
		q.Cameras = both(q.Cameras, in.ids())
	}
	return nil
}

// both is what two restrictions on cameras allow together; nil allows all.
func both(a, b []string) []string {
	if a == nil {
		return b
	}
	return slices.DeleteFunc(b, func(id string) bool { return !slices.Contains(a, id) })
}

// matches reports whether an incident passes a query's conditions.
func matches(q models.EventQuery, e models.Event) bool {
	return (len(q.Kinds) == 0 || slices.Contains(q.Kinds, e.Kind)) &&
		(q.Open == nil || *q.Open == e.Open()) &&
		(q.Cameras == nil || slices.Contains(q.Cameras, e.Camera)) &&
		(q.Counter == "" || q.Counter == e.Counter) &&
		(q.Node == "" || q.Node == e.Node) &&
		(q.From.IsZero() || !e.Opened.Before(q.From)) &&
		(q.To.IsZero() || e.Opened.Before(q.To))
}

// ListEvents lists incidents, newest opening first.
func (s *eventService) ListEvents(ctx context.Context, r *pb.ListEventsRequest) (*pb.ListEventsResponse, error) {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	q, err := cat.eventQuery(r.Filter)
	if err != nil {
		return nil, err
	}
	n, err := pageSize(r.PageSize, 50)
	if err != nil {
		return nil, err
	}
	if q.After, err = eventKey(r.PageToken); err != nil {
		return nil, err
	}
	q.Limit = n + 1
	last, err := s.events.LastChange(ctx) // before the list: a change in between is then told twice, never left out
	if err != nil {
		return nil, err
	}
	events, err := s.events.Events(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &pb.ListEventsResponse{Cursor: strconv.FormatInt(last, 10)}
	if len(events) > n {
		events = events[:n]
		e := events[n-1]
		out.NextPageToken = toToken(strconv.FormatInt(e.Opened.UnixNano(), 10) + " " + e.ID)
	}
	out.Events = mapped(events, cat.toEvent)
	return out, nil
}

// eventKey reads a page token; nil for none.
func eventKey(token string) (*models.EventKey, error) {
	s, err := fromToken("page_token", token)
	if err != nil || s == "" {
		return nil, err
	}
	at, id, _ := strings.Cut(s, " ")
	ns, err := strconv.ParseInt(at, 10, 64)
	if err != nil || !madeID(id) {
		return nil, models.Invalid("page_token", "not a token of this list; begin again without it")
	}
	return &models.EventKey{Opened: time.Unix(0, ns).UTC(), ID: id}, nil
}

// GetEvent gives one incident.
func (s *eventService) GetEvent(ctx context.Context, r *pb.GetEventRequest) (*pb.Event, error) {
	ids, err := parseName("name", r.Name, wire.Events)
	if err != nil {
		return nil, err
	}
	cat, err := s.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	e, err := s.events.Event(ctx, ids[0])
	if err != nil {
		return nil, err
	}
	return cat.toEvent(e), nil
}

const (
	changesAtOnce = 200
	aliveEvery    = 15 * time.Second // a message at least so often, so that both sides notice a dead connection
)

// WatchEvents sends changes from a cursor on. What a slow reader has not read stays in the store, never in memory.
func (s *eventService) WatchEvents(r *pb.WatchEventsRequest, stream grpc.ServerStreamingServer[pb.WatchEventsResponse]) error {
	ctx := stream.Context()
	leave, err := s.watchers.enter()
	if err != nil {
		return err
	}
	defer leave()
	at, err := s.cursor(ctx, r.Cursor)
	if err != nil {
		return err
	}
	cat, err := s.catalogue(ctx)
	if err != nil {
		return err
	}
	if _, err := cat.eventQuery(r.Filter); err != nil {
		return err
	}
	if err := stream.Send(&pb.WatchEventsResponse{Cursor: strconv.FormatInt(at, 10)}); err != nil {
		return err
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		changed := s.events.Changed() // before reading: a change after it wakes us
		at, err = s.sendChanges(r.Filter, at, stream)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-alive.C:
			if err := stream.Send(&pb.WatchEventsResponse{Cursor: strconv.FormatInt(at, 10)}); err != nil {
				return err
			}
		}
	}
}

// sendChanges sends all that is stored after at and returns how far it came.
func (s *eventService) sendChanges(filter string, at int64, stream grpc.ServerStreamingServer[pb.WatchEventsResponse]) (int64, error) {
	ctx := stream.Context()
	for {
		changes, err := s.events.Changes(ctx, at, changesAtOnce)
		if err != nil || len(changes) == 0 {
			return at, err
		}
		cat, err := s.catalogue(ctx)
		if err != nil {
			return at, err
		}
		q, err := cat.eventQuery(filter)
		if err != nil {
			return at, err
		}
		for _, c := range changes {
			at = c.Seq
			if !matches(q, c.Event) {
				continue
			}
			if err := stream.Send(&pb.WatchEventsResponse{Event: cat.toEvent(c.Event), Cursor: strconv.FormatInt(at, 10)}); err != nil {
				return at, err
			}
		}
	}
}

// cursor reads where a watcher wants to go on; the end of what is stored when it does not say.
func (s *eventService) cursor(ctx context.Context, c string) (int64, error) {
	last, err := s.events.LastChange(ctx)
	if err != nil || c == "" {
		return last, err
	}
	at, err := strconv.ParseInt(c, 10, 64)
	if err != nil || at < 0 || at > last { // past the end: a cursor of a centre whose data was lost
		return 0, models.Invalid("cursor", "%q is not a cursor of this centre; begin again without it", clip(c))
	}
	return at, nil
}

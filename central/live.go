package central

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Silence is how long a node may be silent before node.offline opens.
const Silence = 15 * time.Second

// keepSeen is how often a node's last heartbeat is written to the store.
const keepSeen = time.Minute

// NodeStore remembers nodes.
type NodeStore interface {
	Nodes(context.Context) ([]models.Node, error)
	SawNode(ctx context.Context, id, version string, at time.Time) error
}

// Heard is a node's newest heartbeat and when it was heard, by the centre's clock.
type Heard struct {
	Beat models.Beat
	At   time.Time
}

// Live keeps the newest heartbeat of every node, and opens node.offline for an enrolled node with cameras that is silent.
// It is safe for concurrent use.
type Live struct {
	events  *Events
	nodes   NodeStore
	watched func() map[string]bool // nodes that have cameras
	now     func() time.Time
	log     *slog.Logger
	started time.Time

	mu      sync.Mutex
	heard   map[string]Heard
	cameras map[string]string    // camera -> node that showed it last
	kept    map[string]time.Time // node -> heartbeat that is in the store
	silent  map[string]models.Event
	bell    bell
}

// NewLive goes on with the node.offline incidents that were open when the centre stopped.
func NewLive(ctx context.Context, events *Events, nodes NodeStore, watched func() map[string]bool, now func() time.Time, log *slog.Logger) (*Live, error) {
	l := &Live{events: events, nodes: nodes, watched: watched, now: now, log: log, started: now(),
		heard: map[string]Heard{}, cameras: map[string]string{}, kept: map[string]time.Time{}, silent: map[string]models.Event{}}
	open := true
	list, err := events.Events(ctx, models.EventQuery{Kinds: []models.EventKind{models.NodeOffline}, Open: &open, Limit: 10_000})
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		l.silent[e.Node] = e
	}
	return l, nil
}

// Beat takes a heartbeat of the node that is signed in.
func (l *Live) Beat(node string, b models.Beat) {
	b.Node = node
	l.mu.Lock()
	l.heard[node] = Heard{b, l.now()}
	for _, c := range b.Cameras {
		l.cameras[c.Camera] = node
	}
	l.mu.Unlock()
	l.bell.ring()
}

// Beats returns the newest heartbeat of every node that was heard since the start.
func (l *Live) Beats() []Heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Heard, 0, len(l.heard))
	for _, h := range l.heard {
		out = append(out, h)
	}
	return out
}

// Changed returns a channel that is closed when the next heartbeat is heard.
func (l *Live) Changed() <-chan struct{} { return l.bell.next() }

// Camera returns what a camera shows; ok is false when no node has shown it since the start. When its node is silent its
// health says so.
func (l *Live) Camera(id string) (live models.Live, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.heard[l.cameras[id]]
	for _, c := range h.Beat.Cameras {
		if c.Camera != id {
			continue
		}
		if l.now().Sub(h.At) >= Silence {
			c.Health = models.CameraHealth{State: models.CameraOffline, Reason: fmt.Sprintf("node %s is silent", h.Beat.Node), Since: h.At}
		}
		return c, true
	}
	return models.Live{}, false
}

// Run checks every second until ctx ends.
func (l *Live) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := l.Check(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("heartbeats could not be looked after; it is tried again", "err", err)
		}
	}
}

// Check opens and closes node.offline incidents by the clock, and writes down when nodes were seen. It is called by one
// goroutine only.
func (l *Live) Check(ctx context.Context) error {
	nodes, err := l.nodes.Nodes(ctx)
	if err != nil {
		return err
	}
	watched, now := l.watched(), l.now()
	for _, n := range nodes {
		l.mu.Lock()
		h, heard := l.heard[n.ID]
		kept := l.kept[n.ID]
		l.mu.Unlock()
		if heard && h.At.After(kept) && h.At.Sub(kept) >= keepSeen {
			if err := l.nodes.SawNode(ctx, n.ID, h.Beat.Version, h.At); err != nil {
				return err
			}
			l.mu.Lock()
			l.kept[n.ID] = h.At
			l.mu.Unlock()
		}
		// A centre that has just started has not given the node its chance to be heard.
		last := latest(h.At, n.Enrolled, l.started)
		if err := l.judge(ctx, n, last, latest(h.At, n.LastSeen, n.Enrolled), watched[n.ID] && now.Sub(last) >= Silence, now); err != nil {
			return err
		}
	}
	return nil
}

// judge opens, closes or leaves a node's incident. began is when the node was last known to be there.
func (l *Live) judge(ctx context.Context, n models.Node, last, began time.Time, silent bool, now time.Time) error {
	e, open := l.silent[n.ID]
	switch {
	case silent && !open:
		opened := last.Add(Silence)
		e = models.Event{ID: models.RecordID("centre", n.ID, models.NodeOffline, models.MethodVersion, opened.Unix()), Kind: models.NodeOffline,
			Node: n.ID, Opened: opened.UTC(), Began: began.UTC(), Revision: 1, ObservedRatio: 1, Method: models.MethodVersion}
		l.log.Warn("a node is silent", "node", n.ID, "since", began)
	case !silent && open:
		e.Closed, e.Revision = now.UTC(), e.Revision+1
		l.log.Info("a node is back", "node", n.ID)
	default:
		return nil
	}
	if err := l.events.Put(ctx, []models.Event{e}); err != nil {
		return err
	}
	if e.Open() {
		l.silent[n.ID] = e
	} else {
		delete(l.silent, n.ID)
	}
	return nil
}

func latest(times ...time.Time) (t time.Time) {
	for _, u := range times {
		if u.After(t) {
			t = u
		}
	}
	return t
}

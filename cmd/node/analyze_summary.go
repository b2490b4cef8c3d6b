package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// totals is what the summary tells of a whole file.
type totals struct {
	order  []string // zones, then counters, as they came
	places map[string]*place
	shown  int
	frames int

	anyOrder map[string]bool // queues that are called out of order
}

// place is one zone or counter.
type place struct {
	name, kind                         string
	observed, occupancy                float64
	staffed, absent, unknown           float64
	most, visits, served, gaveUp, lost int
	waiting                            waiting
}

func newTotals(camera models.Camera) totals {
	t := totals{places: map[string]*place{}, anyOrder: map[string]bool{}}
	for _, z := range camera.Zones {
		t.anyOrder[z.ID] = z.Discipline == models.DisciplineAny
	}
	return t
}

func (t *totals) people(n int) { t.shown += n; t.frames++ }

func (t *totals) at(name, kind string) *place {
	key := kind + " " + name
	p := t.places[key]
	if p == nil {
		p = &place{name: name, kind: kind}
		t.places[key] = p
		t.order = append(t.order, key)
	}
	return p
}

func (t *totals) minute(m models.Minute) {
	name, kind := m.Zone, string(m.Kind)
	if m.Counter != "" {
		name, kind = m.Counter, "counter"
	}
	p := t.at(name, kind)
	p.waiting.minute(m)
	if m.WorkingS == 0 { // outside working time
		return
	}
	p.observed += m.ObservedS
	p.occupancy += m.OccupancyS
	p.most = max(p.most, m.Max)
	p.staffed, p.absent, p.unknown = p.staffed+m.StaffedS, p.absent+m.AbsentS, p.unknown+m.UnknownS
}

func (t *totals) visit(v models.Visit) {
	p := t.at(v.Zone, string(v.Kind))
	p.waiting.sum.AddVisit(v)
	p.visits++
	switch v.Ended {
	case models.EndServed:
		p.served++
	case models.EndLeft:
		p.gaveUp++
	default:
		p.lost++
	}
}

// summary prints what was seen.
func (o *outputs) summary(w io.Writer, frames, analysed, gated int64, seen, took time.Duration) {
	fmt.Fprintf(w, "%d frames, %d analysed", frames, analysed)
	if gated > 0 {
		fmt.Fprintf(w, " (%d without an inference: nothing had moved)", gated)
	}
	fmt.Fprintf(w, ", %.1f s of video in %.1f s", seen.Seconds(), took.Seconds())
	if o.sum.frames > 0 {
		fmt.Fprintf(w, ", %.2f people a frame", float64(o.sum.shown)/float64(o.sum.frames))
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, key := range o.sum.order {
		p := o.sum.places[key]
		fmt.Fprintf(t, "%s\t%s\tseen %.0f s\tmean %.2f\tmost %d\t", p.kind, p.name, p.observed, p.occupancy/max(p.observed, 1e-9), p.most)
		if p.kind == "counter" {
			fmt.Fprintf(t, "staffed %.0f s, absent %.0f s, unknown %.0f s\n", p.staffed, p.absent, p.unknown)
		} else {
			fmt.Fprintf(t, "%d visits: %d served, %d left, %d not seen to end\n", p.visits, p.served, p.gaveUp, p.lost)
		}
	}
	t.Flush()
	for _, key := range o.sum.order {
		p := o.sum.places[key]
		p.waiting.tell(w, p, o.sum.anyOrder[p.name])
	}
	for _, e := range o.list() {
		closed := "still open"
		if e.ClosedS != nil {
			closed = fmt.Sprintf("closed at %.1f s", *e.ClosedS)
		}
		fmt.Fprintf(w, "%s %s: opened at %.1f s, %s\n", e.Kind, e.Counter, e.OpenedS, closed)
	}
}

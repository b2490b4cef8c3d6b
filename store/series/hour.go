package series

import (
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// hour is what one zone or counter did in one hour of UTC: minutes in order of time, visits in order of their ends.
type hour struct {
	minutes []models.Minute
	visits  []models.Visit
}

// putMinute adds m unless a version of the same minute that saw at least as much is there; it reports whether it did.
func (h *hour) putMinute(m models.Minute) bool {
	m = rounded(m)
	i, found := slices.BinarySearchFunc(h.minutes, m, func(a, b models.Minute) int { return a.Start.Compare(b.Start) })
	switch {
	case !found:
		h.minutes = slices.Insert(h.minutes, i, m)
	case m.ObservedS > h.minutes[i].ObservedS || m.ObservedS == h.minutes[i].ObservedS && m.WorkingS+m.OffS > h.minutes[i].WorkingS+h.minutes[i].OffS:
		h.minutes[i] = m
	default:
		return false
	}
	return true
}

// putVisit adds v unless a visit of that id is there; it reports whether it did.
func (h *hour) putVisit(v models.Visit) bool {
	v.Entered, v.Left = v.Entered.UTC().Truncate(time.Millisecond), v.Left.UTC().Truncate(time.Millisecond)
	if slices.ContainsFunc(h.visits, func(o models.Visit) bool { return o.ID == v.ID }) {
		return false
	}
	i, _ := slices.BinarySearchFunc(h.visits, v, func(a, b models.Visit) int { return a.Left.Compare(b.Left) })
	h.visits = slices.Insert(h.visits, i, v)
	return true
}

func (h *hour) merge(o *hour) (changed bool) {
	for _, m := range o.minutes {
		changed = h.putMinute(m) || changed
	}
	for _, v := range o.visits {
		changed = h.putVisit(v) || changed
	}
	return changed
}

// forget leaves out what is before an instant, and reports whether nothing is left.
func (h *hour) forget(before time.Time) bool {
	h.minutes = slices.DeleteFunc(h.minutes, func(m models.Minute) bool { return m.Start.Before(before) })
	h.visits = slices.DeleteFunc(h.visits, func(v models.Visit) bool { return v.Left.Before(before) })
	return len(h.minutes)+len(h.visits) == 0
}

// sum adds what lies in from..to to the sum that into gives for its time.
func (h *hour) sum(from, to time.Time, into func(time.Time) *models.Sum) {
	in := models.Span{From: from, To: to}
	for _, m := range h.minutes {
		if in.Contains(m.Start) {
			into(m.Start).Add(m)
		}
	}
	for _, v := range h.visits {
		if in.Contains(v.Left) {
			into(v.Left).AddVisit(v)
		}
	}
}

func hourOf(t time.Time) int64 { return floorDiv(t.Unix(), 3600) }

// dayOf numbers the local day of t; midnight is its inverse.
func dayOf(t time.Time, loc *time.Location) int64 {
	y, m, d := t.In(loc).Date()
	return floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), 86400)
}

func midnight(day int64, loc *time.Location) time.Time {
	y, m, d := time.Unix(day*86400, 0).UTC().Date()
	return models.LocalDay(time.Date(y, m, d, 12, 0, 0, 0, loc), loc).From
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/counterwatch/counterwatch/internal/waits"
	"github.com/counterwatch/counterwatch/models"
)

// half an hour is what reports call a long wait.
const longWait = 1800

// waiting gathers what the whole file tells of the waits of a queue or of the services in a service zone.
type waiting struct {
	sum       models.Sum
	parts     []waits.Part
	sinceOpen []waits.Part
}

func (a *waiting) minute(m models.Minute) {
	var one models.Sum
	one.Add(m)
	a.sum.Merge(one)
	a.parts = append(a.parts, waits.Part{Waits: one.Waits, PersonS: m.OccupancyS, Exits: m.Starts + m.GaveUp, ObservedS: m.ObservedS})
	a.sinceOpen = append(a.sinceOpen, waits.Part{Waits: one.SinceOpen})
}

// tell prints the figures of a whole file with their 95 % intervals, by the rule of docs/METHOD.md.
func (a *waiting) tell(w io.Writer, p *place, anyOrder bool) {
	coverage := a.sum.ObservedS / max(a.sum.WorkingS, 1)
	switch p.kind {
	case string(models.ZoneQueue):
		e := waits.Evidence{AnyOrder: anyOrder, Parts: a.parts, Completed: a.sum.Completed, Censored: a.sum.Censored, Coverage: coverage}
		var words []string
		for _, s := range []waits.Statistic{waits.Median, waits.P90, waits.Mean} {
			words = append(words, phrase(s.Name, "s", 1, waits.Publish(e, s).Published))
		}
		words = append(words, phrase("over 30 min", "%", 100, waits.Publish(e, waits.Over(longWait)).Published))
		fmt.Fprintf(w, "waits at %s: %s\n", p.name, strings.Join(words, "; "))
		open := waits.Evidence{AnyOrder: anyOrder, Parts: a.sinceOpen, Coverage: coverage}
		fmt.Fprintf(w, "  since opening: %s; gave up: %s\n", phrase("median", "s", 1, waits.Publish(open, waits.Median).Published),
			phrase("share", "%", 100, waits.Share(a.sum.GaveUp, a.sum.Starts+a.sum.GaveUp, coverage)))
	case string(models.ZoneService):
		fmt.Fprintf(w, "services at %s: %s; %s\n", p.name, phrase("median", "s", 1, waits.Stays(a.sum.Completed, a.sum.Censored, coverage, waits.Median)),
			phrase("p90", "s", 1, waits.Stays(a.sum.Completed, a.sum.Censored, coverage, waits.P90)))
	}
}

// phrase is one figure in words.
func phrase(name, unit string, scale float64, e models.Estimate) string {
	if e.Quality == models.Unknown {
		return name + " unknown"
	}
	return fmt.Sprintf("%s %.0f %s (%.0f to %.0f, n %d, %s, %s)", name, scale*e.Value, unit, scale*e.Low, scale*e.High, e.N, e.Method, e.Quality)
}

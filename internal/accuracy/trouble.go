package main

import (
	"context"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// outages plays half days whose camera is cut off again and again, and counts the absences that were told although the
// officer had not been seen to be away for long enough.
func (r *report) outages(ctx context.Context) ([]Figure, error) {
	const each = 100 // outages a half day
	n := 10_000 / each
	var configs []office.Config
	for _, seed := range r.seeds(n+n/4, 4) { // some days are full before all have happened
		c := halfDay(seed)
		c.BreakEvery = max(c.BreakEvery, 40*time.Minute)
		c.Look, c.Occlusion = office.Drawn, 0 // citizens who hide officers are counted by themselves: see hidden
		configs = append(configs, c)
	}
	days, err := playAll(ctx, "half days with outages", configs, func(seed uint64) []outage { return outagesOf(seed, each, 4*time.Hour) })
	if err != nil {
		return nil, err
	}
	cut, caused, found := 0, 0, 0
	for _, d := range days {
		cut, caused, found = cut+d.outages, caused+d.caused, found+d.absences.found
	}
	return []Figure{
		countFigure(pure+"absences caused by so many random outages", caused, cut),
		plain(pure+"true absences told in spite of the outages", float64(found), len(days)),
	}, nil
}

// hidden plays offices in which every citizen stands between the camera and the officer, who never leaves.
func (r *report) hidden(ctx context.Context) ([]Figure, error) {
	var configs []office.Config
	for _, seed := range r.seeds(8, 2) {
		c := halfDay(seed)
		c.Look, c.Occlusion, c.Counters, c.BreakEvery, c.Patience = office.People, 1, 3, -1, -1
		c.Service, c.ArrivalsPerHour = 6*time.Minute, 33
		configs = append(configs, c)
	}
	days, err := playAll(ctx, "half days behind citizens", configs, nil)
	if err != nil {
		return nil, err
	}
	told := 0
	for _, d := range days {
		told += d.absences.wrong
	}
	f := frontFigure(pure, days)
	return []Figure{f, countFigure(pure+"absences told in these offices, whose officers never leave, in so many spells", told, f.N)}, nil
}

// caused counts the absences that were told although, of the time the officer was truly away before, too little was seen.
func (d *day) caused() (n int) {
	for _, e := range d.told {
		if e.kind != models.CounterAbsent {
			continue
		}
		i := slices.IndexFunc(d.camera.Counters, func(c models.Counter) bool { return c.ID == e.counter })
		if d.seenAway(e) < d.camera.Counters[i].MaxAbsenceWithWaiting.Seconds()-lateS {
			n++
		}
	}
	return n
}

// seenAway is how many seconds the camera saw of the absence that goes on at a moment, or whose end it has not seen for longer
// than an absence takes to close.
func (d *day) seenAway(e told) (seen float64) {
	for _, a := range d.truth.Absences {
		if a.Counter == e.counter && e.at >= a.From && d.sight(a.To, e.at) <= presenceS {
			seen = max(seen, d.sight(a.From, min(a.To, e.at)))
		}
	}
	return seen
}

// sight is how many of the seconds between two moments were not dark.
func (d *day) sight(from, to float64) float64 {
	seen := max(to-from, 0)
	for _, o := range d.outages {
		seen -= max(min(to, o.to.Seconds())-max(from, o.from.Seconds()), 0)
	}
	return seen
}

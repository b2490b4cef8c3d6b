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
		if d.seenAway(e) < d.camera.Counters[i].MaxAbsenceWithWaiting.Seconds()-marginS {
			n++
		}
	}
	return n
}

// seenAway is how many seconds of the absence that goes on at a moment, or ended just before it, the camera saw.
func (d *day) seenAway(e told) (seen float64) {
	for _, a := range d.truth.Absences {
		if a.Counter != e.counter || e.at < a.From || e.at > a.To+presenceS {
			continue
		}
		end := min(a.To, e.at)
		for s := a.From; s < end; s++ {
			at := time.Duration(s * float64(time.Second))
			if !slices.ContainsFunc(d.outages, func(o outage) bool { return at >= o.from && at < o.to }) {
				seen += min(end-s, 1)
			}
		}
	}
	return seen
}

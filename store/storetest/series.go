// Package storetest is the conformance suite of the stores: one test body per contract, run on every adapter. It is
// imported by tests only.
package storetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// SeriesStore is what a series adapter does; package series states the promises.
type SeriesStore interface {
	Put(ctx context.Context, minutes []models.Minute, visits []models.Visit) error
	Sums(ctx context.Context, keys []models.SeriesKey, step models.Step, from, to time.Time, loc *time.Location) (map[models.SeriesKey][]models.Sum, error)
	Minutes(ctx context.Context, key models.SeriesKey, from, to time.Time) ([]models.Minute, error)
	Visits(ctx context.Context, key models.SeriesKey, from, to time.Time) ([]models.Visit, error)
}

// Series holds an adapter to the promises of package series. open makes a fresh store whose cameras are in the given
// time zone; the test cleans it up.
func Series(t *testing.T, open func(t *testing.T, zone *time.Location) SeriesStore) {
	utc := func(t *testing.T) SeriesStore { return open(t, time.UTC) }
	t.Run("what goes in comes out", func(t *testing.T) { roundTrip(t, utc(t)) })
	t.Run("twice, late and shuffled is the same", func(t *testing.T) { shuffled(t, utc(t)) })
	t.Run("of two versions the one that saw more", func(t *testing.T) { versions(t, utc(t)) })
	t.Run("bad input keeps all out", func(t *testing.T) { badInput(t, utc(t)) })
	t.Run("cancelled is all or nothing", func(t *testing.T) { cancelled(t, utc(t)) })
	t.Run("nothing is no error", func(t *testing.T) { nothing(t, utc(t)) })
	for _, zone := range []string{"Asia/Ho_Chi_Minh", "Asia/Kathmandu", "America/New_York"} { // +7, +5:45, with summer time
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		t.Run("days equal their minutes/"+zone, func(t *testing.T) { days(t, open(t, loc), loc) })
	}
}

// Three days around New York's change to summer time.
var (
	first = time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC)
	last  = first.AddDate(0, 0, 3)
	queue = models.SeriesKey{Camera: "cam", Zone: "q"}
	desk  = models.SeriesKey{Camera: "cam", Counter: "c1"}
)

// Office is what an office of one queue and one counter reports in from..to: seeded, with gaps.
func Office(camera string, from, to time.Time, seed uint64) (minutes []models.Minute, visits []models.Visit) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	seconds := func(most float64) float64 { return math.Round(rnd.Float64()*most*1000) / 1000 }
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		if rnd.IntN(20) == 0 {
			continue
		}
		q := models.Minute{Camera: camera, Zone: "q", Kind: models.ZoneQueue, Start: at, WorkingS: 60}
		c := models.Minute{Camera: camera, Counter: "c1", Start: at, WorkingS: 60}
		if rnd.IntN(10) == 0 {
			q.WorkingS, c.WorkingS, c.OffS = seconds(60), 0, seconds(60)
		}
		for left := 60.0; left > 5; {
			n, s := rnd.IntN(models.MaxCount+1), math.Min(left, 5+seconds(40))
			q.AtCount[n] = math.Round((q.AtCount[n]+s)*1000) / 1000
			q.ObservedS = math.Round((q.ObservedS+s)*1000) / 1000
			q.OccupancyS = math.Round((q.OccupancyS+s*float64(n))*1000) / 1000
			q.Max, left = max(q.Max, n), left-s
		}
		c.AtCount[1], c.ObservedS, c.OccupancyS, c.Max = 60, 60, 60, 1
		c.StaffedS, c.AbsentS, c.UnknownS = 40, 15.25, 4.75
		if rnd.IntN(4) == 0 {
			q.Arrivals, q.Starts, q.GaveUp = rnd.IntN(3), rnd.IntN(3), rnd.IntN(2)
			q.WaitsS = []float64{seconds(3000), seconds(30)}
			q.SinceOpenS = []float64{math.Floor(q.WaitsS[0]*500) / 1000, q.WaitsS[1]}
		}
		minutes = append(minutes, q, c)
		if rnd.IntN(3) == 0 {
			left := at.Add(time.Duration(rnd.IntN(60_000)) * time.Millisecond)
			v := models.Visit{Camera: camera, Zone: "q", Kind: models.ZoneQueue, Entered: left.Add(-time.Duration(rnd.IntN(5_000_000)) * time.Millisecond), Left: left,
				Ended: []models.Ended{models.EndServed, models.EndLeft, models.EndLost, models.EndGap, models.EndDay}[rnd.IntN(5)], LeftOpen: rnd.IntN(9) == 0}
			if v.Ended == models.EndServed {
				v.Counter = "c1"
			}
			v.ID = models.RecordID(camera, v.Entered, v.Left)
			visits = append(visits, v)
		}
	}
	return minutes, visits
}

func put(t *testing.T, s SeriesStore, m []models.Minute, v []models.Visit) {
	t.Helper()
	if err := s.Put(t.Context(), m, v); err != nil {
		t.Fatal(err)
	}
}

// stored is all that a store holds of the office, ready for comparison.
func stored(t *testing.T, s SeriesStore) (minutes []models.Minute, visits []models.Visit) {
	t.Helper()
	for _, key := range []models.SeriesKey{queue, desk} {
		m, err := s.Minutes(t.Context(), key, first, last)
		if err != nil {
			t.Fatal(err)
		}
		minutes = append(minutes, m...)
	}
	visits, err := s.Visits(t.Context(), queue, first, last)
	if err != nil {
		t.Fatal(err)
	}
	order(minutes, visits)
	return minutes, visits
}

func order(minutes []models.Minute, visits []models.Visit) {
	slices.SortFunc(minutes, func(a, b models.Minute) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return len(a.Counter) - len(b.Counter)
	})
	slices.SortFunc(visits, func(a, b models.Visit) int {
		if c := a.Left.Compare(b.Left); c != 0 {
			return c
		}
		return a.Entered.Compare(b.Entered)
	})
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	if g.Len() != w.Len() {
		t.Fatalf("%s: %d stored, want %d", what, g.Len(), w.Len())
	}
	for i := range g.Len() {
		if !reflect.DeepEqual(g.Index(i).Interface(), w.Index(i).Interface()) {
			t.Fatalf("%s %d:\ngot  %+v\nwant %+v", what, i, g.Index(i), w.Index(i))
		}
	}
}

func roundTrip(t *testing.T, s SeriesStore) {
	minutes, visits := Office("cam", first, last, 1)
	put(t, s, minutes, visits)
	order(minutes, visits)
	m, v := stored(t, s)
	same(t, "minute", m, minutes)
	same(t, "visit", v, visits)
}

func shuffled(t *testing.T, s SeriesStore) {
	minutes, visits := Office("cam", first, first.Add(30*time.Hour), 2)
	rnd := rand.New(rand.NewPCG(3, 3))
	for range 2 { // all of it twice, each time in another order and in batches of other sizes
		m, v := slices.Clone(minutes), slices.Clone(visits)
		rnd.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
		rnd.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		for len(m) > 0 {
			n, k := min(len(m), 300+rnd.IntN(700)), min(len(v), 200)
			put(t, s, m[:n], v[:k])
			m, v = m[n:], v[k:]
		}
		put(t, s, nil, v)
	}
	order(minutes, visits)
	m, v := stored(t, s)
	same(t, "minute", m, minutes)
	same(t, "visit", v, visits)
	checkDays(t, s, time.UTC, minutes, visits)
}

func versions(t *testing.T, s SeriesStore) {
	more := models.Minute{Camera: "cam", Zone: "q", Kind: models.ZoneQueue, Start: first, WorkingS: 60, ObservedS: 50, Max: 2}
	less := more
	less.ObservedS, less.Max = 20, 9
	other := less
	other.Start = first.Add(time.Minute)
	for _, m := range []models.Minute{less, more, less, other} {
		put(t, s, []models.Minute{m}, nil)
	}
	m, _ := stored(t, s)
	same(t, "minute", m, []models.Minute{more, other})
}

func days(t *testing.T, s SeriesStore, loc *time.Location) {
	minutes, visits := Office("cam", first, last, 4)
	put(t, s, minutes, visits)
	checkDays(t, s, loc, minutes, visits)
	// Late: a day that was closed long ago opens again.
	late, lateVisits := Office("cam", first.AddDate(0, 0, -2), first, 5)
	put(t, s, late, lateVisits)
	checkDays(t, s, loc, append(late, minutes...), append(lateVisits, visits...))
}

// checkDays compares days with sums over minutes and visits made here, and hours and minutes merged with days.
func checkDays(t *testing.T, s SeriesStore, loc *time.Location, minutes []models.Minute, visits []models.Visit) {
	t.Helper()
	want := map[models.SeriesKey]map[int64]*models.Sum{queue: {}, desk: {}}
	whole := map[models.SeriesKey]*models.Sum{queue: {}, desk: {}}
	day := func(key models.SeriesKey, at time.Time) *models.Sum {
		y, m, d := at.In(loc).Date()
		start := time.Date(y, m, d, 0, 0, 0, 0, loc)
		if want[key][start.Unix()] == nil {
			want[key][start.Unix()] = &models.Sum{Start: start}
		}
		return want[key][start.Unix()]
	}
	for _, m := range minutes {
		key := models.SeriesKey{Camera: m.Camera, Zone: m.Zone, Counter: m.Counter}
		day(key, m.Start).Add(m)
		whole[key].Add(m)
	}
	for _, v := range visits {
		day(queue, v.Left).AddVisit(v)
		whole[queue].AddVisit(v)
	}
	keys := []models.SeriesKey{queue, desk, {Camera: "nobody", Zone: "q"}, queue}
	for _, step := range []models.Step{models.StepDay, models.StepHour, models.StepMinute} {
		got, err := s.Sums(t.Context(), keys, step, first.AddDate(0, 0, -5), last.AddDate(0, 0, 5), loc)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 {
			t.Fatalf("%s: %d keys", step, len(got))
		}
		for key, sums := range got {
			var all models.Sum
			for i, sum := range sums {
				all.Merge(sum)
				if i > 0 && !sums[i-1].Start.Before(sum.Start) {
					t.Fatalf("%s: not in order at %v", step, sum.Start)
				}
				if step == models.StepDay {
					w := want[key][sum.Start.Unix()]
					if w == nil {
						t.Fatalf("a day begins at %v", sum.Start)
					}
					near(t, fmt.Sprint(key, " ", sum.Start), sum, *w)
				}
			}
			if step == models.StepDay && len(sums) != len(want[key]) {
				t.Fatalf("%d days, want %d", len(sums), len(want[key]))
			}
			near(t, fmt.Sprint(step, " merged ", key), all, *whole[key])
		}
	}
}

// near compares sums: whole numbers exactly, seconds to the half millisecond.
func near(t *testing.T, what string, got, want models.Sum) {
	t.Helper()
	type h = *models.Histogram
	for _, p := range [][2]h{{&got.Waits, &want.Waits}, {&got.SinceOpen, &want.SinceOpen}, {&got.Completed, &want.Completed}, {&got.Censored, &want.Censored}} {
		if p[0].N != p[1].N || math.Abs(p[0].Sum-p[1].Sum) > 5e-4 || p[1].N > 0 && !reflect.DeepEqual(p[0].Counts, p[1].Counts) {
			t.Fatalf("%s: histogram\ngot  %+v\nwant %+v", what, *p[0], *p[1])
		}
		*p[0], *p[1] = models.Histogram{}, models.Histogram{}
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		name := g.Type().Field(i).Name
		switch v := g.Field(i).Interface().(type) {
		case float64:
			if math.Abs(v-w.Field(i).Float()) > 5e-4 {
				t.Fatalf("%s: %s is %v, want %v", what, name, v, w.Field(i))
			}
		case int:
			if int64(v) != w.Field(i).Int() {
				t.Fatalf("%s: %s is %v, want %v", what, name, v, w.Field(i))
			}
		case [models.MaxCount + 1]float64:
			for n, at := range v {
				if math.Abs(at-want.AtCount[n]) > 5e-4 {
					t.Fatalf("%s: %v s at %d, want %v", what, at, n, want.AtCount[n])
				}
			}
		}
	}
}

func badInput(t *testing.T, s SeriesStore) {
	good := models.Minute{Camera: "cam", Zone: "q", Start: first, WorkingS: 60}
	visit := models.Visit{ID: "v", Camera: "cam", Zone: "q", Entered: first, Left: first, Ended: models.EndServed}
	for name, spoil := range map[string]func(*models.Minute, *models.Visit){
		"no camera":         func(m *models.Minute, _ *models.Visit) { m.Camera = "" },
		"zone and counter":  func(m *models.Minute, _ *models.Visit) { m.Counter = "c" },
		"neither":           func(m *models.Minute, _ *models.Visit) { m.Zone = "" },
		"no start":          func(m *models.Minute, _ *models.Visit) { m.Start = time.Time{} },
		"not a number":      func(m *models.Minute, _ *models.Visit) { m.ObservedS = math.NaN() },
		"infinite":          func(m *models.Minute, _ *models.Visit) { m.WaitsS = []float64{math.Inf(1)} },
		"negative":          func(m *models.Minute, _ *models.Visit) { m.AtCount[3] = -1 },
		"negative people":   func(m *models.Minute, _ *models.Visit) { m.Starts = -1 },
		"visit without id":  func(_ *models.Minute, v *models.Visit) { v.ID = "" },
		"ends before":       func(_ *models.Minute, v *models.Visit) { v.Left = v.Entered.Add(-time.Second) },
		"ends by no word":   func(_ *models.Minute, v *models.Visit) { v.Ended = "vanished" },
		"visit of no place": func(_ *models.Minute, v *models.Visit) { v.Zone = "" },
	} {
		m, v := good, visit
		m.Start = first.Add(time.Minute)
		spoil(&m, &v)
		if err := s.Put(t.Context(), []models.Minute{good, m}, []models.Visit{v}); models.KindOf(err) != models.KindInvalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m, v := stored(t, s); len(m)+len(v) != 0 {
		t.Fatalf("%d minutes and %d visits of refused batches are kept", len(m), len(v))
	}
}

func cancelled(t *testing.T, s SeriesStore) {
	minutes, visits := Office("cam", first, last, 6)
	order(minutes, visits)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*i)*100*time.Microsecond)
		err := s.Put(ctx, minutes, visits)
		cancel()
		m, v := stored(t, s)
		if len(m)+len(v) > 0 {
			same(t, "minute", m, minutes)
			same(t, "visit", v, visits)
		} else if err == nil {
			t.Fatal("nothing is kept of what was acknowledged")
		}
	}
}

func nothing(t *testing.T, s SeriesStore) {
	put(t, s, nil, nil)
	got, err := s.Sums(t.Context(), []models.SeriesKey{queue}, models.StepDay, first, last, time.UTC)
	if err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	_, err = s.Sums(t.Context(), []models.SeriesKey{queue}, "year", first, last, time.UTC)
	isKind(t, err, models.KindInvalid)
}

package series

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/storetest"
)

func open(t testing.TB, zone func(string) *time.Location) *Store {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "series.db"), zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storetest.Series(t, func(t *testing.T, zone *time.Location) storetest.SeriesStore {
		return open(t, func(string) *time.Location { return zone })
	})
}

func TestDaysFollowAMovedSite(t *testing.T) {
	loc := time.UTC
	s := open(t, func(string) *time.Location { return loc })
	from := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
	minutes, _ := storetest.Office("cam", from, from.Add(8*time.Hour), 1)
	key := models.SeriesKey{Camera: "cam", Counter: "c1"}
	count := func() (n []int) {
		sums, err := s.Sums(t.Context(), []models.SeriesKey{key}, models.StepDay, from, from.Add(8*time.Hour), loc)
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range sums[key] {
			n = append(n, sum.Minutes)
		}
		return n
	}
	if err := s.Put(t.Context(), minutes, nil); err != nil {
		t.Fatal(err)
	}
	before := count()
	loc = time.FixedZone("UTC+7", 7*3600)
	minutes[len(minutes)-1].Start = minutes[len(minutes)-1].Start.Add(time.Minute)
	if err := s.Put(t.Context(), minutes[len(minutes)-2:], nil); err != nil {
		t.Fatal(err)
	}
	if after := count(); len(before) != 2 || len(after) != 1 || after[0] < before[0]+before[1] {
		t.Fatalf("minutes by day: %v, after the move %v", before, after)
	}
}

func TestHourIsSmall(t *testing.T) {
	from := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	minutes, visits := storetest.Office("cam", from, from.Add(time.Hour), 1)
	h := map[bool]*hour{true: {}, false: {}}
	for _, m := range minutes {
		h[m.Zone != ""].putMinute(m)
	}
	for _, v := range visits {
		h[true].putVisit(v)
	}
	quiet := &hour{}
	for i := range 60 {
		m := models.Minute{Camera: "cam", Zone: "q", Start: from.Add(time.Duration(i) * time.Minute), WorkingS: 60, ObservedS: 60}
		m.AtCount[0] = 60
		quiet.putMinute(m)
	}
	for name, h := range map[string]*hour{"restless queue": h[true], "counter": h[false], "empty queue": quiet} {
		body, err := encodeHour(h)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d minutes and %d visits in %d bytes", name, len(h.minutes), len(h.visits), len(body))
	}
}

// BenchmarkBacklog is the hour that a node of five cameras with a queue and a counter each brings after an outage.
func BenchmarkBacklog(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "series.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	from := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	records := 0
	for i := 0; b.Loop(); i++ {
		begin := from.Add(time.Duration(i) * time.Hour)
		var minutes []models.Minute
		for c := range 5 {
			m, _ := storetest.Office(fmt.Sprint("cam", c), begin, begin.Add(time.Hour), uint64(i))
			minutes = append(minutes, m...)
		}
		for batch := range slices.Chunk(minutes, 500) {
			if err := s.Put(b.Context(), batch, nil); err != nil {
				b.Fatal(err)
			}
		}
		records += len(minutes)
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "minutes/s")
}

func FuzzDecode(f *testing.F) {
	from := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	minutes, visits := storetest.Office("cam", from, from.Add(20*time.Minute), 1)
	h, sum := &hour{}, models.Sum{}
	for _, m := range minutes {
		if m.Zone != "" {
			h.putMinute(m)
			sum.Add(m)
		}
	}
	for _, v := range visits {
		h.putVisit(v)
		sum.AddVisit(v)
	}
	body, err := encodeHour(h)
	if err != nil {
		f.Fatal(err)
	}
	day, err := encodeSum(sum)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(day)
	f.Add([]byte{formPlain, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = decodeSum(b)
		_, _ = decodeHour(b, models.SeriesKey{Camera: "cam", Zone: "q"}, models.ZoneQueue, from)
	})
}

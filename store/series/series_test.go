package series

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/internal/influxtest"
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

var influxdb influxtest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	influxdb.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func openInflux(t testing.TB, zone func(string) *time.Location) *Store {
	address, bucket := influxdb.Database(t)
	s, err := OpenInflux(t.Context(), InfluxConfig{URL: address, Bucket: bucket}, zone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// shelves are the tests of what lies on each shelf.
func shelves(t *testing.T, test func(t *testing.T, open func(testing.TB, func(string) *time.Location) *Store)) {
	t.Run("embedded", func(t *testing.T) { test(t, open) })
	t.Run("InfluxDB", func(t *testing.T) { test(t, openInflux) })
}

func TestConformance(t *testing.T) {
	shelves(t, func(t *testing.T, open func(testing.TB, func(string) *time.Location) *Store) {
		storetest.Series(t, func(t *testing.T, zone *time.Location) storetest.SeriesStore {
			return open(t, func(string) *time.Location { return zone })
		})
	})
}

func TestDaysFollowAMovedSite(t *testing.T) { shelves(t, daysFollowAMovedSite) }

func daysFollowAMovedSite(t *testing.T, open func(testing.TB, func(string) *time.Location) *Store) {
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

func TestMinutesFollowTheLaw(t *testing.T) { shelves(t, minutesFollowTheLaw) }

func minutesFollowTheLaw(t *testing.T, open func(testing.TB, func(string) *time.Location) *Store) {
	s := open(t, func(string) *time.Location { return time.UTC })
	law := models.Law{Calendar: models.Calendar{Always: true}, TimeZone: "UTC", Location: time.UTC, Required: 1}
	s.Law = func(models.SeriesKey) (models.Law, bool) { return law, true }
	from := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	minutes, visits := storetest.Office("cam", from, from.Add(48*time.Hour), 1)
	if err := s.Put(t.Context(), minutes, visits); err != nil {
		t.Fatal(err)
	}
	desk := models.SeriesKey{Camera: "cam", Counter: "c1"}
	working := func() (out [2]float64) {
		sums, err := s.Sums(t.Context(), []models.SeriesKey{desk}, models.StepDay, from, from.Add(48*time.Hour), time.UTC)
		if err != nil || len(sums[desk]) != 2 {
			t.Fatal(sums, err)
		}
		return [2]float64{sums[desk][0].WorkingS, sums[desk][1].WorkingS}
	}
	before := working()
	law.Calendar.Exceptions = []models.Exception{{Date: "2026-03-03", Reason: "holiday"}}
	stale, err := s.Stale(t.Context())
	if err != nil || len(stale) != 2 {
		t.Fatal(stale, err)
	}
	for _, key := range stale {
		told := 0
		var first time.Time
		err := s.Rejudge(t.Context(), key, func(models.Day, int) { told++ }, func(_ models.Law, at time.Time) error { first = at; return nil })
		if err != nil || told != 1 || !first.Equal(from.Add(24*time.Hour)) {
			t.Fatalf("%v: %d days from %v, %v", key, told, first, err)
		}
	}
	if stale, err = s.Stale(t.Context()); err != nil || len(stale) != 0 {
		t.Fatal(stale, err)
	}
	if after := working(); after[0] != before[0] || after[1] != 0 || before[1] == 0 {
		t.Fatalf("working time by day: %v, with the holiday %v", before, after)
	}
}

func TestForget(t *testing.T) { shelves(t, forget) }

func forget(t *testing.T, open func(testing.TB, func(string) *time.Location) *Store) {
	loc, err := time.LoadLocation("Asia/Kathmandu") // +5:45: midnight lies inside an hour
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, func(string) *time.Location { return loc })
	from := time.Date(2026, 3, 2, 0, 0, 0, 0, loc)
	minutes, visits := storetest.Office("cam", from, from.AddDate(0, 0, 4), 1)
	if err := s.Put(t.Context(), minutes, visits); err != nil {
		t.Fatal(err)
	}
	key := models.SeriesKey{Camera: "cam", Zone: "q"}
	days := func() []models.Sum {
		sums, err := s.Sums(t.Context(), []models.SeriesKey{key}, models.StepDay, from, from.AddDate(0, 0, 4), loc)
		if err != nil || len(sums[key]) != 4 {
			t.Fatal(sums, err)
		}
		return sums[key]
	}
	before, cut := days(), from.AddDate(0, 0, 2)
	for i, want := range []bool{true, false} {
		forgot, err := s.Forget(t.Context(), key, cut.Add(13*time.Hour))
		if err != nil || forgot != want {
			t.Fatalf("time %d: %v, %v", i, forgot, err)
		}
	}
	if err := s.Put(t.Context(), minutes, visits); err != nil { // a node that sends all of it once more
		t.Fatal(err)
	}
	m, err := s.Minutes(t.Context(), key, from, from.AddDate(0, 0, 4))
	if err != nil || len(m) == 0 || m[0].Start.Before(cut) || m[0].Start.Sub(cut) > time.Hour {
		t.Fatalf("%d minutes from %v, %v", len(m), m[0].Start, err)
	}
	v, err := s.Visits(t.Context(), key, from, from.AddDate(0, 0, 4))
	if err != nil || len(v) == 0 || v[0].Left.Before(cut) {
		t.Fatalf("%d visits, %v", len(v), err)
	}
	if after := days(); !reflect.DeepEqual(before, after) {
		t.Fatalf("the days' sums changed:\n%+v\n%+v", before, after)
	}
}

func TestInfluxThatDoesNotOpen(t *testing.T) {
	address, bucket := influxdb.Database(t)
	for _, c := range []struct {
		name string
		conf InfluxConfig
		kind models.Kind
		want string
	}{
		{"not an address", InfluxConfig{URL: "127.0.0.1:8086", Bucket: bucket}, models.KindInvalid, "http://127.0.0.1:8086"},
		{"no bucket", InfluxConfig{URL: address}, models.KindInvalid, "name the bucket"},
		{"nobody there", InfluxConfig{URL: "http://127.0.0.1:1", Bucket: bucket}, models.KindUnavailable, "does not answer"},
		{"no such database", InfluxConfig{URL: address, Bucket: "nothing/autogen"}, models.KindNotFound, "CREATE DATABASE nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.conf.Token = "user:canary"
			_, err := OpenInflux(t.Context(), c.conf, nil)
			if err == nil || models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Fatalf("%s %v, want %s %q", models.KindOf(err), err, c.kind, c.want)
			}
		})
	}
}

// Names from outside are text in a query, never part of it.
func TestInfluxQuotesNames(t *testing.T) {
	s := openInflux(t, nil)
	from := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for _, name := range []string{`a" or true or r.x == "`, `${1 + 1}`, `back\slash`, "dấu tiếng Việt, = và khoảng trắng"} {
		minutes, _ := storetest.Office(name, from, from.Add(time.Minute*5), 1)
		if err := s.Put(t.Context(), minutes, nil); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		got, err := s.Minutes(t.Context(), models.SeriesKey{Camera: name, Zone: "q"}, from, from.Add(time.Hour))
		if err != nil || len(got) == 0 || 2*len(got) != len(minutes) {
			t.Errorf("%q: %d of %d minutes, %v", name, len(got), len(minutes)/2, err)
		}
	}
	minutes, _ := storetest.Office("new\nline", from, from.Add(time.Minute*5), 1)
	if err := s.Put(t.Context(), minutes, nil); err == nil || models.KindOf(err) != models.KindInvalid {
		t.Error("a name that InfluxDB changes is taken", err)
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

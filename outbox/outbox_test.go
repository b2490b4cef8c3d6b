package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var jsonCodec = Codec{
	Encode: func(r models.Record) ([]byte, error) { return json.Marshal(r) },
	Decode: func(b []byte) (r models.Record, err error) { err = json.Unmarshal(b, &r); return r, err },
}

var day = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func open4test(t *testing.T, dir string, cfg Config) *Outbox {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	o, err := Open(t.Context(), dir, jsonCodec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func minute(i int) models.Record {
	m := models.Minute{Camera: "cam", Zone: "q", Start: day.Add(time.Duration(i) * time.Minute), WorkingS: 60, ObservedS: 60, OccupancyS: float64(i), Max: i % 7}
	m.AtCount[1] = 60
	return models.MinuteRecord("n1", m)
}

func event(id string, revision int) models.Record {
	return models.EventRecord("n1", models.Event{ID: id, Kind: models.CounterAbsent, Node: "n1", Camera: "cam", Opened: day, Revision: revision})
}

func put(t *testing.T, o *Outbox, r []models.Record, m []models.Media, state []byte) {
	t.Helper()
	if err := o.Put(t.Context(), "cam", r, m, state); err != nil {
		t.Fatal(err)
	}
}

func next(t *testing.T, o *Outbox, n int) ([]models.Record, []int64) {
	t.Helper()
	r, s, err := o.Next(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func TestRecordsStayInOrderUntilAcknowledged(t *testing.T) {
	dir := t.TempDir()
	o := open4test(t, dir, Config{})
	put(t, o, []models.Record{minute(0), minute(1)}, nil, []byte("one"))
	put(t, o, []models.Record{minute(1), event("e", 1)}, nil, nil)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o = open4test(t, dir, Config{})
	if s, err := o.State(t.Context(), "cam"); err != nil || string(s) != "one" {
		t.Fatalf("state %q, %v", s, err)
	}
	if s, err := o.State(t.Context(), "other"); err != nil || s != nil {
		t.Fatalf("state of a camera never seen: %q, %v", s, err)
	}
	got, seqs := next(t, o, 2)
	if len(got) != 2 || got[0].ID != minute(0).ID || got[1].ID != minute(1).ID {
		t.Fatalf("first two: %v", got)
	}
	again, _ := next(t, o, 2)
	if again[0].ID != got[0].ID {
		t.Fatal("what is not acknowledged must come again")
	}
	if err := o.Ack(t.Context(), seqs); err != nil {
		t.Fatal(err)
	}
	got, _ = next(t, o, 10)
	if len(got) != 1 || got[0].Event == nil || got[0].Event.ID != "e" {
		t.Fatalf("after the acknowledgement: %+v", got)
	}
}

func TestPutIsAllOrNothing(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{})
	o.codec.Encode = func(r models.Record) ([]byte, error) {
		if r.Event != nil {
			return nil, fmt.Errorf("no")
		}
		return json.Marshal(r)
	}
	err := o.Put(t.Context(), "cam", []models.Record{minute(0), event("e", 1)}, []models.Media{{ID: "m"}}, []byte("s"))
	if err == nil {
		t.Fatal("want an error")
	}
	if r, m, _ := o.Depth(t.Context()); r != 0 || m != 0 {
		t.Fatalf("%d records and %d media of a failed Put are kept", r, m)
	}
}

func TestMediaComesAfterItsRecords(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{})
	put(t, o, []models.Record{minute(0)}, nil, nil)
	want := models.Media{ID: "m1", Camera: "cam", Event: "e", At: day.Add(time.Nanosecond), Type: "image/jpeg", Data: []byte{1, 2}}
	put(t, o, []models.Record{event("e", 1)}, []models.Media{want, want}, nil)
	put(t, o, []models.Record{minute(1)}, nil, nil)
	if _, ok, err := o.NextMedia(t.Context()); ok || err != nil {
		t.Fatalf("the picture came before its event: %v %v", ok, err)
	}
	_, seqs := next(t, o, 2)
	if err := o.Ack(t.Context(), seqs); err != nil {
		t.Fatal(err)
	}
	got, ok, err := o.NextMedia(t.Context())
	if err != nil || !ok || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %+v %v %v", got, ok, err)
	}
	if err := o.AckMedia(t.Context(), "m1"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := o.NextMedia(t.Context()); ok {
		t.Fatal("a picture put twice must be kept once")
	}
}

func TestDamagedFileIsMovedAside(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"not a database": func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("garbage ", 2000)), 0o600) },
		"page torn": func(p string) error {
			f, err := os.OpenFile(p, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte(strings.Repeat("x", 3*4096)), 4096)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := open4test(t, dir, Config{})
			put(t, o, []models.Record{minute(0), event("e", 1)}, nil, nil)
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			if err := damage(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			o = open4test(t, dir, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
			put(t, o, []models.Record{minute(3)}, nil, nil)
			if got, _ := next(t, o, 10); len(got) != 1 {
				t.Fatalf("%d records in the fresh file", len(got))
			}
			kept, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*"))
			if len(kept) == 0 || !strings.Contains(log.String(), "level=ERROR") {
				t.Fatalf("kept %v, log %s", kept, &log)
			}
		})
	}
}

func TestUnreadableRecordDoesNotBlock(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{})
	put(t, o, []models.Record{minute(0), minute(1)}, nil, nil)
	if _, err := o.db.Exec(`UPDATE records SET body = x'00' WHERE id = ?`, minute(0).ID); err != nil {
		t.Fatal(err)
	}
	if got, _ := next(t, o, 10); len(got) != 1 || got[0].ID != minute(1).ID {
		t.Fatalf("got %v", got)
	}
}

func TestBudget(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{MaxBytes: 300 << 10})
	total := 0
	var ids []string
	for i := range 1500 {
		rec := []models.Record{minute(i)}
		if i%50 == 0 {
			ids = append(ids, fmt.Sprint("e", i))
			rec = append(rec, event(ids[len(ids)-1], 1))
		}
		put(t, o, rec, nil, nil)
		total++
		if i == 99 {
			next(t, o, 40) // handed out, never acknowledged: these must not be merged
		}
	}
	for i := range 40 {
		put(t, o, nil, []models.Media{{ID: fmt.Sprint("m", i), Data: make([]byte, 30<<10)}}, nil)
	}
	lost := o.Lost()
	if lost.MinutesMerged == 0 || lost.Media == 0 || lost.Minutes != 0 || lost.Visits != 0 {
		t.Fatalf("lost %+v: minutes are to be merged and pictures dropped, no more", lost)
	}
	got, _ := next(t, o, 1<<20)
	var working, occupancy, want float64
	var events []string
	single := 0
	for i, r := range got {
		if r.Event != nil {
			events = append(events, r.Event.ID)
			continue
		}
		if i < 40 && r.Minute.WorkingS == 60 {
			single++
		}
		working += r.Minute.WorkingS
		occupancy += r.Minute.OccupancyS
	}
	for i := range 1500 {
		want += float64(i)
	}
	if working != 1500*60 || occupancy != want {
		t.Fatalf("working %v s, occupancy %v person-seconds: merging must keep sums (%v, %v)", working, occupancy, 1500*60, want)
	}
	if !slices.Equal(events, ids) {
		t.Fatalf("events %v, want %v in order", events, ids)
	}
	if single < 39 {
		t.Fatalf("only %d of the first 40 records are single minutes: what was handed out must not be merged", single)
	}
}

// While there are pictures nothing else goes, and how the disk stands is told as long as something had to go lately.
func TestPicturesGoFirst(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{MaxBytes: 400 << 10})
	usage := func() models.Budget {
		t.Helper()
		b, err := o.Usage(t.Context())
		if err != nil || b.Resource != "disk" || b.Limit != 400<<10 {
			t.Fatalf("%v: %+v", err, b)
		}
		return b
	}
	for i := range 200 {
		put(t, o, []models.Record{minute(i)}, nil, nil)
	}
	if b := usage(); b.Shed != "" || b.Used < 40<<10 || b.Used > b.Limit {
		t.Errorf("before anything went: %+v", b)
	}
	for i := range 40 {
		put(t, o, nil, []models.Media{{ID: fmt.Sprint("m", i), Data: make([]byte, 30<<10)}}, nil)
	}
	if lost := o.Lost(); lost.Media == 0 || lost.MinutesMerged+lost.Minutes != 0 {
		t.Errorf("lost %+v", lost)
	}
	if b := usage(); !strings.Contains(b.Shed, "pictures of incidents were dropped") || b.Used > b.Limit {
		t.Errorf("while pictures go: %+v", b)
	}
	got, seqs := next(t, o, 1<<20)
	if len(got) != 200 {
		t.Fatalf("%d records are left", len(got))
	}
	if err := o.Ack(t.Context(), seqs); err != nil {
		t.Fatal(err)
	}
	for {
		m, ok, err := o.NextMedia(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if err := o.AckMedia(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
	if b := usage(); b.Shed != "" {
		t.Errorf("after the centre came back: %+v", b)
	}
}

func TestStatesOfCameras(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{})
	for camera, state := range map[string]string{"a": "1", "b": "2"} {
		if err := o.Put(t.Context(), camera, nil, nil, []byte(state)); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Put(t.Context(), "a", nil, nil, []byte{}); err != nil {
		t.Fatal(err)
	}
	ids, err := o.Cameras(t.Context())
	if err != nil || !slices.Equal(ids, []string{"b"}) {
		t.Fatal(err, ids)
	}
	if state, err := o.State(t.Context(), "a"); err != nil || state != nil {
		t.Errorf("%v: a forgotten state is %q", err, state)
	}
}

func TestEventsSurviveAnyBudget(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{MaxBytes: 1})
	for i := range 20 {
		put(t, o, []models.Record{minute(61 * i), event(fmt.Sprint("e", i), 1)}, []models.Media{{ID: fmt.Sprint(i)}}, []byte("state"))
	}
	got, _ := next(t, o, 100)
	if len(got) != 20 || slices.ContainsFunc(got, func(r models.Record) bool { return r.Event == nil }) {
		t.Fatalf("%d records are left, want the 20 events", len(got))
	}
	if lost := o.Lost(); lost.Minutes+lost.MinutesMerged != 20 || lost.Media != 20 {
		t.Fatalf("lost %+v", lost)
	}
}

func TestFullDisk(t *testing.T) {
	o := open4test(t, t.TempDir(), Config{})
	if _, err := o.db.Exec(`PRAGMA max_page_count = 100`); err != nil { // SQLite then says what it says on a full disk
		t.Fatal(err)
	}
	for i := range 400 {
		rec := []models.Record{minute(61 * i)}
		if i%20 == 0 {
			rec = append(rec, event(fmt.Sprint("e", i), 1))
		}
		put(t, o, rec, []models.Media{{ID: fmt.Sprint(i), Data: make([]byte, 5000)}}, []byte("state"))
	}
	got, _ := next(t, o, 1<<20)
	events := 0
	for _, r := range got {
		if r.Event != nil {
			events++
		}
	}
	if lost := o.Lost(); events != 20 || lost.Media == 0 {
		t.Fatalf("%d of 20 events are left; lost %+v", events, lost)
	}
}

func BenchmarkPut(b *testing.B) {
	o, err := Open(context.Background(), b.TempDir(), jsonCodec, Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer o.Close()
	i := 0
	for b.Loop() {
		if err := o.Put(context.Background(), "cam", []models.Record{minute(i)}, nil, []byte("state")); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

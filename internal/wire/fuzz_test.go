package wire

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// FuzzDecodeRecord is what the outbox reads back from its disk: a record that encodes again to the same, or an error.
func FuzzDecodeRecord(f *testing.F) {
	at := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	for _, r := range []models.Record{
		models.MinuteRecord("n", models.Minute{Camera: "c", Zone: "q", Kind: models.ZoneQueue, Start: at, WorkingS: 60, WaitsS: []float64{3}}),
		models.VisitRecord("n", models.Visit{ID: "v", Camera: "c", Entered: at, Left: at.Add(time.Minute), Ended: models.EndServed}),
		models.EventRecord("n", models.Event{ID: "e", Kind: models.CounterAbsent, Opened: at, Numbers: map[string]float64{"n": 1}, Snapshots: []models.Snapshot{{ID: "s"}}}),
	} {
		b, err := EncodeRecord(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeRecord(b)
		if err != nil {
			return
		}
		b, err = EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodeRecord(b); err != nil || again.ID != r.ID || !again.At.Equal(r.At) {
			t.Fatalf("%v: %+v, was %+v", err, again, r)
		}
	})
}

package office

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestDue(t *testing.T) {
	k := models.Counter{ID: "c1", Queues: []string{"q"}, Service: []string{"s"}, MaxAbsence: 18 * time.Second, MaxAbsenceWithWaiting: 10 * time.Second}
	empty := make([]int, 100)
	waitingAt30 := make([]int, 100)
	waitingAt30[30] = 1
	for _, c := range []struct {
		name  string
		queue []int
		to    float64
		at    float64
		ok    bool
	}{
		{"nobody waits", empty, 60, 38, true},
		{"back in time", empty, 35, 0, false},
		{"somebody comes meanwhile", waitingAt30, 60, 30, true},
		{"somebody came before it mattered", append(make([]int, 22), 1), 60, 38, true},
		{"somebody waits, but the officer is back", waitingAt30, 29, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			truth := Truth{Seconds: 100, Occupancy: map[string][]int{"q": c.queue, "s": empty}}
			at, ok := truth.Due(k, Absence{Counter: "c1", From: 20, To: c.to})
			if ok != c.ok || ok && at != c.at {
				t.Errorf("due at %g, %v", at, ok)
			}
		})
	}
}

package measure

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// TestStaffing plays seconds to the state machine: "2x10 0x5 ?x3" is ten seconds with two officers, five with none, three
// unseen; "w" after the number is with somebody waiting. States are written as "STATE@second", where they begin.
func TestStaffing(t *testing.T) {
	session := models.Span{From: day.Add(time.Hour), To: day.Add(4 * time.Hour)}
	middle := session.From.Add(time.Hour)
	for _, c := range []struct {
		name     string
		from     time.Time
		required int
		play     string
		want     string
	}{
		{"staffed after 15 s", middle, 1, "1x30", "STAFFED@14"},
		{"grace after 10 s", middle, 1, "1x30 0x20", "STAFFED@14 GRACE@39"},
		{"nine seconds are nothing", middle, 1, "1x30 0x9 1x10", "STAFFED@14"},
		{"grace and back", middle, 1, "1x30 0x20 1x20", "STAFFED@14 GRACE@39 STAFFED@64"},
		{"absent after the limit", middle, 1, "1x30 0x70", "STAFFED@14 GRACE@39 ABSENT@89"},
		{"sooner when somebody waits", middle, 1, "1x30 0wx40", "STAFFED@14 GRACE@39 ABSENT@59"},
		{"at once when somebody comes late", middle, 1, "1x30 0x45 0wx5", "STAFFED@14 GRACE@39 ABSENT@75"},
		{"back after absence", middle, 1, "1x30 0x70 1x20", "STAFFED@14 GRACE@39 ABSENT@89 STAFFED@114"},
		{"a glimpse is no return", middle, 1, "1x30 0x70 1x5 0x30", "STAFFED@14 GRACE@39 ABSENT@89"},
		{"15 of 20 s are a return", middle, 1, "1x30 0x70 1x8 0x3 1x10", "STAFFED@14 GRACE@39 ABSENT@89 STAFFED@117"},
		{"not declared while somebody is there", middle, 1, "1x30 0x55 1x20", "STAFFED@14 GRACE@39 STAFFED@99"},
		{"unseen is unknown", middle, 1, "1x30 ?x30", "STAFFED@14 UNKNOWN@34"},
		{"a blink is not", middle, 1, "1x30 ?x4 1x10", "STAFFED@14"},
		{"unseen time does not count", middle, 1, "1x30 0x30 ?x100 0x60", "STAFFED@14 GRACE@39 UNKNOWN@64 GRACE@175 ABSENT@204"},
		{"one of two is short", middle, 2, "2x30 1x200", "STAFFED@14 GRACE@39"},
		{"none of two is absent", middle, 2, "2x30 1x30 0x70", "STAFFED@14 GRACE@39 ABSENT@119"},
		{"never seen", middle, 1, "0x70", "GRACE@9 ABSENT@59"},
		{"opened late", session.From.Add(-5 * time.Second), 1, "0x5 0x60", "OFF_SCHEDULE@0 UNKNOWN@5 GRACE@14 ABSENT@34"},
		{"the end of the session ends all", session.To.Add(-100 * time.Second), 1, "1x20 0x90", "STAFFED@14 GRACE@29 ABSENT@79 OFF_SCHEDULE@100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			counter := models.Counter{RequiredOnDuty: c.required, MaxAbsence: time.Minute, MaxAbsenceWithWaiting: 30 * time.Second, OpenedLateAfter: 30 * time.Second}
			s := staffing{State: models.StaffingUnknown}
			var states []string
			last, at := s.State, c.from
			for word := range strings.FieldsSeq(c.play) {
				what, times, _ := strings.Cut(word, "x")
				n, _ := strconv.Atoi(times)
				in := sighting{seen: what != "?"}
				if strings.HasSuffix(what, "w") {
					in.waiting = 1
				}
				in.onDuty, _ = strconv.Atoi(strings.TrimSuffix(what, "w"))
				for range n {
					in.start = at
					var h hours
					if session.Contains(at) {
						h.session = session
					}
					if in.onDuty > 0 {
						in.last = at.Add(time.Second)
					}
					got := s.step(&counter, in, h)
					if got.Staffing != last {
						last = got.Staffing
						states = append(states, string(last)+"@"+strconv.Itoa(int(at.Sub(c.from).Seconds())))
					}
					at = at.Add(time.Second)
				}
			}
			if got := strings.Join(states, " "); got != c.want {
				t.Errorf("states are %s, want %s", got, c.want)
			}
		})
	}
}

var day = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestScheduleOverMidnightAndChangeOfClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := schedule{calendar: models.Calendar{Sessions: []models.Session{{Weekday: time.Sunday, From: 60, To: 240}}}, location: berlin}
	// On 29 March 2026 clocks jump from 2:00 to 3:00: a session from 1:00 to 4:00 lasts two hours.
	n := 0
	for at := time.Date(2026, 3, 28, 12, 0, 0, 0, berlin); at.Before(time.Date(2026, 3, 30, 12, 0, 0, 0, berlin)); at = at.Add(time.Minute) {
		if _, working := s.at(at); working {
			n++
		}
	}
	if n != 120 {
		t.Errorf("the session lasts %d minutes, want 120", n)
	}
}

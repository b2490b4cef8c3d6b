package models

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestJudgeAndBack: whatever a calendar makes of a minute, another can undo, and nothing is lost or made up on the way.
func TestJudgeAndBack(t *testing.T) {
	hanoi := zoneOf(t, "")
	monday := time.Date(2026, 3, 2, 9, 0, 0, 0, hanoi)
	open := Law{Location: hanoi, Calendar: Calendar{Always: true}}
	shut := Law{Location: hanoi, Calendar: Calendar{Exceptions: []Exception{{Date: "2026-03-02", Reason: "bão"}}}}
	rapid.Check(t, func(t *rapid.T) {
		required := rapid.IntRange(1, 3).Draw(t, "required")
		open.Required, open.Member = required, rapid.Bool().Draw(t, "member")
		shut.Required, shut.Member = required, open.Member
		m := Minute{Counter: "c", Start: monday}
		run, left := 60.0, 0.0
		for n := range 5 {
			m.AtCount[n] = float64(rapid.IntRange(0, 12).Draw(t, "seconds"))
			m.ObservedS += m.AtCount[n]
			if n >= required {
				m.StaffedS += m.AtCount[n]
			}
		}
		m.UnknownS = run - m.ObservedS
		if left = run - m.UnknownS - m.StaffedS; open.Member {
			m.OffS = left
		} else {
			m.AbsentS = left
		}
		m.WorkingS = run - m.OffS
		told := m
		open.Judge(&m)
		if !same(m, told) {
			t.Fatalf("the same law changes %+v to %+v", told, m)
		}
		shut.Judge(&m)
		if m.WorkingS != 0 || m.OffS != run || m.StaffedS+m.AbsentS+m.UnknownS != 0 || m.ObservedS != told.ObservedS {
			t.Fatalf("a day off leaves %+v", m)
		}
		open.Judge(&m)
		if !same(m, told) {
			t.Fatalf("back from a day off: %+v, told %+v", m, told)
		}
	})
}

func same(a, b Minute) bool {
	return math.Abs(a.WorkingS-b.WorkingS)+math.Abs(a.OffS-b.OffS)+math.Abs(a.StaffedS-b.StaffedS)+math.Abs(a.AbsentS-b.AbsentS)+math.Abs(a.UnknownS-b.UnknownS) < 1e-9
}

func TestWorkingTimeOfAStretch(t *testing.T) {
	hanoi := zoneOf(t, "")
	law := Law{Location: hanoi, Calendar: Calendar{Exceptions: []Exception{{Date: "2026-03-03", Reason: "bão"}}}}
	for _, c := range []struct {
		name, from, to string
		want           time.Duration
		first, last    string
	}{
		{"inside a session", "2026-03-02 08:00", "2026-03-02 09:00", time.Hour, "2026-03-02 08:00", "2026-03-02 09:00"},
		{"over lunch", "2026-03-02 11:00", "2026-03-02 13:30", time.Hour, "2026-03-02 11:00", "2026-03-02 13:30"},
		{"at lunch", "2026-03-02 11:30", "2026-03-02 13:00", 0, "", ""},
		{"over a day off", "2026-03-02 16:00", "2026-03-04 08:00", time.Hour, "2026-03-02 16:00", "2026-03-04 08:00"},
		{"a day off", "2026-03-03 08:00", "2026-03-03 11:00", 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sum, first, last := law.Working(at(t, c.from, hanoi), at(t, c.to, hanoi))
			if sum != c.want || sum > 0 && (!first.Equal(at(t, c.first, hanoi)) || !last.Equal(at(t, c.last, hanoi))) {
				t.Errorf("%s from %s to %s", sum, first, last)
			}
		})
	}
}

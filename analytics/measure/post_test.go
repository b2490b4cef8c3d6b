package measure

import (
	"fmt"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// TestMembersOnDuty: s is a staffed member, - one with nobody, ? one that is hidden. What is hidden matters only where it
// could change whether enough are staffed, or whether anybody is.
func TestMembersOnDuty(t *testing.T) {
	for _, c := range []struct {
		members  string
		required int
		want     string // officers, or ? when not seen
	}{
		{"ss", 1, "2"}, {"s-", 1, "1"}, {"--", 1, "0"},
		{"s?", 1, "1"}, {"-?", 1, "?"}, {"??", 1, "?"},
		{"ss?", 2, "2"}, {"s-?", 2, "?"}, {"s--", 2, "1"}, {"--?", 2, "?"}, {"---", 2, "0"},
		{"s-?", 3, "1"}, {"s??", 3, "?"}, {"-??", 3, "?"},
	} {
		t.Run(fmt.Sprintf("%d of %s", c.required, c.members), func(t *testing.T) {
			camera := models.Camera{ID: "cam"}
			group := models.Counter{ID: "group", RequiredOnDuty: c.required}
			s := second{Seen: true}
			for i, state := range c.members {
				id := fmt.Sprint("c", i)
				camera.Zones = append(camera.Zones, models.Zone{ID: id, Kind: models.ZoneStaff})
				camera.Counters = append(camera.Counters, models.Counter{ID: id, Staff: []string{id}})
				group.AnyOf = append(group.AnyOf, id)
				s.Counts, s.Hidden, s.Unsure = append(s.Counts, map[rune]int{'s': 1}[state]), append(s.Hidden, state == '?'), append(s.Unsure, 0)
			}
			camera.Counters = append(camera.Counters, group)
			m := New(Config{Camera: camera.WithDefaults(), Location: time.UTC, Interval: time.Second})
			n, seen := m.onDuty(len(c.members), &s)
			got := fmt.Sprint(n)
			if !seen {
				got = "?"
			}
			if got != c.want {
				t.Errorf("%s officers, want %s", got, c.want)
			}
			s.Seen = false
			if _, seen := m.onDuty(len(c.members), &s); seen {
				t.Error("a second without sight shows something")
			}
		})
	}
}

func TestStaffingCostsNoMemory(t *testing.T) {
	session := models.Span{From: day, To: day.Add(20 * time.Hour)}
	for _, words := range []string{"1x60", "1x60 0x90", "1x60 ?x60"} {
		c := newPlayed(day.Add(time.Hour), session, 1)
		c.play(words)
		in := sighting{seen: words[len(words)-3] != '?', onDuty: 0}
		if n := testing.AllocsPerRun(100, func() {
			in.start = c.at
			c.step(&c.post, in, hours{session: session})
			c.at = c.at.Add(time.Second)
		}); n != 0 {
			t.Errorf("after %s: %v allocations a second", words, n)
		}
	}
}

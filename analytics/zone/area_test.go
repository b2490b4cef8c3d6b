package zone

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Who vanishes at a side of what is looked at has left; who vanishes in its middle is hidden, and lost.
func TestVanishing(t *testing.T) {
	for _, c := range []struct {
		name string
		view models.Box
		want models.Ended
	}{
		{"in the middle of the picture", models.Box{W: 1, H: 1}, models.EndLost},
		{"at the side of a view", models.Box{X: .25, Y: .2, W: .75, H: .8}, models.EndLeft},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := New(models.Camera{Zones: room()})
			var stays []models.Stay
			for i := range 150 {
				m.LookAt(c.view)
				var tracks []models.Track
				switch {
				case i < 50:
					tracks = []models.Track{stand(1, .6, .8, start)}
				case i < 54:
					tracks = []models.Track{stand(1, .28, .5, start)}
				}
				stays = append(stays, m.Update(start.Add(time.Duration(i)*200*time.Millisecond), size, tracks).Stays...)
			}
			if len(stays) != 1 || stays[0].Ended != c.want {
				t.Errorf("%+v, want one that is %s", stays, c.want)
			}
		})
	}
}

// Somebody steps before the post where an officer sat, whom the tracker may confuse with them: nobody knows then whether the
// officer is still there. A post that was seen empty is none.
func TestPostBehindSomebody(t *testing.T) {
	const fps = 5
	officer := models.Track{ID: 1, Box: models.Box{X: 680, Y: 200, W: 60, H: 80}, Seen: true, Shown: true, Born: start, Score: .5}
	citizen := func(id int64) models.Track { // covers the post, but less than half of the staff zone
		return models.Track{ID: id, Box: models.Box{X: 660, Y: 190, W: 100, H: 310}, Seen: true, Shown: true, Born: start, Score: .9}
	}
	for _, c := range []struct {
		name   string
		then   func(s float64) []models.Track // after ten seconds at the post
		at     float64
		unsure int
	}{
		{"in sight", func(float64) []models.Track { return []models.Track{officer} }, 20, 0},
		{"a citizen takes over the number", func(float64) []models.Track { return []models.Track{citizen(1)} }, 60, 1},
		{"a citizen in front", func(float64) []models.Track { return []models.Track{citizen(2), gone(officer)} }, 60, 1},
		{"seen empty before a citizen came", func(s float64) []models.Track {
			if s < 8 {
				return nil
			}
			return []models.Track{citizen(2)}
		}, 20, 0},
		{"seen empty when the citizen went", func(s float64) []models.Track {
			if s < 20 {
				return []models.Track{citizen(1)}
			}
			return nil
		}, 30, 0},
		{"walked away", func(s float64) []models.Track {
			o := officer
			o.Box.X, o.Box.Y = min(680+200*s, 940), 150
			if s < 4 {
				return []models.Track{o}
			}
			return []models.Track{citizen(2)}
		}, 5, 0},
		{"shows beside the citizen", func(float64) []models.Track { return []models.Track{officer, citizen(2)} }, 60, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := New(models.Camera{Zones: room(), Counters: []models.Counter{{ID: "c", Staff: []string{"o"}, Service: []string{"s"}}}})
			var look models.Look
			for i := range int((10 + c.at) * fps) {
				tracks := []models.Track{officer}
				if s := float64(i)/fps - 10; s >= 0 {
					tracks = c.then(s)
				}
				look = m.Update(start.Add(time.Duration(i)*time.Second/fps), size, tracks)
			}
			if z := look.Zones[2]; z.Unsure != c.unsure || z.Hidden > .5 {
				t.Errorf("unsure %d, hidden %.2f, want %d", z.Unsure, z.Hidden, c.unsure)
			}
		})
	}
}

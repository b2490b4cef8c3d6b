package analytics

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// While memory is short an incident has no picture of how it was before, and the others all the same.
func TestLeanAlbum(t *testing.T) {
	begun := time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)
	frame := func(s int) *models.Frame {
		return &models.Frame{At: begun.Add(time.Duration(s) * time.Second), Size: models.Size{W: 8, H: 4}, Stride: 24, Pix: make([]byte, 8*4*3)}
	}
	for name, c := range map[string]struct {
		leanFrom, leanTo int
		want             int
	}{
		"never":                    {100, 100, 2},
		"while the officer left":   {0, 100, 1},
		"and then memory is short": {5, 100, 1},
		"but no more":              {0, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			second := 0
			a := newAlbum(models.Camera{ID: "cam", Counters: []models.Counter{{ID: "c", Staff: []string{"o"}}}})
			a.lean = func() bool { return second >= c.leanFrom && second < c.leanTo }
			for second = range 10 {
				live := models.Live{}
				if second < 5 {
					live.Boxes = []models.LiveBox{{Zone: "o"}}
				}
				a.see(frame(second), live)
			}
			got := a.attach([]models.Event{{ID: "e", Counter: "c", Began: begun.Add(5 * time.Second), Opened: begun.Add(10 * time.Second)}})
			if len(got) != c.want {
				t.Errorf("%d pictures, want %d", len(got), c.want)
			}
		})
	}
}

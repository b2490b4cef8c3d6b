package track

import (
	"math"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestTrail(t *testing.T) {
	const fps = 5
	cases := []struct {
		name   string
		foot   func(t float64) (x, y float64)
		gap    [2]int // frames unseen, from and to
		height float64
		want   int // frames in which the person is shown, of 40
	}{
		{"never out of sight", stand(400, 400), [2]int{0, 0}, 1, 40},
		{"a gap of a second is filled", walk(100, 400, 100), [2]int{10, 15}, 1, 40},
		{"one of two seconds is", walk(100, 400, 100), [2]int{10, 19}, 1, 40},
		{"a longer one is not", walk(100, 400, 100), [2]int{10, 20}, 1, 30},
		{"nobody runs so fast", walk(100, 400, 200), [2]int{10, 15}, 1, 35},
		{"nobody grows so fast", stand(400, 400), [2]int{10, 15}, 1.3, 35},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var trail Trail
			var out []TrailFrame
			for n := range 40 {
				x, y := c.foot(float64(n) / fps)
				b := box(x, y)
				if n >= c.gap[1] {
					b.H *= c.height
				}
				hidden := n >= c.gap[0] && n < c.gap[1]
				p := models.Track{ID: 7, Box: b, Seen: !hidden, Shown: !hidden}
				if hidden {
					p.Box = box(1e3, 1e3) // a guess, to be replaced
				}
				at := start.Add(time.Duration(n) * time.Second / fps)
				for _, f := range trail.Add(int64(n), at, []models.Track{{ID: 3, Shown: true, Box: b}, p}) {
					if at.Sub(f.At) <= TrailReach {
						t.Errorf("frame %d is final too early, at %d", f.Number, n)
					}
					out = append(out, f)
				}
			}
			out = append(out, trail.Flush()...)
			got := 0
			for n, f := range out {
				if f.Number != int64(n) || len(f.Tracks) == 0 || f.Tracks[0].ID != 3 {
					t.Fatalf("frame %d is %+v", n, f)
				}
				if len(f.Tracks) == 2 {
					got++
					x, _ := centre(f.Tracks[1].Box)
					if want, _ := c.foot(float64(n) / fps); math.Abs(x-want) > 1e-6 {
						t.Errorf("frame %d: the person is at %g, not %g", n, x, want)
					}
				}
			}
			if len(out) != 40 || got != c.want || trail.Flush() != nil {
				t.Errorf("%d frames, the person in %d", len(out), got)
			}
		})
	}
}

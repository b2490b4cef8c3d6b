package main

import (
	"slices"
	"strings"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// staffSeen counts, by the letters of the truth, the seconds in which an officer was there, and those of them in which a
// person was published in the counter's staff zone.
func (d *day) staffSeen(people mot.Rows) {
	zones := map[string]map[int]bool{} // by zone: seconds with a person in it
	for _, z := range d.camera.Zones {
		zones[z.ID] = map[int]bool{}
		for _, p := range people {
			if z.Polygon.Contains(z.Anchor.Point(p.Box.Normalise(d.size))) {
				zones[z.ID][int(float64(p.Frame-1)/d.truth.FPS)] = true
			}
		}
	}
	d.countStaff(func(counter models.Counter, second int) bool {
		return slices.ContainsFunc(counter.Staff, func(zone string) bool { return zones[zone][second] })
	})
}

// countStaff counts the seconds in which an officer was there, by the truth's letters, and those in which one was seen.
func (d *day) countStaff(seen func(counter models.Counter, second int) bool) {
	d.staff = map[byte][2]int{}
	for _, c := range d.camera.Counters {
		for second, letter := range []byte(d.truth.Staff[c.ID]) {
			if letter == '.' || !d.working(float64(second)) {
				continue
			}
			n := d.staff[letter]
			n[1]++
			if seen(c, second) {
				n[0]++
			}
			d.staff[letter] = n
		}
	}
}

// staffFigures are the shares of seconds in which officers were seen: seated, standing, and behind a citizen.
func staffFigures(name string, days []score) (out []Figure) {
	for _, c := range []struct {
		what, letters string
		target        float64
	}{{"seated officers seen", "s", .97}, {"standing officers seen", "t", .97}, {"officers behind a citizen seen", "ST", 0}} {
		sum := func(index []int) (seen, all float64) {
			for _, i := range index {
				for letter, n := range days[i].staff {
					if strings.IndexByte(c.letters, letter) >= 0 {
						seen, all = seen+float64(n[0]), all+float64(n[1])
					}
				}
			}
			return
		}
		every := make([]int, len(days))
		for i := range every {
			every[i] = i
		}
		_, n := sum(every)
		f := figure(name+c.what+", share of seconds", len(days), int(n), func(i []int) float64 { seen, all := sum(i); return seen / all })
		if c.target > 0 {
			f = f.atLeastTarget(c.target)
		}
		out = append(out, f)
	}
	return out
}

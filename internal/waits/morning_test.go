package waits

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// morning is a simulated half day: who came, and what a camera with faults sees of it.
type morning struct {
	hours    float64
	counters int
	service  float64 // mean, seconds, lognormal
	between  float64 // mean, seconds between arrivals, Poisson
	before   int     // people who come in the ten minutes before the camera begins to look
	families float64 // share of arrivals that are two to four people, served together
	gaveUp   float64 // share of the waiting who give up in a minute
	shuffle  bool    // called out of order
	breaks   bool    // one counter after the other is away for twenty minutes

	miss     float64 // share of seconds in which a waiting person is not seen, each second for itself
	hidden   float64 // times an hour that somebody is hidden for a minute on average
	missExit float64 // share of service starts not seen
	missLeft float64 // share of those who gave up that just vanish
	lose     float64 // identities lost in a minute
	fragment float64 // share of lost identities that begin anew as if the person had just joined
}

// usual is the morning of docs/METHOD.md: three counters, arrivals faster than they can be served.
func usual() morning {
	return morning{hours: 4, counters: 3, service: 330, between: 83, miss: .1, lose: .05, fragment: .3}
}

// person is one customer; times in seconds from when the camera begins.
type person struct {
	arrived, left float64 // left the queue
	gaveUp        bool
	counter       int     // served at
	until         float64 // served until; as left where not served
}

func (m morning) people(r *rand.Rand) []person {
	const sigma = .5
	var queue, people []person
	add := func(t float64) {
		n := 1
		if r.Float64() < m.families {
			n = 2 + r.IntN(3)
		}
		patience := math.Inf(1)
		if m.gaveUp > 0 {
			patience = r.ExpFloat64() * 60 / m.gaveUp
		}
		for range n {
			queue = append(queue, person{arrived: t, left: t + patience, counter: n})
		}
	}
	for range m.before {
		add(-600 * r.Float64())
	}
	for t := 30 + r.ExpFloat64()*m.between; t < m.hours*3600; t += r.ExpFloat64() * m.between {
		add(t)
	}
	slices.SortStableFunc(queue, func(a, b person) int { return int(math.Copysign(1, a.arrived-b.arrived)) })
	free := make([]float64, m.counters)
	for len(queue) > 0 {
		c := 0
		for i := range free {
			if m.away(i, free[i]) {
				free[i] += 1200
			}
			if free[i] < free[c] {
				c = i
			}
		}
		now := max(free[c], queue[0].arrived)
		next := 0
		if m.shuffle {
			here := 0
			for here < len(queue) && queue[here].arrived <= now {
				here++
			}
			next = r.IntN(here)
		}
		n := queue[next].counter // people of this family, next to each other
		for next > 0 && queue[next-1].arrived == queue[next].arrived {
			next--
		}
		if start := max(now, queue[next].arrived); queue[next].left > start {
			for i := range n {
				queue[next+i].left = start
			}
			free[c] = start + m.service*math.Exp(sigma*r.NormFloat64()-sigma*sigma/2)
			for i := range n {
				queue[next+i].until = free[c]
			}
		} else {
			for i := range n {
				queue[next+i].gaveUp = true
			}
		}
		for i := range n {
			queue[next+i].counter = c
		}
		people = append(people, queue[next:next+n]...)
		queue = slices.Delete(queue, next, next+n)
	}
	return people
}

// away reports whether a counter is left when its service ends at a moment.
func (m morning) away(counter int, at float64) bool {
	return m.breaks && math.Mod(at+4000*float64(counter), 7200) < 1200
}

// seen is what the camera makes of a morning.
type seen struct {
	fifo, completedOnly []float64
	completed, censored models.Histogram
	parts               []Part // minutes
	waiting             int    // at the end
	truth               []float64
}

var epoch = time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC)

func at(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }

// watch looks at a morning until its end.
func (m morning) watch(r *rand.Rand) (w seen) {
	end := m.hours * 3600
	people := m.people(r)
	hiddenUntil := make([]float64, len(people))
	var fifo FIFO
	var window [5]int
	var waits []Wait
	for s := 1.0; s <= end; s++ {
		here, now, exits := 0, 0, 0
		for i, p := range people {
			if p.arrived <= s && p.left > s {
				now++
				if r.Float64() < m.hidden/3600 {
					hiddenUntil[i] = s + r.ExpFloat64()*60
				}
				if r.Float64() >= m.miss && hiddenUntil[i] <= s {
					here++
				}
			}
			if p.left <= s-1 || p.left > s || p.gaveUp && r.Float64() < m.missLeft || !p.gaveUp && r.Float64() < m.missExit {
				continue
			}
			e := Exit{At: at(p.left), GaveUp: p.gaveUp, Sure: !p.gaveUp}
			if followed := r.ExpFloat64() * 60 / m.lose; followed > p.left-p.arrived {
				e.Entered = at(p.arrived)
			} else if r.Float64() < m.fragment {
				e.Entered = at(p.left - followed)
			}
			fifo.Exit(e)
			exits++
		}
		copy(window[:], window[1:])
		window[4] = here
		sorted := window
		slices.Sort(sorted[:])
		done := len(waits)
		waits, _ = fifo.Second(at(s), sorted[2], waits)
		if int(s)%60 == 1 {
			w.parts = append(w.parts, Part{})
		}
		b := &w.parts[len(w.parts)-1]
		for _, x := range waits[done:] {
			if x.Arrived.IsZero() {
				continue
			}
			b.Waits.Add(x.Seconds())
			w.fifo = append(w.fifo, x.Seconds())
		}
		b.PersonS += float64(sorted[2])
		b.Exits += exits
		b.ObservedS++
		w.waiting = now
	}
	w.stays(r, people, m.lose, end)
	return w
}

// stays are what the tracker makes of the people; the truth is of those who came and left before the camera's eyes.
func (w *seen) stays(r *rand.Rand, people []person, lose, end float64) {
	for _, p := range people {
		if p.arrived < 0 || p.arrived > end {
			continue
		}
		if p.left > end {
			w.censored.Add(end - p.arrived)
			continue
		}
		wait := p.left - p.arrived
		w.truth = append(w.truth, wait)
		if broken := r.ExpFloat64() * 60 / lose; broken < wait {
			w.censored.Add(broken)
		} else {
			w.completed.Add(wait)
			w.completedOnly = append(w.completedOnly, wait)
		}
	}
}

func (w *seen) evidence() Evidence {
	return Evidence{Parts: w.parts, AtEnd: w.waiting, Completed: w.completed, Censored: w.censored, Coverage: 1}
}

func exactQuantile(v []float64, q float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[int(q*float64(len(v)-1))]
}

func average(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

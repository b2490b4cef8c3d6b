package office

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/models"
)

// Sim is one office. One goroutine steps and draws it; Truth, QueueLength and Now may be read by others meanwhile.
type Sim struct {
	cfg      Config // complete
	camera   models.Camera
	view     view
	room     room
	painter  *painter // made by the first Draw
	arrivals *rand.Rand

	mu       sync.Mutex // guards what follows
	frame    int64      // frames stepped
	now      float64    // video seconds
	next     float64    // when the next person arrives
	people   []*person  // in the room, officers included
	line     []*person  // who waits, in the order of arrival
	newest   *person    // who came in last
	counters []*counter
	stays    []stay
	visits   []Visit
}

// counter is one counter with its officer and the citizen it has called.
type counter struct {
	officer
	index   int
	citizen *person
	free    float64 // when the next citizen may be called
}

// doing is what a citizen is about.
type doing int

const (
	waiting doing = iota
	called
	served
	leaving
)

// person is somebody in the room, an officer or a citizen.
type person struct {
	id     int
	rng    *rand.Rand
	look   look
	pace   float64 // metres per video second
	at     vec
	path   []vec
	still  float64 // does not start to walk before
	walked float64 // metres, for the gait
	heads  vec     // direction faced
	seated bool
	edge   float64 // hidden right of this x (metres at the wall) while in a doorway; 0 is none

	actor    *cutout.Actor // whose pixels are shown; nil for drawn people
	walk     int           // of the actor,
	pose     int           // and where in its poses
	mirrored bool          // while standing
	gain     int           // brightness, 1/256
	sprite   *cutout.Sprite
	flip     bool // the sprite is shown mirrored

	fig     figure
	box     models.Box // drawn, pixels; empty while hidden
	inside  uint64     // zones it stands in, by bit
	since   [1 + 2*MaxCounters]float64
	officer bool

	doing   doing
	visit   int     // index in visits
	place   int     // waiting place
	until   float64 // patience, later the end of the service
	counter int     // called to
}

// New makes an office that has not begun: the first Step is its first frame.
func New(cfg Config) (*Sim, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("office: %w", err)
	}
	cfg = cfg.withDefaults()
	s := &Sim{cfg: cfg, camera: cfg.Camera(), view: newView(cfg), room: newRoom(cfg), arrivals: rng(cfg.Seed, 0)}
	s.next = cfg.Opens.Seconds() + 1 + s.after(s.arrivals, 0.3*3600/cfg.ArrivalsPerHour)
	for k := range cfg.Counters {
		s.counters = append(s.counters, s.newCounter(k))
	}
	return s, nil
}

// rng is a source of chance of its own, so that one person's life does not change another's.
func rng(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15*(stream+1)))
}

// Config is the office's configuration, complete with defaults.
func (s *Sim) Config() Config { return s.cfg }

// Camera is the configuration whose zones fit the picture.
func (s *Sim) Camera() models.Camera { return s.cfg.Camera() }

// Now is the video time of the newest frame; the first frame is 0.
func (s *Sim) Now() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(float64(max(s.frame-1, 0)) / s.cfg.FPS * float64(time.Second))
}

// Step lives on until the next frame.
func (s *Sim) Step() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame++
	if s.frame == 1 {
		return // the first frame is time 0
	}
	dt := 1 / s.cfg.FPS
	n := math.Ceil(dt / 0.1)
	for i := range int(n) {
		s.now = float64(s.frame-2)/s.cfg.FPS + float64(i+1)*dt/n
		s.live(dt / n)
	}
}

// live is one small step of everybody's life.
func (s *Sim) live(dt float64) {
	s.arrive()
	for _, c := range s.counters {
		s.work(c)
		s.call(c)
	}
	s.wait()
	for _, p := range s.people {
		s.walk(p, dt)
		s.observe(p)
	}
	s.people = slices.DeleteFunc(s.people, func(p *person) bool {
		return !p.officer && p.doing == leaving && len(p.path) == 0
	})
}

// after draws an exponential time in video seconds with a mean given in office seconds.
func (s *Sim) after(r *rand.Rand, mean float64) float64 { return r.ExpFloat64() * mean / s.cfg.Speed }

// lognormal draws a time in video seconds with a mean in office time and the standard deviation of its logarithm.
func (s *Sim) lognormal(r *rand.Rand, mean time.Duration, sigma float64) float64 {
	return mean.Seconds() / s.cfg.Speed * math.Exp(r.NormFloat64()*sigma-sigma*sigma/2)
}

// closed reports whether the opening hours are over.
func (s *Sim) closed() bool { return s.now >= s.closing() }

// closing is the end of the opening hours in video seconds.
func (s *Sim) closing() float64 {
	if s.cfg.OpenFor <= 0 {
		return math.Inf(1)
	}
	return s.cfg.Opens.Seconds() + s.cfg.OpenFor.Seconds()/s.cfg.Speed
}

// arrive lets the next person in. Who finds the waiting places full goes elsewhere, unseen.
func (s *Sim) arrive() {
	if s.now < s.next || s.closed() {
		return
	}
	if s.newest != nil && math.Abs(s.newest.at.x-s.room.entrance) < 2 && s.newest.doing == waiting {
		return // the entrance is narrow
	}
	s.next = s.now + s.after(s.arrivals, 3600/s.cfg.ArrivalsPerHour)
	place, ok := s.freePlace()
	if !ok {
		return
	}
	p := s.newPerson(len(s.visits) + 1)
	p.at, p.place, p.visit = vec{s.room.entrance, s.room.line}, place, len(s.visits)
	p.path = s.room.wayIn(place)
	p.until = math.Inf(1)
	if s.cfg.Patience > 0 {
		p.until = s.now + max(s.lognormal(p.rng, s.cfg.Patience, 0.5), 15)
	}
	s.visits = append(s.visits, Visit{ID: p.id})
	s.people, s.line, s.newest = append(s.people, p), append(s.line, p), p
}

// newPerson makes somebody; officers have negative numbers.
func (s *Sim) newPerson(id int) *person {
	p := &person{id: id, rng: rng(s.cfg.Seed, uint64(int64(id)+1000)), heads: vec{-1, 0}}
	p.look = newLook(p.rng, id < 0)
	// Office time runs faster, legs hardly.
	s.cast(p)
	p.pace = (1.15 + 0.3*p.rng.Float64()) * math.Min(math.Pow(s.cfg.Speed, 0.1), 1.3)
	return p
}

// freePlace is the waiting place of a newcomer: the tail of the line or a free seat, the front row first.
func (s *Sim) freePlace() (int, bool) {
	if s.room.queue == Line {
		return len(s.line), len(s.line) < s.room.places()
	}
	taken := make([]bool, s.room.places())
	for _, p := range s.line {
		taken[p.place] = true
	}
	for row := range 2 {
		for _, i := range s.arrivals.Perm(s.room.seats) {
			if !taken[row*s.room.seats+i] {
				return row*s.room.seats + i, true
			}
		}
	}
	return 0, false
}

// call sends the first who waits to a counter that is free and staffed, and ends a service that is done.
func (s *Sim) call(c *counter) {
	if p := c.citizen; p != nil {
		switch {
		case p.doing == called && len(p.path) == 0:
			p.doing, p.heads = served, vec{0, 1}
			p.until = s.now + max(s.lognormal(p.rng, s.cfg.Service, s.cfg.ServiceSpread), 8)
		case p.doing == served && s.now >= p.until:
			p.doing, p.path = leaving, s.room.wayHome(p.at)
		case p.doing == leaving && p.at.y < s.room.outLane+0.1:
			c.citizen, c.free = nil, s.now+0.5+1.5*p.rng.Float64()
		}
		return
	}
	if !s.takes(c) || len(s.line) == 0 {
		return
	}
	p := s.line[0]
	if len(p.path) > 0 || p.inside&1 == 0 || s.now-p.since[0] < 5 {
		return // still on the way to a waiting place, or only just there
	}
	s.line = s.line[1:]
	hiding := s.cfg.Occlusion > 0 && p.rng.Float64() < s.cfg.Occlusion
	p.doing, p.counter, c.citizen = called, c.index, p
	p.seated, p.path = false, s.room.wayToCounter(p.at, s.room.citizen(c.index, hiding))
}

// wait moves the line up and lets go who has lost patience.
func (s *Sim) wait() {
	s.line = slices.DeleteFunc(s.line, func(p *person) bool {
		if s.now < p.until || p.inside&1 == 0 || s.now-p.since[0] < 10 {
			return false
		}
		s.visits[p.visit].GaveUp = true
		p.doing, p.seated = leaving, false
		p.path = append(s.room.wayOutOfQueue(p.at), s.room.wayHome(vec{p.at.x, s.room.inLane})...)
		return true
	})
	for i, p := range s.line {
		if s.room.queue == Line && p.place != i {
			p.place = i
			if len(p.path) == 0 {
				p.still = s.now + 0.2 + 0.6*p.rng.Float64()
			}
			p.path = s.room.wayIn(i)
		}
		if len(p.path) == 0 {
			p.seated = s.room.queue == Seats
			p.heads = vec{-s.room.tail, 0}
			if p.seated {
				p.heads = vec{0, 1}
			}
		}
		if s.room.queue == Line && i > 0 && s.room.tail*(p.at.x-s.line[i-1].at.x) < s.room.gap-0.02 {
			p.still = s.now + 0.1 // nobody walks through the one in front
		}
	}
}

// walk moves a person along its path.
func (s *Sim) walk(p *person, dt float64) {
	if s.now < p.still {
		return
	}
	left := p.pace * dt
	for left > 1e-9 && len(p.path) > 0 {
		to := p.path[0]
		d := math.Min(p.at.dist(to), left)
		if d > 1e-9 {
			p.heads = to.sub(p.at)
		}
		p.at = p.at.toward(to, left)
		p.walked += d
		left -= d
		if p.at == to {
			p.path = p.path[1:]
		}
	}
}

// QueueLength is the true number of people waiting at a video time that has been reached: those in the queue zone who
// stay at least its MinDwell, counted from their first moment there.
func (s *Sim) QueueLength(at time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(0, at.Seconds())
}

// Truth is everything true so far.
func (s *Sim) Truth() Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.truth()
}

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
	leader   *person    // the first of the newest family
	party    int        // of which so many are still to come
	staff    [][]byte   // by counter and second, as in Truth.Staff
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
	with    *person // the first of the family, who is served for all; nil for that one and for who comes alone
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
	s.next = s.nextArrival(cfg.Opens.Seconds()+1, 0.3)
	for k := range cfg.Counters {
		s.counters = append(s.counters, s.newCounter(k))
	}
	s.staff = make([][]byte, cfg.Counters)
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
	s.noteStaff(s.now)
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

// call sends the first who waits to a counter that is free and staffed, and ends a service that is done.
func (s *Sim) call(c *counter) {
	if p := c.citizen; p != nil {
		switch {
		case p.doing == called && len(p.path) == 0:
			p.doing, p.heads = served, vec{0, 1}
			p.until = s.now + max(s.service(p.rng), 8)
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
	if len(p.path) > 0 || !s.settled(p) || p.with != nil {
		return // still on the way to a waiting place, or only just there; or left behind by a family's first
	}
	s.line = s.line[1:]
	hiding := s.cfg.Occlusion > 0 && p.rng.Float64() < s.cfg.Occlusion
	p.doing, p.counter, c.citizen = called, c.index, p
	p.seated, p.path = false, s.room.wayToCounter(p.at, s.room.citizen(c.index, hiding))
}

// settled reports whether somebody has been in the queue for a while.
func (s *Sim) settled(p *person) bool { return p.inside&1 == 1 && s.now-p.since[0] >= 5 }

// wait moves the line up and lets go who has lost patience, and a family when its first has gone.
func (s *Sim) wait() {
	s.line = slices.DeleteFunc(s.line, func(p *person) bool {
		alone := p.with != nil && p.with.doing != waiting && s.settled(p)
		if !alone && (s.now < p.until || p.inside&1 == 0 || s.now-p.since[0] < 10) {
			return false
		}
		s.visits[p.visit].GaveUp = !alone || s.visits[p.with.visit].GaveUp
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

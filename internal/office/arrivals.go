package office

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Rate is how many people, or families, come per hour of office time from a moment on.
type Rate struct {
	From    time.Duration // office time since the first people may come
	PerHour float64
}

// Morning is the half day of a one-stop department: people wait for the doors to open, most come in the first hour and a
// half, few before lunch.
var Morning = []Rate{{0, 40}, {30 * time.Minute, 36}, {90 * time.Minute, 22}, {3 * time.Hour, 8}}

// ParseProfile reads FROM=PER_HOUR,... with From as in "1h30m", or the word morning. Empty is no profile. What it returns
// may still be out of order: Config.Validate says so. Errors are of KindInvalid and name the part that cannot be read.
func ParseProfile(text string) (rates []Rate, err error) {
	switch text {
	case "":
		return nil, nil
	case "morning":
		return Morning, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, perHour, ok := strings.Cut(part, "=")
		var r Rate
		var err1, err2 error
		r.From, err1 = time.ParseDuration(from)
		r.PerHour, err2 = strconv.ParseFloat(perHour, 64)
		if !ok || err1 != nil || err2 != nil {
			return nil, models.Invalid("arrival profile", "%q: use FROM=PER_HOUR, such as 1h30m=25", part)
		}
		rates = append(rates, r)
	}
	return rates, nil
}

// Shape is the kind of distribution that service times have.
type Shape string

// The shapes. The spread is the standard deviation of the logarithm for Lognormal, the coefficient of variation for
// Gamma; Exponential has none.
const (
	Lognormal   Shape = "lognormal"
	Gamma       Shape = "gamma"
	Exponential Shape = "exponential"
)

// after draws an exponential time in video seconds with a mean given in office seconds.
func (s *Sim) after(r *rand.Rand, mean float64) float64 { return r.ExpFloat64() * mean / s.cfg.Speed }

// lognormal draws a time in video seconds with a mean in office time and the standard deviation of its logarithm.
func (s *Sim) lognormal(r *rand.Rand, mean time.Duration, sigma float64) float64 {
	return mean.Seconds() / s.cfg.Speed * math.Exp(r.NormFloat64()*sigma-sigma*sigma/2)
}

// service draws a service time in video seconds.
func (s *Sim) service(r *rand.Rand) float64 {
	mean := s.cfg.Service.Seconds() / s.cfg.Speed
	switch s.cfg.ServiceShape {
	case Exponential:
		return mean * r.ExpFloat64()
	case Gamma:
		k := 1 / (s.cfg.ServiceSpread * s.cfg.ServiceSpread)
		return mean * gamma(r, k) / k
	}
	return s.lognormal(r, s.cfg.Service, s.cfg.ServiceSpread)
}

// gamma draws from the gamma distribution of shape k and scale 1 (Marsaglia and Tsang, A simple method for generating
// gamma variables, ACM TOMS 26 (2000)).
func gamma(r *rand.Rand, k float64) float64 {
	if k < 1 {
		return gamma(r, k+1) * math.Pow(r.Float64(), 1/k)
	}
	d := k - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v = v * v * v; v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// nextArrival draws when somebody comes after a video second: the first event of a Poisson process whose rate is
// ArrivalsPerHour or follows Profile. first is less than 1 so that a day does not begin with a long pause.
func (s *Sim) nextArrival(from, first float64) float64 {
	if len(s.cfg.Profile) == 0 {
		return from + s.after(s.arrivals, first*3600/s.cfg.ArrivalsPerHour)
	}
	due := s.arrivals.ExpFloat64() // in expected arrivals
	at := (from - s.cfg.Opens.Seconds()) * s.cfg.Speed
	for i, r := range s.cfg.Profile {
		end := math.Inf(1)
		if i+1 < len(s.cfg.Profile) {
			end = s.cfg.Profile[i+1].From.Seconds()
		}
		if at = math.Max(at, r.From.Seconds()); at >= end || r.PerHour == 0 {
			continue
		}
		if t := at + due*3600/r.PerHour; t < end {
			return s.cfg.Opens.Seconds() + t/s.cfg.Speed
		}
		due -= (end - at) * r.PerHour / 3600
	}
	return math.Inf(1)
}

// closed reports whether the opening hours are over.
func (s *Sim) closed() bool { return s.now >= s.closing() }

// closing is the end of the opening hours in video seconds.
func (s *Sim) closing() float64 {
	if s.cfg.OpenFor <= 0 {
		return math.Inf(1)
	}
	return s.begins() + s.cfg.OpenFor.Seconds()/s.cfg.Speed
}

// begins is when the officers come, in video seconds.
func (s *Sim) begins() float64 { return s.cfg.Opens.Seconds() + s.cfg.Early.Seconds()/s.cfg.Speed }

// arrive lets the next person in, and then the others of a family. Who finds the waiting places full goes elsewhere,
// unseen.
func (s *Sim) arrive() {
	if s.party > 0 && s.leader.doing != waiting {
		s.party = 0 // who is still outside stays there
	}
	if s.party == 0 && (s.now < s.next || s.closed()) {
		return
	}
	if s.newest != nil && math.Abs(s.newest.at.x-s.room.entrance) < 2 && s.newest.doing == waiting {
		return // the entrance is narrow
	}
	if s.party > 0 {
		s.party--
		if place, ok := s.freePlace(); ok {
			p := s.enter(place)
			p.with, s.visits[p.visit].With = s.leader, s.leader.id
			p.until = math.Inf(1)
		}
		return
	}
	s.next = s.nextArrival(s.now, 1)
	if place, ok := s.freePlace(); ok {
		s.leader = s.enter(place)
		if s.cfg.Families > 0 && s.leader.rng.Float64() < s.cfg.Families {
			s.party = 1 + s.leader.rng.IntN(3)
		}
	}
}

// enter lets somebody in who will wait at a place.
func (s *Sim) enter(place int) *person {
	p := s.newPerson(len(s.visits) + 1)
	p.at, p.place, p.visit = vec{s.room.entrance, s.room.line}, place, len(s.visits)
	p.path = s.room.wayIn(place)
	p.until = math.Inf(1)
	if s.cfg.Patience > 0 {
		p.until = s.now + max(s.lognormal(p.rng, s.cfg.Patience, 0.5), 15)
	}
	s.visits = append(s.visits, Visit{ID: p.id})
	s.people, s.line, s.newest = append(s.people, p), append(s.line, p), p
	return p
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

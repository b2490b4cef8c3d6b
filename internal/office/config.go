// Package office is a simulated one-stop department (Bộ phận Một cửa): people arrive, join a line or take a seat, are
// served by officers who sometimes leave their counter, and go. It stands at the very start of the road, in place of a
// real camera: a Config goes in, pictures (BGR24 models.Frame) come out, with the exact truth of what they show and the
// models.Camera whose zones fit the room. Everything is drawn from one seed: same Config, same pictures, same truth.
//
// There are two looks. Drawn people are seen from high above, for a detector that looks at changes. In the People look the
// room is seen as by a camera on the wall, and people are made of real pixels (internal/cutout), for neural detectors.
//
// The room is described in metres (geometry.go), lived in by Sim (sim.go, arrivals.go, officers.go), painted by painter.go,
// scene.go and scene_low.go with people of people.go or compose.go, lit by light.go and remembered by truth.go. Zones of the
// truth are the very polygons of Config.Camera, tested against the very boxes that are drawn. The first seconds
// (Config.Opens, 2.5 s unless set) show the empty office, so that a background model can learn it. seen.go and noise.go give
// the same people as detections, without pixels.
//
// Pure Go, standard library only besides models and internal/cutout. Imported by internal/camsim, by programs under cmd, and
// by tests.
package office

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/models"
)

// Queue says how people wait.
type Queue string

// The ways of waiting.
const (
	Line  Queue = "line"  // standing, first come first served
	Seats Queue = "seats" // on stools, called in the order of arrival
)

// Look says what people are made of, and with that which room they are in.
type Look string

// The looks.
const (
	Drawn  Look = "drawn"  // drawn figures, seen from high above: for a detector that looks at changes
	People Look = "people" // real people's pixels (Config.Cast), seen as by a camera on the wall: for neural detectors
)

// The numbers of counters the rooms have space for.
const (
	MaxCounters       = 6
	MaxCountersPeople = 4
)

// Config describes an office. The zero value works: three counters and a line, at life's own pace.
//
// "Office time" is the time the office lives in; it runs Speed times faster than the video's clock. Only walking is
// hardly faster, so that people can still be followed.
type Config struct {
	Name  string // id of the camera; default "office"
	Seed  uint64
	Queue Queue // default Line

	Look Look         // default Drawn
	Cast *cutout.Cast // who is shown in the People look; without it an office can be lived in, but not drawn

	Counters        int           // 1..MaxCounters, default 3
	ArrivalsPerHour float64       // Poisson arrivals per hour of office time; default 8 for each counter
	Profile         []Rate        // rates that change over the day, in place of ArrivalsPerHour; the first From is 0
	Early           time.Duration // how long before the officers people may come, office time; default 0
	Families        float64       // share of arrivals that are families of 2 to 4, of whom one is served; default 0
	Service         time.Duration // mean service time, office time; default 5 min
	ServiceShape    Shape         // default Lognormal
	ServiceSpread   float64       // as the shape means it; default 0.5
	Patience        time.Duration // mean wait after which people give up, lognormal, office time; default 45 min, negative: nobody does

	Back      float64 // metres that the camera hangs farther away (People look only): 0..6, default 0
	Occlusion float64 // share of citizens who stand between the camera and their officer (People look only); default 0

	Standing   float64       // share of their time at the desk that officers stand; default 1, in the People look 0.15; negative: never
	BreakEvery time.Duration // mean time at the counter between an officer's breaks, office time; default 50 min, negative: no breaks
	BreakFor   time.Duration // mean length of a break, office time; default 14 min
	FirstBreak time.Duration // when the first officer is due for the first break, video time; first breaks then last BreakFor exactly; default: drawn by chance

	Opens   time.Duration // length of the empty beginning, video time; at least 2 s, default 2.5 s
	OpenFor time.Duration // opening hours, from when officers come, office time: then nobody comes any more, who waits is served, officers leave; default: all the time

	Speed float64     // how many times faster office time runs than the video's clock: 1..60, default 1
	Size  models.Size // of the picture; default 640x360, in the People look 1280x720; even, 320..1920 wide, between 5:4 and 16:9
	FPS   float64     // 1..60, default 15

	Noise        float64       // standard deviation of the sensor's noise, grey levels; default 3, negative: none
	LightDrift   float64       // share of the light that goes and comes again every 10 minutes of the video; default 0
	Flicker      float64       // share of the light by which frames differ; default 0
	LightsOffAt  time.Duration // the lights are off from here, video time,
	LightsOffFor time.Duration // for so long; default 0

	MaxAbsence            time.Duration // of every counter, video time; default 15 min divided by Speed
	MaxAbsenceWithWaiting time.Duration // of every counter, video time; default 3 min divided by Speed
}

// Demo is an office in which something happens within a minute and a half: quick officers, the first one away for half
// a minute soon after the opening, and thresholds short enough to notice it.
func Demo(name string, seed uint64, queue Queue) Config {
	c := Config{
		Name: name, Seed: seed, Queue: queue, Counters: 3, Speed: 20,
		Service: 200 * time.Second, ServiceSpread: 0.3, ArrivalsPerHour: 30, Patience: 20 * time.Minute,
		BreakEvery: 25 * time.Minute, BreakFor: 9 * time.Minute, FirstBreak: 22 * time.Second,
		MaxAbsence: 15 * time.Second, MaxAbsenceWithWaiting: 12 * time.Second,
	}
	if queue == Seats {
		c.Counters, c.ArrivalsPerHour = 2, 20
	}
	return c
}

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	c.Name = cmp.Or(c.Name, "office")
	c.Queue = cmp.Or(c.Queue, Line)
	c.Counters = cmp.Or(c.Counters, 3)
	c.ArrivalsPerHour = cmp.Or(c.ArrivalsPerHour, 8*float64(c.Counters))
	c.Service = cmp.Or(c.Service, 5*time.Minute)
	c.ServiceSpread = cmp.Or(c.ServiceSpread, 0.5)
	c.Patience = cmp.Or(c.Patience, 45*time.Minute)
	c.ServiceShape = cmp.Or(c.ServiceShape, Lognormal)
	c.BreakEvery = cmp.Or(c.BreakEvery, 50*time.Minute)
	c.BreakFor = cmp.Or(c.BreakFor, 14*time.Minute)
	c.Opens = cmp.Or(c.Opens, 2500*time.Millisecond)
	c.Noise = cmp.Or(c.Noise, 3)
	c.Speed = cmp.Or(c.Speed, 1)
	c.Look = cmp.Or(c.Look, Drawn)
	if c.Look == People {
		c.Standing = cmp.Or(c.Standing, 0.15)
		c.Size = cmp.Or(c.Size, models.Size{W: 1280, H: 720})
	}
	c.Standing = cmp.Or(c.Standing, 1)
	c.Size = cmp.Or(c.Size, models.Size{W: 640, H: 360})
	c.FPS = cmp.Or(c.FPS, 15)
	scaled := func(d time.Duration) time.Duration {
		return max((time.Duration(float64(d) / c.Speed)).Round(time.Second), 5*time.Second)
	}
	c.MaxAbsence = cmp.Or(c.MaxAbsence, scaled(15*time.Minute))
	c.MaxAbsenceWithWaiting = cmp.Or(c.MaxAbsenceWithWaiting, min(scaled(3*time.Minute), c.MaxAbsence))
	return c
}

// checkProfile returns a KindInvalid error about the first rate that cannot be used.
func checkProfile(rates []Rate) error {
	for i, r := range rates {
		switch {
		case i == 0 && r.From != 0:
			return models.Invalid("arrival profile", "it begins at %s: let it begin at 0s", r.From)
		case i > 0 && r.From <= rates[i-1].From:
			return models.Invalid("arrival profile", "%s comes after %s: put the times in order, each once", r.From, rates[i-1].From)
		case !(r.PerHour >= 0 && r.PerHour <= 1000):
			return models.Invalid("arrival profile", "%g people per hour from %s on: use 0 to 1000", r.PerHour, r.From)
		}
	}
	return nil
}

// Validate returns a KindInvalid error that names the first field that cannot be used, and what it should be.
func (c Config) Validate() error {
	c = c.withDefaults()
	if err := models.CheckID("name", c.Name); err != nil {
		return err
	}
	if c.Queue != Line && c.Queue != Seats {
		return models.Invalid("queue", "%q: use %s or %s", c.Queue, Line, Seats)
	}
	switch {
	case c.Look != Drawn && c.Look != People:
		return models.Invalid("look", "%q: use %s or %s", c.Look, Drawn, People)
	case c.Look == Drawn && c.Cast != nil:
		return models.Invalid("cast", "drawn people need none: use the look %q", People)
	}
	for _, r := range c.numbers() {
		if !(r.v >= r.lo && r.v <= r.hi) {
			return models.Invalid(r.field, "%.6g is out of range: use %g to %g", r.v, r.lo, r.hi)
		}
	}
	if !slices.Contains([]Shape{Lognormal, Gamma, Exponential}, c.ServiceShape) {
		return models.Invalid("service shape", "%q: use %s, %s or %s", c.ServiceShape, Lognormal, Gamma, Exponential)
	}
	if err := checkProfile(c.Profile); err != nil {
		return err
	}
	if c.Size.W%2 != 0 || c.Size.H%2 != 0 {
		return models.Invalid("size", "%dx%d: width and height must be even", c.Size.W, c.Size.H)
	}
	return nil
}

// numbers are the fields that must lie between two numbers.
func (c Config) numbers() []number {
	most := MaxCounters
	if c.Look == People {
		most = MaxCountersPeople
	}
	return []number{
		{"counters", float64(c.Counters), 1, float64(most)},
		{"occlusion", c.Occlusion, 0, 1},
		{"metres farther back", c.Back, 0, 6},
		{"share of families", c.Families, 0, 1},
		{"share of standing", c.Standing, -1, 1},
		{"noise", c.Noise, -1, 20},
		{"light drift", c.LightDrift, 0, 0.8},
		{"flicker", c.Flicker, 0, 0.5},
		{"start of the lights' pause in seconds", c.LightsOffAt.Seconds(), 0, 86400},
		{"length of the lights' pause in seconds", c.LightsOffFor.Seconds(), 0, 86400},
		{"early minutes", c.Early.Minutes(), 0, 600},
		{"arrivals per hour", c.ArrivalsPerHour, 0.1, 1000},
		{"service minutes", c.Service.Minutes(), 0.1, 600},
		{"service spread", c.ServiceSpread, 0.01, 2},
		{"break length in minutes", c.BreakFor.Minutes(), 0.1, 600},
		{"first break in seconds", c.FirstBreak.Seconds(), 0, 86400},
		{"seconds before opening", c.Opens.Seconds(), 2, 86400},
		{"opening hours", c.OpenFor.Hours(), 0, 24},
		{"speed", c.Speed, 1, 60},
		{"width", float64(c.Size.W), 320, 1920},
		{"width / height", float64(c.Size.W) / math.Max(float64(c.Size.H), 1), 1.25, 1.78},
		{"fps", c.FPS, 1, 60},
		{"max absence in seconds", c.MaxAbsence.Seconds(), 1, 86400},
		{"max absence with waiting in seconds", c.MaxAbsenceWithWaiting.Seconds(), 1, c.MaxAbsence.Seconds()},
	}
}

type number struct {
	field     string
	v, lo, hi float64
}

// Drawable returns a KindInvalid error when an office can be lived in but not drawn.
func (c Config) Drawable() error {
	if c.Look == People && (c.Cast == nil || len(c.Cast.Actors) == 0) {
		return models.Invalid("cast", "the look %q shows real people: cut them out of a video first (camsim office --people VIDEO --people-truth GT.txt)", People)
	}
	return nil
}

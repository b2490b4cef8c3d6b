package analytics

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// scene is one file of testdata: what happens in an office, and what must be reported. The format is explained in
// testdata/README.md.
type scene struct {
	start   time.Time
	site    models.Site
	camera  models.Camera
	size    models.Size
	rates   []float64
	people  []actor
	outages []outage
	restart []time.Duration
	dark    []span
	again   []span
	end     time.Duration
	expect  []expectation
}

// actor is one person with what they do.
type actor struct {
	name   string
	height float64 // share of the picture's height
	steps  []stepTo
}

// stepTo is one thing a person does: from a time on they are, or walk, somewhere.
type stepTo struct {
	at     time.Duration
	to     models.Point // of the box's centre
	hidden bool
	gone   bool
}

// span is a stretch of a scene: from, and before to.
type span struct{ from, to time.Duration }

func (s span) holds(at time.Duration) bool { return at >= s.from && at < s.to }

type outage struct {
	span
	state models.CameraState
}

// expectation is one expect line.
type expectation struct {
	line   int
	words  []string
	within float64
}

func readScene(t testing.TB, path string) *scene {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &scene{size: models.Size{W: 1280, H: 720}, rates: []float64{1, 2, 5, 15}, camera: models.Camera{ID: "cam"}}
	s.start, _ = time.ParseInLocation(time.DateTime, "2026-03-02 08:00:00", mustLocation("")) // a Monday
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if err := s.line(n, words); err != nil {
			t.Fatalf("%s:%d: %v", path, n, err)
		}
	}
	return s
}

func (s *scene) line(n int, w []string) (err error) {
	switch w[0] {
	case "start":
		s.start, err = time.ParseInLocation(time.DateTime, w[1]+" "+w[2], mustLocation(s.site.TimeZone))
	case "timezone":
		s.site.TimeZone = w[1]
	case "calendar":
		return s.calendar(w[1:])
	case "rates":
		s.rates = nil
		for _, v := range w[1:] {
			s.rates = append(s.rates, number(v))
		}
	case "zone":
		return s.zone(w)
	case "counter":
		return s.counter(w)
	case "person":
		return s.person(w)
	case "outage":
		s.outages = append(s.outages, outage{span{clockTime(w[1]), clockTime(w[2])}, models.CameraState(w[3])})
	case "restart":
		s.restart = append(s.restart, clockTime(w[1]))
	case "dark":
		s.dark = append(s.dark, span{clockTime(w[1]), clockTime(w[2])})
	case "again":
		s.again = append(s.again, span{clockTime(w[1]), clockTime(w[2])})
	case "end":
		s.end = clockTime(w[1])
	case "expect":
		e := expectation{line: n, words: w[1:], within: 0}
		if k := len(e.words); k > 2 && e.words[k-2] == "within" {
			e.within = number(strings.TrimSuffix(e.words[k-1], "s"))
			e.words = e.words[:k-2]
		}
		s.expect = append(s.expect, e)
	default:
		return fmt.Errorf("%q is not a word of scenes", w[0])
	}
	return err
}

// calendar [of COUNTER]: "always", "daily 07:30-11:30 [since DATE] [until DATE]", "holiday 2026-03-02 Tết", or
// "worked 2026-03-07 07:30-11:30 swapped".
func (s *scene) calendar(w []string) error {
	c := &s.site.Calendar
	if w[0] == "of" {
		for i := range s.camera.Counters {
			if k := &s.camera.Counters[i]; k.ID == w[1] {
				if k.Calendar == nil {
					k.Calendar = &models.Calendar{}
				}
				c = k.Calendar
			}
		}
		w = w[2:]
	}
	switch w[0] {
	case "always":
		c.Always = true
	case "daily":
		session := hours(w[1])
		for i := 2; i+1 < len(w); i += 2 {
			*map[string]*string{"since": &session.Since, "until": &session.Until}[w[i]] = w[i+1]
		}
		for session.Weekday = time.Sunday; session.Weekday <= time.Saturday; session.Weekday++ {
			c.Sessions = append(c.Sessions, session)
		}
	case "holiday":
		c.Exceptions = append(c.Exceptions, models.Exception{Date: w[1], Reason: strings.Join(w[2:], " ")})
	case "worked":
		c.Exceptions = append(c.Exceptions, models.Exception{Date: w[1], Reason: strings.Join(w[3:], " "), Sessions: []models.Session{hours(w[2])}})
	default:
		return fmt.Errorf("calendar %q: always, daily, holiday or worked", w[0])
	}
	return nil
}

// hours reads 07:30-11:30.
func hours(text string) models.Session {
	from, to, _ := strings.Cut(text, "-")
	return models.Session{From: int(clockTime(from).Seconds()), To: int(clockTime(to).Seconds())} // h:mm read as m:ss: minutes
}

// zone ID KIND LEFT,TOP RIGHT,BOTTOM [long N] [wait DURATION]
func (s *scene) zone(w []string) error {
	a, b := place(w[3]), place(w[4])
	z := models.Zone{ID: w[1], Kind: models.ZoneKind(w[2]), Polygon: models.Polygon{a, {X: b.X, Y: a.Y}, b, {X: a.X, Y: b.Y}}}
	for i := 5; i+1 < len(w); i += 2 {
		switch w[i] {
		case "long":
			z.LongAt = int(number(w[i+1]))
		case "wait":
			z.WaitAt = duration(w[i+1])
		default:
			return fmt.Errorf("zone: %q", w[i])
		}
	}
	s.camera.Zones = append(s.camera.Zones, z)
	return nil
}

// counter ID staff Z,Z service Z queue Z | any C,C [required N] [absence D] [waiting D] [late D]
func (s *scene) counter(w []string) error {
	c := models.Counter{ID: w[1]}
	for i := 2; i+1 < len(w); i += 2 {
		v := w[i+1]
		switch w[i] {
		case "staff":
			c.Staff = strings.Split(v, ",")
		case "service":
			c.Service = strings.Split(v, ",")
		case "queue":
			c.Queues = strings.Split(v, ",")
		case "any":
			c.AnyOf = strings.Split(v, ",")
		case "required":
			c.RequiredOnDuty = int(number(v))
		case "absence":
			c.MaxAbsence = duration(v)
		case "waiting":
			c.MaxAbsenceWithWaiting = duration(v)
		case "late":
			c.OpenedLateAfter = duration(v)
		default:
			return fmt.Errorf("counter: %q", w[i])
		}
	}
	s.camera.Counters = append(s.camera.Counters, c)
	return nil
}

// person NAME [height H] TIME PLACE TIME PLACE ...
func (s *scene) person(w []string) error {
	a := actor{name: w[1], height: .3}
	w = w[2:]
	if w[0] == "height" {
		a.height, w = number(w[1]), w[2:]
	}
	for i := 0; i+1 < len(w); i += 2 {
		st := stepTo{at: clockTime(w[i])}
		if len(a.steps) > 0 {
			st.to = a.steps[len(a.steps)-1].to
		}
		switch w[i+1] {
		case "gone":
			st.gone = true
		case "hidden":
			st.hidden = true
		case "seen":
		default:
			p, err := s.spot(w[i+1], a.height)
			if err != nil {
				return err
			}
			st.to = p
		}
		a.steps = append(a.steps, st)
	}
	s.people = append(s.people, a)
	return nil
}

var inZone = regexp.MustCompile(`^([a-z][a-z0-9]*)(?:/(\d+)of(\d+))?$`)

// spot is where the centre of a person's box is: at a point where they stand, or in a zone, which may have several spots.
func (s *scene) spot(word string, height float64) (models.Point, error) {
	m := inZone.FindStringSubmatch(word)
	if m == nil {
		p := place(word)
		return models.Point{X: p.X, Y: p.Y - height/2}, nil
	}
	for _, z := range s.camera.WithDefaults().Zones {
		if z.ID != m[1] {
			continue
		}
		b, k, n := z.Polygon.Bounds(), 1.0, 1.0
		if m[2] != "" {
			k, n = number(m[2]), number(m[3])
		}
		p := models.Point{X: b.X + b.W*(k-.5)/n, Y: b.Y + b.H/2}
		if z.Anchor == models.AnchorFoot {
			p.Y -= height / 2
		}
		return p, nil
	}
	return models.Point{}, fmt.Errorf("there is no zone %q", m[1])
}

func mustLocation(name string) *time.Location {
	loc, err := (&models.Site{TimeZone: name}).Location()
	if err != nil {
		panic(err)
	}
	return loc
}

func place(s string) models.Point {
	x, y, _ := strings.Cut(s, ",")
	return models.Point{X: number(x), Y: number(y)}
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err)
	}
	return v
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

// clockTime reads m:ss or h:mm:ss since the scene's start.
func clockTime(s string) time.Duration {
	var d time.Duration
	for part := range strings.SplitSeq(s, ":") {
		d = d*60 + time.Duration(number(part)*float64(time.Second))
	}
	return d
}

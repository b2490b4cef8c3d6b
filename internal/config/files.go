package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/counterwatch/counterwatch/models"
)

// duration is a time.Duration written as 3s, 15m or 1h30m.
type duration time.Duration

func (d *duration) UnmarshalYAML(node ast.Node) error {
	s := node.GetToken().Value
	v, err := time.ParseDuration(s)
	if err != nil {
		return wrong(node, fmt.Errorf("%q is not a duration: write 3s, 15m or 1h30m", s))
	}
	*d = duration(v)
	return nil
}

// wrong ties an error to the place in the file where it was found.
func wrong(node ast.Node, err error) error {
	if err == nil {
		return nil
	}
	return &yaml.SyntaxError{Message: err.Error(), Token: node.GetToken()}
}

type point [2]float64

// CameraSettings (exported only because embedding asks for it) is the part of a camera that stands under `camera:` in a camera file, and beside it in a registry.
type CameraSettings struct {
	ID       string `yaml:"id"`
	Name     string `yaml:"name"`
	Detector struct {
		Kind       string  `yaml:"kind"`
		Net        string  `yaml:"net"`
		Engine     string  `yaml:"engine"`
		Threshold  float64 `yaml:"threshold"`
		View       string  `yaml:"view"`
		Tiles      int     `yaml:"tiles"`
		MotionGate onOff   `yaml:"motion_gate"`
	} `yaml:"detector"`
	AnalyseFPS float64           `yaml:"analyse_fps"`
	Heights    []models.HeightAt `yaml:"heights"`
}

// onOff is a switch; YAML may read a bare on or off as a truth value.
type onOff string

func (o *onOff) UnmarshalYAML(node ast.Node) error {
	switch s := node.GetToken().Value; s {
	case "on", "true", "yes":
		*o = "on"
	case "off", "false", "no":
		*o = "off"
	default:
		return wrong(node, fmt.Errorf("%q is not a switch: write on or off", s))
	}
	return nil
}

type zoneFile struct {
	ID         string   `yaml:"id"`
	Name       string   `yaml:"name"`
	Kind       string   `yaml:"kind"`
	Anchor     string   `yaml:"anchor"`
	Polygon    []point  `yaml:"polygon"`
	MinDwell   duration `yaml:"min_dwell"`
	LongAt     int      `yaml:"long_at"`
	WaitAt     duration `yaml:"wait_at"`
	Discipline string   `yaml:"discipline"`
}

type counterFile struct {
	ID                    string        `yaml:"id"`
	Name                  string        `yaml:"name"`
	Staff                 []string      `yaml:"staff"`
	Service               []string      `yaml:"service"`
	Queues                []string      `yaml:"queues"`
	RequiredOnDuty        int           `yaml:"required_on_duty"`
	MaxAbsence            duration      `yaml:"max_absence"`
	MaxAbsenceWithWaiting duration      `yaml:"max_absence_with_waiting"`
	Unattended            duration      `yaml:"unattended"`
	OpenedLateAfter       duration      `yaml:"opened_late_after"`
	AnyOf                 []string      `yaml:"any_of"`
	Calendar              *calendarFile `yaml:"calendar"`
}

type cameraFile struct {
	Camera   CameraSettings `yaml:"camera"`
	Zones    []zoneFile     `yaml:"zones"`
	Counters []counterFile  `yaml:"counters"`
	Calendar calendarFile   `yaml:"calendar"`
	TimeZone string         `yaml:"time_zone"`
}

func (f *cameraFile) camera() models.Camera { return camera(f.Camera, f.Zones, f.Counters) }

func camera(s CameraSettings, zones []zoneFile, counters []counterFile) models.Camera {
	c := models.Camera{
		ID: s.ID, Name: s.Name, AnalyseFPS: s.AnalyseFPS,
		Detector: models.DetectorConfig{Kind: s.Detector.Kind, Net: s.Detector.Net, Engine: s.Detector.Engine, Threshold: s.Detector.Threshold,
			View: s.Detector.View, Tiles: s.Detector.Tiles, MotionGate: string(s.Detector.MotionGate)},
		Heights: s.Heights,
	}
	if c.Detector.Net != "" && c.Detector.Kind == "" {
		c.Detector.Kind = "network"
	}
	for _, z := range zones {
		m := models.Zone{ID: z.ID, Name: z.Name, Kind: models.ZoneKind(z.Kind), Anchor: models.Anchor(z.Anchor),
			MinDwell: time.Duration(z.MinDwell), LongAt: z.LongAt, WaitAt: time.Duration(z.WaitAt), Discipline: z.Discipline}
		for _, p := range z.Polygon {
			m.Polygon = append(m.Polygon, models.Point{X: p[0], Y: p[1]})
		}
		c.Zones = append(c.Zones, m)
	}
	for _, k := range counters {
		m := models.Counter{ID: k.ID, Name: k.Name, Staff: k.Staff, Service: k.Service, Queues: k.Queues,
			RequiredOnDuty: k.RequiredOnDuty, MaxAbsence: time.Duration(k.MaxAbsence), MaxAbsenceWithWaiting: time.Duration(k.MaxAbsenceWithWaiting),
			Unattended: time.Duration(k.Unattended), OpenedLateAfter: time.Duration(k.OpenedLateAfter), AnyOf: k.AnyOf}
		if k.Calendar != nil {
			m.Calendar = &k.Calendar.Calendar
		}
		c.Counters = append(c.Counters, m)
	}
	return c
}

// calendarFile is `always`, `office` (the default week), or sessions and exceptions.
type calendarFile struct{ models.Calendar }

type sessionFile struct {
	Days string `yaml:"days"` // mon-fri, or mon,wed,sat
	From string `yaml:"from"` // 07:30
	To   string `yaml:"to"`
}

func (c *calendarFile) UnmarshalYAML(node ast.Node) error {
	if s, ok := node.(*ast.StringNode); ok {
		switch s.Value {
		case "always":
			c.Always = true
			return nil
		case "office":
			return nil
		}
		return wrong(node, fmt.Errorf("%q is not a calendar: write always, office, or sessions and exceptions", s.Value))
	}
	var f struct {
		Sessions   []sessionFile `yaml:"sessions"`
		Exceptions []struct {
			Date     string        `yaml:"date"`
			Reason   string        `yaml:"reason"`
			Sessions []sessionFile `yaml:"sessions"`
		} `yaml:"exceptions"`
	}
	if err := yaml.NodeToValue(node, &f, yaml.Strict()); err != nil {
		return err
	}
	for _, s := range f.Sessions {
		days, err := weekdays(s.Days)
		if err != nil {
			return wrong(node, err)
		}
		span, err := s.span()
		if err != nil {
			return wrong(node, err)
		}
		for _, d := range days {
			c.Sessions = append(c.Sessions, models.Session{Weekday: d, From: span.From, To: span.To})
		}
	}
	for _, e := range f.Exceptions {
		if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
			return wrong(node, fmt.Errorf("%q is not a date: write 2026-09-02", e.Date))
		}
		if e.Reason == "" {
			return wrong(node, fmt.Errorf("the exception of %s needs a reason", e.Date))
		}
		x := models.Exception{Date: e.Date, Reason: e.Reason}
		for _, s := range e.Sessions {
			span, err := s.span()
			if err != nil {
				return wrong(node, err)
			}
			x.Sessions = append(x.Sessions, span)
		}
		c.Exceptions = append(c.Exceptions, x)
	}
	return wrong(node, c.Validate())
}

func (s sessionFile) span() (models.Session, error) {
	from, err1 := clock(s.From)
	to, err2 := clock(s.To)
	if err1 != nil || err2 != nil || from >= to {
		return models.Session{}, fmt.Errorf("a session from %q to %q is not possible: write from: \"07:30\", to: \"11:30\"", s.From, s.To)
	}
	return models.Session{From: from, To: to}, nil
}

// clock turns 07:30 into minutes since midnight; 24:00 is the day's end.
func clock(s string) (int, error) {
	h, m, ok := strings.Cut(s, ":")
	hh, err1 := strconv.Atoi(h)
	mm, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hh < 0 || mm < 0 || mm > 59 || hh*60+mm > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day", s)
	}
	return hh*60 + mm, nil
}

var dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekdays(s string) ([]time.Weekday, error) {
	index := func(name string) int {
		for i, d := range dayNames {
			if d == strings.TrimSpace(name) {
				return i
			}
		}
		return -1
	}
	var out []time.Weekday
	for part := range strings.SplitSeq(s, ",") {
		a, b, ranged := strings.Cut(part, "-")
		i, j := index(a), index(a)
		if ranged {
			j = index(b)
		}
		if i < 0 || j < 0 {
			return nil, fmt.Errorf("%q names no weekdays: write mon-fri or mon,wed,sat", s)
		}
		for ; ; i = (i + 1) % 7 {
			out = append(out, time.Weekday(i))
			if i == j {
				break
			}
		}
	}
	return out, nil
}

// RegistryFile is the file of a centre; exported only because embedding asks for it.
type RegistryFile struct {
	Units   []models.Unit `yaml:"units"`
	Sites   []siteFile    `yaml:"sites"`
	Cameras []struct {
		CameraSettings `yaml:",inline"`
		Site           string        `yaml:"site"`
		Node           string        `yaml:"node"`
		URL            string        `yaml:"url"`
		Zones          []zoneFile    `yaml:"zones"`
		Counters       []counterFile `yaml:"counters"`
	} `yaml:"cameras"`
}

type siteFile struct {
	ID       string       `yaml:"id"`
	Unit     string       `yaml:"unit"`
	Name     string       `yaml:"name"`
	TimeZone string       `yaml:"time_zone"`
	Notice   string       `yaml:"notice"`
	Calendar calendarFile `yaml:"calendar"`
}

func (f *RegistryFile) registry() (Registry, error) {
	r := Registry{Units: f.Units}
	for _, s := range f.Sites {
		r.Sites = append(r.Sites, models.Site{ID: s.ID, Unit: s.Unit, Name: s.Name, TimeZone: s.TimeZone, Notice: s.Notice, Calendar: s.Calendar.Calendar})
	}
	for _, c := range f.Cameras {
		m := camera(c.CameraSettings, c.Zones, c.Counters)
		m.Site, m.Node, m.URL = c.Site, c.Node, models.SecretURL(c.URL)
		r.Cameras = append(r.Cameras, m)
	}
	if err := models.ValidateRegistry(r.Units, r.Sites, r.Cameras); err != nil {
		return Registry{}, err
	}
	for i := range r.Cameras {
		r.Cameras[i] = r.Cameras[i].WithDefaults()
	}
	return r, nil
}

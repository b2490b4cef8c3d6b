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

// duration is a time.Duration written as 3s, 15m, 1h30m or 7d.
type duration time.Duration

func (d *duration) UnmarshalYAML(node ast.Node) error {
	s := node.GetToken().Value
	v, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		v = time.Duration(n) * 24 * time.Hour
	}
	if err != nil {
		return wrong(node, fmt.Errorf("%q is not a duration: write 3s, 15m, 1h30m or 7d", s))
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
	Transport  string            `yaml:"transport"`
	Priority   int               `yaml:"priority"`
	TLS        struct {
		Fingerprint string `yaml:"fingerprint"`
		CA          string `yaml:"ca"`
	} `yaml:"tls"`
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
		Heights: s.Heights, Transport: s.Transport, Priority: s.Priority, TLS: models.CameraTLS(s.TLS),
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

// RegistryFile is the file of a centre; exported only because embedding asks for it.
type RegistryFile struct {
	Units   []models.Unit `yaml:"units"`
	Sites   []siteFile    `yaml:"sites"`
	Cameras []struct {
		CameraSettings `yaml:",inline"`
		Site           string        `yaml:"site"`
		Node           string        `yaml:"node"`
		URL            string        `yaml:"url"`
		SubURL         string        `yaml:"sub_url"`
		Zones          []zoneFile    `yaml:"zones"`
		Counters       []counterFile `yaml:"counters"`
	} `yaml:"cameras"`
}

type siteFile struct {
	ID        string   `yaml:"id"`
	Unit      string   `yaml:"unit"`
	Name      string   `yaml:"name"`
	TimeZone  string   `yaml:"time_zone"`
	Notice    string   `yaml:"notice"`
	Networks  []string `yaml:"networks"`
	Retention struct {
		Pictures duration `yaml:"pictures"`
		Series   duration `yaml:"series"`
	} `yaml:"retention"`
	Calendar calendarFile `yaml:"calendar"`
}

func (f *RegistryFile) registry() (Registry, error) {
	r := Registry{Units: f.Units}
	for _, s := range f.Sites {
		r.Sites = append(r.Sites, models.Site{ID: s.ID, Unit: s.Unit, Name: s.Name, TimeZone: s.TimeZone, Notice: s.Notice, Networks: s.Networks, Calendar: s.Calendar.Calendar,
			Retention: models.Retention{Pictures: time.Duration(s.Retention.Pictures), Series: time.Duration(s.Retention.Series)}})
	}
	for _, c := range f.Cameras {
		m := camera(c.CameraSettings, c.Zones, c.Counters)
		m.Site, m.Node, m.URL, m.SubURL = c.Site, c.Node, models.SecretURL(c.URL), models.SecretURL(c.SubURL)
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

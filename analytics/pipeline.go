// Package analytics is the road from frames to facts: detect finds people, track keeps them, zone counts them, measure
// times them, rules speak. pipeline.go is that sentence for one frame; a Runner drives it for one live camera.
//
// In: models.Frame with its capture time. Out: Result. The pipeline is synchronous and has no clock of its own; the same
// frames always give the same result. cmd makes pipelines and runners; nothing else imports this package.
package analytics

import (
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/measure"
	"github.com/counterwatch/counterwatch/analytics/rules"
	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/analytics/zone"
	"github.com/counterwatch/counterwatch/models"
)

// Config says what to analyse and how.
type Config struct {
	Node     string
	Camera   models.Camera
	Site     models.Site // time zone and calendar
	Detector detect.Detector
	Track    track.Config  // thresholds left zero are the detector's own; staff zones are added to its Stays
	FPS      float64       // analysed frames per second that are to be expected; 0 is Camera.AnalyseFPS, or else 2
	Scale    detect.Scale  // nil is detect.Bilinear
	Cooldown time.Duration // see rules.Config
}

// Pipeline analyses one camera. It is not safe for concurrent use.
type Pipeline struct {
	detector *detect.Camera
	tracker  *track.Tracker
	zones    *zone.Map
	measure  *measure.Measure
	rules    *rules.Engine
	live     models.Live
	last     time.Time          // up to which it was told
	dark     bool               // the newest frame was too dark to show anybody
	admitted []models.Detection // memory of the newest frame's
}

// NewPipeline checks the camera, fills in its defaults and joins the stages. Errors are models.KindInvalid and name the field.
func NewPipeline(cfg Config) (*Pipeline, error) {
	if err := cfg.Camera.Validate(); err != nil {
		return nil, err
	}
	if err := cfg.Site.Calendar.Validate(); err != nil {
		return nil, err
	}
	location, err := cfg.Site.Location()
	if err != nil {
		return nil, err
	}
	camera, info := cfg.Camera.WithDefaults(), cfg.Detector.Info()
	for _, fps := range []float64{camera.AnalyseFPS, 2} {
		if cfg.FPS == 0 {
			cfg.FPS = fps
		}
	}
	if cfg.Track.Thresholds == (models.Thresholds{}) {
		cfg.Track.Thresholds = info.Thresholds
	}
	for _, z := range camera.Zones {
		if z.Kind == models.ZoneStaff { // officers sit, half hidden by their desks: detectors give them low scores
			cfg.Track.Stays = append(cfg.Track.Stays, z)
		}
	}
	return &Pipeline{
		detector: detect.ForCamera(camera, cfg.Detector, cfg.Scale),
		tracker:  track.New(cfg.Track),
		zones:    zone.New(camera),
		measure: measure.New(measure.Config{
			Node: cfg.Node, Camera: camera, Calendar: cfg.Site.Calendar, Location: location,
			Interval: time.Duration(float64(time.Second) / cfg.FPS),
		}),
		rules: rules.New(rules.Config{
			Node: cfg.Node, Camera: camera, Always: cfg.Site.Calendar.Always, Detector: info.String(), Cooldown: cfg.Cooldown,
		}),
		live: models.Live{Camera: camera.ID, Detector: info.String(), Basic: info.Basic, Health: models.CameraHealth{State: models.CameraConnecting}},
	}, nil
}

// Step takes one frame all the way. A damaged frame shows ghosts, a dark or empty one nothing: not seen. After an error of the detector
// the frame counts as not seen too, and the pipeline can go on. A frame that is not newer than what was told changes nothing.
func (p *Pipeline) Step(f *models.Frame) (Result, error) {
	if !f.At.After(p.last) {
		return p.result(nil, nil, measure.Figures{}, nil), nil
	}
	wasDark := p.dark
	if p.dark = dark(f); p.dark || f.Damaged || f.W < 1 || f.H < 1 {
		r := p.Gap(f.At, p.live.Health)
		r.Calm = p.dark && wasDark
		return r, nil
	}
	found, err := p.detector.Detect(f)
	if err != nil {
		return Result{}, fmt.Errorf("frame %d: detect: %w", f.Number, err)
	}
	r := p.see(f.At, f.Size, found)
	r.Gated, r.Calm = p.detector.Gated(), p.detector.Calm()
	return r, nil
}

// see takes the people who were found in a picture through the stages behind the detector.
func (p *Pipeline) see(at time.Time, size models.Size, found []models.Detection) Result {
	p.last, p.admitted = at, append(p.admitted[:0], found...)
	p.zones.LookAt(p.detector.View())
	people := p.tracker.Update(at, size, p.zones.Admit(size, p.admitted))
	look := p.zones.Update(at, size, people)
	figures := p.measure.Update(look)
	events := p.judge(figures, at, models.CameraLive)
	p.show(look, size)
	return p.result(found, people, figures, events)
}

// Gap is called at least once a second while no frame comes. It closes minutes, pauses timers and opens the camera's own
// incidents. Health is the camera's.
func (p *Pipeline) Gap(at time.Time, health models.CameraHealth) Result {
	if at.After(p.last) {
		p.last = at
	}
	figures := p.measure.Idle(at, p.zones.Idle(at))
	events := p.judge(figures, at, health.State)
	p.live.Health = health
	return p.result(nil, nil, figures, events)
}

// Close completes minutes and visits. At the end of a day, a file or a run (EndDay) incidents stay open: whether they go on
// is for others to see. With EndGap the camera is no longer watched, and they are closed.
func (p *Pipeline) Close(at time.Time, why models.Ended) Result {
	figures := p.measure.Close(at, p.zones.Close(why))
	var events []models.Event
	for _, s := range figures.Seconds {
		events = append(events, p.rules.Second(s)...)
	}
	if why == models.EndGap {
		events = append(events, p.rules.Close(at)...)
	}
	return p.result(nil, nil, figures, events)
}

// judge gives every new second to the rules, then the camera's own state.
func (p *Pipeline) judge(figures measure.Figures, at time.Time, state models.CameraState) []models.Event {
	var events []models.Event
	for _, s := range figures.Seconds {
		events = append(events, p.rules.Second(s)...)
	}
	return append(events, p.rules.Health(at, state)...)
}

// show remembers what the newest frame looks like.
func (p *Pipeline) show(look models.Look, size models.Size) {
	p.live.At, p.live.People, p.live.Size, p.live.Boxes = look.At, look.People, size, look.Boxes
	if h := &p.live.Health; h.State != models.CameraLive {
		*h = models.CameraHealth{State: models.CameraLive, Since: look.At}
	}
}

func (p *Pipeline) result(found []models.Detection, people []models.Track, figures measure.Figures, events []models.Event) Result {
	p.measure.Live(&p.live)
	return Result{Detections: found, Tracks: people, Live: p.live, Minutes: figures.Minutes, Visits: figures.Visits, Events: events}
}

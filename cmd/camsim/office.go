package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/cutout"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// officeFlags are the flags of `camsim office`.
type officeFlags struct {
	cfg                  office.Config
	queue, look          string
	people, peopleTruth  string
	profile, shape       string
	standing, noise      float64
	size                 sizeFlag
	noBreaks, noGiveUp   bool
	demo                 bool
	truth, video, config string
	enc                  camsim.Encoding
	serve                serveFlags
}

func officeCommand() *cobra.Command {
	var o officeFlags
	cmd := &cobra.Command{
		Use: "office", Short: "A simulated one-stop department, served live or rendered into a file with its truth",
		Long: "Plays a simulated one-stop department. With --video it is rendered as fast as it goes; otherwise it is served over RTSP in\n" +
			"real time. Times marked \"office time\" run --speed times faster than the video. The first seconds show the empty office.",
		Example: "  camsim office --seed 7 --for 30m --speed 8 --video out.mp4 --truth truth.json --config camera.yaml\n" +
			"  camsim office --look people --people street.avi --people-truth gt.txt --for 10m --fps 5 --video out.mp4 --truth truth.json --config camera.yaml\n" +
			"  camsim office --queue seats --counters 4 --listen 127.0.0.1:8554",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.cfg.Name, "name", "office", "id of the camera, and its path in the RTSP address")
	f.Uint64Var(&o.cfg.Seed, "seed", 1, "same seed, same office")
	f.StringVar(&o.queue, "queue", "line", "how people wait: line or seats")
	f.StringVar(&o.look, "look", "drawn", "what people are made of: drawn (for the foreground detector) or people (pixels cut out of --people, for networks)")
	f.StringVar(&o.people, "people", "", "look people: a video of a fixed camera to cut people out of (once; they are kept in the user's cache folder)")
	f.StringVar(&o.peopleTruth, "people-truth", "", "look people: the boxes of everybody in that video, a gt.txt in MOT format")
	f.Float64Var(&o.cfg.Occlusion, "occlusion", 0, "look people: share of citizens who stand between the camera and their officer, 0 to 1")
	f.Float64Var(&o.cfg.Back, "back", 0, "look people: metres that the camera hangs farther away, 0 to 6: people become smaller")
	f.IntVar(&o.cfg.Counters, "counters", 3, fmt.Sprintf("counters, 1 to %d (look people: to %d)", office.MaxCounters, office.MaxCountersPeople))
	f.Float64Var(&o.cfg.ArrivalsPerHour, "arrivals", 0, "people arriving per hour of office time (default 8 for each counter)")
	f.StringVar(&o.profile, "profile", "", "arrivals that change over the day, in place of --arrivals: FROM=PER_HOUR,... in office time, such as 0s=40,1h=15,3h=30; or morning")
	f.DurationVar(&o.cfg.Early, "early", 0, "how long before the officers people may come, office time")
	f.Float64Var(&o.cfg.Families, "families", 0, "share of arrivals that are families of 2 to 4, of whom one is served, 0 to 1")
	f.DurationVar(&o.cfg.Service, "service", 5*time.Minute, "mean service time, office time")
	f.StringVar(&o.shape, "service-shape", "lognormal", "distribution of service times: lognormal, gamma or exponential")
	f.Float64Var(&o.cfg.ServiceSpread, "service-spread", 0.5, "lognormal: standard deviation of the logarithm of service times; gamma: their coefficient of variation")
	f.DurationVar(&o.cfg.Patience, "patience", 45*time.Minute, "mean wait after which people give up, office time")
	f.BoolVar(&o.noGiveUp, "no-give-up", false, "nobody gives up waiting")
	f.DurationVar(&o.cfg.BreakEvery, "break-every", 50*time.Minute, "mean time between an officer's breaks, office time")
	f.DurationVar(&o.cfg.BreakFor, "break-for", 14*time.Minute, "mean length of a break, office time")
	f.DurationVar(&o.cfg.FirstBreak, "first-break", 0, "when the officer of counter 1 is due for the first break, video time (default by chance)")
	f.BoolVar(&o.noBreaks, "no-breaks", false, "officers never leave")
	f.Float64Var(&o.standing, "standing", 0, "share of their time at the desk that officers stand, 0 to 1 (default 1, look people 0.15)")
	f.DurationVar(&o.cfg.Opens, "opens", 2500*time.Millisecond, "empty beginning, video time")
	f.DurationVar(&o.cfg.OpenFor, "open-for", 0, "opening hours from when officers come, office time (default all the time)")
	f.Float64Var(&o.cfg.Speed, "speed", 1, "how many times faster office time runs than the video, 1 to 60")
	f.DurationVar(&o.cfg.MaxAbsence, "max-absence", 0, "max_absence written to the camera's configuration, video time (default 15 min / speed)")
	f.DurationVar(&o.cfg.MaxAbsenceWithWaiting, "max-absence-with-waiting", 0, "max_absence_with_waiting likewise (default 3 min / speed)")
	f.BoolVar(&o.demo, "demo", false, "the demo's quick office; only name, seed, queue, look, size and fps are then taken from the flags")
	f.Var(&o.size, "size", "picture size (default 640x360, look people 1280x720)")
	f.Float64Var(&o.cfg.FPS, "fps", 15, "pictures per second")
	f.Float64Var(&o.noise, "noise", 3, "standard deviation of the sensor's noise in grey levels, 0 to 20")
	f.Float64Var(&o.cfg.LightDrift, "light-drift", 0, "share of the light that goes and comes again every 10 minutes of the video, 0 to 0.8")
	f.Float64Var(&o.cfg.Flicker, "flicker", 0, "share of the light by which pictures differ, 0 to 0.5")
	f.DurationVar(&o.cfg.LightsOffAt, "lights-off-at", 0, "the lights go off, video time")
	f.DurationVar(&o.cfg.LightsOffFor, "lights-off-for", 0, "and stay off for so long, video time")
	f.IntVar(&o.enc.GOP, "gop", 0, "pictures from key frame to key frame (default two seconds)")
	f.IntVar(&o.enc.Bitrate, "bitrate", 1000, "kbit/s")
	f.StringVar(&o.video, "video", "", "render into this mp4 file instead of serving")
	f.StringVar(&o.truth, "truth", "", "write the truth into this JSON file at the end")
	f.StringVar(&o.config, "config", "", "write the camera's configuration into this YAML file")
	f.BoolVar(&o.serve.HoldOffices, "wait-for-viewer", false, "served: the office stays empty until somebody watches")
	o.serve.register(f)
	return cmd
}

// complete makes the office's configuration from the flags; changed tells which were given.
func (o *officeFlags) complete(changed func(string) bool) (office.Config, error) {
	c := o.cfg
	c.Queue, c.Look, c.Size, c.ServiceShape = office.Queue(o.queue), office.Look(o.look), o.size.Size, office.Shape(o.shape)
	var err error
	if c.Profile, err = office.ParseProfile(o.profile); err != nil {
		return c, err
	}
	// In office.Config a zero is the default and a negative number is none.
	if c.Noise = o.noise; c.Noise == 0 {
		c.Noise = -1
	}
	if c.Standing = o.standing; changed("standing") && c.Standing == 0 {
		c.Standing = -1
	}
	switch people := c.Look == office.People; {
	case people && (o.people == "" || o.peopleTruth == ""):
		return c, models.Invalid("--people, --people-truth", "the look people cuts people out of a video: give a video of a fixed camera and its ground truth in MOT format")
	case !people && (o.people != "" || o.peopleTruth != ""):
		return c, models.Invalid("--people, --people-truth", "drawn people come from no video: add --look people")
	case !people && (c.Occlusion != 0 || c.Back != 0):
		return c, models.Invalid("--occlusion, --back", "the drawn look's camera hangs still, and from high above nobody hides an officer: add --look people")
	}
	if o.noise < 0 || o.standing < 0 {
		return c, models.Invalid("--noise, --standing", "less than nothing is not possible: use 0 for none")
	}
	if c.BreakEvery < 0 || c.Patience < 0 {
		return c, models.Invalid("--break-every, --patience", "a negative time is not possible; see --no-breaks and --no-give-up")
	}
	if o.noBreaks {
		c.BreakEvery = -1
	}
	if o.noGiveUp {
		c.Patience = -1
	}
	if o.demo {
		d := office.Demo(c.Name, c.Seed, c.Queue)
		d.Look, d.Size, d.FPS = c.Look, c.Size, c.FPS
		c = d
	}
	if o.video != "" && o.serve.length <= 0 {
		return c, models.Invalid("--for", "say how long the video is to be, such as --for 30m")
	}
	return c, errors.Join(c.Validate(), o.enc.Validate(), o.serve.validate())
}

func (o *officeFlags) run(cmd *cobra.Command) error {
	c, err := o.complete(cmd.Flags().Changed)
	cmd.Flags().Visit(func(f *pflag.Flag) { // a zero in office.Config means its default, which nobody means who types it
		if v := f.Value.String(); err == nil && f.Name != "seed" && f.Name != "noise" && v != f.DefValue && (v == "0" || v == "0s") {
			err = models.Invalid("--"+f.Name, "%s is not possible; leave the flag out for its default", v)
		}
	})
	if err != nil {
		return err
	}
	if o.config != "" {
		if err := writeFile(o.config, func(f *os.File) error { return office.WriteCamera(f, c.Camera()) }); err != nil {
			return err
		}
	}
	if c.Look == office.People {
		if c.Cast, err = o.cast(cmd.Context()); err != nil {
			return err
		}
	}
	if o.video == "" {
		return o.live(cmd.Context(), c)
	}
	return o.render(cmd.Context(), c)
}

// cast cuts out the people of the look people.
func (o *officeFlags) cast(ctx context.Context) (*cutout.Cast, error) {
	var bar *progressbar.ProgressBar
	cast, err := camsim.LoadCast(ctx, o.people, o.peopleTruth, "", func(done, total int) {
		if bar == nil {
			bar = newBar(int64(total), "cutting out people")
		}
		bar.Set(done)
	})
	if err == nil && bar != nil { // nil: they came from the cache
		bar.Finish()
	}
	return cast, err
}

func (o *officeFlags) render(ctx context.Context, c office.Config) error {
	sim, err := office.New(c)
	if err != nil {
		return err
	}
	bar := newBar(int64(camsim.Frames(sim.Config().FPS, o.serve.length)), "rendering")
	if err := camsim.Render(ctx, sim, o.serve.length, o.video, o.enc, func(n int) { bar.Set(n) }); err != nil {
		return err
	}
	bar.Finish()
	return o.writeTruth(sim)
}

func (o *officeFlags) writeTruth(sim *office.Sim) error {
	if o.truth == "" {
		return nil
	}
	return writeFile(o.truth, func(f *os.File) error { return sim.Truth().WriteJSON(f) })
}

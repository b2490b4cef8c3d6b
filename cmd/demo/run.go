package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/centralapp"
	"github.com/counterwatch/counterwatch/internal/config"
	"github.com/counterwatch/counterwatch/internal/nodeapp"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/models/nets"
	"github.com/counterwatch/counterwatch/web"
)

// demo is everything that runs.
type demo struct {
	out     io.Writer
	log     *slog.Logger
	cameras []models.Camera
	streets *camsim.Server
	offices map[string]*office.Sim // by camera
	centre  *centralapp.App
	summary map[string]*cameraSummary
}

// pullWithin bounds the one try to fetch weights.
const pullWithin = 20 * time.Second

// run brings everything up, shows it until ctx or the time ends, and sums up.
func run(ctx context.Context, o options, cfg config.Demo, dir string, log *slog.Logger, out io.Writer) (err error) {
	d := &demo{out: out, log: log, offices: map[string]*office.Sim{}, summary: map[string]*cameraSummary{}}
	pullNet(ctx, o.pull, out)
	if err := d.film(ctx, o, cfg); err != nil {
		return err
	}
	d.centre, err = centralapp.Open(ctx, centralapp.Config{DataDir: dir, Listen: o.listen, NATSListen: "127.0.0.1:0", Page: web.Dist(), Log: log})
	if err != nil {
		if models.KindOf(err) == models.KindUnavailable { // the port is taken
			err = fmt.Errorf("%w (make demo PORT=8090)", err)
		}
		return errors.Join(err, d.streets.Close())
	}
	defer func() { err = errors.Join(err, d.centre.Close()) }()
	if err := d.centre.Registry.Apply(ctx, cfg.Units, cfg.Sites, d.cameras); err != nil {
		return errors.Join(err, d.streets.Close())
	}
	link, err := d.centre.SignInURL(ctx, "demo", "Demo")
	if err != nil {
		return errors.Join(err, d.streets.Close())
	}
	say(out, "\n  Trang web / page:  %s\n  (the link signs you in, once)\n", link)

	work, stop := context.WithCancel(ctx)
	defer stop()
	g, work := errgroup.WithContext(work)
	g.Go(func() error { return d.streets.Run(work) })
	g.Go(func() error { return d.centre.Run(work) })
	g.Go(func() error {
		return nodeapp.Run(work, nodeapp.Config{DataDir: filepath.Join(dir, "node"), Central: d.centre.URL(), Token: d.centre.Nodes.Token(), Name: "demo", Decoder: o.decoder, Log: log})
	})
	g.Go(func() error {
		defer stop() // the time is over: everything ends
		return d.watch(work, o.length)
	})
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return d.finish(o)
}

// film sets up the simulated cameras and gives each camera of the configuration its address.
func (d *demo) film(ctx context.Context, o options, cfg config.Demo) (err error) {
	if d.streets, err = camsim.New(camsim.Config{Listen: "127.0.0.1:0", User: "demo", Password: rand.Text(), Cache: ".cache/video", HoldOffices: true, Log: d.log}); err != nil {
		return err
	}
	for _, sim := range cfg.Simulate {
		i := slices.IndexFunc(cfg.Cameras, func(c models.Camera) bool { return c.ID == sim.Camera })
		cam := cfg.Cameras[i] // config.LoadDemo has checked that it is there
		switch {
		case sim.Office != nil:
			d.offices[cam.ID], err = d.streets.AddOffice(cam.ID, *sim.Office, camsim.Encoding{})
		case o.video == "":
			say(d.out, "! %s: no video: this camera is left out (make demo VIDEO=file)", cam.ID)
			continue
		default:
			err = d.streets.AddReplay(ctx, cam.ID, o.video, camsim.Encoding{}, nil)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("camera %s: %w", cam.ID, err), d.streets.Close())
		}
		cam.URL = d.streets.URL(cam.ID)
		d.cameras = append(d.cameras, cam)
		d.summary[cam.ID] = &cameraSummary{ID: cam.ID, Staffing: map[string]string{}}
	}
	return nil
}

// pullNet fetches the default net's weights when they are not here: one brief try, without which the demo runs all the same.
func pullNet(ctx context.Context, pull bool, out io.Writer) {
	store := nets.Open("", os.Getenv)
	card, err := nets.Find(nets.Default)
	if err != nil {
		return
	}
	if _, ok := store.Find(card); !ok && pull {
		ctx, cancel := context.WithTimeout(ctx, pullWithin)
		defer cancel()
		if err := store.Pull(ctx, card, http.DefaultClient, nil); err != nil {
			say(out, "! the weights of %s could not be fetched, so people are found by a background model: accuracy is basic.\n  With a network: bin/cwctl nets pull %s", card.Name, card.Name)
			return
		}
	}
	if path, ok := store.Find(card); ok {
		say(out, "· weights of %s: %s", card.Name, path)
	}
}

// watch shows and scores once a second until the time is over.
func (d *demo) watch(ctx context.Context, length time.Duration) error {
	over := make(<-chan time.Time)
	if length > 0 {
		over = time.After(length)
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	table := newTable(d.out)
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-over:
			return nil
		case <-second.C:
			events, err := d.centre.SQL.Events(ctx, models.EventQuery{Limit: 200})
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			table.draw(time.Since(began), d.observe(), events)
		}
	}
}

// observe takes what the centre knows of every camera now.
func (d *demo) observe() []models.Live {
	var lives []models.Live
	for _, cam := range d.cameras {
		l, ok := d.centre.Live.Camera(cam.ID)
		if !ok {
			l = models.Live{Camera: cam.ID, Health: models.CameraHealth{State: models.CameraConnecting}}
		}
		d.summary[cam.ID].observe(l, d.offices[cam.ID], d.streets.Began(cam.ID))
		lives = append(lives, l)
	}
	return lives
}

// finish prints and writes the summary; the error says why the demo did not do its job.
func (d *demo) finish(o options) error {
	s := summary{}
	ctx := context.Background()
	events, err := d.centre.SQL.Events(ctx, models.EventQuery{Kinds: []models.EventKind{models.CounterAbsent}, Limit: 1000})
	if err != nil {
		return err
	}
	for _, e := range events {
		s.Events.Opened++
		if !e.Open() {
			s.Events.Closed++
		}
	}
	analysed := 0
	for _, cam := range d.cameras {
		c := d.summary[cam.ID]
		s.Cameras = append(s.Cameras, *c)
		if c.samples > 0 {
			analysed++
		}
		if sim := d.offices[cam.ID]; sim != nil {
			s.Events.score(events, cam, sim.Truth(), d.streets.Began(cam.ID))
		}
	}
	if s.OK = analysed > 0; !s.OK {
		s.Reason = "no camera was analysed"
	}
	s.print(d.out)
	if o.json != "" {
		b, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(b, '\n'), 0o644); err != nil {
			return fmt.Errorf("write the summary: %w", err)
		}
	}
	if !s.OK {
		return errors.New(s.Reason)
	}
	return nil
}

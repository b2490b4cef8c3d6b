// Package centralapp puts the centre together: stores, bus, what package central does with them, and the API's server. In
// go a data folder, addresses and perhaps a registry; out comes a running centre. cmd/central and cmd/demo run it; it may
// import everything but cmd.
package centralapp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/central"
	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/blob"
	"github.com/counterwatch/counterwatch/store/series"
	"github.com/counterwatch/counterwatch/store/sql"
)

// sealKeyFile holds the key that seals the addresses of cameras in the database.
const sealKeyFile = "seal-key"

// core is the centre without its API.
type core struct {
	SQL      *sql.Store
	Series   *series.Store
	Blobs    *blob.Disk
	Server   *bus.Server
	Bus      *bus.Centre
	Registry *central.Registry
	Nodes    *central.Nodes
	Events   *central.Events
	Live     *central.Live
	Media    *central.Media

	intake    *central.Intake
	decisions *central.Decisions
	retention *central.Retention
	closers   []func() error
}

// coreConfig is what a core needs.
type coreConfig struct {
	DataDir    string
	Database   string              // address of a PostgreSQL database; empty is a file in DataDir
	Influx     series.InfluxConfig // where series are; without a URL a file in DataDir
	NATSListen string              // empty is 127.0.0.1:4222
	TLS        *tls.Config         // of the bus; nil without TLS
	Log        *slog.Logger        // nil is slog.Default()
	Now        func() time.Time    // nil is time.Now
}

// openCore opens the stores and the bus. Nothing is taken in before run.
func openCore(ctx context.Context, cfg coreConfig) (c *core, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c = &core{}
	opened := c // a return of nil below forgets c
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if err := c.lock(cfg.DataDir); err != nil {
		return nil, err
	}
	if err := c.openStores(ctx, cfg); err != nil {
		return nil, err
	}
	if c.Nodes, err = central.NewNodes(cfg.DataDir, c.SQL, cfg.Now, cfg.Log); err != nil {
		return nil, err
	}
	c.Server, err = bus.StartServer(bus.ServerConfig{Listen: cfg.NATSListen, TLS: cfg.TLS, Verify: c.Nodes.Verify, Log: cfg.Log})
	if err != nil {
		return nil, err
	}
	c.closing(func() error { c.Server.Close(); return nil })
	if c.Bus, err = c.Server.Centre(); err != nil {
		return nil, err
	}
	c.closing(func() error { c.Bus.Close(); return nil }) // before the stores: what is being taken in is finished
	c.Events = central.NewEvents(c.SQL)
	c.Events.Law, c.Events.Now = c.Registry.Law, cfg.Now
	c.decisions = &central.Decisions{Series: c.Series, Events: c.Events, Changed: c.Registry.Changed, Log: cfg.Log}
	c.Live, err = central.NewLive(ctx, c.Events, c.SQL, c.Registry.Nodes, cfg.Now, cfg.Log)
	if err != nil {
		return nil, err
	}
	c.Media = &central.Media{Stiller: c.Bus, Blobs: c.Blobs, Snapshots: c.SQL, Events: c.Events, Camera: c.Registry.Camera}
	c.retention = &central.Retention{Series: c.Series, Snapshots: c.SQL, Blobs: c.Blobs, Of: c.Registry.Retention, Now: cfg.Now, Log: cfg.Log}
	c.intake = &central.Intake{Events: c.Events, Series: c.Series, Quarantine: c.SQL, Knows: c.Registry.Knows, Now: cfg.Now, Log: cfg.Log}
	return c, nil
}

func (c *core) openStores(ctx context.Context, cfg coreConfig) error {
	key, err := seal.Load(filepath.Join(cfg.DataDir, sealKeyFile), false) // the store tells what another key sealed
	if err != nil {
		return err
	}
	where := cmp.Or(cfg.Database, filepath.Join(cfg.DataDir, "centre.db"))
	if c.SQL, err = sql.Open(ctx, where, key); err != nil {
		return err
	}
	c.closing(c.SQL.Close)
	push := func(node string, n models.NodeConfig) error { return c.Bus.PublishConfig(node, n) }
	if c.Registry, err = central.NewRegistry(ctx, c.SQL, push); err != nil {
		return err
	}
	if cfg.Influx.URL != "" {
		c.Series, err = series.OpenInflux(ctx, cfg.Influx, c.Registry.Location)
	} else {
		c.Series, err = series.Open(ctx, filepath.Join(cfg.DataDir, "series.db"), c.Registry.Location)
	}
	if err != nil {
		return err
	}
	c.closing(c.Series.Close)
	c.Series.Law = c.Registry.Law
	if c.Blobs, err = blob.Open(filepath.Join(cfg.DataDir, "snapshots")); err != nil {
		return err
	}
	c.closing(c.Blobs.Close)
	return nil
}

// lock keeps a second centre off the data folder. The lock ends with the process, however it ends.
func (c *core) lock(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	c.closing(f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return models.Errorf(models.KindConflict, "data folder %s is used by another centre: stop it or choose another folder with --data DIR", dir)
	}
	return nil
}

// run takes in what nodes send until ctx ends; serve runs beside it, and the end of either ends both.
func (c *core) run(ctx context.Context, serve ...func(context.Context) error) error {
	err := c.Bus.Serve(bus.Handlers{Intake: c.intake.Batch, Unreadable: c.intake.Unreadable, Beat: c.Live.Beat, Config: c.Registry.NodeConfig})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range append(serve, c.Live.Run, c.decisions.Run, c.retention.Run) {
		g.Go(func() error { return run(ctx) })
	}
	return g.Wait()
}

func (c *core) closing(f func() error) { c.closers = append(c.closers, f) }

// close closes in the reverse order of opening.
func (c *core) close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}

// Package nodeapp puts an ingest node together: cameras, decoders, detectors, pipelines, outbox and bus. In go a data
// folder and the centre's address; the cameras come from the centre and from the copy that is kept for outages. It runs
// until it is told to stop, with everything found kept. cmd/node and cmd/demo run it; it may import everything but cmd.
package nodeapp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

// Config says what a node works with. DataDir is needed, and Central at the first start.
type Config struct {
	DataDir string
	Central string        // http(s)://host:port of the centre
	Token   string        // enrolment token; empty takes the one in DataDir, if the centre made it there
	Name    string        // id of the node; empty is the name of the first start, else the machine's
	CAFile  string        // PEM of the certificate to trust when enrolling; empty is the system's
	NetsDir string        // folder of weights; empty: see nets.Open
	Slots   int           // frames analysed at once; 0 is one per core
	Decoder string        // DecoderSandbox (default) or DecoderInProcess
	Limits  Limits        // what the node may use of its machine
	TestFor time.Duration // how long a camera is watched that the centre lets the node test; 0 is 8 s
	Log     *slog.Logger
	Watch   func([]models.Live) // called every second with what the cameras show; may be nil
}

// How the end of a node is spent: less than five seconds in all.
const (
	drainWithin = 1500 * time.Millisecond // for the centre to take what is left; the rest waits in the outbox
	drainEvery  = 50 * time.Millisecond
)

// node is what one Run works with.
type node struct {
	cfg     Config
	creds   credentials
	kept    *vault
	started time.Time
	outbox  *outbox.Outbox
	bus     *bus.Node
	fleet   *fleet
}

// Run enrols the node if need be, pulls and analyses its cameras and sends what it finds until ctx ends. It returns nil
// then, and an error that tells what to do when it cannot begin.
func Run(ctx context.Context, cfg Config) (err error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Limits, err = cfg.Limits.fill(os.DirFS("/")); err != nil {
		return err
	}
	defer cfg.Limits.enforce()()
	if cfg.Slots <= 0 {
		cfg.Slots = max(1, int(cfg.Limits.CPU))
	}
	unlock, err := lock(cfg.DataDir)
	if err != nil {
		return err
	}
	defer unlock()
	n := &node{cfg: cfg, started: time.Now().UTC()}
	if n.kept, err = openVault(cfg.DataDir); err != nil {
		return err
	}
	if n.creds, err = enrol(ctx, cfg, n.kept); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	cfg.Log.Info("node", "node", n.creds.Node, "central", n.creds.Central, "version", models.Version)
	codec := outbox.Codec{Encode: wire.EncodeRecord, Decode: wire.DecodeRecord}
	if n.outbox, err = outbox.Open(ctx, cfg.DataDir, codec, outbox.Config{MaxBytes: int64(cfg.Limits.Disk), Log: cfg.Log}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.outbox.Close()) }()
	trust, err := n.creds.trust()
	if err != nil {
		return err
	}
	if n.bus, err = bus.Connect(n.busConfig(trust)); err != nil {
		return err
	}
	defer n.bus.Close()
	decoders, err := newDecoders(cfg)
	if err != nil {
		return err
	}
	defer decoders.close()
	n.fleet = newFleet(n.creds.Node, cfg, n.outbox)
	n.fleet.decoder, n.fleet.restarts = decoders.of, decoders.restarts
	if err := errors.Join(n.bus.OnStill(n.fleet.still), n.bus.OnTrial(newTrials(ctx, n.fleet).try)); err != nil {
		return err
	}
	return n.run(ctx, trust)
}

func (n *node) busConfig(trust *tls.Config) bus.Config {
	c := bus.Config{URL: n.creds.NATSURL, Node: n.creds.Node, Secret: n.creds.Secret, Log: n.cfg.Log}
	if strings.HasPrefix(c.URL, "tls://") {
		c.TLS = trust
	}
	return c
}

// run works until ctx ends, and then ends in the order of the road: cameras, then outbox, then bus.
func (n *node) run(ctx context.Context, trust *tls.Config) error {
	n.restoreConfig()
	transport := &http.Transport{TLSClientConfig: trust, MaxIdleConns: 2, IdleConnTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	sender := &outbox.Sender{
		Outbox: n.outbox, Bus: n.bus, HTTP: &http.Client{Transport: transport},
		Central: n.creds.HTTPSURL, Node: n.creds.Node, Secret: n.creds.Secret, Log: n.cfg.Log,
	}
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	var wg, sent sync.WaitGroup
	sent.Go(func() { _ = sender.Run(sending) }) // it ends with its context only
	var watchErr error
	wg.Go(func() { watchErr = n.bus.WatchConfig(ctx, n.apply) })
	wg.Go(func() { n.beat(ctx) })
	wg.Go(func() { vitals(ctx, n.cfg.Log) })
	wg.Wait()
	n.fleet.stop()
	n.drain()
	stopSending()
	sent.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return watchErr
}

// drain gives the centre a moment to take what was found last.
func (n *node) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	for n.bus.Connected() {
		records, media, err := n.outbox.Depth(ctx)
		if err != nil || records+media == 0 {
			return
		}
		select {
		case <-time.After(drainEvery):
		case <-ctx.Done():
			return
		}
	}
}

// apply takes over a configuration and keeps a copy for outages.
func (n *node) apply(c models.NodeConfig) {
	n.cfg.Log.Info("configuration", "version", c.Version, "cameras", len(c.Cameras))
	if len(c.Cameras) == 0 {
		n.cfg.Log.Warn("the centre has no cameras for this node; give it some with `node: "+n.creds.Node+"`", "node", n.creds.Node)
	}
	n.fleet.apply(c)
	b, err := wire.EncodeNodeConfig(c)
	if err == nil {
		err = n.kept.write(configFile, b)
	}
	if err != nil {
		n.cfg.Log.Error("the configuration cannot be kept for outages", "err", err)
	}
}

// restoreConfig begins with the kept configuration: the centre may be away.
func (n *node) restoreConfig() {
	b, err := n.kept.read(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var c models.NodeConfig
	if err == nil {
		c, err = wire.DecodeNodeConfig(b)
	}
	if err != nil {
		n.cfg.Log.Warn("the kept configuration cannot be read; waiting for the centre's", "err", err)
		return
	}
	n.fleet.apply(c)
}

// beat tells the centre every second how the node is and what its cameras show.
func (n *node) beat(ctx context.Context) {
	budgets := newBudgets(n.cfg, n.fleet, n.outbox)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			b := models.Beat{Node: n.creds.Node, At: now.UTC(), Started: n.started, Version: models.Version, Cameras: n.fleet.live()}
			b.Budgets = budgets.look(ctx, now, b.Cameras)
			b.MemoryBytes = uint64(b.Budgets[0].Used)
			b.OutboxDepth, _, _ = n.outbox.Depth(ctx)
			_ = n.bus.SendBeat(b) // an outage is told by the bus
			if n.cfg.Watch != nil {
				n.cfg.Watch(b.Cameras)
			}
		}
	}
}

// lock keeps a second node off the data folder. The lock ends with the process, however it ends.
func lock(dir string) (unlock func(), err error) {
	if dir == "" {
		return nil, models.Invalid("data", "name the folder in which the node keeps what it finds: --data DIR")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "node-lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, models.Errorf(models.KindConflict, "data folder %s is used by another node: stop it or choose another folder with --data DIR", dir)
	}
	return func() { _ = f.Close() }, nil
}

// writeFile leaves the whole content on the disk or the old one; only the owner can read it.
func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

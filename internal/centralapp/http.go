package centralapp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/api"
	"github.com/counterwatch/counterwatch/central"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/series"
)

// Config says how a centre is run; DataDir must be set.
type Config struct {
	DataDir      string
	Database     string              // postgres://user:password@host/database; empty is a file in DataDir
	Influx       series.InfluxConfig // where series are; without a URL a file in DataDir
	Listen       string              // host:port of the page, REST and gRPC; empty is 127.0.0.1:8080
	NATSListen   string              // host:port of the bus; empty is 127.0.0.1:4222. Beyond this machine it speaks TLS only
	Hosts        []string            // further names and addresses by which nodes and browsers reach this machine
	InsecureHTTP bool                // plain HTTP from other machines too
	Page         fs.FS               // the browser's code; nil is none
	Log          *slog.Logger        // nil is slog.Default()
	Now          func() time.Time    // nil is time.Now
}

// App is a running centre. The parts of the core may be used by who runs it in its own process.
type App struct {
	*core
	Auth *api.Auth

	cfg      Config
	server   *api.Server
	listener *api.Listener
	ca       []byte
}

// closeWithin bounds how long open calls may hold up the end.
const closeWithin = 3 * time.Second

// Open opens the stores, the bus and the port. From then on the API answers; records are taken in while Run runs.
func Open(ctx context.Context, cfg Config) (a *App, err error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:8080"
	}
	if cfg.NATSListen == "" {
		cfg.NATSListen = "127.0.0.1:4222"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	certificate, ca, err := cfg.certificate()
	if err != nil {
		return nil, err
	}
	var busTLS *tls.Config
	if !loopback(cfg.NATSListen) {
		busTLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	a = &App{cfg: cfg, ca: ca}
	a.core, err = openCore(ctx, coreConfig{DataDir: cfg.DataDir, Database: cfg.Database, Influx: cfg.Influx, NATSListen: cfg.NATSListen, TLS: busTLS, Log: cfg.Log, Now: cfg.Now})
	if err != nil {
		return nil, err
	}
	a.Auth = api.NewAuth(a.SQL, cfg.Now)
	a.server, err = api.New(api.Config{
		Directory: a.Registry, Live: liveFigures{a.Live}, Events: a.Events, Series: a.Series, Pictures: a.Media, Nodes: a.Nodes, Prober: a.Bus, Auth: a.Auth,
		Page: cfg.Page, Endpoints: a.endpoints, Ready: a.ready, Log: cfg.Log, Now: cfg.Now,
	})
	if err != nil {
		return nil, errors.Join(err, a.core.close())
	}
	a.listener, err = api.Listen(a.server, api.ListenConfig{Addr: cfg.Listen, Certificate: &certificate, InsecureHTTP: cfg.InsecureHTTP, Log: cfg.Log})
	if err != nil {
		return nil, errors.Join(err, a.server.Close(), a.core.close())
	}
	return a, nil
}

// certificate is kept in the data folder; nodes and browsers that trusted it once need not do so again.
func (cfg *Config) certificate() (tls.Certificate, []byte, error) {
	hosts := cfg.Hosts
	for _, addr := range []string{cfg.Listen, cfg.NATSListen} {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return tls.Certificate{}, nil, models.Invalid("listen", "%q is not host:port such as 127.0.0.1:8080", addr)
		}
		if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
			hosts = append(hosts, host)
		}
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		hosts = append(hosts, name)
	}
	return api.SelfSigned(filepath.Join(cfg.DataDir, "tls"), hosts, cfg.Now())
}

// Run takes in what nodes send until ctx ends or a part fails.
func (a *App) Run(ctx context.Context) error {
	err := a.core.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Close ends calls, stops the bus and closes the stores, in under five seconds.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	return errors.Join(a.listener.Close(ctx), a.server.Close(), a.core.close())
}

// URL is the page's address for a browser on this machine.
func (a *App) URL() string { return a.listener.URL() }

// SignInURL is a link that opens the page and signs a user in, once, within a day.
func (a *App) SignInURL(ctx context.Context, user, name string) (string, error) {
	token, err := a.Auth.OneTimeToken(ctx, user, name)
	if err != nil {
		return "", err
	}
	return a.URL() + "/signin?token=" + url.QueryEscape(token), nil
}

// NodeCommand is the line by which an operator starts a node of this centre.
func (a *App) NodeCommand() string {
	return fmt.Sprintf("bin/node --data DIR --central %s --token %s", a.URL(), a.Nodes.Token())
}

// endpoints are what a node is told when it enrols. host is how it reached the centre: where the bus listens on every
// address, it is there too.
func (a *App) endpoints(host string) api.Endpoints {
	bus := a.Server.Addr().(*net.TCPAddr) // listened on tcp
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	scheme, at := "tls://", name
	if loopback(a.cfg.NATSListen) {
		scheme, at = "nats://", bus.IP.String()
	} else if !bus.IP.IsUnspecified() {
		at = bus.IP.String()
	}
	e := api.Endpoints{NATS: scheme + net.JoinHostPort(strings.Trim(at, "[]"), fmt.Sprint(bus.Port)), CA: a.ca}
	if host != "" {
		e.HTTPS = "https://" + host
	}
	return e
}

// ready reports why the centre cannot serve.
func (a *App) ready(ctx context.Context) error {
	return errors.Join(a.SQL.Ping(ctx), a.Series.Ping(ctx))
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// liveFigures gives the API what it calls heard.
type liveFigures struct{ *central.Live }

func (l liveFigures) Beats() []api.Heard {
	heard := l.Live.Beats()
	out := make([]api.Heard, len(heard))
	for i, h := range heard {
		out[i] = api.Heard(h)
	}
	return out
}

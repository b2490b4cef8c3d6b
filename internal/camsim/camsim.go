// Package camsim stands at the start of the road in place of real cameras: an RTSP server whose cameras replay a video
// file or play a simulated office. Files and office.Configs go in; H.264 over RTSP comes out, with RTP timestamps that
// follow the video's own clock without jumps, and sender reports that carry the wall time of each picture. An office
// can also be rendered into a file as fast as it goes.
//
// ffmpeg runs as a child process, without a shell, to encode offices and to bring files into a servable form once.
// Imported by programs under cmd and by tests.
package camsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"golang.org/x/sync/errgroup"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// Config says where and to whom cameras are served. The zero value works.
type Config struct {
	Listen         string // host:port for RTSP over TCP; default 127.0.0.1:8554; port 0 is any free one
	User, Password string // digest authentication; both empty is none
	Cache          string // folder for transcoded files; default the user's cache folder
	// HoldOffices keeps every office empty, at the first picture of its life, until somebody watches it.
	HoldOffices bool
	// Stagger spreads the beginnings of replays over so much time, since real cameras are not in step; 0 is none.
	Stagger time.Duration
	Log     *slog.Logger // default slog.Default()
}

// Server serves cameras. Add them, then Run.
type Server struct {
	cfg      Config
	listener net.Listener
	rtsp     *gortsplib.Server
	ready    chan struct{}

	mu      sync.Mutex
	feeds   map[string]*feed
	order   []*feed
	running bool
}

// New takes the port, so that Addr and URL are known; Run, or Close when it never comes to that, gives it back.
func New(cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:8554"
	}
	if (cfg.User == "") != (cfg.Password == "") {
		return nil, models.Invalid("user", "give both a user and a password, or neither")
	}
	cfg.Cache = cacheFolder(cfg.Cache)
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, models.Errorf(models.KindConflict, "the RTSP port %s is taken by another program: end it, or choose another with --listen HOST:PORT", cfg.Listen)
	}
	if err != nil {
		return nil, models.Invalid("listen", "cannot listen on %q: %v; use HOST:PORT, such as 127.0.0.1:8554", cfg.Listen, err)
	}
	return &Server{cfg: cfg, listener: l, feeds: map[string]*feed{}, ready: make(chan struct{})}, nil
}

// Addr is the address listened on, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is the address of a camera, with the credentials it asks for.
func (s *Server) URL(name string) models.SecretURL {
	u := url.URL{Scheme: "rtsp", Host: s.Addr(), Path: "/" + name}
	if s.cfg.User != "" {
		u.User = url.UserPassword(s.cfg.User, s.cfg.Password)
	}
	return models.SecretURL(u.String())
}

// Ready is closed when every camera has produced its first picture.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Began is the wall time of the first picture of an office's life, video second 0 of its truth; zero while it has not
// begun, and for cameras that are no office.
func (s *Server) Began(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.feeds[name]; f != nil {
		if o, ok := f.source.(*officeSource); ok {
			return o.beganAt()
		}
	}
	return time.Time{}
}

// AddReplay adds a camera that plays a video file over and over. What cannot be served as it is (anything but H.264
// without B-frames in mp4, or an Encoding that asks for a change) is transcoded into the cache first, once;
// progress, if not nil, is told how far. ctx only bounds this preparation.
func (s *Server) AddReplay(ctx context.Context, name, file string, enc Encoding, progress func(done, total time.Duration)) error {
	if err := enc.Validate(); err != nil {
		return err
	}
	clip, err := prepare(ctx, file, enc, s.cfg.Cache, progress)
	if err != nil {
		return err
	}
	return s.add(name, clip)
}

// AddOffice adds a camera that plays an office in real time. Its truth can be read from the Sim while it plays.
func (s *Server) AddOffice(name string, cfg office.Config, enc Encoding) (*office.Sim, error) {
	if err := enc.Validate(); err != nil {
		return nil, err
	}
	sim, err := office.New(cfg)
	if err == nil {
		err = cfg.Drawable()
	}
	if err != nil {
		return nil, err
	}
	return sim, s.add(name, &officeSource{sim: sim, enc: enc, hold: s.cfg.HoldOffices})
}

func (s *Server) add(name string, src source) error {
	if err := models.CheckID("name", name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running:
		return models.Errorf(models.KindConflict, "camera %s: add cameras before the server runs", name)
	case s.feeds[name] != nil:
		return models.Errorf(models.KindConflict, "camera %s exists already: give each camera its own name", name)
	}
	f := newFeed(name, src)
	s.feeds[name], s.order = f, append(s.order, f)
	return nil
}

// Close gives the port back when Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, which is no error, or a camera fails. It waits for everything it started. Call it once.
func (s *Server) Run(ctx context.Context) error {
	s.rtsp = &gortsplib.Server{
		Handler: s, RTSPAddress: s.Addr(), WriteQueueSize: 1024,
		AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
		Listen:      func(string, string) (net.Listener, error) { return s.listener, nil },
	}
	s.mu.Lock()
	s.running = true
	err := s.rtsp.Start()
	for _, f := range s.order {
		if err == nil {
			err = f.open(s.rtsp)
		}
	}
	s.mu.Unlock()
	if err != nil {
		s.listener.Close()
		return fmt.Errorf("rtsp server: %w", err)
	}
	g, run := errgroup.WithContext(ctx)
	for _, f := range s.order {
		g.Go(func() error {
			if err := s.hold(run, f); err != nil {
				return err
			}
			err := f.source.run(run, f)
			if run.Err() != nil {
				return run.Err()
			}
			return fmt.Errorf("camera %s: %w", f.name, err)
		})
	}
	g.Go(func() error {
		for _, f := range s.order {
			select {
			case <-f.begun:
			case <-run.Done():
				return run.Err()
			}
		}
		close(s.ready)
		<-run.Done()
		return run.Err()
	})
	err = g.Wait()
	for _, f := range s.order {
		f.stream.Close()
	}
	s.rtsp.Close()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// hold waits for a replay's turn to begin.
func (s *Server) hold(ctx context.Context, f *feed) error {
	if _, replay := f.source.(*clip); !replay || s.cfg.Stagger <= 0 {
		return nil
	}
	return sleepUntil(ctx, time.Now().Add(rand.N(s.cfg.Stagger)))
}

// find answers a request for a camera: the stream, or why not.
func (s *Server) find(conn *gortsplib.ServerConn, req *base.Request, path string) (*base.Response, *feed, error) {
	if s.cfg.User != "" && !conn.VerifyCredentials(req, s.cfg.User, s.cfg.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	s.mu.Lock() // also waits until every stream is open
	defer s.mu.Unlock()
	f := s.feeds[trimSlash(path)]
	if f == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, fmt.Errorf("no camera %q", path)
	}
	return &base.Response{StatusCode: base.StatusOK}, f, nil
}

func trimSlash(path string) string {
	if len(path) > 0 && path[0] == '/' {
		return path[1:]
	}
	return path
}

// OnDescribe is called by the RTSP library.
func (s *Server) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, f, err := s.find(c.Conn, c.Request, c.Path)
	if f == nil {
		return res, nil, err
	}
	return res, f.stream, err
}

// OnSetup is called by the RTSP library.
func (s *Server) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	res, f, err := s.find(c.Conn, c.Request, c.Path)
	if f == nil {
		return res, nil, err
	}
	return res, f.stream, err
}

// OnPlay is called by the RTSP library.
func (s *Server) OnPlay(c *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.feeds[trimSlash(c.Path)]; f != nil {
		f.watch()
		s.cfg.Log.Debug("viewer plays", "camera", f.name, "from", c.Conn.NetConn().RemoteAddr().String())
	}
	return &base.Response{StatusCode: base.StatusOK}, nil
}

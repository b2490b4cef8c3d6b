package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// ListenConfig says how a handler is served.
type ListenConfig struct {
	Addr         string           // host:port
	Certificate  *tls.Certificate // for TLS
	InsecureHTTP bool             // plain HTTP from any address; else from this machine only, others are sent to HTTPS
	Log          *slog.Logger
}

// Listener serves TLS and plain HTTP, HTTP/1, HTTP/2 and gRPC on one port: the first byte of a connection tells which it is.
type Listener struct {
	l       net.Listener
	http    *http.Server
	ctx     context.Context // of all requests
	cancel  context.CancelFunc
	waiting sync.WaitGroup
	log     *slog.Logger
}

const (
	headerTimeout = 10 * time.Second
	firstByte     = 10 * time.Second
	finishing     = 300 * time.Millisecond // for short calls at the end
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	maxStreams    = 250 // of one HTTP/2 connection
)

// Listen takes the port and begins to serve. The error of a taken port names the port and the flag that changes it.
func Listen(h http.Handler, cfg ListenConfig) (*Listener, error) {
	l, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, models.Errorf(models.KindUnavailable, "address %s is taken by another program; end that program or choose another with --listen host:port", cfg.Addr)
		}
		return nil, models.Errorf(models.KindUnavailable, "cannot listen on %s: %w; choose another address with --listen host:port", cfg.Addr, err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	ctx, cancel := context.WithCancel(context.Background())
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &Listener{l: l, ctx: ctx, cancel: cancel, log: cfg.Log}
	s.http = &http.Server{
		Handler:           plainGuard(h, cfg.InsecureHTTP),
		Protocols:         &protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug), // strangers' broken connections
	}
	if cfg.Certificate != nil {
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cfg.Certificate}, MinVersion: tls.VersionTLS12}
	}
	secure, open := newBranch(l.Addr()), newBranch(l.Addr())
	s.waiting.Go(func() { s.sniff(secure, open) })
	if cfg.Certificate != nil {
		s.waiting.Go(func() { s.report(s.http.ServeTLS(secure, "", "")) })
	}
	s.waiting.Go(func() { s.report(s.http.Serve(open)) })
	return s, nil
}

// Addr is the address listened on.
func (s *Listener) Addr() net.Addr { return s.l.Addr() }

// Close lets short calls finish, then ends streams, and waits for everything, at most until ctx ends.
func (s *Listener) Close(ctx context.Context) error {
	defer s.cancel()
	defer time.AfterFunc(finishing, s.cancel).Stop()
	err := s.l.Close()
	if e := s.http.Shutdown(ctx); e != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.cancel() // connections that have not said a byte
	s.waiting.Wait()
	if errors.Is(err, net.ErrClosed) { // the server closed it first
		return nil
	}
	return err
}

func (s *Listener) report(err error) {
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		s.log.Error("the server stopped", "stage", "api", "err", err)
	}
}

// sniff hands each connection to the branch that its first byte chooses: 22 begins a TLS handshake (RFC 8446, 5.1).
func (s *Listener) sniff(secure, open *branch) {
	defer secure.Close()
	defer open.Close()
	var sniffing sync.WaitGroup
	defer sniffing.Wait()
	for delay := time.Millisecond; ; {
		c, err := s.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			s.log.Warn("a connection could not be accepted", "stage", "api", "err", err) // out of descriptors: they come back
			select {
			case <-s.ctx.Done():
			case <-time.After(delay):
			}
			delay = min(2*delay, time.Second)
			continue
		}
		delay = time.Millisecond
		sniffing.Go(func() {
			p := &peeked{Conn: c}
			stop := context.AfterFunc(s.ctx, func() { c.Close() })
			defer stop()
			_ = c.SetReadDeadline(time.Now().Add(firstByte))
			if _, err := io.ReadFull(c, p.first[:]); err != nil {
				c.Close()
				return
			}
			_ = c.SetReadDeadline(time.Time{})
			to := open
			if p.first[0] == 22 && s.http.TLSConfig != nil {
				to = secure
			}
			to.give(p)
		})
	}
}

// peeked is a connection whose first byte was read.
type peeked struct {
	net.Conn
	first [1]byte
	done  bool
}

func (p *peeked) Read(b []byte) (int, error) {
	if p.done || len(b) == 0 {
		return p.Conn.Read(b)
	}
	p.done = true
	b[0] = p.first[0]
	return 1, nil
}

// branch is a listener that is given its connections.
type branch struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newBranch(addr net.Addr) *branch {
	return &branch{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (b *branch) give(c net.Conn) {
	select {
	case b.conns <- c:
	case <-b.closed:
		c.Close()
	}
}

func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

func (b *branch) Close() error { b.once.Do(func() { close(b.closed) }); return nil }

func (b *branch) Addr() net.Addr { return b.addr }

// plainGuard keeps passwords and pictures off the wire: plain HTTP is served to this machine only, others are sent to HTTPS.
func plainGuard(next http.Handler, insecure bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil || insecure || fromHere(r.RemoteAddr) {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			plain(w, http.StatusForbidden, "use https: this centre takes plain HTTP from its own machine only\n")
			return
		}
		to := *r.URL
		to.Scheme, to.Host = "https", r.Host
		http.Redirect(w, r, to.String(), http.StatusTemporaryRedirect)
	})
}

func fromHere(remote string) bool {
	a, err := netip.ParseAddrPort(remote)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// URL is the address to open in a browser on this machine.
func (s *Listener) URL() string {
	a := s.l.Addr().(*net.TCPAddr) // listened on tcp
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("http://%s", net.JoinHostPort(host, fmt.Sprint(a.Port)))
}

package bus

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ServerConfig says where the embedded server listens and who may connect.
type ServerConfig struct {
	Listen string      // host:port; port 0 takes a free one; empty is 127.0.0.1:4222
	TLS    *tls.Config // nil without TLS
	// Verify tells whether the secret is the node's. It is called for each connection and must be quick.
	Verify func(node, secret string) bool
	Log    *slog.Logger // nil is slog.Default()
}

// Server is the embedded NATS server of a centre that has no other.
type Server struct {
	ns     *server.Server
	secret string // of the centre's own connection
	tls    bool
	log    *slog.Logger
}

// StartServer starts the server and returns when it takes connections. The error of a taken port names the port and the
// flag that changes it.
func StartServer(cfg ServerConfig) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:4222"
	}
	host, port, err := split(cfg.Listen)
	if err != nil {
		return nil, err
	}
	// The server would only log that the port is taken, so it is tried first.
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, portTaken(cfg.Listen, err)
	}
	if err := l.Close(); err != nil {
		return nil, portTaken(cfg.Listen, err)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s := &Server{secret: rand.Text(), tls: cfg.TLS != nil, log: cfg.Log}
	s.ns, err = server.NewServer(&server.Options{
		ServerName: "counterwatch", Host: host, Port: port, NoSigs: true,
		MaxPayload: MaxPayload, MaxControlLine: 4096, MaxPending: 64 << 20,
		TLSConfig: cfg.TLS, TLSTimeout: 10, AuthTimeout: 10,
		PingInterval: 5 * time.Second, MaxPingsOut: 2,
		CustomClientAuthentication: &doorman{centre: s.secret, verify: cfg.Verify},
	})
	if err != nil {
		return nil, fmt.Errorf("bus: start the server: %w", err)
	}
	s.ns.SetLoggerV2(logger{cfg.Log}, false, false, false)
	s.ns.Start()
	if !s.ns.ReadyForConnections(10 * time.Second) {
		s.Close()
		return nil, portTaken(cfg.Listen, fmt.Errorf("the server is not ready after 10 s"))
	}
	return s, nil
}

// Addr is the address listened on.
func (s *Server) Addr() net.Addr { return s.ns.Addr() }

// URL is what a node on the same machine connects to.
func (s *Server) URL() string {
	if s.tls {
		return "tls://" + s.ns.Addr().String()
	}
	return "nats://" + s.ns.Addr().String()
}

// Close stops the server and waits for it.
func (s *Server) Close() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
}

// Centre connects the centre to its own server, inside the process and with full rights.
func (s *Server) Centre() (*Centre, error) {
	nc, err := connect("", "centre", centreUser, s.secret, s.log, nats.InProcessServer(s.ns))
	if err != nil {
		return nil, err
	}
	return newCentre(nc, s.log), nil
}

// doorman lets in the centre, and each node to its own subjects.
type doorman struct {
	centre string
	verify func(node, secret string) bool
}

func (d *doorman) Check(c server.ClientAuthentication) bool {
	user, password := c.GetOpts().Username, c.GetOpts().Password
	if user == centreUser {
		ok := subtle.ConstantTimeCompare([]byte(password), []byte(d.centre)) == 1
		if ok {
			c.RegisterUser(&server.User{Username: user})
		}
		return ok
	}
	if CheckNode(user) != nil || d.verify == nil || !d.verify(user, password) {
		return false
	}
	c.RegisterUser(&server.User{Username: user, Permissions: permissions(user)})
	return true
}

// permissions are all that one node may do.
func permissions(node string) *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{subject(node, "up"), subject(node, "beat"), subject(node, "config")}},
		Subscribe: &server.SubjectPermission{Allow: []string{
			subject(node, "cmd.>"), configSubject(node), inbox(node) + ".>",
		}},
		// It may answer what it was asked.
		Response: &server.ResponsePermission{MaxMsgs: 1, Expires: time.Minute},
	}
}

func inbox(node string) string { return nats.InboxPrefix + node }

// logger hands the server's lines to slog.
type logger struct{ log *slog.Logger }

func (l logger) line(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, strings.TrimSpace(fmt.Sprintf(format, v...)), "stage", "nats")
}

func (l logger) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }
func (l logger) Warnf(format string, v ...any)   { l.line(slog.LevelWarn, format, v) }
func (l logger) Errorf(format string, v ...any)  { l.line(slog.LevelWarn, format, v) }
func (l logger) Fatalf(format string, v ...any)  { l.line(slog.LevelError, format, v) }
func (l logger) Debugf(string, ...any)           {}
func (l logger) Tracef(string, ...any)           {}

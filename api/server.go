package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/counterwatch/counterwatch/api/pb"
)

// Config is what a Server needs. All interfaces must be set; the rest has defaults.
type Config struct {
	Directory Directory
	Live      Live
	Events    Events
	Series    Series
	Pictures  Pictures
	Nodes     Nodes
	Prober    Prober
	Auth      *Auth
	// Page is the browser's code, index.html at its top; nil serves no page.
	Page fs.FS
	// Endpoints are what an enrolled node is told; host is how the node reached this server. nil tells nothing but the secret.
	Endpoints func(host string) Endpoints
	// Ready returns why the centre cannot serve yet; nil is always ready.
	Ready func(context.Context) error
	Log   *slog.Logger     // nil is slog.Default()
	Now   func() time.Time // nil is time.Now
}

// Endpoints are the addresses that a node is told when it enrols; empty strings mean that it knows already.
type Endpoints struct {
	NATS  string // nats://host:port or tls://host:port
	HTTPS string // https://host:port
	CA    []byte // PEM of the certificate to trust
}

// Server is the API of one centre: gRPC, REST and the page behind one http.Handler.
type Server struct {
	cfg     Config
	grpc    *grpc.Server
	conn    *grpc.ClientConn
	gateway *runtime.ServeMux
	handler http.Handler
	served  chan struct{}
}

// maxMessage is the largest request message, bytes.
const maxMessage = 1 << 20

// New makes a Server. Close must be called.
func New(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Endpoints == nil {
		cfg.Endpoints = func(string) Endpoints { return Endpoints{} }
	}
	s := &Server{cfg: cfg, served: make(chan struct{})}
	g := &guard{auth: cfg.Auth, log: cfg.Log}
	s.grpc = grpc.NewServer(grpc.ChainUnaryInterceptor(g.unary), grpc.ChainStreamInterceptor(g.stream), grpc.MaxRecvMsgSize(maxMessage))
	s.register()

	// The gateway calls the services through memory, so that it passes the same guard as everybody.
	pipe := bufconn.Listen(256 << 10)
	go func() { defer close(s.served); _ = s.grpc.Serve(pipe) }() // Close waits for it
	var err error
	s.conn, err = grpc.NewClient("passthrough:///memory",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)))
	if err != nil {
		s.Close()
		return nil, err
	}
	if s.gateway, err = newGateway(s.conn); err != nil {
		s.Close()
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

func (s *Server) register() {
	c := &core{
		directory: s.cfg.Directory, live: s.cfg.Live, events: s.cfg.Events, series: s.cfg.Series,
		pictures: s.cfg.Pictures, nodes: s.cfg.Nodes, prober: s.cfg.Prober, log: s.cfg.Log, now: s.cfg.Now,
	}
	pb.RegisterDirectoryServiceServer(s.grpc, &directoryService{core: c, today: &todayCache{}})
	pb.RegisterLiveServiceServer(s.grpc, &liveService{core: c})
	pb.RegisterFiguresServiceServer(s.grpc, &figuresService{core: c})
	pb.RegisterEventServiceServer(s.grpc, &eventService{core: c})
	pb.RegisterHealthServiceServer(s.grpc, &healthService{core: c})
	pb.RegisterMediaServiceServer(s.grpc, &mediaService{core: c})
	pb.RegisterProbeServiceServer(s.grpc, &probeService{core: c})
	pb.RegisterAccessServiceServer(s.grpc, &accessService{core: c, auth: s.cfg.Auth, endpoints: s.cfg.Endpoints})
}

// ServeHTTP serves gRPC, by its content type, and everything else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		s.grpc.ServeHTTP(w, r)
		return
	}
	s.handler.ServeHTTP(w, r)
}

// Close ends all calls and waits for what it started. It is called once.
func (s *Server) Close() error {
	s.grpc.Stop()
	<-s.served
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}

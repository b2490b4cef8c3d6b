package api

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// listen serves a world on a free port with its own certificate, which the returned pool trusts.
func (w *world) listen() (*Listener, *x509.CertPool) {
	w.t.Helper()
	cert, ca, err := SelfSigned(filepath.Join(w.t.TempDir(), "tls"), nil, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	l, err := Listen(w.server, ListenConfig{Addr: "127.0.0.1:0", Certificate: &cert, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			w.t.Error(err)
		}
	})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return l, pool
}

func TestOnePortSpeaksEverything(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	l, pool := w.listen()
	addr := l.Addr().String()
	secure := &tls.Config{RootCAs: pool}
	h1, h2 := &http.Transport{TLSClientConfig: secure}, &http.Transport{TLSClientConfig: secure.Clone(), ForceAttemptHTTP2: true}
	defer h1.CloseIdleConnections()
	defer h2.CloseIdleConnections()
	for name, c := range map[string]struct {
		url   string
		tr    *http.Transport
		proto string
	}{
		"plain HTTP/1": {"http://" + addr, h1, "HTTP/1.1"},
		"TLS HTTP/2":   {"https://" + addr, h2, "HTTP/2.0"},
	} {
		resp, err := (&http.Client{Transport: c.tr}).Get(c.url + "/healthz")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "ok\n" || resp.Proto != c.proto {
			t.Errorf("%s: %s %q", name, resp.Proto, body)
		}
	}
	for name, creds := range map[string]credentials.TransportCredentials{"gRPC h2c": insecure.NewCredentials(), "gRPC TLS": credentials.NewTLS(secure)} {
		conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
		if err != nil {
			t.Fatal(err)
		}
		client := pb.NewDirectoryServiceClient(conn)
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+w.token)
		if units, err := client.ListUnits(ctx, &pb.ListUnitsRequest{}); err != nil || len(units.Units) != 3 {
			t.Errorf("%s: %v, %v", name, units, err)
		}
		if _, err := client.ListUnits(t.Context(), &pb.ListUnitsRequest{}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s without a session: %v", name, err)
		}
		conn.Close()
	}
}

func TestSilentConnectionsDoNotHoldUpTheEnd(t *testing.T) {
	w := newWorld(t)
	l, _ := w.listen()
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	begun := time.Now()
	if err := l.Close(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
}

func TestPlainHTTPIsForThisMachine(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for name, c := range map[string]struct {
		remote, method string
		insecure, tls  bool
		want           int
	}{
		"from here":          {remote: "127.0.0.1:5000", method: "GET", want: 200},
		"from here, IPv6":    {remote: "[::1]:5000", method: "POST", want: 200},
		"from elsewhere":     {remote: "192.168.1.5:5000", method: "GET", want: 307},
		"a password":         {remote: "192.168.1.5:5000", method: "POST", want: 403},
		"allowed":            {remote: "192.168.1.5:5000", method: "POST", insecure: true, want: 200},
		"TLS":                {remote: "192.168.1.5:5000", method: "POST", tls: true, want: 200},
		"mapped IPv4":        {remote: "[::ffff:127.0.0.1]:5000", method: "GET", want: 200},
		"an unreadable peer": {remote: "@", method: "POST", want: 403},
	} {
		r, err := http.NewRequest(c.method, "http://centre.example:8080/alerts?x=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = c.remote
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := &recorder{header: http.Header{}}
		plainGuard(ok, c.insecure).ServeHTTP(w, r)
		if w.code != c.want {
			t.Errorf("%s: %d, want %d", name, w.code, c.want)
		}
		if to := w.header.Get("Location"); c.want == 307 && to != "https://centre.example:8080/alerts?x=1" {
			t.Errorf("%s: sent to %s", name, to)
		}
	}
}

type recorder struct {
	header http.Header
	code   int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(code int)        { r.code = code }

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Listen(http.NotFoundHandler(), ListenConfig{Addr: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("%v", err)
	}
}

func TestCertificateIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	make := func(hosts []string, at time.Time) string {
		t.Helper()
		_, ca, err := SelfSigned(dir, hosts, at)
		if err != nil {
			t.Fatal(err)
		}
		return string(ca)
	}
	now := time.Now()
	first := make([]string{"centre.example"}, now)
	if make(nil, now) != first {
		t.Error("a certificate that covers the hosts is made anew")
	}
	second := make([]string{"other.example"}, now)
	if second == first {
		t.Error("a host is missing in the certificate")
	}
	if make(nil, now.Add(certificateFor)) == second {
		t.Error("an expired certificate is kept")
	}
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := SelfSigned(dir, nil, now); models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), "remove") {
		t.Errorf("a damaged certificate: %v", err)
	}
}

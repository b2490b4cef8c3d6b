package bus_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/bus/bustest"
	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// embedded is the embedded server as a harness.
type embedded struct {
	t      *testing.T
	cfg    bus.ServerConfig
	client *tls.Config
	server *bus.Server
}

func start(t *testing.T, server, client *tls.Config) *embedded {
	h := &embedded{t: t, client: client, cfg: bus.ServerConfig{
		Listen: "127.0.0.1:0", TLS: server, Log: slog.New(slog.DiscardHandler),
		Verify: func(node, secret string) bool { return (node == "a" || node == "b") && node == secret },
	}}
	h.run()
	h.cfg.Listen = h.server.Addr().String()
	t.Cleanup(func() { h.server.Close() })
	return h
}

func (h *embedded) run() {
	var err error
	if h.server, err = bus.StartServer(h.cfg); err != nil {
		h.t.Fatal(err)
	}
}

func (h *embedded) Restart() { h.server.Close(); h.run() }

func (h *embedded) Config(node string) bus.Config {
	return bus.Config{URL: h.server.URL(), TLS: h.client, Node: node, Secret: node}
}

func (h *embedded) Centre() *bus.Centre {
	c, err := h.server.Centre()
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

func TestEmbedded(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Harness { return start(t, nil, nil) })
}

func TestEmbeddedTLS(t *testing.T) {
	server, client := certificate(t)
	bustest.Run(t, func(t *testing.T) bustest.Harness { return start(t, server, client) })
}

func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

func TestTakenPortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = bus.StartServer(bus.ServerConfig{Listen: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), "--nats-listen") {
		t.Fatalf("error %v does not say which port and what to do", err)
	}
	if _, err := bus.StartServer(bus.ServerConfig{Listen: "nonsense"}); models.KindOf(err) != models.KindInvalid {
		t.Fatalf("nonsense as an address: %v", err)
	}
}

func TestUnreadableRecordIsSentAlone(t *testing.T) {
	h := start(t, nil, nil)
	var stored, unreadable atomic.Int64
	handlers := bustest.Deaf()
	handlers.Intake = func(_ context.Context, _ string, r []models.Record) error { stored.Add(int64(len(r))); return nil }
	handlers.Unreadable = func(_ context.Context, node string, payload []byte, reason error) error {
		if node != "a" || len(payload) == 0 || reason == nil {
			t.Errorf("unreadable from %q: %d bytes, %v", node, len(payload), reason)
		}
		unreadable.Add(1)
		return nil
	}
	c := h.Centre()
	defer c.Close()
	if err := c.Serve(handlers); err != nil {
		t.Fatal(err)
	}
	var records []models.Record
	for i := range 9 {
		records = append(records, bustest.Minute("a", i))
	}
	records[5].Minute = nil // holds nothing: the decoder refuses it
	if err := bustest.Dial(t, h.Config("a")).SendBatch(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if stored.Load() != 8 || unreadable.Load() != 1 {
		t.Fatalf("%d stored, %d unreadable", stored.Load(), unreadable.Load())
	}
}

func TestCheckNode(t *testing.T) {
	for id, ok := range map[string]bool{"n1": true, "up": true, "config": false, "live": false, "a.b": false, "*": false, ">": false, "": false, "$centre": false} {
		if err := bus.CheckNode(id); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
}

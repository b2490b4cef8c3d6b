// Package bustest is the conformance suite of the bus: what a NATS server, embedded or not, must do for nodes and centre.
// It starts real servers and is imported by tests only.
package bustest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/models"
)

// Harness is a running bus that lets in the nodes a and b, each with its id as its secret.
type Harness interface {
	Config(node string) bus.Config // how a node connects
	Centre() *bus.Centre           // connected afresh to the server that runs now
	Restart()                      // stops the server and starts it at the same address
}

// Run runs the suite; start makes a fresh harness, which the test cleans up.
func Run(t *testing.T, start func(t *testing.T) Harness) {
	for name, test := range map[string]func(*testing.T, Harness){
		"acknowledged after the handler":   acknowledged,
		"handler error is no ack":          refused,
		"order is kept":                    ordered,
		"large batch is split":             large,
		"heartbeat and still":              beatAndStill,
		"configuration is watched":         config,
		"another node's name is refused":   rogue,
		"reconnects after server restart":  restart,
		"nobody at the centre is an error": nobody,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

var at = time.Date(2026, 3, 2, 1, 2, 0, 0, time.UTC)

// Minute is a record to send.
func Minute(node string, i int) models.Record {
	return models.MinuteRecord(node, models.Minute{Camera: "cam", Zone: "q", Kind: models.ZoneQueue, Start: at.Add(time.Duration(i) * time.Minute), WorkingS: 60})
}

// Deaf are handlers that do nothing.
func Deaf() bus.Handlers {
	return bus.Handlers{
		Intake:     func(context.Context, string, []models.Record) error { return nil },
		Unreadable: func(context.Context, string, []byte, error) error { return nil },
		Beat:       func(string, models.Beat) {},
		Config:     func(context.Context, string) (models.NodeConfig, error) { return models.NodeConfig{}, nil },
	}
}

func serve(t *testing.T, h Harness, handlers bus.Handlers) *bus.Centre {
	t.Helper()
	c := h.Centre()
	t.Cleanup(c.Close)
	if err := c.Serve(handlers); err != nil {
		t.Fatal(err)
	}
	return c
}

// Dial connects a node and waits until it is.
func Dial(t *testing.T, cfg bus.Config) *bus.Node {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	n, err := bus.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	Eventually(t, "the node connects", n.Connected)
	return n
}

// Eventually waits up to ten seconds until ok.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: ", what)
		}
	}
}

func acknowledged(t *testing.T, h Harness) {
	release, stored := make(chan struct{}), make(chan []models.Record, 1)
	handlers := Deaf()
	handlers.Intake = func(_ context.Context, node string, r []models.Record) error {
		if node != "a" {
			t.Errorf("from node %q", node)
		}
		<-release
		stored <- r
		return nil
	}
	serve(t, h, handlers)
	n := Dial(t, h.Config("a"))
	done := make(chan error, 1)
	go func() { done <- n.SendBatch(context.Background(), []models.Record{Minute("a", 0)}) }()
	select {
	case err := <-done:
		t.Errorf("acknowledged (%v) before the handler returned", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if r := <-stored; len(r) != 1 || r[0].ID != Minute("a", 0).ID || !r[0].Minute.Start.Equal(at) {
		t.Fatalf("stored %+v", r)
	}
}

func refused(t *testing.T, h Harness) {
	handlers := Deaf()
	handlers.Intake = func(context.Context, string, []models.Record) error { return errors.New("disk full") }
	serve(t, h, handlers)
	err := Dial(t, h.Config("a")).SendBatch(t.Context(), []models.Record{Minute("a", 0)})
	if err == nil {
		t.Fatal("a batch that was not stored was acknowledged")
	}
}

func ordered(t *testing.T, h Harness) {
	var mu sync.Mutex
	var got []string
	handlers := Deaf()
	handlers.Intake = func(_ context.Context, _ string, r []models.Record) error {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range r {
			got = append(got, r.ID)
		}
		return nil
	}
	serve(t, h, handlers)
	n := Dial(t, h.Config("a"))
	for i := range 100 {
		if err := n.SendBatch(t.Context(), []models.Record{Minute("a", 2*i), Minute("a", 2*i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i, id := range got {
		if id != Minute("a", i).ID {
			t.Fatalf("record %d is out of order", i)
		}
	}
	if len(got) != 200 {
		t.Fatalf("%d records", len(got))
	}
}

func large(t *testing.T, h Harness) {
	var n atomic.Int64
	records := make([]models.Record, 200)
	for i := range records {
		records[i] = Minute("a", i)
		records[i].Minute.WaitsS = make([]float64, 10_000)
	}
	handlers := Deaf()
	handlers.Intake = func(_ context.Context, _ string, r []models.Record) error { n.Add(int64(len(r))); return nil }
	serve(t, h, handlers)
	if err := Dial(t, h.Config("a")).SendBatch(t.Context(), records); err != nil || n.Load() != int64(len(records)) {
		t.Fatalf("%d of %d records, %v", n.Load(), len(records), err)
	}
}

func beatAndStill(t *testing.T, h Harness) {
	beats := make(chan models.Beat, 1)
	handlers := Deaf()
	handlers.Beat = func(_ string, b models.Beat) { beats <- b }
	c := serve(t, h, handlers)
	if _, err := c.Still(t.Context(), "a", "cam"); models.KindOf(err) != models.KindUnavailable {
		t.Fatalf("picture of a node that is away: %v", err)
	}
	n := Dial(t, h.Config("a"))
	if err := n.SendBeat(models.Beat{Node: "a", At: at, OutboxDepth: 3}); err != nil {
		t.Fatal(err)
	}
	if b := <-beats; b.Node != "a" || !b.At.Equal(at) || b.OutboxDepth != 3 {
		t.Fatalf("beat %+v", b)
	}
	err := n.OnStill(func(_ context.Context, camera string) (models.Still, error) {
		if camera != "cam" {
			return models.Still{}, models.Errorf(models.KindNotFound, "no camera %s", camera)
		}
		return models.Still{JPEG: []byte{0xff, 0xd8}, At: at}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	Eventually(t, "the node answers", func() bool { _, err := c.Still(t.Context(), "a", "cam"); return err == nil })
	if s, err := c.Still(t.Context(), "a", "cam"); err != nil || len(s.JPEG) != 2 || !s.At.Equal(at) {
		t.Fatalf("still %+v, %v", s, err)
	}
	if _, err := c.Still(t.Context(), "a", "other"); models.KindOf(err) != models.KindNotFound {
		t.Fatalf("picture of a camera that is not there: %v", err)
	}
}

func config(t *testing.T, h Harness) {
	var version atomic.Value // what the centre would answer now
	version.Store("1")
	handlers := Deaf()
	handlers.Config = func(_ context.Context, node string) (models.NodeConfig, error) {
		return models.NodeConfig{Version: version.Load().(string), Cameras: []models.Camera{{ID: "cam", Node: node, URL: "rtsp://u:p@h/x"}}}, nil
	}
	c := serve(t, h, handlers)
	n := Dial(t, h.Config("a"))
	got := make(chan models.NodeConfig, 8)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.WatchConfig(ctx, func(c models.NodeConfig) { got <- c }) })
	defer func() { cancel(); wg.Wait() }()
	if c := <-got; c.Version != "1" || c.Cameras[0].Node != "a" || c.Cameras[0].URL.Reveal() != "rtsp://u:p@h/x" {
		t.Fatalf("first configuration %+v", c)
	}
	for _, v := range []string{"1", "2", "2", "3"} {
		version.Store(v)
		if err := c.PublishConfig("a", models.NodeConfig{Version: v}); err != nil {
			t.Fatal(err)
		}
	}
	// A question may be answered with 3 before the pushed 2 is read; the end is the same.
	var seen []string
	for last := ""; last != "3" || !slices.Contains(seen, "2"); seen = append(seen, last) {
		select {
		case c := <-got:
			last = c.Version
		case <-time.After(10 * time.Second):
			t.Fatalf("pushed versions came as %v", seen)
		}
	}
}

func restart(t *testing.T, h Harness) {
	serve(t, h, Deaf())
	n := Dial(t, h.Config("a"))
	if err := n.SendBatch(t.Context(), []models.Record{Minute("a", 0)}); err != nil {
		t.Fatal(err)
	}
	h.Restart()
	serve(t, h, Deaf())
	Eventually(t, "a batch is taken after the restart", func() bool {
		return n.SendBatch(t.Context(), []models.Record{Minute("a", 1)}) == nil
	})
}

func nobody(t *testing.T, h Harness) {
	began := time.Now()
	err := Dial(t, h.Config("a")).SendBatch(t.Context(), []models.Record{Minute("a", 0)})
	if models.KindOf(err) != models.KindUnavailable || time.Since(began) > 5*time.Second {
		t.Fatalf("%v after %v", err, time.Since(began))
	}
}

package bustest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/models"
)

// rogue is node a trying to be node b, to listen in, and to come in with a wrong secret.
func rogue(t *testing.T, h Harness) {
	handlers := Deaf()
	handlers.Intake = func(_ context.Context, node string, _ []models.Record) error {
		t.Errorf("a batch in the name of %s was let through", node)
		return nil
	}
	handlers.Beat = func(node string, _ models.Beat) { t.Errorf("a heartbeat in the name of %s was let through", node) }
	serve(t, h, handlers)

	cfg := h.Config("a")
	violations := make(chan error, 16)
	options := []nats.Option{
		nats.UserInfo(cfg.Node, cfg.Secret), nats.CustomInboxPrefix("_INBOX.a"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { violations <- err }),
	}
	if cfg.TLS != nil {
		options = append(options, nats.Secure(cfg.TLS))
	}
	nc, err := nats.Connect(cfg.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	tries := map[string]func() error{
		"batch of b":           func() error { return nc.Publish("cw.v1.b.up", nil) },
		"heartbeat of b":       func() error { return nc.Publish("cw.v1.b.beat", nil) },
		"configuration of b":   func() error { return nc.Publish("cw.v1.config.b", nil) },
		"its own push":         func() error { return nc.Publish("cw.v1.config.a", nil) },
		"command to b":         func() error { return nc.Publish("cw.v1.b.cmd.still", nil) },
		"answer nobody asked":  func() error { return nc.Publish("_INBOX.b.x", nil) },
		"listen to everything": func() error { _, err := nc.SubscribeSync(">"); return err },
		"listen to batches":    func() error { _, err := nc.SubscribeSync("cw.v1.*.up"); return err },
		"take b's secrets":     func() error { _, err := nc.SubscribeSync("cw.v1.config.b"); return err },
		"take b's answers":     func() error { _, err := nc.SubscribeSync("_INBOX.b.>"); return err },
	}
	for name, try := range tries {
		if err := try(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := nc.Flush(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-violations:
			if !errors.Is(err, nats.ErrPermissionViolation) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: not refused", name)
		}
	}

	cfg.Secret, cfg.Log = "wrong", slog.New(slog.DiscardHandler)
	n, err := bus.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.SendBatch(t.Context(), []models.Record{Minute("a", 0)}); err == nil || n.Connected() {
		t.Error("a wrong secret was let in")
	}
}

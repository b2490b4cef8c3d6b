package bus

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// Handlers are what the centre does with what nodes send. The node's id is the one it signed in with. Batches are
// handled one after the other, so that each node's records keep their order.
type Handlers struct {
	// Intake returns nil only after all of the records are committed: the node forgets them then.
	Intake func(ctx context.Context, node string, records []models.Record) error
	// Unreadable is given a batch of one record that cannot be decoded; nil acknowledges it, so that it does not block the
	// node. (A larger batch is refused first, and the node sends its halves until the bad record is alone.)
	Unreadable func(ctx context.Context, node string, payload []byte, reason error) error
	Beat       func(node string, b models.Beat)
	Config     func(ctx context.Context, node string) (models.NodeConfig, error)
}

// Centre is the centre's end of the bus. It is safe for concurrent use.
type Centre struct {
	nc     *nats.Conn
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
}

func newCentre(nc *nats.Conn, log *slog.Logger) *Centre {
	ctx, cancel := context.WithCancel(context.Background())
	return &Centre{nc: nc, log: log, ctx: ctx, cancel: cancel}
}

// Close lets handlers finish what they hold, then disconnects.
func (c *Centre) Close() {
	shut(c.nc)
	c.cancel()
}

// Serve begins to hand what nodes send to the handlers, until Close. It returns when the bus delivers to it.
func (c *Centre) Serve(h Handlers) error {
	if _, err := c.nc.QueueSubscribe(subject("*", "up"), intakeQueue, fromNode(func(m *nats.Msg) { c.intake(m, h) })); err != nil {
		return fmt.Errorf("bus: serve batches: %w", err)
	}
	_, err := c.nc.Subscribe(subject("*", "beat"), fromNode(func(m *nats.Msg) {
		b, err := wire.DecodeBeat(m.Data)
		if err != nil {
			c.log.Warn("a heartbeat cannot be read", "node", sender(m), "err", err)
			return
		}
		h.Beat(sender(m), b)
	}))
	if err != nil {
		return fmt.Errorf("bus: serve heartbeats: %w", err)
	}
	_, err = c.nc.QueueSubscribe(subject("*", "config"), intakeQueue, fromNode(func(m *nats.Msg) {
		cfg, err := h.Config(c.ctx, sender(m))
		var body []byte
		if err == nil {
			body, err = wire.EncodeNodeConfig(cfg)
		}
		c.reply(m, body, err)
	}))
	if err != nil {
		return fmt.Errorf("bus: serve configurations: %w", err)
	}
	if err := c.nc.Flush(); err != nil {
		return fmt.Errorf("bus: serve: %w", err)
	}
	return nil
}

func (c *Centre) intake(m *nats.Msg, h Handlers) {
	node := sender(m)
	records, err := wire.DecodeBatch(m.Data)
	switch {
	case err == nil:
		err = h.Intake(c.ctx, node, records)
	case m.Header.Get(headerRecords) != "1":
		c.reply(m, nil, models.Errorf(models.KindInvalid, "a record of the batch cannot be read: %w", err))
		return
	default:
		err = h.Unreadable(c.ctx, node, m.Data, err)
	}
	if err != nil {
		c.log.Error("a batch could not be stored; the node keeps it and sends it again", "node", node, "err", err)
	}
	c.reply(m, nil, err)
}

func (c *Centre) reply(m *nats.Msg, body []byte, err error) {
	if err != nil {
		err = fail(m, err)
	} else {
		err = m.Respond(body)
	}
	if err != nil {
		c.log.Warn("an answer could not be sent; the node will ask again", "node", sender(m), "err", err)
	}
}

// PublishConfig pushes a configuration to its node, which also asks for it when it connects.
func (c *Centre) PublishConfig(node string, cfg models.NodeConfig) error {
	body, err := wire.EncodeNodeConfig(cfg)
	if err != nil {
		return fmt.Errorf("bus: encode the configuration of node %s: %w", node, err)
	}
	if err := c.nc.Publish(configSubject(node), body); err != nil {
		return models.Errorf(models.KindUnavailable, "bus: push the configuration of node %s: %w", node, err)
	}
	return nil
}

// Still asks a node for a camera's newest picture. KindUnavailable when the node is away or does not answer in six seconds.
func (c *Centre) Still(ctx context.Context, node, camera string) (models.Still, error) {
	body, err := c.command(ctx, node, "still", stillTimeout, []byte(camera))
	if err != nil {
		return models.Still{}, err
	}
	return wire.DecodeStill(body)
}

// TryCamera lets a node try a camera. KindLimited while it tries another one; KindUnavailable when it is away or does not answer.
func (c *Centre) TryCamera(ctx context.Context, node string, o models.CameraOrder) (models.CameraTrial, error) {
	order, err := wire.EncodeOrder(o)
	if err != nil {
		return models.CameraTrial{}, err
	}
	body, err := c.command(ctx, node, "try", trialTimeout, order)
	if err != nil {
		return models.CameraTrial{}, err
	}
	return wire.DecodeTrial(body)
}

// command asks a node and returns its answer.
func (c *Centre) command(ctx context.Context, node, verb string, within time.Duration, ask []byte) ([]byte, error) {
	if err := CheckNode(node); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	m, err := c.nc.RequestWithContext(ctx, subject(node, "cmd."+verb), ask)
	return answer(m, err, "node "+node)
}

// sender is the node that a message's subject names; the server has checked that it is the one that sent it.
func sender(m *nats.Msg) string {
	node, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, prefix), ".")
	return node
}

// fromNode leaves out the centre's own pushes to a node that happens to be called up or beat.
func fromNode(handle nats.MsgHandler) nats.MsgHandler {
	return func(m *nats.Msg) {
		if CheckNode(sender(m)) == nil {
			handle(m)
		}
	}
}

package bus

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
)

// Node is a node's end of the bus. It is safe for concurrent use.
type Node struct {
	nc   *nats.Conn
	node string
	log  *slog.Logger
	wg   sync.WaitGroup // handlers of commands

	back chan struct{} // connected again
}

// Connect begins to connect a node and returns at once; the connection is made again for ever.
func Connect(cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := CheckNode(cfg.Node); err != nil {
		return nil, err
	}
	n := &Node{node: cfg.Node, log: cfg.Log, back: make(chan struct{}, 1)}
	options := []nats.Option{nats.CustomInboxPrefix(inbox(cfg.Node))}
	if cfg.TLS != nil {
		options = append(options, nats.Secure(cfg.TLS))
	}
	wake := func(*nats.Conn) {
		select {
		case n.back <- struct{}{}:
		default:
		}
	}
	options = append(options, nats.ConnectHandler(wake), nats.ReconnectHandler(func(c *nats.Conn) {
		cfg.Log.Info("the bus is connected again", "node", cfg.Node, "url", c.ConnectedUrlRedacted())
		wake(c)
	}))
	var err error
	n.nc, err = connect(cfg.URL, "node "+cfg.Node, cfg.Node, cfg.Secret, cfg.Log, options...)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Close finishes commands that are being answered and disconnects.
func (n *Node) Close() {
	shut(n.nc)
	n.wg.Wait()
}

// Connected reports whether the centre's bus answers now.
func (n *Node) Connected() bool { return n.nc.IsConnected() }

// SendBatch sends records and returns nil only after the centre has committed all of them. KindUnavailable: send them
// again later; sending twice is harmless.
func (n *Node) SendBatch(ctx context.Context, records []models.Record) error {
	body, err := wire.EncodeBatch(records)
	if err != nil {
		return fmt.Errorf("bus: encode a batch: %w", err)
	}
	if len(body) > MaxPayload-4096 {
		if len(records) == 1 {
			return models.Errorf(models.KindInvalid, "bus: record %s has %d bytes, the limit is %d", records[0].ID, len(body), MaxPayload)
		}
		return n.sendHalves(ctx, records)
	}
	m := nats.NewMsg(subject(n.node, "up"))
	m.Data = body
	m.Header.Set(headerRecords, strconv.Itoa(len(records)))
	m, err = n.request(ctx, m)
	if _, err = answer(m, err, "the centre"); models.KindOf(err) == models.KindInvalid && len(records) > 1 {
		return n.sendHalves(ctx, records)
	}
	return err
}

// request asks the centre. The answer to a question that was on its way when the connection broke never comes, so it is
// not waited for: the sooner it is asked again, the sooner the outbox empties.
func (n *Node) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	broken := n.nc.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-broken:
			cancel()
		case <-ctx.Done():
		}
	})
	defer func() {
		cancel()
		watching.Wait()
		n.nc.RemoveStatusListener(broken)
	}()
	return n.nc.RequestMsgWithContext(ctx, m)
}

func (n *Node) sendHalves(ctx context.Context, records []models.Record) error {
	half := len(records) / 2
	if err := n.SendBatch(ctx, records[:half]); err != nil {
		return err
	}
	return n.SendBatch(ctx, records[half:])
}

// SendBeat sends a heartbeat; nobody answers.
func (n *Node) SendBeat(b models.Beat) error {
	body, err := wire.EncodeBeat(b)
	if err != nil {
		return fmt.Errorf("bus: encode a heartbeat: %w", err)
	}
	if err := n.nc.Publish(subject(n.node, "beat"), body); err != nil {
		return models.Errorf(models.KindUnavailable, "bus: heartbeat: %w", err)
	}
	return nil
}

// Config asks the centre for the node's configuration.
func (n *Node) Config(ctx context.Context) (models.NodeConfig, error) {
	m, err := n.request(ctx, nats.NewMsg(subject(n.node, "config")))
	body, err := answer(m, err, "the centre")
	if err != nil {
		return models.NodeConfig{}, err
	}
	return wire.DecodeNodeConfig(body)
}

// WatchConfig calls apply with the node's configuration now, after each reconnection, and whenever the centre pushes
// another version. It blocks until ctx ends; apply is never called twice at once, nor twice in a row with one version.
func (n *Node) WatchConfig(ctx context.Context, apply func(models.NodeConfig)) error {
	pushed := make(chan *nats.Msg, 16)
	sub, err := n.nc.ChanSubscribe(configSubject(n.node), pushed)
	if err != nil {
		return fmt.Errorf("bus: watch the configuration: %w", err)
	}
	defer sub.Unsubscribe() //nolint:errcheck // the connection may be closed already
	version := ""
	take := func(c models.NodeConfig) {
		if c.Version != version {
			version = c.Version
			apply(c)
		}
	}
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-pushed:
			c, err := wire.DecodeNodeConfig(m.Data)
			if err != nil {
				n.log.Error("the centre pushed a configuration that cannot be read; the old one stays", "node", n.node, "err", err)
				continue
			}
			take(c)
			continue
		case <-n.back:
		case <-again.C:
		}
		c, err := n.Config(ctx)
		if err != nil {
			again.Reset(5 * time.Second)
			n.log.Debug("the configuration cannot be asked for now", "node", n.node, "err", err)
			continue
		}
		again.Reset(time.Minute) // a push may have been lost
		take(c)
	}
}

// OnStill answers the centre's requests for pictures with still, which must return within its context's five seconds.
func (n *Node) OnStill(still func(ctx context.Context, camera string) (models.Still, error)) error {
	return n.serve("still", 5*time.Second, func(ctx context.Context, camera []byte) ([]byte, error) {
		s, err := still(ctx, string(camera))
		if err != nil {
			return nil, err
		}
		return wire.EncodeStill(s)
	})
}

// OnTrial answers the centre's orders to try cameras with try, which must return within its context's 40 seconds.
func (n *Node) OnTrial(try func(context.Context, models.CameraOrder) (models.CameraTrial, error)) error {
	return n.serve("try", trialTimeout-5*time.Second, func(ctx context.Context, order []byte) ([]byte, error) {
		o, err := wire.DecodeOrder(order)
		if err != nil {
			return nil, err
		}
		t, err := try(ctx, o)
		if err != nil {
			return nil, err
		}
		return wire.EncodeTrial(t)
	})
}

// serve answers one kind of command. What was asked is not logged: it may hold a password.
func (n *Node) serve(verb string, within time.Duration, do func(ctx context.Context, asked []byte) ([]byte, error)) error {
	_, err := n.nc.Subscribe(subject(n.node, "cmd."+verb), func(m *nats.Msg) {
		n.wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), within)
			defer cancel()
			body, err := do(ctx, m.Data)
			if err != nil {
				err = fail(m, err)
			} else {
				err = m.Respond(body)
			}
			if err != nil {
				n.log.Warn("a command could not be answered", "node", n.node, "command", verb, "err", err)
			}
		})
	})
	if err != nil {
		return fmt.Errorf("bus: answer the command %s: %w", verb, err)
	}
	return nil
}

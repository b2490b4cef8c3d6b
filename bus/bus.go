// Package bus carries batches, heartbeats, configuration and commands between nodes and the centre over NATS: the stop
// between a node's outbox and the centre's intake. In go and out come models; on the wire they are internal/wire's
// protobuf. The bus promises no durability: a batch is acknowledged by the reply that the centre sends after its own
// commit, and until then the outbox keeps it. Only cmd and internal/centralapp wire it; it imports models and
// internal/wire.
//
// Subjects:
//
//	cw.v1.<node>.up         batches, request and reply, queue group "intake"
//	cw.v1.<node>.beat       heartbeats
//	cw.v1.<node>.config     a node asks for its configuration
//	cw.v1.<node>.cmd.still  the centre asks for a picture
//	cw.v1.<node>.cmd.try    the centre lets the node try a camera
//	cw.v1.config.<node>     the centre pushes a configuration
//
// A node's credentials allow it these subjects of its own and nothing else.
package bus

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/counterwatch/counterwatch/models"
)

const (
	prefix      = "cw.v1."
	intakeQueue = "intake"
	centreUser  = "$centre" // no node can have this id
	headerError = "Cw-Error"
	headerKind  = "Cw-Error-Kind"
	// headerRecords says how many records a batch holds, for the case that it cannot be read.
	headerRecords = "Cw-Records"

	// MaxPayload is the largest message, bytes; a larger batch is split.
	MaxPayload = 8 << 20

	answerTimeout = 15 * time.Second // of a batch: longer than the centre's slowest commit
	stillTimeout  = 6 * time.Second
	trialTimeout  = 45 * time.Second // a camera that does not answer, then ten seconds of watching
)

// CheckNode returns a KindInvalid error when id cannot be a node's: it is one token of every subject.
func CheckNode(id string) error { return models.CheckNodeID("node", id) }

func subject(node, verb string) string { return prefix + node + "." + verb }
func configSubject(node string) string { return prefix + "config." + node }

// Config says where the bus is and who connects.
type Config struct {
	URL    string      // nats://host:port or tls://host:port
	TLS    *tls.Config // nil without TLS
	Node   string
	Secret string
	Log    *slog.Logger // nil is slog.Default()
}

// connect dials and goes on dialling for ever: it succeeds although nobody answers yet.
func connect(url, name, user, password string, log *slog.Logger, extra ...nats.Option) (*nats.Conn, error) {
	options := append([]nats.Option{
		nats.Name(name),
		nats.UserInfo(user, password),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // a secret may be accepted later: after a restore, after an enrolment
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(500*time.Millisecond, time.Second),
		nats.ReconnectBufSize(-1), // nothing is buffered here: the outbox is the buffer
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the bus is disconnected; it is tried again", "name", name, "err", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			log.Info("the bus is connected again", "name", name, "url", c.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("the bus reports an error", "name", name, "err", err)
		}),
	}, extra...)
	nc, err := nats.Connect(url, options...)
	if err != nil {
		return nil, models.Errorf(models.KindInvalid, "bus: connect to %s: %w", url, err)
	}
	return nc, nil
}

// shut lets handlers finish, then closes.
func shut(nc *nats.Conn) {
	closed := nc.StatusChanged(nats.CLOSED)
	if nc.Drain() != nil {
		nc.Close()
		return
	}
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		nc.Close()
	}
}

// fail answers a request with an error that keeps its kind.
func fail(m *nats.Msg, err error) error {
	r := nats.NewMsg(m.Reply)
	r.Header.Set(headerError, err.Error())
	r.Header.Set(headerKind, string(models.KindOf(err)))
	return m.RespondMsg(r)
}

// answer turns what a request returned into its data or its error.
func answer(m *nats.Msg, err error, who string) ([]byte, error) {
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, models.Errorf(models.KindUnavailable, "bus: %s is not connected", who)
	case err != nil:
		return nil, models.Errorf(models.KindUnavailable, "bus: %s does not answer: %w", who, err)
	case m.Header.Get(headerError) != "":
		return nil, models.Errorf(models.Kind(m.Header.Get(headerKind)), "%s: %s", who, m.Header.Get(headerError))
	}
	return m.Data, nil
}

func split(listen string) (host string, port int, err error) {
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return "", 0, models.Invalid("nats_listen", "%q is not host:port: %v", listen, err)
	}
	host = "0.0.0.0"
	if addr.IP != nil {
		host = addr.IP.String()
	}
	return host, addr.Port, nil
}

// portTaken says what an operator can do about a port that cannot be listened on.
func portTaken(listen string, err error) error {
	return models.Errorf(models.KindUnavailable, "bus: cannot listen on %s: %w; stop the program that uses it or choose another address with --nats-listen HOST:PORT", listen, err)
}

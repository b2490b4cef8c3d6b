package ingest

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// RTSP is a camera reached by RTSP (RFC 2326) or RTSPS. It takes the first video track that can be analysed and never sets
// up sound, metadata or back channels. A run is one connection, or a few when the camera redirects or refuses a transport.
type RTSP struct {
	conf   RTSPConfig
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	log    *flood.Log
	epoch  atomic.Uint64
	agreed atomic.Int32 // index of the transport that the camera took last
	gauge  gauge
}

// RTSPConfig says how a camera is reached.
type RTSPConfig struct {
	URL       models.SecretURL
	Transport string           // auto (default), tcp, udp, multicast: see models.Camera
	TLS       models.CameraTLS // rtsps: which certificate is trusted
	Allow     []netip.Prefix   // where the camera may be; nil is anywhere
	Log       *slog.Logger     // of lost and undecodable packets; nil is slog.Default
}

const (
	rtspTimeout  = 5 * time.Second // how long a camera may take to answer, and be silent
	maxRedirects = 3
)

// NewRTSP checks the configuration and makes the source.
func NewRTSP(c RTSPConfig) (*RTSP, error) {
	if err := CheckURL(c.URL); err != nil {
		return nil, err
	}
	if transportsOf(c.Transport) == nil {
		return nil, models.Invalid("transport", "%q is not a transport: use auto, tcp, udp or multicast", c.Transport)
	}
	if _, err := tlsConfig(c.TLS, ""); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &RTSP{conf: c, dial: guardedDial(c.Allow), log: flood.New(c.Log, 10*time.Second)}, nil
}

// Stream is what is known of the camera's stream now. It is safe for concurrent use and costs nothing to speak of.
func (r *RTSP) Stream() models.Stream { return r.gauge.stream(time.Now()) }

// Problems are what is wrong with the camera's description of its stream (SDP), in words; none of it keeps the video from
// being taken. They are known once the camera has answered, and safe to ask for at any time.
func (r *RTSP) Problems() []string { return r.gauge.problems() }

// CheckURL returns a KindInvalid error when u is not the URL of a camera. The error never repeats the URL.
func CheckURL(u models.SecretURL) error {
	const field = "url"
	raw := u.Reveal()
	if !strings.HasPrefix(raw, "rtsp://") && !strings.HasPrefix(raw, "rtsps://") {
		return models.Invalid(field, "must begin with rtsp:// or rtsps://, as in rtsp://user:password@192.168.1.10:554/stream1")
	}
	p, err := url.Parse(raw) // its error would repeat the URL
	if err != nil {
		return models.Invalid(field,
			"cannot be read: write special characters of the password as %%40 for @, %%3A for :, %%2F for /, %%25 for %%")
	}
	if p.Hostname() == "" {
		return models.Invalid(field, "names no host, as in rtsp://192.168.1.10:554/stream1")
	}
	if p.Fragment != "" {
		return models.Invalid(field, "holds a #: write it as %%23")
	}
	return nil
}

// Run connects and delivers access units until the camera or ctx ends it.
func (r *RTSP) Run(ctx context.Context, emit func(*models.AccessUnit)) error {
	u, err := base.ParseURL(r.conf.URL.Reveal())
	if err != nil {
		return CheckURL(r.conf.URL)
	}
	for hop := 0; ; hop++ {
		var to string
		if to, err = r.connect(ctx, u, emit); to == "" {
			break
		}
		if hop == maxRedirects {
			err = models.Errorf(models.KindUnsupported,
				"the camera at %s redirects again and again: write the last address into its URL", u.Host)
			break
		}
		if u, err = follow(u, to); err != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err, u)
}

// connect tries the transports from the one that the camera took last, until it takes one. A redirect is returned.
func (r *RTSP) connect(ctx context.Context, u *base.URL, emit func(*models.AccessUnit)) (redirect string, err error) {
	all := transportsOf(r.conf.Transport)
	first := int(r.agreed.Load())
	for i := range all {
		n := (first + i) % len(all)
		s := &session{RTSP: r, url: u, transport: all[n]}
		err = s.run(ctx, emit, func() { r.agreed.Store(int32(n)) })
		if s.redirect != "" || !refusesTransport(err) || ctx.Err() != nil {
			return s.redirect, err
		}
	}
	return "", models.Errorf(models.KindUnsupported,
		"the camera refuses %s (461): choose another transport for it", strings.Join(namesOf(all), ", "))
}

// transportsOf lists what a setting allows, in the order in which it is tried: over TCP nothing gets lost and no firewall stands
// in the way.
func transportsOf(setting string) []gortsplib.Protocol {
	switch setting {
	case "", "auto":
		return []gortsplib.Protocol{gortsplib.ProtocolTCP, gortsplib.ProtocolUDP, gortsplib.ProtocolUDPMulticast}
	case "tcp":
		return []gortsplib.Protocol{gortsplib.ProtocolTCP}
	case "udp":
		return []gortsplib.Protocol{gortsplib.ProtocolUDP}
	case "multicast":
		return []gortsplib.Protocol{gortsplib.ProtocolUDPMulticast}
	}
	return nil
}

func namesOf(transports []gortsplib.Protocol) (out []string) {
	for _, t := range transports {
		out = append(out, map[gortsplib.Protocol]string{
			gortsplib.ProtocolTCP: "TCP", gortsplib.ProtocolUDP: "UDP", gortsplib.ProtocolUDPMulticast: "multicast",
		}[t])
	}
	return out
}

// follow is the URL that a redirect leads to. Credentials go to no other host than the one they were given for, and nothing that
// was encrypted becomes readable.
func follow(from *base.URL, location string) (*base.URL, error) {
	if strings.HasPrefix(location, "/") {
		location = from.Scheme + "://" + from.Host + location
	}
	if err := CheckURL(models.SecretURL(location)); err != nil {
		return from, models.Errorf(models.KindUnsupported, "the camera at %s redirects to an address that is not a camera's", from.Host)
	}
	to, err := base.ParseURL(location)
	if err != nil {
		return from, models.Errorf(models.KindUnsupported, "the camera at %s redirects to an address that cannot be read", from.Host)
	}
	if from.Scheme == "rtsps" && to.Scheme != "rtsps" {
		return from, models.Errorf(models.KindForbidden,
			"the camera at %s redirects from rtsps to rtsp, which anybody could read: write that address into its URL if you accept it", from.Host)
	}
	to.User = nil
	if strings.EqualFold(to.Hostname(), from.Hostname()) {
		to.User = from.User
	}
	return to, nil
}

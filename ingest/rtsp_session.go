package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// session is one RTSP connection from its first byte to its last. The library speaks; what cameras get wrong is put right in
// requested and answered, through which every message passes on the library's own goroutine.
type session struct {
	*RTSP
	url       *base.URL
	transport gortsplib.Protocol
	track     *track
	end       context.CancelCauseFunc
	socket    *socket // nil in tests over pipes

	method   base.Method  // of the request that is being answered
	login    *auth.Sender // of the newest challenge
	proven   bool         // the camera has taken these credentials on this connection
	renewed  atomic.Bool  // only the nonce was too old: ask once more
	options  bool         // the camera does not take GET_PARAMETER as a sign of life
	redirect string
	failed   error // found in an answer; overrides what the library makes of it
}

// run connects and delivers until the end; agreed is called when the camera has taken the transport.
func (s *session) run(ctx context.Context, emit func(*models.AccessUnit), agreed func()) error {
	ctx, s.end = context.WithCancelCause(ctx)
	defer s.end(nil)
	s.track = &track{asm: assembler{epoch: s.epoch.Add(1)}, emit: emit, log: s.log, gauge: &s.gauge}
	c := &gortsplib.Client{
		Scheme: s.url.Scheme, Host: s.url.Host, Protocol: &s.transport, ReadTimeout: rtspTimeout, WriteTimeout: rtspTimeout,
		UserAgent: "counterwatch", AnyPortEnable: true, DialContext: s.open, DialTLSContext: s.dialTLS, ListenPacket: listenPacket,
		OnRequest: s.requested, OnResponse: s.answered, OnTransportSwitch: func(error) {},
		OnPacketsLost: s.track.missing,
		// A packet that cannot be read shows as a gap if it was one of the video's.
		OnDecodeError: func(err error) { s.log.Warn("packet cannot be read", "err", err) },
	}
	if err := c.Start(); err != nil {
		return err
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(stopped); c.Close() })
	defer func() {
		if !stop() {
			<-stopped
		}
		c.Close()
	}()
	err := s.play(c, agreed)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if s.failed != nil {
		return s.failed
	}
	return err
}

// play asks for the video and waits for its end.
func (s *session) play(c *gortsplib.Client, agreed func()) error {
	var desc *description.Session
	if err := s.ask(func() (err error) { desc, _, err = c.Describe(s.url); return err }); err != nil {
		return err
	}
	if s.failed != nil {
		return s.failed
	}
	media := desc.Medias[0]
	if err := s.ask(func() error { return setup(c, desc.BaseURL, media) }); err != nil {
		// A wrong Content-Base leads nowhere: what was asked for does.
		if code := statusOf(err); code != base.StatusNotFound && code != base.StatusSessionNotFound && code != base.StatusBadRequest || *desc.BaseURL == *s.url {
			return err
		}
		if again := s.ask(func() error { return setup(c, s.url, media) }); again != nil {
			return err
		}
	}
	agreed()
	c.OnPacketRTP(media, media.Formats[0], s.guarded(s.track.receive))
	c.OnPacketRTCP(media, func(p rtcp.Packet) {
		if sr, ok := p.(*rtcp.SenderReport); ok {
			s.gauge.reported(sr.NTPTime, time.Now())
		}
	})
	s.gauge.connected(s.track.asm.codec, s.transportName())
	if err := s.ask(func() error { _, err := c.Play(nil); return err }); err != nil {
		return err
	}
	if s.socket != nil {
		s.socket.gather()
	}
	return c.Wait()
}

// setup asks for one track. A control attribute that does not make a URL would crash the library; the stream's own URL stands in.
func setup(c *gortsplib.Client, at *base.URL, m *description.Media) error {
	if u, err := m.URL(at); err != nil || u == nil {
		m.Control = ""
	}
	_, err := c.Setup(at, m, 0, 0)
	return err
}

// guarded keeps a defect that a camera's packet brings to light on that camera.
func (s *session) guarded(receive func(*rtp.Packet, time.Time)) func(*rtp.Packet) {
	return func(p *rtp.Packet) {
		defer func() {
			if v := recover(); v != nil {
				s.conf.Log.Error("source panicked", "panic", v, "stack", string(debug.Stack()))
				s.end(models.Errorf(models.KindInternal, "the program failed on this camera's stream: %v", v))
			}
		}()
		receive(p, time.Now())
	}
}

// ask sends a request, and once more when the camera only wanted a newer nonce.
func (s *session) ask(request func() error) error {
	s.renewed.Store(false)
	err := request()
	if statusOf(err) == base.StatusUnauthorized && s.renewed.Swap(false) {
		return request()
	}
	return err
}

// requested sees every request before it is sent.
func (s *session) requested(req *base.Request) {
	if req.Method == base.GetParameter && s.options {
		req.Method = base.Options
	}
	s.method = req.Method
	if s.login != nil {
		s.login.AddAuthorization(req)
	}
}

// answered sees every answer before the library does.
func (s *session) answered(res *base.Response) {
	switch {
	case res.StatusCode == base.StatusUnauthorized:
		s.challenged(res)
	case res.StatusCode >= base.StatusMovedPermanently && res.StatusCode <= base.StatusUseProxy:
		// The library would follow anywhere, with the credentials.
		if to := res.Header["Location"]; len(to) == 1 {
			s.redirect = to[0]
			delete(res.Header, "Location")
		}
	case s.method == base.Options && res.StatusCode >= base.StatusBadRequest:
		res.StatusCode = base.StatusOK // not every camera knows OPTIONS; what it can do shows later
	case s.method == base.GetParameter && res.StatusCode >= base.StatusBadRequest:
		s.options = true
	case res.StatusCode != base.StatusOK:
	case s.method == base.Describe:
		s.proven = s.login != nil
		s.failed = s.describe(res)
	case s.method == base.Setup:
		s.proven = s.login != nil
		s.failed = s.transportAnswer(res)
	}
}

// challenged answers 401. A password that was never taken is not tried twice: cameras lock accounts.
func (s *session) challenged(res *base.Response) {
	if s.url.User == nil {
		return
	}
	password, _ := s.url.User.Password()
	next := &auth.Sender{WWWAuth: res.Header["WWW-Authenticate"], User: s.url.User.Username(), Pass: password}
	if next.Initialize() != nil {
		return
	}
	stale := strings.Contains(strings.ToLower(strings.ReplaceAll(strings.Join(next.WWWAuth, ","), `"`, "")), "stale=true")
	s.renewed.Store(s.login != nil && (s.proven || stale))
	s.login = next
}

// describe leaves of a camera's description the video, in a form that the library takes.
func (s *session) describe(res *base.Response) error {
	d, err := readSDP(res.Body)
	s.gauge.described(d.problems)
	if err != nil {
		return err
	}
	if err := s.track.init(d.video); err != nil {
		return err
	}
	res.Body = d.rewritten()
	res.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
	if cb := res.Header["Content-Base"]; len(cb) > 0 {
		res.Header["Content-Base"] = cb[:1]
		if u, err := base.ParseURL(cb[0]); !strings.HasPrefix(cb[0], "/") && (err != nil || u.Host == "") {
			delete(res.Header, "Content-Base")
		}
	}
	return nil
}

// transportAnswer puts right what a camera answers to SETUP. Media come from the address that was dialled and checked, whatever
// source the camera names, and from groups that its site allows.
func (s *session) transportAnswer(res *base.Response) error {
	fields := strings.Split(strings.Join(res.Header["Transport"], ","), ";")
	var kept []string
	var group, channels bool
	for _, f := range fields {
		key, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		switch strings.ToLower(key) {
		case "source":
			continue
		case "destination":
			if s.transport != gortsplib.ProtocolUDPMulticast {
				continue
			}
			a, err := netip.ParseAddr(value)
			if err != nil || !a.IsMulticast() {
				return models.Errorf(models.KindUnsupported, "the camera at %s sends to %q, which is not a multicast group", s.url.Host, value)
			}
			if err := CheckAddress(s.conf.Allow, a); err != nil {
				return err
			}
			group = true
		case "interleaved":
			channels = true
		}
		if f != "" {
			kept = append(kept, f)
		}
	}
	switch {
	case s.transport == gortsplib.ProtocolTCP && len(kept) == 0:
		kept = []string{"RTP/AVP/TCP;unicast;interleaved=0-1"}
	case s.transport == gortsplib.ProtocolTCP && !channels && strings.Contains(strings.ToUpper(kept[0]), "/TCP"):
		kept = append(kept, "interleaved=0-1")
	case s.transport == gortsplib.ProtocolUDPMulticast && !group:
		return models.Errorf(models.KindUnsupported, "the camera at %s names no multicast group", s.url.Host)
	}
	res.Header["Transport"] = base.HeaderValue{strings.Join(kept, ";")}
	return nil
}

func (s *session) transportName() string {
	switch {
	case s.url.Scheme == "rtsps":
		return "tls"
	case s.transport == gortsplib.ProtocolUDP:
		return "udp"
	case s.transport == gortsplib.ProtocolUDPMulticast:
		return "multicast"
	}
	return "tcp"
}

// open dials.
func (s *session) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn = newSocket(conn)
	s.socket, _ = conn.(*socket)
	return conn, nil
}

// dialTLS dials and shakes hands inside ctx's time; the library would wait for ever for a camera that accepts and is silent.
func (s *session) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.open(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conf, err := tlsConfig(s.conf.TLS, s.url.Hostname())
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	t := tls.Client(conn, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return t, nil
}

// udpBuffer holds a key frame of a large picture, which comes in one burst. The kernel may allow less.
const udpBuffer = 1 << 20

func listenPacket(network, address string) (net.PacketConn, error) {
	pc, err := net.ListenPacket(network, address)
	if u, ok := pc.(*net.UDPConn); ok {
		_ = u.SetReadBuffer(udpBuffer)
	}
	return pc, err
}

// statusOf is the code of the answer that err is, or 0.
func statusOf(err error) base.StatusCode {
	if e, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
		return e.Code
	}
	return 0
}

// refusesTransport reports whether another transport may do.
func refusesTransport(err error) bool {
	_, udp := errors.AsType[liberrors.ErrClientServerRequestedUDP](err)
	_, tcp := errors.AsType[liberrors.ErrClientServerRequestedTCP](err)
	_, delivery := errors.AsType[liberrors.ErrClientTransportHeaderInvalidDelivery](err)
	return udp || tcp || delivery || statusOf(err) == base.StatusUnsupportedTransport
}

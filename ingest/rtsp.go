package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// RTSP is a camera reached by RTSP (RFC 2326) or RTSPS. It takes the first video track that can be analysed and leaves
// sound, metadata and back channels alone. Over TCP first; a camera that answers 461 is asked again with the transport
// chosen automatically, and that is remembered.
type RTSP struct {
	conf    RTSPConfig
	timeout time.Duration
	log     *flood.Log
	epoch   atomic.Uint64
	auto    atomic.Bool // TCP was refused
	gauge   gauge
}

// RTSPConfig says how a camera is reached.
type RTSPConfig struct {
	URL       models.SecretURL
	Transport string           // auto (default), tcp, udp, multicast: see models.Camera
	TLS       models.CameraTLS // rtsps: which certificate is trusted
	Allow     []netip.Prefix   // where the camera may be; nil is anywhere
	Log       *slog.Logger     // of lost and undecodable packets; nil is slog.Default
}

// rtspTimeout is how long a camera may take to answer.
const rtspTimeout = 5 * time.Second

// NewRTSP checks the configuration and makes the source.
func NewRTSP(c RTSPConfig) (*RTSP, error) {
	if err := CheckURL(c.URL); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &RTSP{conf: c, timeout: rtspTimeout, log: flood.New(c.Log, 10*time.Second)}, nil
}

// Stream is what is known of the camera's stream now. It is safe for concurrent use and costs nothing to speak of.
func (r *RTSP) Stream() models.Stream { return r.gauge.stream() }

// CheckURL returns a KindInvalid error when u is not the URL of a camera. The error never repeats the URL.
func CheckURL(u models.SecretURL) error {
	const field = "url"
	raw := u.Reveal()
	if !strings.HasPrefix(raw, "rtsp://") && !strings.HasPrefix(raw, "rtsps://") {
		return models.Invalid(field, "must begin with rtsp:// or rtsps://, as in rtsp://user:password@192.168.1.10:554/stream1")
	}
	p, err := url.Parse(raw) // its error would repeat the URL
	if err != nil {
		return models.Invalid(field, "cannot be read: write special characters of the password as %%40 for @, %%3A for :, %%2F for /, %%25 for %%")
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
	err = r.session(ctx, u, emit)
	if refusesTCP(err) && !r.auto.Swap(true) {
		err = r.session(ctx, u, emit)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return explain(err, u)
}

func refusesTCP(err error) bool {
	if e, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
		return e.Code == base.StatusUnsupportedTransport
	}
	_, ok := errors.AsType[liberrors.ErrClientServerRequestedUDP](err)
	return ok
}

// session is one connection from its first byte to its last.
func (r *RTSP) session(ctx context.Context, u *base.URL, emit func(*models.AccessUnit)) error {
	t := &track{asm: assembler{epoch: r.epoch.Add(1)}, emit: emit, log: r.log, gauge: &r.gauge}
	c := &gortsplib.Client{
		Scheme: u.Scheme, Host: u.Host, ReadTimeout: r.timeout, WriteTimeout: r.timeout, UserAgent: "counterwatch",
		OnPacketsLost:     func(n uint64) { t.lose("packets lost", "packets", n) },
		OnDecodeError:     func(err error) { t.lose("packet cannot be read", "err", err) },
		OnTransportSwitch: func(error) {}, DialContext: guardedDial(r.conf.Allow),
	}
	if !r.auto.Load() {
		tcp := gortsplib.ProtocolTCP
		c.Protocol = &tcp
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

	desc, _, err := c.Describe(u)
	if err != nil {
		return err
	}
	media, err := t.choose(desc)
	if err != nil {
		return err
	}
	if _, err := c.Setup(desc.BaseURL, media, 0, 0); err != nil {
		return err
	}
	r.gauge.connected(t.asm.codec, "tcp")
	t.listen(c, media)
	if _, err := c.Play(nil); err != nil {
		return err
	}
	return c.Wait()
}

// explain turns a library's error into one that an operator can act on, of the kind that Source promises, and without
// credentials.
func explain(err error, u *base.URL) error {
	if e, ok := errors.AsType[*models.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
		switch e.Code {
		case base.StatusUnauthorized:
			if u.User == nil {
				return models.Errorf(models.KindUnauthenticated, "the camera asks for a user name and password (401): add them to its URL")
			}
			return models.Errorf(models.KindUnauthenticated, "the camera refuses the user name or password (401): correct them in its URL")
		case base.StatusForbidden:
			return models.Errorf(models.KindForbidden, "the camera forbids this user to watch (403): give the user the right to view in the camera's settings")
		case base.StatusNotFound:
			return models.Errorf(models.KindNotFound, "the camera has no stream at this path (404): correct the path in its URL")
		}
	}
	if e, ok := errors.AsType[liberrors.ErrClientSDPInvalid](err); ok {
		return models.Errorf(models.KindUnsupported, "the camera describes its stream wrongly (%s): try its other stream", scrub(e.Error(), u))
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return models.Errorf(models.KindUnavailable, "the camera at %s does not answer", u.Host)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return models.Errorf(models.KindUnavailable, "the camera at %s closed the connection", u.Host)
	}
	return models.Errorf(models.KindUnavailable, "the camera at %s: %s", u.Host, scrub(fmt.Sprint(err), u))
}

// scrub removes the password from a text, as it is and as a URL writes it.
func scrub(text string, u *base.URL) string {
	if u.User == nil {
		return text
	}
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, u.User.String(), "***")
		text = strings.ReplaceAll(text, url.QueryEscape(password), "***")
		text = strings.ReplaceAll(text, password, "***")
	}
	return text
}

// choose picks the first video track that can be analysed.
func (t *track) choose(desc *description.Session) (*description.Media, error) {
	var offered []string
	for _, m := range desc.Medias {
		if m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			if t.init(f) {
				return m, nil
			}
			offered = append(offered, codecName(f))
		}
	}
	if len(offered) == 0 {
		return nil, models.Errorf(models.KindUnsupported, "the camera offers no video")
	}
	return nil, models.Errorf(models.KindUnsupported, "the camera offers %s: set it to H.264, H.265 or MJPEG", strings.Join(offered, ", "))
}

// codecName is what the camera's description calls a codec: VP8, PCMA.
func codecName(f format.Format) string {
	if name, _, _ := strings.Cut(f.RTPMap(), "/"); name != "" {
		return name
	}
	return fmt.Sprintf("payload type %d", f.PayloadType())
}

// init prepares the track for a format; false when the format cannot be analysed.
func (t *track) init(f format.Format) bool {
	var err error
	switch f := f.(type) {
	case *format.H264:
		t.asm.codec = models.CodecH264
		t.asm.keep(given(f.SPS, f.PPS))
		t.decode, err = decoderOf(f.CreateDecoder())
	case *format.H265:
		t.asm.codec = models.CodecH265
		t.asm.keep(given(f.VPS, f.SPS, f.PPS))
		t.decode, err = decoderOf(f.CreateDecoder())
	case *format.MJPEG:
		t.asm.codec = models.CodecMJPEG
		d, e := f.CreateDecoder()
		t.decode, err = single{d}.decode, e
	default:
		return false
	}
	t.format = f
	return err == nil
}

// given are the parameter sets that an SDP really holds.
func given(sets ...[]byte) (out [][]byte) {
	for _, s := range sets {
		if len(s) > 0 {
			out = append(out, s)
		}
	}
	return out
}

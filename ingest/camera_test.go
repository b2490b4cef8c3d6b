package ingest

import (
	"cmp"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) {
	_, _ = net.LookupHost("localhost") // now: what net makes at the first look-up may not belong to a test whose time is its own
	goleak.VerifyTestMain(m)
}

// Parameter sets of a real H.264 stream of 1280x720.
var (
	sps = []byte{0x67, 0x64, 0x00, 0x0c, 0xac, 0x3b, 0x50, 0xb0, 0x4b, 0x42, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3d, 0x08}
	pps = []byte{0x68, 0xee, 0x3c, 0x80}
	idr = []byte{0x65, 0x88, 2, 3}
	p   = []byte{0x41, 0x9a, 9}
	sei = []byte{0x06, 5, 1, 1}
)

// camera is a real RTSP server in the test, with the faults a test asks for.
type camera struct {
	user, password string
	onlyUDP        bool
	onlyMulticast  bool
	host           string          // default 127.0.0.1
	source         string          // what is added to the answer to SETUP
	noPorts        bool            // does not say from where it sends
	readerPort     atomic.Int64    // the reader's UDP port
	status         base.StatusCode // of DESCRIBE, when not 0
	stream         *gortsplib.ServerStream
	server         *gortsplib.Server
	logins         atomic.Int64 // DESCRIBEs with wrong credentials
	setups         atomic.Int64
	refused        atomic.Int64  // SETUPs over TCP
	asked          atomic.Bool   // PLAY is being answered
	playing        chan struct{} // what is sent from now on reaches the reader
}

func newCamera(t *testing.T, c *camera, formats ...format.Format) *camera {
	t.Helper()
	c.playing = make(chan struct{}, 10)
	l, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(c.host, "127.0.0.1"), "0"))
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	c.server = &gortsplib.Server{Handler: c, RTSPAddress: addr}
	if c.onlyMulticast {
		c.server.MulticastIPRange, c.server.MulticastRTPPort, c.server.MulticastRTCPPort = "239.7.0.0/16", 8002, 8003
	}
	if c.onlyUDP {
		c.server.UDPRTPAddress, c.server.UDPRTCPAddress = udpPair(t)
	}
	if err := c.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Close)
	var medias []*description.Media
	for _, f := range formats {
		typ := description.MediaTypeVideo
		if _, ok := f.(*format.G711); ok {
			typ = description.MediaTypeAudio
		}
		medias = append(medias, &description.Media{Type: typ, Formats: []format.Format{f}})
	}
	c.stream = &gortsplib.ServerStream{Server: c.server, Desc: &description.Session{Medias: medias}}
	if err := c.stream.Initialize(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stream.Close)
	return c
}

// udpPair finds two neighbouring free ports, the first even.
func udpPair(t *testing.T) (rtpAddr, rtcpAddr string) {
	t.Helper()
	for port := 20000; port < 60000; port += 2 {
		a, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			continue
		}
		b, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1})
		_ = a.Close()
		if err != nil {
			continue
		}
		_ = b.Close()
		return a.LocalAddr().String(), b.LocalAddr().String()
	}
	t.Fatal("no free UDP ports")
	return "", ""
}

func (c *camera) url(userinfo string) models.SecretURL {
	return models.SecretURL("rtsp://" + userinfo + c.server.RTSPAddress + "/stream")
}

func (c *camera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if c.status != 0 {
		return &base.Response{StatusCode: c.status}, nil, nil
	}
	if c.user != "" && !ctx.Conn.VerifyCredentials(ctx.Request, c.user, c.password) {
		if _, ok := ctx.Request.Header["Authorization"]; ok {
			c.logins.Add(1)
		}
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if c.onlyUDP && ctx.Transport.Protocol == gortsplib.ProtocolTCP {
		c.refused.Add(1)
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
	}
	if c.onlyMulticast && ctx.Transport.Protocol != gortsplib.ProtocolUDPMulticast {
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
	}
	c.setups.Add(1)
	var asked headers.Transport
	if asked.Unmarshal(ctx.Request.Header["Transport"]) == nil && asked.ClientPorts != nil {
		c.readerPort.Store(int64(asked.ClientPorts[0]))
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	c.asked.Store(true)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (c *camera) OnResponse(_ *gortsplib.ServerConn, res *base.Response) {
	if t := res.Header["Transport"]; len(t) == 1 {
		res.Header["Transport"] = base.HeaderValue{t[0] + c.source}
		if before, after, ok := strings.Cut(t[0], ";server_port="); ok && c.noPorts {
			_, after, _ = strings.Cut(after, ";")
			res.Header["Transport"] = base.HeaderValue{before + ";" + after}
		}
	}
	if c.asked.Swap(false) {
		c.playing <- struct{}{}
	}
}

// sender packetises units for one media of the camera.
type sender struct {
	c      *camera
	media  int
	encode func([][]byte) ([]*rtp.Packet, error)
	drop   func(i int) bool // packets of a unit that get lost
	n      uint32
}

func (s *sender) send(t *testing.T, nalus ...[]byte) {
	t.Helper()
	packets, err := s.encode(nalus)
	if err != nil {
		t.Fatal(err)
	}
	s.n++
	for i, q := range packets {
		q.Timestamp = 90000 + s.n*6000 // 15 a second
		if s.drop != nil && s.drop(i) {
			continue
		}
		if err := s.c.stream.WritePacketRTP(s.c.stream.Desc.Medias[s.media], q); err != nil {
			t.Fatal(err)
		}
	}
}

// run starts a source and returns its units and its end.
func run(t *testing.T, s Source) (units chan *models.AccessUnit, ended chan error, stop context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	units, ended = make(chan *models.AccessUnit, 100), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(u *models.AccessUnit) { units <- u }) }()
	return units, ended, cancel
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came within 10 s")
		panic("unreachable")
	}
}

package flapping

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How a camera is.
const (
	up     = iota // answers and sends five pictures a second, a key frame each second
	silent        // accepts connections as the system does for a program that hangs; connections stay and say nothing
	gone          // resets every connection
)

const pictureEvery = 200 * time.Millisecond

// Parameter sets and slices of H.264; nobody decodes them here.
var (
	sps = []byte{
		0x67, 0x64, 0x00, 0x0c, 0xac, 0x3b, 0x50, 0xb0, 0x4b, 0x42, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3d, 0x08,
	}
	pps     = []byte{0x68, 0xee, 0x3c, 0x80}
	idr     = append([]byte{0x65, 0x88}, make([]byte, 1000)...)
	between = append([]byte{0x41, 0x9a}, make([]byte, 200)...)
)

// camera is the smallest RTSP server over TCP that a client takes for one (RFC 2326, RFC 6184), so that hundreds of them cost
// little beside what is measured.
type camera struct {
	listener net.Listener
	mode     atomic.Int32
	all      sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

func newCamera() (*camera, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &camera{listener: l, conns: map[net.Conn]struct{}{}}
	c.all.Go(c.serve)
	return c, nil
}

func (c *camera) url() models.SecretURL {
	return models.SecretURL("rtsp://" + c.listener.Addr().String() + "/stream")
}

// turn changes how the camera is.
func (c *camera) turn(mode int32) {
	c.mode.Store(mode)
	if mode == gone {
		c.cut()
	}
}

// cut resets all connections.
func (c *camera) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		reset(conn)
	}
}

func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func (c *camera) close() {
	_ = c.listener.Close()
	c.cut()
	c.all.Wait()
}

func (c *camera) serve() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.conns[conn] = struct{}{}
		c.mu.Unlock()
		if c.mode.Load() == gone {
			reset(conn)
		}
		c.all.Go(func() {
			c.talk(conn)
			_ = conn.Close()
			c.mu.Lock()
			delete(c.conns, conn)
			c.mu.Unlock()
		})
	}
}

// talk answers requests until the connection ends.
func (c *camera) talk(conn net.Conn) {
	stop := make(chan struct{})
	var playing sync.WaitGroup
	defer playing.Wait()
	defer close(stop)
	var writing sync.Mutex
	write := func(b []byte) error {
		writing.Lock()
		defer writing.Unlock()
		_, err := conn.Write(b)
		return err
	}
	r := bufio.NewReader(conn)
	for {
		method, u, seq, err := request(r)
		if err != nil {
			return
		}
		for c.mode.Load() == silent { // a program that hangs answers when it goes on
			time.Sleep(20 * time.Millisecond)
		}
		if err := write([]byte(answer(method, u, seq))); err != nil || method == "TEARDOWN" {
			return
		}
		if method == "PLAY" {
			playing.Go(func() { c.play(write, stop) })
		}
	}
}

// request reads one request without a body, leaving out what the client reports about packets.
func request(r *bufio.Reader) (method, u, seq string, err error) {
	for {
		b, err := r.Peek(4)
		if err != nil {
			return "", "", "", err
		}
		if b[0] != '$' {
			break
		}
		if _, err := r.Discard(4 + int(binary.BigEndian.Uint16(b[2:]))); err != nil {
			return "", "", "", err
		}
	}
	lines := textproto.NewReader(r)
	line, err := lines.ReadLine()
	if err != nil {
		return "", "", "", err
	}
	header, err := lines.ReadMIMEHeader()
	words := strings.Fields(line)
	if err == nil && len(words) != 3 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", "", "", err
	}
	return words[0], words[1], header.Get("CSeq"), nil
}

func answer(method, u, seq string) string {
	var header, body string
	switch method {
	case "OPTIONS":
		header = "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
	case "DESCRIBE":
		sets := base64.StdEncoding.EncodeToString(sps) + "," + base64.StdEncoding.EncodeToString(pps)
		body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
			"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=" + sets + "\r\na=control:track1\r\n"
		header = fmt.Sprintf("Content-Base: %s/\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n", u, len(body))
	case "SETUP":
		header = "Session: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
	default:
		header = "Session: 1\r\n"
	}
	return "RTSP/1.0 200 OK\r\nCSeq: " + seq + "\r\n" + header + "\r\n" + body
}

// play sends pictures, each in one packet, while the camera is up.
func (c *camera) play(write func([]byte) error, stop <-chan struct{}) {
	tick := time.NewTicker(pictureEvery)
	defer tick.Stop()
	begun := time.Now()
	var number uint16
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if c.mode.Load() != up {
			continue
		}
		nalu := between
		if n%5 == 0 {
			nalu = idr
		}
		number++
		p := binary.BigEndian.AppendUint16([]byte{'$', 0}, uint16(12+len(nalu)))
		p = append(p, 0x80, 0x80|96)
		p = binary.BigEndian.AppendUint16(p, number)
		p = binary.BigEndian.AppendUint32(p, uint32(time.Since(begun)*90/time.Millisecond))
		p = append(append(p, 0, 0, 0, 1), nalu...)
		if write(p) != nil {
			return
		}
	}
}

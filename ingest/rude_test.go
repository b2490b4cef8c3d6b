package ingest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// rude is an RTSP camera at the other end of a pipe that is as badly behaved as a case wants it: gortsplib's server is too
// polite. Its time is the test's (testing/synctest), so that hours of it take no time.
type rude struct {
	sdp    string                                                     // nil: one H.264 track
	on     map[base.Method]func(*rude, *base.Request, *base.Response) // changes an answer; status 0 is none
	before func(*rude)                                                // sends before PLAY is answered
	play   func(*rude)                                                // sends after; nil: 15 pictures a second
	cert   *tls.Certificate                                           // speaks TLS
	encode func(nalus [][]byte) ([]*rtp.Packet, error)                // nil: H.264
	lose   func(i int) bool                                           // packets that get lost, by sequence number
	alter  func(*rtp.Packet)                                          // what is wrong with packets

	all      sync.WaitGroup
	dials    atomic.Int32
	mu       sync.Mutex
	conn     net.Conn
	dialled  []string
	requests []string // method and URL, in order
	headers  []base.Header
	number   uint16 // of the next packet
	stamp    uint32 // of the next picture
	sent     int    // pictures
}

// dial is what a source under test dials with.
func (r *rude) dial(_ context.Context, _, address string) (net.Conn, error) {
	client, server := net.Pipe()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dials.Add(1)
	r.dialled = append(r.dialled, address)
	r.conn = server
	if r.cert != nil {
		r.conn = tls.Server(r.buffered(server), &tls.Config{Certificates: []tls.Certificate{*r.cert}})
	}
	conn := r.conn
	r.all.Go(func() { r.serve(conn) })
	return client, nil
}

// unblocked is a pipe whose writer does not wait for the reader, as on a network: both ends of TLS write at once.
type unblocked struct {
	net.Conn
	out chan []byte
}

func (r *rude) buffered(conn net.Conn) net.Conn {
	u := unblocked{conn, make(chan []byte, 1000)}
	r.all.Go(func() {
		for b := range u.out {
			if b == nil {
				return
			}
			if _, err := conn.Write(b); err != nil {
				return
			}
		}
	})
	return u
}

func (u unblocked) Write(b []byte) (int, error) {
	select {
	case u.out <- append([]byte{}, b...):
		return len(b), nil
	default:
		return 0, net.ErrClosed
	}
}

func (u unblocked) Close() error {
	select {
	case u.out <- nil:
	default:
	}
	return u.Conn.Close()
}

func (r *rude) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		if b, err := in.Peek(1); err != nil {
			return
		} else if b[0] == base.InterleavedFrameMagicByte { // receiver reports
			if new(base.InterleavedFrame).Unmarshal(in) != nil {
				return
			}
			continue
		}
		var req base.Request
		if req.Unmarshal(in) != nil {
			_, _ = conn.Write([]byte("RTSP/1.0 400 Bad Request\r\n\r\n"))
			return
		}
		r.mu.Lock()
		r.requests = append(r.requests, string(req.Method)+" "+req.URL.String())
		r.headers = append(r.headers, req.Header)
		r.mu.Unlock()
		res := r.answer(&req)
		if f := r.on[req.Method]; f != nil {
			f(r, &req, res)
		}
		if req.Method == base.Play && r.before != nil {
			r.before(r)
		}
		if res.StatusCode == 0 {
			continue
		}
		b, err := res.Marshal()
		if err != nil {
			panic(err)
		}
		if r.write(b) != nil {
			return
		}
		if req.Method == base.Play && res.StatusCode == base.StatusOK {
			play := r.play
			if play == nil {
				play = func(r *rude) { r.film(1<<30, 15) }
			}
			r.all.Go(func() { play(r) })
		}
	}
}

// answer is what a good camera says.
func (r *rude) answer(req *base.Request) *base.Response {
	res := &base.Response{StatusCode: base.StatusOK, Header: base.Header{"CSeq": req.Header["CSeq"]}}
	switch req.Method {
	case base.Options:
		res.Header["Public"] = base.HeaderValue{"DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"}
	case base.Describe:
		res.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
		res.Body = []byte(r.sdp)
		if r.sdp == "" {
			res.Body = []byte(sdpHead + sdpH264)
		}
	case base.Setup:
		res.Header["Transport"], res.Header["Session"] = req.Header["Transport"], base.HeaderValue{"7"}
	}
	return res
}

func (r *rude) write(b []byte) error {
	r.mu.Lock()
	conn := r.conn
	r.mu.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, err := conn.Write(b)
	return err
}

func (r *rude) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.conn.Close()
}

// frame sends one interleaved frame.
func (r *rude) frame(channel int, payload []byte) error {
	b, err := base.InterleavedFrame{Channel: channel, Payload: payload}.Marshal()
	if err != nil {
		panic(err)
	}
	return r.write(b)
}

// unit sends a picture; the next one is a fifteenth of a second later.
func (r *rude) unit(nalus ...[]byte) error {
	if r.encode == nil {
		e := &rtph264.Encoder{PayloadType: 96, PacketizationMode: 1}
		if err := e.Init(); err != nil {
			panic(err)
		}
		r.encode = func(nalus [][]byte) (out []*rtp.Packet, err error) { // none aggregated
			for i, n := range nalus {
				packets, err := e.Encode([][]byte{n})
				if err != nil {
					return nil, err
				}
				packets[len(packets)-1].Marker = i == len(nalus)-1
				out = append(out, packets...)
			}
			return out, nil
		}
	}
	packets, err := r.encode(nalus)
	if err != nil {
		panic(err)
	}
	for _, p := range packets {
		p.Timestamp = r.stamp
		if err := r.packet(p); err != nil {
			return err
		}
	}
	r.next()
	return nil
}

// next lets the time of a picture pass.
func (r *rude) next() {
	r.stamp += 6000
	r.sent++
	time.Sleep(time.Second / 15)
}

// packet numbers a packet and sends it.
func (r *rude) packet(p *rtp.Packet) error {
	p.Version, p.SequenceNumber = 2, r.number
	r.number++
	if r.alter != nil {
		r.alter(p)
	}
	if r.lose != nil && r.lose(int(p.SequenceNumber)) {
		return nil
	}
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return r.frame(0, b)
}

// film sends n pictures in groups.
func (r *rude) film(n, group int) {
	for i := range n {
		var err error
		if i%group == 0 {
			err = r.unit(sps, pps, idr)
		} else {
			err = r.unit(p)
		}
		if err != nil {
			return
		}
	}
}

// report sends a sender report of a camera whose clock is so much ahead.
func (r *rude) report(ahead time.Duration) {
	b, err := (&rtcp.SenderReport{SSRC: 1, NTPTime: ntp.Encode(time.Now().Add(ahead))}).Marshal()
	if err != nil {
		panic(err)
	}
	_ = r.frame(1, b)
}

// asked counts requests.
func (r *rude) asked(prefix string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.requests {
		if strings.HasPrefix(q, prefix) {
			n++
		}
	}
	return n
}

// visit is what came of a source's run.
type visit struct {
	units []*models.AccessUnit
	err   error // why it ended by itself
	src   *RTSP
	at    models.Stream // before it ended
}

// text writes units as K3 P1 P1!: key frame of 3 NAL units, others of 1, damaged.
func (v *visit) text() string {
	var out []string
	for _, u := range v.units {
		s := fmt.Sprintf("P%d", len(u.NALUs))
		if u.Key {
			s = fmt.Sprintf("K%d", len(u.NALUs))
		}
		if u.Damaged {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// run runs a source against the camera for so long.
func (r *rude) run(t *testing.T, conf RTSPConfig, during time.Duration) *visit {
	t.Helper()
	if conf.URL == "" {
		conf.URL = "rtsp://camera/stream"
	}
	conf.Log = slog.New(slog.DiscardHandler)
	src, err := NewRTSP(conf)
	if err != nil {
		t.Fatal(err)
	}
	defer src.log.Close()
	src.dial = r.dial
	v := &visit{src: src}
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	var mu sync.Mutex
	ended := make(chan error, 1)
	go func() {
		ended <- src.Run(ctx, func(u *models.AccessUnit) {
			mu.Lock()
			defer mu.Unlock()
			v.units = append(v.units, u)
		})
	}()
	time.Sleep(during - time.Millisecond)
	v.at = src.Stream()
	err = <-ended
	if ctx.Err() == nil || err != ctx.Err() {
		v.err = err
	}
	r.mu.Lock()
	if r.conn != nil {
		_ = r.conn.Close()
	}
	r.mu.Unlock()
	r.all.Wait()
	synctest.Wait()
	return v
}

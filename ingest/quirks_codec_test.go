package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/jpeg"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// Parameter sets of an H.265 stream of 704x576, and slices.
var (
	vps5 = []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x04, 0x08, 0x00, 0x00, 0x03, 0x00, 0x9e, 0x08, 0x00, 0x00, 0x03, 0x00, 0x00, 0x5a, 0x95, 0x98, 0x09}
	sps5 = []byte{
		0x42, 0x01, 0x01, 0x04, 0x08, 0x00, 0x00, 0x03, 0x00, 0x9e, 0x08, 0x00, 0x00, 0x03, 0x00, 0x00, 0x5a, 0x90, 0x00, 0xb0, 0x40, 0x12, 0x0b, 0x2c,
		0xac, 0xd2, 0x49, 0x95, 0xe0, 0x2d, 0xc0, 0x80, 0x80, 0x10, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x0f, 0x08,
	}
	pps5 = []byte{0x44, 0x01, 0xc1, 0x72, 0x86, 0x0c, 0x46, 0x24}
	idr5 = []byte{19 << 1, 1, 0x80, 7}
	p5   = []byte{1 << 1, 1, 0x80, 7}
	n5   = []byte{1 << 1, 1, 0x20, 7} // a further slice
)

func codecQuirks(t *testing.T) []quirk {
	h265 := func(units ...[][]byte) func(*rude) {
		return func(r *rude) {
			e := &rtph265.Encoder{PayloadType: 96}
			if err := e.Init(); err != nil {
				panic(err)
			}
			r.encode = e.Encode
			sends(units...)(r)
		}
	}
	picture := testJPEG(t, 320, 240)
	mjpeg := func(change func(*rtp.Packet)) func(*rude) {
		return func(r *rude) {
			e := &rtpmjpeg.Encoder{}
			if err := e.Init(); err != nil {
				panic(err)
			}
			r.encode = func(pictures [][]byte) ([]*rtp.Packet, error) { return e.Encode(pictures[0]) }
			r.alter = change
			sends([][]byte{picture}, [][]byte{picture}, [][]byte{picture})(r)
		}
	}
	shows := func(size models.Size, restart bool) func(*testing.T, *rude, *visit) {
		return func(t *testing.T, _ *rude, v *visit) {
			if v.at.Size != size || v.at.Codec != models.CodecMJPEG {
				t.Errorf("%+v", v.at)
			}
			for i, u := range v.units {
				c, err := jpeg.DecodeConfig(bytes.NewReader(u.NALUs[0]))
				if err != nil || c.Width != size.W || c.Height != size.H || !u.Key {
					t.Errorf("picture %d: %+v %v", i, c, err)
				}
				if has := bytes.Contains(u.NALUs[0], []byte{0xff, 0xdd, 0, 4, 0, 40}); has != restart {
					t.Errorf("restart interval %v, want %v", has, restart)
				}
			}
		}
	}
	const sdpH265 = sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"
	const sdpJPEG = sdpHead + "m=video 0 RTP/AVP 26\r\n"
	return []quirk{
		{name: "H.265", camera: &rude{sdp: sdpH265, play: h265([][]byte{p5}, [][]byte{vps5, sps5, pps5, idr5}, [][]byte{p5, n5}, [][]byte{idr5})}, units: "P1 K4 P2 K4", check: func(t *testing.T, _ *rude, v *visit) {
			if v.at.Size != (models.Size{W: 704, H: 576}) || v.at.Codec != models.CodecH265 {
				t.Errorf("%+v", v.at)
			}
		}},
		{name: "H.265 without marker", camera: &rude{sdp: sdpH265, alter: func(p *rtp.Packet) { p.Marker = false }, play: h265([][]byte{vps5, sps5, pps5, idr5}, [][]byte{p5, n5}, [][]byte{p5}, [][]byte{p5})}, units: "K4 P2 P1"},
		{name: "MJPEG", camera: &rude{sdp: sdpJPEG, play: mjpeg(nil)}, units: "K1 K1 K1", check: shows(models.Size{W: 320, H: 240}, false)},
		{name: "MJPEG of a dynamic payload type", camera: &rude{sdp: sdpHead + "m=video 0 RTP/AVP 97\r\na=rtpmap:97 JPEG/90000\r\n", play: mjpeg(func(p *rtp.Packet) { p.PayloadType = 97 })},
			units: "K1 K1 K1", check: shows(models.Size{W: 320, H: 240}, false)},
		{name: "MJPEG with restart markers", camera: &rude{sdp: sdpJPEG, play: mjpeg(func(p *rtp.Packet) {
			p.Payload[4] += 64
			p.Payload = append(append(append([]byte(nil), p.Payload[:8]...), 0, 40, 0xff, 0xff), p.Payload[8:]...)
		})}, units: "K1 K1 K1", check: shows(models.Size{W: 320, H: 240}, true)},
		{name: "MJPEG with tables that are sent once", camera: &rude{sdp: sdpJPEG, play: mjpeg(sentOnce())}, units: "K1 K1 K1", check: shows(models.Size{W: 320, H: 240}, false)},
		{name: "MJPEG too large for its header", camera: &rude{sdp: sdpJPEG, play: mjpeg(func(p *rtp.Packet) {
			if p.Payload[1]|p.Payload[2]|p.Payload[3] == 0 {
				p.Payload[6], p.Payload[7] = 0, 0
				p.Extension, p.ExtensionProfile = true, 0xffd8
				if err := p.SetExtension(0, []byte{0xff, 0xc0, 0, 11, 8, 0x06, 0x00, 0x08, 0x00, 1, 0, 0}); err != nil {
					panic(err)
				}
			}
		})}, units: "K1 K1 K1", check: shows(models.Size{W: 2048, H: 1536}, false)},
		{name: "MJPEG that lost a part", camera: &rude{sdp: sdpJPEG, play: mjpeg(nil), lose: func(i int) bool { return i == 1 }}, units: "K1! K1"},
	}
}

// sentOnce leaves the quantisation tables out of every picture but the first.
func sentOnce() func(*rtp.Packet) {
	sent := false
	return func(p *rtp.Packet) {
		if p.Payload[1]|p.Payload[2]|p.Payload[3] != 0 {
			p.Payload[5] = 200
			return
		}
		p.Payload[5] = 200
		n := int(binary.BigEndian.Uint16(p.Payload[10:]))
		if sent {
			p.Payload = append(append(append([]byte(nil), p.Payload[:8]...), 0, 0, 0, 0), p.Payload[12+n:]...)
		}
		sent = true
	}
}

func testJPEG(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i*i>>5 ^ i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Keep-alives and sender reports hide from the library that no picture comes: the supervisor notices.
func TestStallBehindSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rude{play: func(r *rude) {
			if r.dials.Load() > 1 {
				return
			}
			r.film(30, 15)
			for range 100 {
				r.report(0)
				time.Sleep(time.Second)
			}
		}}
		src, err := NewRTSP(RTSPConfig{URL: "rtsp://camera/s", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		src.dial = r.dial
		v := &Supervisor{Sources: []Source{src}, Emit: func(*models.AccessUnit) {}, Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); v.Run(ctx) }()
		time.Sleep(6 * time.Second)
		if s := v.Health().State; s != models.CameraLive || r.dials.Load() != 1 {
			t.Errorf("after 6 s %s, dialled %d times", s, r.dials.Load())
		}
		time.Sleep(2 * time.Second) // 2 s of pictures, 5 s without
		if r.dials.Load() != 2 {
			t.Errorf("dialled %d times after 6 s of silence", r.dials.Load())
		}
		cancel()
		<-done
		src.log.Close()
		r.close()
		r.all.Wait()
	})
}

// A camera that takes only UDP is asked for it at once from the second time on.
func TestTransportIsRemembered(t *testing.T) {
	c := newCamera(t, &camera{onlyUDP: true}, h264(true))
	r := newRTSP(t, c.url(""))
	for i, want := range []int64{1, 2} { // successful SETUPs; refused ones are not counted
		units, ended, stop := run(t, r)
		receive(t, c.playing)
		h264Sender(t, c, 0).send(t, idr)
		receive(t, units)
		if s := r.Stream(); s.Transport != "udp" || s.Connections != int64(i+1) {
			t.Errorf("%+v", s)
		}
		stop()
		receive(t, ended)
		if c.setups.Load() != want || c.refused.Load() != 1 {
			t.Errorf("run %d: %d set up, %d refused", i, c.setups.Load(), c.refused.Load())
		}
	}
}

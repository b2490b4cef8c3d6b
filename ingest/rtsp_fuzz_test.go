package ingest

import (
	"bufio"
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/sdpunmarshaler"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// newTrack is a track without a network.
func newTrack(t testing.TB, v sdpVideo, emit func(*models.AccessUnit)) *track {
	t.Helper()
	k := &track{log: flood.New(slog.New(slog.DiscardHandler), time.Hour), gauge: &gauge{}, emit: emit}
	t.Cleanup(k.log.Close)
	if err := k.init(v); err != nil {
		t.Fatal(err)
	}
	return k
}

// Whatever comes from the network: no panic, no unit without a picture, no key frame without parameter sets, no unit larger
// than the limit, and time stamps that a clock can follow.
func FuzzRTP(f *testing.F) {
	f.Add([]byte{0x65, 0x88, 2}, []byte{0x67, 1, 2}, []byte{}, true, uint8(0))
	f.Add([]byte{0x7c, 0x85, 1}, []byte{0x7c, 0x45, 1}, []byte{0x41, 0x9a}, false, uint8(1))
	f.Add([]byte{0x78, 0, 2, 0x65, 0x80, 0, 1, 0x68}, []byte{}, []byte{0x67, 0x64, 0, 12}, true, uint8(0))
	f.Add([]byte{19 << 1, 1, 0x80}, append([]byte{33 << 1, 1}, 1, 2, 3), []byte{34 << 1, 1}, true, uint8(1))
	f.Add([]byte{0, 0, 0, 0, 1, 50, 8, 6, 1, 2, 3}, []byte{0, 0, 0, 3, 1, 50, 8, 6}, []byte{0}, true, uint8(2))
	f.Add([]byte{0, 0, 0, 0, 64, 200, 0, 0, 0, 4, 0xff, 0xff, 0, 0, 0, 64}, []byte{0, 0, 0, 0, 64, 200, 0, 0, 0, 4, 0xff, 0xff, 0, 0, 0, 0}, []byte{0xff, 0xc0}, true, uint8(2))
	f.Fuzz(func(t *testing.T, a, b, c []byte, marker bool, codec uint8) {
		v := sdpVideo{codec: []models.Codec{models.CodecH264, models.CodecH265, models.CodecMJPEG}[codec%3], rate: 90000}
		k := newTrack(t, v, func(u *models.AccessUnit) {
			if u.Bytes() > maxUnitBytes+1<<20 {
				t.Fatalf("unit of %d bytes", u.Bytes())
			}
			if u.Codec == models.CodecMJPEG {
				return
			}
			pictures, params := 0, 0
			for _, n := range u.NALUs {
				switch c, _ := classify(u.Codec, n); c {
				case naluPicture, naluKey:
					pictures++
				case naluParam:
					params++
				}
			}
			if pictures == 0 || u.Key && params < 2 {
				t.Fatalf("unit %+v", u)
			}
		})
		for i, payload := range [][]byte{a, b, c, a, b, c} {
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i/2) * 0x60000000, Marker: marker != (i%2 == 0)}, Payload: payload}
			if codec&4 != 0 {
				p.Extension, p.ExtensionProfile = true, 0xffd8
				_ = p.SetExtension(0, c)
			}
			if codec&8 != 0 && i == 3 {
				k.missing(1)
			}
			k.receive(p, time.Unix(int64(i), 0))
		}
		k.gauge.stream(time.Unix(6, 0))
	})
}

// Of any description, what is handed to the library is one that it takes, with one video track.
func FuzzSDP(f *testing.F) {
	for _, c := range sdpCases {
		f.Add([]byte(c.sdp))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := readSDP(body)
		if err != nil {
			if models.KindOf(err) != models.KindUnsupported {
				t.Fatal(err)
			}
			return
		}
		s, err := sdpunmarshaler.Unmarshal(d.rewritten())
		if err != nil {
			t.Fatalf("%v of %s", err, d.rewritten())
		}
		var desc description.Session
		if err := desc.Unmarshal2(s); err != nil && !d.video.secure {
			t.Fatalf("%v of %s", err, d.rewritten())
		} else if err == nil && (len(desc.Medias) != 1 || len(desc.Medias[0].Formats) != 1 || desc.Medias[0].Type != description.MediaTypeVideo) {
			t.Fatalf("%s", d.rewritten())
		}
		newTrack(t, d.video, func(*models.AccessUnit) {})
	})
}

// Whatever a camera answers, nothing breaks, and no answer leads the library elsewhere than where it was sent.
func FuzzRTSPResponse(f *testing.F) {
	f.Add([]byte("RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;source=10.0.0.9\r\n\r\n"), uint8(2))
	f.Add([]byte("RTSP/1.0 302 Found\r\nLocation: rtsp://x/y\r\n\r\n"), uint8(1))
	f.Add([]byte("RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\", stale=true\r\n\r\n"), uint8(1))
	f.Add([]byte("RTSP/1.0 200 OK\r\nContent-Base: :\r\nContent-Length: 30\r\n\r\nv=0\r\nm=video 0 RTP/AVP 26\r\n     "), uint8(1))
	methods := []base.Method{base.Options, base.Describe, base.Setup, base.Play, base.GetParameter}
	f.Fuzz(func(t *testing.T, answer []byte, method uint8) {
		var res base.Response
		if res.Unmarshal(bufio.NewReader(bytes.NewReader(answer))) != nil {
			return
		}
		if res.Header == nil {
			res.Header = base.Header{}
		}
		u, err := base.ParseURL("rtsp://admin:secret@10.0.0.1/x")
		if err != nil {
			t.Fatal(err)
		}
		s := &session{RTSP: &RTSP{}, url: u, track: newTrack(t, sdpVideo{codec: models.CodecH264, rate: 1}, nil), transport: gortsplib.Protocol(method / 8 % 3)}
		s.requested(&base.Request{Method: methods[int(method)%len(methods)], URL: u})
		s.answered(&res)
		if to := res.Header["Location"]; res.StatusCode >= 301 && res.StatusCode <= 305 && len(to) == 1 {
			t.Fatalf("would be led to %s", to)
		}
		if s.redirect != "" {
			if to, err := follow(u, s.redirect); err == nil && to.User != nil && to.Hostname() != "10.0.0.1" {
				t.Fatalf("credentials go to %s", to.Host)
			}
		}
		s.requested(&base.Request{Method: methods[int(method)%len(methods)], URL: u})
	})
}

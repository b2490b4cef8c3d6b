package ingest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// slices of one picture: the first says so.
var (
	first, further = []byte{0x65, 0x88, 1}, []byte{0x65, 0x20, 2}
	pFirst, pNext  = []byte{0x41, 0x9a, 1}, []byte{0x41, 0x30, 2}
)

type answers = map[base.Method]func(*rude, *base.Request, *base.Response)

func status(code base.StatusCode) func(*rude, *base.Request, *base.Response) {
	return func(_ *rude, _ *base.Request, res *base.Response) { res.StatusCode = code }
}

// once does what f does on the first call only.
func firstTime(f func(*rude, *base.Request, *base.Response)) func(*rude, *base.Request, *base.Response) {
	done := false
	return func(r *rude, req *base.Request, res *base.Response) {
		if !done {
			done = true
			f(r, req, res)
		}
	}
}

// sends makes a play of units that ends with the connection open.
func sends(units ...[][]byte) func(*rude) {
	return func(r *rude) {
		for _, u := range units {
			if r.unit(u...) != nil {
				return
			}
		}
	}
}

// quirk is one way in which cameras misbehave. Every case fails without the code that it names.
type quirk struct {
	name   string
	camera *rude
	conf   RTSPConfig
	during time.Duration // 2 s
	units  string        // as visit.text begins; empty: not compared
	kind   models.Kind   // of the error that ends the run; empty: it goes on
	err    string        // part of it
	check  func(t *testing.T, r *rude, v *visit)
}

func TestQuirks(t *testing.T) {
	var all []quirk
	for _, q := range [][]quirk{descriptionQuirks(), answerQuirks(), mediaQuirks(), clockQuirks(), loginQuirks(), tlsQuirks(t), codecQuirks(t)} {
		all = append(all, q...)
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if c.during == 0 {
					c.during = 2 * time.Second
				}
				v := c.camera.run(t, c.conf, c.during)
				if got := v.text(); !strings.HasPrefix(got, c.units) || c.units == "" && c.kind == "" && got == "" {
					t.Errorf("units %.60s, want %s; %v", got, c.units, v.err)
				}
				if c.kind == "" && v.err != nil {
					t.Errorf("ended: %v", v.err)
				} else if c.kind != "" && (v.err == nil || models.KindOf(v.err) != c.kind || !strings.Contains(v.err.Error(), c.err)) {
					t.Errorf("ended with %s %v, want %s with %q", models.KindOf(v.err), v.err, c.kind, c.err)
				}
				if c.check != nil {
					c.check(t, c.camera, v)
				}
			})
		})
	}
}

func descriptionQuirks() []quirk {
	problem := func(want string) func(*testing.T, *rude, *visit) {
		return func(t *testing.T, _ *rude, v *visit) {
			if got := strings.Join(v.src.Problems(), "; "); !strings.Contains(got, want) {
				t.Errorf("problems %q, want %q", got, want)
			}
		}
	}
	inBand := sends([][]byte{idr}, [][]byte{p}, [][]byte{sps, pps, idr}, [][]byte{p})
	noParams := sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
	asked := func(want string) func(*testing.T, *rude, *visit) {
		return func(t *testing.T, r *rude, _ *visit) {
			if r.asked(want) == 0 {
				t.Errorf("asked %q, want %q", r.requests, want)
			}
		}
	}
	header := func(key, value string) answers {
		return answers{base.Describe: func(_ *rude, _ *base.Request, res *base.Response) { res.Header[key] = base.HeaderValue{value} }}
	}
	return []quirk{
		{name: "no parameter sets in the SDP", camera: &rude{sdp: noParams, play: inBand}, units: "P1 P1 K3 P1", check: problem("no parameter sets")},
		{name: "broken SPS in the SDP", camera: &rude{sdp: strings.Replace(noParams, "\r\n", "\r\n", 1) + "a=fmtp:96 sprop-parameter-sets=%%,aO48gA==\r\n", play: inBand}, units: "P1 P1 K3 P1", check: problem("cannot be read")},
		{name: "broken sound in the SDP", camera: &rude{sdp: sdpHead + "m=audio 0 RTP/AVP 97\r\na=control:sound\r\na=rtpmap:97 mpeg4-generic/x\r\na=fmtp:97 config=zz\r\n" + sdpH264}, units: "K3 P1",
			check: func(t *testing.T, r *rude, v *visit) {
				problem("media 1 is invalid")(t, r, v)
				if n := r.asked("SETUP"); n != 1 || r.asked("SETUP rtsp://camera/stream/track1") != 1 {
					t.Errorf("%q: set up the video alone", r.requests)
				}
			}},
		{name: "broken metadata in the SDP", camera: &rude{sdp: sdpHead + sdpH264 + "m=application 0 RTP/AVP meta\r\n"}, units: "K3 P1"},
		{name: "back channel before the video", camera: &rude{sdp: sdpHead + "m=audio 0 RTP/AVP 0\r\na=control:back\r\na=sendonly\r\n" + sdpH264}, units: "K3 P1", check: asked("SETUP rtsp://camera/stream/track1")},
		{name: "no content type", camera: &rude{on: answers{base.Describe: func(_ *rude, _ *base.Request, res *base.Response) { delete(res.Header, "Content-Type") }}}, units: "K3"},
		{name: "wrong content type", camera: &rude{on: header("Content-Type", "text/plain")}, units: "K3"},
		{name: "Content-Base that is no URL", camera: &rude{on: header("Content-Base", "stream/")}, units: "K3", check: asked("SETUP rtsp://camera/stream/track1")},
		{name: "Content-Base", camera: &rude{on: header("Content-Base", "rtsp://camera/other/")}, units: "K3", check: asked("SETUP rtsp://camera/other/track1")},
		{name: "Content-Base that leads nowhere", camera: &rude{on: answers{
			base.Describe: header("Content-Base", "rtsp://0.0.0.0/nowhere/")[base.Describe],
			base.Setup: func(_ *rude, req *base.Request, res *base.Response) {
				if strings.Contains(req.URL.String(), "nowhere") {
					res.StatusCode = base.StatusNotFound
				}
			}}}, units: "K3", check: asked("SETUP rtsp://camera/stream/track1")},
		{name: "control that is absolute", camera: &rude{sdp: sdpHead + strings.Replace(sdpH264, "track1", "rtsp://10.9.9.9/a/track7", 1)}, units: "K3", check: asked("SETUP rtsp://camera/a/track7")},
		{name: "control that is no URL", camera: &rude{sdp: sdpHead + strings.Replace(sdpH264, "track1", "%zz#", 1)}, units: "K3", check: asked("SETUP rtsp://camera/stream")},
		{name: "control of the session that is relative", camera: &rude{sdp: sdpHead + "a=control:stream1/\r\n" + sdpH264}, units: "K3"},
		{name: "URL with a query", camera: &rude{}, conf: RTSPConfig{URL: "rtsp://camera/h264?ch=1&subtype=0"}, units: "K3", check: asked("SETUP rtsp://camera/h264?ch=1&subtype=0/track1")},
		{name: "no video", camera: &rude{sdp: sdpHead + "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"}, kind: models.KindUnsupported, err: "offers PCMU"},
		{name: "describes nothing", camera: &rude{on: answers{base.Describe: func(_ *rude, _ *base.Request, res *base.Response) { res.Body = nil }}}, kind: models.KindUnsupported, err: "offers no video"},
	}
}

func answerQuirks() []quirk {
	transport := func(value string) answers {
		return answers{base.Setup: func(_ *rude, _ *base.Request, res *base.Response) {
			if value == "" {
				delete(res.Header, "Transport")
			} else {
				res.Header["Transport"] = base.HeaderValue{value}
			}
		}}
	}
	to := func(location string) answers {
		return answers{base.Describe: firstTime(func(_ *rude, _ *base.Request, res *base.Response) {
			res.StatusCode, res.Header["Location"] = base.StatusFound, base.HeaderValue{location}
		})}
	}
	dials := func(want ...string) func(*testing.T, *rude, *visit) {
		return func(t *testing.T, r *rude, _ *visit) {
			if strings.Join(r.dialled, " ") != strings.Join(want, " ") {
				t.Errorf("dialled %v, want %v", r.dialled, want)
			}
		}
	}
	noLogin := func(t *testing.T, r *rude, _ *visit) {
		for i, h := range r.headers {
			if h["Authorization"] != nil {
				t.Errorf("%s carries credentials", r.requests[i])
			}
		}
	}
	return []quirk{
		{name: "OPTIONS unknown", camera: &rude{on: answers{base.Options: status(base.StatusNotImplemented)}}, units: "K3", check: func(t *testing.T, r *rude, _ *visit) {
			if n := r.asked("OPTIONS"); n != 1 {
				t.Errorf("asked %d times", n)
			}
		}},
		{name: "no transport in the answer", camera: &rude{on: transport("")}, units: "K3"},
		{name: "no channels in the answer", camera: &rude{on: transport("RTP/AVP/TCP;unicast")}, units: "K3"},
		{name: "names another source", camera: &rude{on: transport("RTP/AVP/TCP;unicast;source=8.8.8.8;interleaved=0-1")}, units: "K3"},
		{name: "refuses every transport", camera: &rude{on: answers{base.Setup: status(base.StatusUnsupportedTransport)}}, kind: models.KindUnsupported, err: "refuses TCP, UDP, multicast (461)",
			check: func(t *testing.T, r *rude, _ *visit) {
				if n := r.asked("SETUP"); n != 3 {
					t.Errorf("%d SETUPs", n)
				}
			}},
		{name: "refuses the only allowed transport", camera: &rude{on: answers{base.Setup: status(base.StatusUnsupportedTransport)}}, conf: RTSPConfig{Transport: "tcp"}, kind: models.KindUnsupported, err: "refuses TCP (461)", check: dials("camera:554")},
		{name: "403 at SETUP", camera: &rude{on: answers{base.Setup: status(base.StatusForbidden)}}, kind: models.KindForbidden, err: "403"},
		{name: "404", camera: &rude{on: answers{base.Describe: status(base.StatusNotFound)}}, kind: models.KindNotFound, err: "404"},
		{name: "453", camera: &rude{on: answers{base.Setup: status(base.StatusNotEnoughBandwidth)}}, kind: models.KindUnavailable, err: "too many viewers"},
		{name: "454 at PLAY", camera: &rude{on: answers{base.Play: status(base.StatusSessionNotFound)}}, kind: models.KindUnavailable, err: "454"},
		{name: "455 at PLAY", camera: &rude{on: answers{base.Play: status(base.StatusMethodNotValidInThisState)}}, kind: models.KindUnavailable, err: "455"},
		{name: "503", camera: &rude{on: answers{base.Describe: status(base.StatusServiceUnavailable)}}, kind: models.KindUnavailable, err: "too many viewers"},
		{name: "closes after PLAY", camera: &rude{play: (*rude).close}, kind: models.KindUnavailable, err: "closed the connection"},
		{name: "never answers", camera: &rude{on: answers{base.Describe: status(0)}}, during: 6 * time.Second, kind: models.KindUnavailable, err: "does not answer"},
		{name: "sends before PLAY is answered", camera: &rude{before: func(r *rude) { _ = r.unit(sps, pps, idr); _ = r.unit(p) }, play: sends([][]byte{p})}, units: "K3 P1 P1"},
		{name: "silent after a while", camera: &rude{play: func(r *rude) { r.film(15, 15) }}, during: 10 * time.Second, units: "K3", kind: models.KindUnavailable, err: "does not answer"},

		{name: "redirect", camera: &rude{on: to("rtsp://other:8554/x")}, units: "K3", check: dials("camera:554", "other:8554")},
		{name: "redirect to a path", camera: &rude{on: to("/x")}, units: "K3", check: dials("camera:554", "camera:554")},
		{name: "redirect to another host keeps the credentials", conf: RTSPConfig{URL: "rtsp://admin:secret@camera/s"}, units: "K3", check: noLogin,
			camera: &rude{on: answers{base.Describe: func(r *rude, _ *base.Request, res *base.Response) {
				switch len(r.requests) {
				case 2:
					res.StatusCode, res.Header["Location"] = base.StatusMovedPermanently, base.HeaderValue{"rtsp://u:p@thief/x"}
				}
			}, base.Setup: func(_ *rude, _ *base.Request, res *base.Response) {}}}},
		{name: "redirect to another host that asks for a login", conf: RTSPConfig{URL: "rtsp://admin:secret@camera/s"}, kind: models.KindUnauthenticated, err: "thief", check: noLogin,
			camera: &rude{on: answers{base.Describe: func(r *rude, _ *base.Request, res *base.Response) {
				if len(r.dialled) == 1 {
					res.StatusCode, res.Header["Location"] = base.StatusMovedPermanently, base.HeaderValue{"rtsp://u:p@thief/x"}
					return
				}
				res.StatusCode, res.Header["WWW-Authenticate"] = base.StatusUnauthorized, base.HeaderValue{`Basic realm="x"`}
			}}}},
		{name: "redirect in circles", camera: &rude{on: answers{base.Describe: func(_ *rude, _ *base.Request, res *base.Response) {
			res.StatusCode, res.Header["Location"] = base.StatusFound, base.HeaderValue{"rtsp://camera/stream"}
		}}}, kind: models.KindUnsupported, err: "again and again", check: func(t *testing.T, r *rude, _ *visit) {
			if len(r.dialled) != maxRedirects+1 {
				t.Errorf("dialled %d times", len(r.dialled))
			}
		}},
		{name: "redirect to another protocol", camera: &rude{on: to("http://169.254.169.254/secret")}, kind: models.KindUnsupported, err: "not a camera's", check: dials("camera:554")},

		{name: "keep-alive by GET_PARAMETER", camera: &rude{on: answers{base.Setup: sessionOf("7;timeout=10")}}, during: 30 * time.Second, units: "K3", check: alive("GET_PARAMETER", 5)},
		{name: "keep-alive where GET_PARAMETER is not offered", camera: &rude{on: answers{base.Setup: sessionOf("7;timeout=10"), base.Options: func(_ *rude, _ *base.Request, res *base.Response) {
			delete(res.Header, "Public")
		}}}, during: 30 * time.Second, units: "K3", check: alive("OPTIONS", 5)},
		{name: "keep-alive where GET_PARAMETER is offered and refused", camera: &rude{on: answers{base.Setup: sessionOf("7;timeout=10"), base.GetParameter: status(base.StatusNotImplemented)}},
			during: 30 * time.Second, units: "K3", check: alive("OPTIONS", 4)},
	}
}

func sessionOf(value string) func(*rude, *base.Request, *base.Response) {
	return func(_ *rude, _ *base.Request, res *base.Response) { res.Header["Session"] = base.HeaderValue{value} }
}

// alive checks that the session was kept alive so often by a method.
func alive(method string, times int) func(*testing.T, *rude, *visit) {
	return func(t *testing.T, r *rude, _ *visit) {
		if n := r.asked(method + " rtsp://camera/stream"); n < times {
			t.Errorf("%d signs of life by %s, want %d: %q", n, method, times, r.requests)
		}
	}
}

func mediaQuirks() []quirk {
	marker := func(set func(p *rtp.Packet) bool) func(*rtp.Packet) {
		return func(p *rtp.Packet) { p.Marker = set(p) }
	}
	slicesOf := func(n int) func(*rude) {
		return func(r *rude) {
			for i := range n {
				if i%5 == 0 {
					_ = r.unit(sps, pps, first, further)
				} else {
					_ = r.unit(pFirst, pNext)
				}
			}
		}
	}
	wide := []byte{0x67, 0xf4, 0x00, 0x16, 0x91, 0x9b, 0x28, 0x14, 0x05, 0xff, 0x13, 0x80, 0x88, 0x00, 0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x78, 0xb1, 0x6c, 0xb0}
	return []quirk{
		{name: "parameter change in the middle", camera: &rude{play: sends([][]byte{sps, pps, idr}, [][]byte{p}, [][]byte{wide, pps, idr}, [][]byte{p}, [][]byte{idr})}, units: "K3 P1 K3 P1 K3",
			check: func(t *testing.T, _ *rude, v *visit) {
				if v.at.Size != (models.Size{W: 640, H: 360}) || string(v.units[4].NALUs[0]) != string(wide) {
					t.Errorf("size %v, %x", v.at.Size, v.units[4].NALUs[0])
				}
			}},
		{name: "units without a picture", camera: &rude{play: sends([][]byte{sps}, [][]byte{pps}, [][]byte{sei}, [][]byte{idr}, [][]byte{sei}, [][]byte{p})}, units: "K3 P1"},
		{name: "several slices a picture", camera: &rude{play: slicesOf(6)}, units: "K4 P2 P2 P2 P2 K4"},
		{name: "no marker", camera: &rude{play: slicesOf(7), alter: marker(func(*rtp.Packet) bool { return false })}, units: "K4 P2 P2 P2 P2 K4"},
		{name: "marker after every slice", camera: &rude{play: slicesOf(12), alter: marker(func(*rtp.Packet) bool { return true })}, units: "K3 K3! P2! P2! P2! P2! K4 P2 P2 P2 P2"},
		{name: "pictures of one time stamp", camera: &rude{play: slicesOf(7), alter: func(p *rtp.Packet) { p.Marker, p.Timestamp = false, 7 }}, units: "K4 P2 P2 P2 P2 K4"},
		{name: "loss", camera: &rude{play: func(r *rude) { r.film(30, 5) }, lose: func(i int) bool { return i == 4 }}, units: "K3 P1 P1! P1! K3 P1"},
		{name: "loss of the key frame", camera: &rude{play: func(r *rude) { r.film(30, 5) }, lose: func(i int) bool { return i == 9 }}, units: "K3 P1 P1 P1 P1 P1! P1! P1! P1! K3"},
		{name: "loss is counted", camera: &rude{play: func(r *rude) { r.film(30, 5) }, lose: func(i int) bool { return i == 4 || i == 5 }}, units: "K3 P1 P1! K3", check: func(t *testing.T, _ *rude, v *visit) {
			if v.at.Lost != 2 {
				t.Errorf("%d lost", v.at.Lost)
			}
		}},
		{name: "packets numbered anew", camera: &rude{play: func(r *rude) { r.film(3, 5); r.number = 40_000; r.film(30, 5) }}, units: "K3 P1 P1 K3! P1! P1! P1! P1! K3", check: func(t *testing.T, _ *rude, v *visit) {
			if v.at.Lost > 1 {
				t.Errorf("%d lost", v.at.Lost)
			}
		}},
		{name: "RTCP that cannot be read", camera: &rude{play: func(r *rude) {
			_ = r.unit(sps, pps, idr)
			_ = r.frame(1, []byte{1, 2, 3})
			_ = r.unit(p)
		}}, units: "K3 P1", check: func(t *testing.T, _ *rude, v *visit) {
			if v.text() != "K3 P1" {
				t.Error(v.text())
			}
		}},
		{name: "B-frames", camera: &rude{play: func(r *rude) {
			for i := range 4 {
				base := uint32(i) * 24000
				for j, at := range []uint32{0, 18000, 6000, 12000} {
					r.stamp = base + at
					if j == 0 {
						_ = r.unit(sps, pps, idr)
					} else {
						_ = r.unit(p)
					}
				}
			}
		}}, units: "K3 P1 P1 P1 K3 P1", check: func(t *testing.T, _ *rude, v *visit) {
			if !v.at.BFrames || v.at.Jumps != 0 || v.units[2].PTS >= v.units[1].PTS || !v.units[2].At.Before(v.units[1].At) {
				t.Errorf("%+v", v.at)
			}
		}},
	}
}

func clockQuirks() []quirk {
	// leaps sends 20 pictures, then lets the stamps leap, then 20 more.
	leaps := func(begin, by uint32) func(*rude) {
		return func(r *rude) {
			r.stamp = begin
			r.film(20, 5)
			r.stamp += by
			r.film(20, 5)
		}
	}
	even := func(jumps int64) func(*testing.T, *rude, *visit) {
		return func(t *testing.T, _ *rude, v *visit) {
			for i := 1; i < len(v.units); i++ {
				if d := v.units[i].At.Sub(v.units[i-1].At); d < 60*time.Millisecond || d > 75*time.Millisecond {
					t.Errorf("unit %d taken %v after the last", i, d)
				}
			}
			if v.at.Jumps != jumps || len(v.units) < 30 {
				t.Errorf("%d jumps in %d units", v.at.Jumps, len(v.units))
			}
		}
	}
	const hour = 3600 * 90000
	return []quirk{
		{name: "time stamps wrap", camera: &rude{play: leaps(0xffff_ffff-50_000, 0)}, during: 3 * time.Second, units: "K3", check: even(0)},
		{name: "time stamps leap hours forward", camera: &rude{play: leaps(1, 5*hour)}, during: 3 * time.Second, units: "K3", check: even(1)},
		{name: "time stamps leap hours back", camera: &rude{play: leaps(1, 0x1_0000_0000-5*hour)}, during: 3 * time.Second, units: "K3", check: even(1)},
		{name: "time stamps begin anew", camera: &rude{play: func(r *rude) {
			r.stamp = 4 * hour
			r.film(20, 5)
			r.stamp = 0
			r.film(20, 5)
		}}, during: 3 * time.Second, units: "K3", check: even(1)},
		{name: "what is known of a stream", camera: &rude{}, during: 20 * time.Second, units: "K3", check: func(t *testing.T, _ *rude, v *visit) {
			bits := 15 * float64(v.units[1].Bytes()*14+v.units[0].Bytes()) / 15 * 8
			s := v.at
			if s.FPS < 14.5 || s.FPS > 15.5 || s.BitRate < 0.9*bits || s.BitRate > 1.1*bits || (s.GOP-time.Second).Abs() > time.Millisecond || s.BFrames ||
				s.Connections != 1 || s.Lost != 0 || s.Jumps != 0 || s.Transport != "tcp" || s.Codec != models.CodecH264 || s.Size.W == 0 {
				t.Errorf("%+v, want %.0f bit/s", s, bits)
			}
		}},
		{name: "no clock before the first sender report", camera: &rude{}, units: "K3", check: func(t *testing.T, _ *rude, v *visit) {
			if v.at.SkewKnown || time.Since(v.units[0].At) > 3*time.Second {
				t.Errorf("%+v", v.at)
			}
		}},
		{name: "clock of the camera is wrong", camera: &rude{play: func(r *rude) {
			_ = r.unit(sps, pps, idr)
			r.report(-50 * 24 * time.Hour)
			r.film(20, 5)
		}}, units: "K3", check: func(t *testing.T, _ *rude, v *visit) {
			if !v.at.SkewKnown || v.at.Skew != -50*24*time.Hour {
				t.Errorf("skew %v", v.at.Skew)
			}
			even(0)
			if last := v.units[len(v.units)-1].At; time.Since(last) > 3*time.Second || time.Since(last) < 0 {
				t.Errorf("taken at %v", last)
			}
		}},
		{name: "clock of the camera is unknown", camera: &rude{play: func(r *rude) {
			r.film(5, 5)
			b := []byte{0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}
			_ = r.frame(1, b)
		}}, units: "K3", check: func(t *testing.T, _ *rude, v *visit) {
			if v.at.SkewKnown {
				t.Error(v.at.Skew)
			}
		}},
	}
}

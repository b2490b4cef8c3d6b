package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"github.com/counterwatch/counterwatch/models"
)

// h264 is a track whose SDP holds parameter sets, or not.
func h264(withParams bool) *format.H264 {
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	if withParams {
		f.SPS, f.PPS = sps, pps
	}
	return f
}

func h264Sender(t *testing.T, c *camera, media int) *sender {
	t.Helper()
	e, err := h264(false).CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return &sender{c: c, media: media, encode: e.Encode}
}

func newRTSP(t *testing.T, u models.SecretURL) *RTSP {
	t.Helper()
	r, err := NewRTSP(RTSPConfig{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRTSP(t *testing.T) {
	for _, c := range []struct {
		name     string
		camera   *camera
		userinfo string
		formats  []format.Format
		media    int
		send     [][][]byte
		want     [][][]byte
		keys     []bool
	}{
		{
			name: "parameter sets from the SDP", camera: &camera{}, formats: []format.Format{h264(true)},
			send: [][][]byte{{idr}, {p}, {idr}}, want: [][][]byte{{sps, pps, idr}, {p}, {sps, pps, idr}}, keys: []bool{true, false, true},
		},
		{
			name: "parameter sets in band", camera: &camera{}, formats: []format.Format{h264(false)},
			send: [][][]byte{{idr}, {p}, {sps, pps, sei, idr}, {p}, {idr}},
			want: [][][]byte{{idr}, {p}, {sps, pps, idr}, {p}, {sps, pps, idr}}, keys: []bool{false, false, true, false, true},
		},
		{
			name: "parameter sets in units of their own", camera: &camera{}, formats: []format.Format{h264(false)},
			send: [][][]byte{{sps}, {pps}, {sei}, {idr}, {p}}, want: [][][]byte{{sps, pps, idr}, {p}}, keys: []bool{true, false},
		},
		{
			name: "sound before the picture", camera: &camera{}, media: 1,
			formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}, h264(true)},
			send:    [][][]byte{{idr}}, want: [][][]byte{{sps, pps, idr}}, keys: []bool{true},
		},
		{
			name: "digest login with special characters", camera: &camera{user: "admin", password: "p@ss:w/rd#%"}, userinfo: "admin:p%40ss%3Aw%2Frd%23%25@",
			formats: []format.Format{h264(true)}, send: [][][]byte{{idr}}, want: [][][]byte{{sps, pps, idr}}, keys: []bool{true},
		},
		{
			name: "only UDP", camera: &camera{onlyUDP: true}, formats: []format.Format{h264(true)},
			send: [][][]byte{{idr}, {p}}, want: [][][]byte{{sps, pps, idr}, {p}}, keys: []bool{true, false},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			newCamera(t, c.camera, c.formats...)
			units, ended, stop := run(t, newRTSP(t, c.camera.url(c.userinfo)))
			receive(t, c.camera.playing)
			s := h264Sender(t, c.camera, c.media)
			for _, u := range c.send {
				s.send(t, u...)
			}
			var last *models.AccessUnit
			for i, want := range c.want {
				u := receive(t, units)
				if fmt.Sprint(u.NALUs) != fmt.Sprint(want) || u.Key != c.keys[i] || u.Codec != models.CodecH264 || u.Damaged {
					t.Fatalf("unit %d: %v key %v damaged %v, want %v key %v", i, u.NALUs, u.Key, u.Damaged, want, c.keys[i])
				}
				if last != nil && (u.PTS <= last.PTS || u.At.Before(last.At) || u.Epoch != last.Epoch) {
					t.Fatalf("unit %d: %v %v %d after %v %v %d", i, u.PTS, u.At, u.Epoch, last.PTS, last.At, last.Epoch)
				}
				last = u
			}
			if n := c.camera.setups.Load(); n != 1 {
				t.Errorf("%d tracks were set up, want the video only", n)
			}
			stop()
			if err := receive(t, ended); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		})
	}
}

func TestRTSPMJPEG(t *testing.T) {
	c := newCamera(t, &camera{}, &format.MJPEG{})
	units, ended, stop := run(t, newRTSP(t, c.url("")))
	receive(t, c.playing)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 64, 48), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	e, err := (&format.MJPEG{}).CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	packets, err := e.Encode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range packets {
		if err := c.stream.WritePacketRTP(c.stream.Desc.Medias[0], q); err != nil {
			t.Fatal(err)
		}
	}
	u := receive(t, units)
	if img, err := jpeg.Decode(bytes.NewReader(u.NALUs[0])); err != nil || !u.Key || img.Bounds().Dx() != 64 {
		t.Fatal(u.Key, err)
	}
	stop()
	receive(t, ended)
}

func TestRTSPLossDamagesTheGroup(t *testing.T) {
	c := newCamera(t, &camera{}, h264(true))
	units, ended, stop := run(t, newRTSP(t, c.url("")))
	receive(t, c.playing)
	s := h264Sender(t, c, 0)
	long := append([]byte{0x41}, bytes.Repeat([]byte{7}, 5000)...)
	s.send(t, idr)
	s.drop = func(i int) bool { return i == 1 }
	s.send(t, long)
	s.drop = nil
	s.send(t, p)
	s.send(t, p)
	s.send(t, idr)
	s.send(t, p)
	var damaged []bool
	for range 5 {
		damaged = append(damaged, receive(t, units).Damaged)
	}
	if want := []bool{false, true, true, false, false}; fmt.Sprint(damaged) != fmt.Sprint(want) {
		t.Fatalf("damaged %v, want %v", damaged, want)
	}
	stop()
	receive(t, ended)
}

func TestRTSPErrors(t *testing.T) {
	const password = "s3cr3t+geheim"
	userinfo := "admin:" + url.QueryEscape(password) + "@"
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	closing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing.Close()
	go func() {
		for {
			c, err := closing.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	camerasURL := func(c *camera, fs ...format.Format) func(*testing.T) models.SecretURL {
		return func(t *testing.T) models.SecretURL { return newCamera(t, c, fs...).url(userinfo) }
	}
	plain := func(host string) func(*testing.T) models.SecretURL {
		return func(*testing.T) models.SecretURL {
			return models.SecretURL("rtsp://" + userinfo + host + "/stream")
		}
	}
	for _, c := range []struct {
		name string
		url  func(*testing.T) models.SecretURL
		kind models.Kind
		want string
	}{
		{"wrong password", camerasURL(&camera{user: "admin", password: "other"}, h264(true)), models.KindUnauthenticated, "401"},
		{"forbidden", camerasURL(&camera{status: base.StatusForbidden}, h264(true)), models.KindForbidden, "403"},
		{"wrong path", camerasURL(&camera{status: base.StatusNotFound}, h264(true)), models.KindNotFound, "404"},
		{"server error", camerasURL(&camera{status: base.StatusInternalServerError}, h264(true)), models.KindUnavailable, "500"},
		{"other codec", camerasURL(&camera{}, &format.VP8{PayloadTyp: 96}), models.KindUnsupported, "offers VP8"},
		{"sound only", camerasURL(&camera{}, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}), models.KindUnsupported, "offers PCMA"},
		{"nobody listens", plain(dead.Addr().String()), models.KindUnavailable, "refused"},
		{"closes at once", plain(closing.Addr().String()), models.KindUnavailable, "closed the connection"},
		{"no such host", plain("camera.invalid:554"), models.KindUnavailable, "camera.invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, ended, stop := run(t, newRTSP(t, c.url(t)))
			defer stop()
			err := receive(t, ended)
			if models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%s error %q, want %s with %q", models.KindOf(err), err, c.kind, c.want)
			}
			for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, errors.Unwrap(err))} {
				if strings.Contains(text, password) || strings.Contains(text, url.QueryEscape(password)) {
					t.Fatalf("the password is in %q", text)
				}
			}
		})
	}
}

func TestRTSPOneLoginPerRun(t *testing.T) {
	c := newCamera(t, &camera{user: "admin", password: "right"}, h264(true))
	_, ended, stop := run(t, newRTSP(t, c.url("admin:wrong@")))
	defer stop()
	receive(t, ended)
	if n := c.logins.Load(); n != 1 {
		t.Fatalf("%d logins", n)
	}
}

// A defect that a picture brings to light ends that camera's run and nothing else.
func TestRTSPPanicStaysWithItsCamera(t *testing.T) {
	c := newCamera(t, &camera{}, h264(true))
	ended := make(chan error, 1)
	go func() { ended <- newRTSP(t, c.url("")).Run(t.Context(), func(*models.AccessUnit) { panic("broken") }) }()
	receive(t, c.playing)
	h264Sender(t, c, 0).send(t, idr)
	if err := receive(t, ended); models.KindOf(err) != models.KindInternal || !strings.Contains(err.Error(), "broken") {
		t.Fatal(err)
	}
}

func TestExplain(t *testing.T) {
	u, err := base.ParseURL("rtsp://admin:geheim@cam/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		kind models.Kind
		want string
	}{
		{liberrors.ErrClientUDPTimeout{}, models.KindUnavailable, "open the firewall"},
		{liberrors.ErrClientTCPTimeout{}, models.KindUnavailable, "does not answer"},
		{liberrors.ErrClientSDPInvalid{Err: errors.New("admin:geheim")}, models.KindUnsupported, "try its other stream"},
		{fmt.Errorf("read: %w", syscall.ECONNRESET), models.KindUnavailable, "closed the connection"},
		{errors.New("geheim"), models.KindUnavailable, "***"},
	} {
		got := explain(c.err, u)
		if models.KindOf(got) != c.kind || !strings.Contains(got.Error(), c.want) || strings.Contains(got.Error(), "geheim") {
			t.Errorf("%v is %s %v", c.err, models.KindOf(got), got)
		}
	}
}

func TestScrub(t *testing.T) {
	u, err := base.ParseURL("rtsp://admin:p%40ss%2Bw@cam/x")
	if err != nil {
		t.Fatal(err)
	}
	got := scrub("dial rtsp://admin:p%40ss%2Bw@cam/x: p@ss+w is wrong", u)
	if strings.Contains(got, "p@ss") || strings.Contains(got, "p%40ss") {
		t.Fatal(got)
	}
}

func TestCheckURL(t *testing.T) {
	for u, want := range map[string]string{
		"rtsp://10.0.0.1/a":                      "",
		"rtsps://u:p%40@cam.local:322/a?b=c":     "",
		"":                                       "must begin",
		"http://10.0.0.1/secret":                 "must begin",
		"file:///etc/secret":                     "must begin",
		"admin:secret@10.0.0.1":                  "must begin",
		"RTSP://10.0.0.1/a":                      "must begin",
		"rtsp://admin:secret@":                   "names no host",
		"rtsp:///secret":                         "names no host",
		"rtsp://admin:secret:secret%zz@10.0.0.1": "special characters",
		"rtsp://10.0.0.1/a#secret":               "holds a #",
	} {
		err := CheckURL(models.SecretURL(u))
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", u, err)
			}
			continue
		}
		if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", u, err, want)
		}
	}
}

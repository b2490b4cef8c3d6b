package camsim_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// got is one access unit as a client received it.
type got struct {
	au  [][]byte
	rtp uint32
	ntp time.Time // of the picture, from sender reports; zero before the first
	at  time.Time // of arrival
}

// watch plays a camera until it has sent n access units.
func watch(t *testing.T, address models.SecretURL, n int) (units []got, f *format.H264) {
	t.Helper()
	u, err := base.ParseURL(address.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	tcp := gortsplib.ProtocolTCP
	c := gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	desc, _, err := c.Describe(u)
	if err != nil {
		t.Fatal(err)
	}
	media := desc.FindFormat(&f)
	if media == nil {
		t.Fatal("no H.264 in the description")
	}
	decoder, err := f.CreateDecoder()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Setup(desc.BaseURL, media, 0, 0); err != nil {
		t.Fatal(err)
	}
	received := make(chan got, 1000)
	c.OnPacketRTP(media, f, func(p *rtp.Packet) {
		au, err := decoder.Decode(p)
		if err != nil {
			return
		}
		ntp, _ := c.PacketNTP(media, p)
		received <- got{au, p.Timestamp, ntp, time.Now()}
	})
	if _, err := c.Play(nil); err != nil {
		t.Fatal(err)
	}
	end := time.After(30 * time.Second)
	for len(units) < n {
		select {
		case g := <-received:
			units = append(units, g)
		case <-end:
			t.Fatalf("only %d of %d access units came", len(units), n)
		}
	}
	return units, f
}

func TestReplayLoopsWithoutAJump(t *testing.T) {
	url := camsimtest.Camera(t, 10, 20, "admin", "s3cret/?@") // half a second, at 20 fps
	units, f := watch(t, url, 40)
	if len(f.SPS) == 0 || len(f.PPS) == 0 {
		t.Error("the description has no parameter sets")
	}
	keys := 0
	for i, u := range units {
		if h264.IsRandomAccess(u.au) {
			keys++
			if h264.NALUType(u.au[0][0]&0x1f) != h264.NALUTypeSPS {
				t.Errorf("unit %d: a key frame without parameter sets", i)
			}
		}
		if i > 0 && u.rtp-units[i-1].rtp != 90000/20 {
			t.Errorf("unit %d comes %d ticks after the one before, want %d", i, u.rtp-units[i-1].rtp, 90000/20)
		}
	}
	if keys < 3 {
		t.Errorf("%d key frames in four rounds", keys)
	}
	if took := units[39].at.Sub(units[0].at); took < 1500*time.Millisecond {
		t.Errorf("two seconds of video came in %v", took)
	}
}

func TestOfficeIsServedAsItLives(t *testing.T) {
	var sim *office.Sim
	s := camsimtest.Serve(t, camsim.Config{HoldOffices: true}, func(s *camsim.Server) (err error) {
		sim, err = s.AddOffice("one-stop", office.Config{Size: models.Size{W: 320, H: 180}}, camsim.Encoding{})
		return err
	})
	if sim.Now() != 0 || !s.Began("one-stop").IsZero() {
		t.Error("the office lives before anybody watches")
	}
	before := time.Now()
	units, _ := watch(t, s.URL("one-stop"), 45)
	began := s.Began("one-stop")
	if began.Before(before.Add(-200*time.Millisecond)) || began.After(time.Now()) {
		t.Errorf("began at %v, watched since %v", began, before)
	}
	for i, u := range units {
		if i > 0 && int32(u.rtp-units[i-1].rtp) < 90000/15-1 {
			t.Errorf("unit %d: timestamp %d after %d", i, u.rtp, units[i-1].rtp)
		}
	}
	if lag := time.Since(began) - sim.Now(); lag < -time.Second || lag > 3*time.Second {
		t.Errorf("the office's clock is %v behind the wall's", lag)
	}
}

func TestWhoMayWatch(t *testing.T) {
	url := camsimtest.Camera(t, 10, 10, "admin", "right")
	good, _ := base.ParseURL(url.Reveal())
	for name, c := range map[string]struct {
		url  string
		want base.StatusCode
	}{
		"right":          {"rtsp://admin:right@" + good.Host + "/cam", base.StatusOK},
		"wrong password": {"rtsp://admin:wrong@" + good.Host + "/cam", base.StatusUnauthorized},
		"nobody":         {"rtsp://" + good.Host + "/cam", base.StatusUnauthorized},
		"no such camera": {"rtsp://admin:right@" + good.Host + "/cam9", base.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := base.ParseURL(c.url)
			if err != nil {
				t.Fatal(err)
			}
			client := gortsplib.Client{Scheme: u.Scheme, Host: u.Host}
			if err := client.Start(); err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, _, err = client.Describe(u)
			status := base.StatusOK
			if bad, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
				status = bad.Code
			} else if err != nil {
				t.Fatal(err)
			}
			if status != c.want {
				t.Errorf("status %d, want %d", status, c.want)
			}
		})
	}
}

func TestWhatCannotBeReplayed(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(camsimtest.Video(t, 20, 10))
	if err != nil {
		t.Fatal(err)
	}
	holes := bytes.Clone(whole)
	for i := range holes {
		if i > 40 && i%7 == 0 {
			holes[i] ^= 0x5a
		}
	}
	for name, c := range map[string]struct{ file, want string }{
		"missing":   {filepath.Join(dir, "none.mp4"), "no such file"},
		"empty":     {write("empty.mp4", nil), "is empty"},
		"a folder":  {dir, "is a folder"},
		"text":      {write("text.mp4", []byte("this is no video")), "not a video"},
		"cut short": {write("cut.mp4", whole[:len(whole)/3]), "not a video"},
		"damaged":   {write("holes.mp4", holes), "holes.mp4"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0", Cache: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			err = s.AddReplay(t.Context(), "cam", c.file, camsim.Encoding{}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestTranscodedOnce(t *testing.T) {
	source := camsimtest.Video(t, 20, 10)
	cache := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		ext  string
		enc  camsim.Encoding
		made int
	}{
		"as it is":       {[]string{"-c", "copy"}, "mp4", camsim.Encoding{}, 0},
		"B-frames":       {[]string{"-c:v", "libx264", "-bf", "2", "-x264-params", "b-adapt=0"}, "mp4", camsim.Encoding{}, 1},
		"another codec":  {[]string{"-c:v", "mpeg4"}, "avi", camsim.Encoding{}, 1},
		"another box":    {[]string{"-c", "copy"}, "mkv", camsim.Encoding{}, 1},
		"odd size":       {[]string{"-c:v", "mjpeg", "-vf", "scale=161:121"}, "avi", camsim.Encoding{}, 1},
		"other settings": {[]string{"-c", "copy"}, "mp4", camsim.Encoding{Size: models.Size{W: 160, H: 120}, FPS: 5, GOP: 5, Bitrate: 200}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "in."+c.ext)
			camsimtest.FFmpeg(t, append(append([]string{"-i", source}, c.args...), file)...)
			runs := 0
			before, _ := os.ReadDir(cache)
			for range 2 {
				s, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0", Cache: cache})
				if err != nil {
					t.Fatal(err)
				}
				last := time.Duration(-1)
				if err := s.AddReplay(t.Context(), "cam", file, c.enc, func(done, _ time.Duration) { last = done }); err != nil {
					t.Error(err)
				}
				if last >= 0 {
					runs++
				}
				s.Close()
			}
			after, _ := os.ReadDir(cache)
			if made := len(after) - len(before); made != c.made || runs != c.made {
				t.Errorf("%d files in the cache after %d runs of ffmpeg, want %d", made, runs, c.made)
			}
		})
	}
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := camsim.New(camsim.Config{Listen: taken.Addr().String()}); err == nil || !strings.Contains(err.Error(), taken.Addr().String()+" is taken") {
		t.Errorf("port taken: %v", err)
	}
	if _, err := camsim.New(camsim.Config{Listen: "nowhere"}); models.KindOf(err) != models.KindInvalid {
		t.Errorf("no address: %v", err)
	}
	if _, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0", User: "a"}); models.KindOf(err) != models.KindInvalid {
		t.Errorf("a user without password: %v", err)
	}
	s, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.AddOffice("a", office.Config{}, camsim.Encoding{})
	_, again := s.AddOffice("a", office.Config{}, camsim.Encoding{})
	_, name := s.AddOffice("A/b", office.Config{}, camsim.Encoding{})
	_, rate := s.AddOffice("b", office.Config{}, camsim.Encoding{Bitrate: 1})
	if err != nil || models.KindOf(again) != models.KindConflict || models.KindOf(name) != models.KindInvalid || models.KindOf(rate) != models.KindInvalid {
		t.Error(err, again, name, rate)
	}
}

func TestWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	s, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddOffice("a", office.Config{}, camsim.Encoding{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); models.KindOf(err) != models.KindUnavailable || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Errorf("got %v", err)
	}
}

func TestRender(t *testing.T) {
	sim, err := office.New(office.Config{Size: models.Size{W: 320, H: 180}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out.mp4")
	last := 0
	if err := camsim.Render(t.Context(), sim, 4*time.Second, path, camsim.Encoding{}, func(n int) { last = n }); err != nil {
		t.Fatal(err)
	}
	if last != 60 || sim.Truth().Seconds != 4 {
		t.Errorf("%d frames, %v seconds", last, sim.Truth().Seconds)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = camsim.Render(ctx, sim, time.Hour, path+"2", camsim.Encoding{}, func(n int) {
		if n == 30 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("something half-written is left: %v", files)
	}
}

package probe

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "canary-3b9d"

func TestRun(t *testing.T) {
	camera := camsimtest.Camera(t, 60, 10, "admin", password)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	swap := func(from, to string) models.SecretURL {
		return models.SecretURL(strings.Replace(camera.Reveal(), from, to, 1))
	}
	for _, c := range []struct {
		name string
		conf Config
		want string // code of the first finding
		says string
	}{
		{"good", Config{URL: camera}, "size_small", "320x240"},
		{"wrong password", Config{URL: swap(password, "canary-other")}, "unauthenticated", "401"},
		{"wrong path", Config{URL: swap("/cam", "/none")}, "not_found", "404"},
		{"nobody there", Config{URL: models.SecretURL("rtsp://admin:" + password + "@" + dead.Addr().String() + "/x")}, "unavailable",
			"refused"},
		{"forbidden", Config{URL: camera, Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "forbidden", "`networks:`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			var steps int
			c.conf.For, c.conf.Snapshot, c.conf.Log = 2*time.Second, true, slog.New(slog.NewTextHandler(&log, nil))
			c.conf.Progress = func(Progress) { steps++ }
			got, err := Run(t.Context(), c.conf)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Findings) == 0 || got.Findings[0].Code != c.want || !strings.Contains(got.Findings[0].Text, c.says) {
				t.Fatalf("%+v", got.Findings)
			}
			if good := c.name == "good"; got.OK != good || good && (got.Pictures < 15 || got.Stream.W != 320 || got.Profile == "" ||
				steps < 4) {
				t.Fatalf("%+v after %d steps", got, steps)
			}
			for _, text := range []string{log.String(), fmt.Sprintf("%v %+v %#v", got, got, got), fmt.Sprintf("%v %+v %#v", c.conf,
				c.conf, c.conf)} {
				if strings.Contains(text, "canary") {
					t.Fatalf("the password is in %q", text)
				}
			}
		})
	}
}

func TestRunRefusesWhatIsNoTrial(t *testing.T) {
	for name, c := range map[string]Config{
		"scheme": {URL: "http://admin:canary@10.0.0.1/"}, "too long": {URL: "rtsp://10.0.0.1/", For: time.Hour},
		"transport": {URL: "rtsp://10.0.0.1/", Transport: "pigeon"},
	} {
		if _, err := Run(t.Context(), c); models.KindOf(err) != models.KindInvalid || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// However often somebody tests with a wrong password, the camera sees three logins.
func TestRunCountsLogins(t *testing.T) {
	camera := camsimtest.Camera(t, 20, 10, "admin", password)
	limit := &ingest.LoginLimit{}
	var codes []string
	for range 5 {
		got, err := Run(t.Context(), Config{URL: models.SecretURL(strings.Replace(camera.Reveal(), password, "wrong", 1)), Logins: limit})
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, got.Findings[0].Code)
	}
	if want := "[unauthenticated unauthenticated unauthenticated limited limited]"; fmt.Sprint(codes) != want {
		t.Fatalf("%v, want %s", codes, want)
	}
}

// colours is a decoder of pictures of one colour.
type colours struct{ frame *models.Frame }

func (c colours) Decode(*models.AccessUnit, decode.Want) ([]*models.Frame, error) {
	return []*models.Frame{c.frame}, nil
}
func (c colours) Flush() ([]*models.Frame, error) { return nil, nil }
func (c colours) Close() error                    { return nil }

func TestSnapshotColours(t *testing.T) {
	for _, c := range []struct {
		name            string
		y, u, v         byte
		full, bt709     bool
		red, green, blu int
	}{
		{"white", 235, 128, 128, false, false, 255, 255, 255},
		{"black", 16, 128, 128, false, false, 0, 0, 0},
		{"white, full range", 255, 128, 128, true, false, 255, 255, 255},
		{"red, BT.601", 81, 90, 240, false, false, 254, 0, 0},
		{"red, BT.709", 63, 102, 240, false, true, 255, 0, 0},
		{"blue, full range", 29, 255, 107, true, false, 0, 0, 254},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := models.NewI420(models.Size{W: 17, H: 9})
			f.FullRange, f.BT709 = c.full, c.bt709
			y, u, v := f.Planes()
			for i := range y {
				y[i] = c.y
			}
			for i := range u {
				u[i], v[i] = c.u, c.v
			}
			unit := &models.AccessUnit{Codec: models.CodecH264, Key: true}
			b, err := snapshot(unit, nil, func(models.Codec) (decode.Decoder, error) { return colours{f}, nil })
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil || img.Bounds().Dx() != 17 || img.Bounds().Dy() != 9 {
				t.Fatal(err)
			}
			r, g, bl, _ := img.At(8, 4).RGBA()
			for i, d := range []int{int(r>>8) - c.red, int(g>>8) - c.green, int(bl>>8) - c.blu} {
				if d < -4 || d > 4 {
					t.Fatalf("channel %d is off by %d: %d %d %d", i, d, r>>8, g>>8, bl>>8)
				}
			}
		})
	}
	if _, err := snapshot(&models.AccessUnit{Codec: models.CodecMJPEG, NALUs: [][]byte{{1, 2}}}, nil, nil); err == nil {
		t.Error("what is no JPEG was taken for a snapshot")
	}
}

// A snapshot leaves the node: what is masked is black in it, whatever the coding.
func TestSnapshotMasks(t *testing.T) {
	f := models.NewI420(models.Size{W: 64, H: 64})
	y, u, v := f.Planes()
	for _, plane := range [][]byte{y, u, v} {
		for i := range plane {
			plane[i] = 128
		}
	}
	open, err := encode(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := []models.Polygon{{{X: 0, Y: 0}, {X: .5, Y: 0}, {X: .5, Y: 1}, {X: 0, Y: 1}}}
	for _, unit := range []*models.AccessUnit{{Codec: models.CodecH264}, {Codec: models.CodecMJPEG, NALUs: [][]byte{open}}} {
		b, err := snapshot(unit, left, func(models.Codec) (decode.Decoder, error) { return colours{f}, nil })
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		dark, _, _, _ := img.At(16, 32).RGBA()
		grey, _, _, _ := img.At(48, 32).RGBA()
		if dark>>8 > 8 || grey>>8 < 100 {
			t.Errorf("%s: %d under the mask, %d beside it", unit.Codec, dark>>8, grey>>8)
		}
	}
}

// Parameter sets come from cameras.
func FuzzProfile(f *testing.F) {
	f.Add([]byte{0x67, 0x64, 0x00, 0x0c, 0xac, 0x3b, 0x50, 0xb0, 0x4b, 0x42, 0x00, 0x00, 0x03, 0x00, 0x02})
	f.Add([]byte{0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range []models.Codec{models.CodecH264, models.CodecH265} {
			if p := profileOf(&models.AccessUnit{Codec: c, NALUs: [][]byte{nil, b}}); len(p) > 60 {
				t.Fatal(p)
			}
		}
	})
}

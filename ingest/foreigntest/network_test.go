package foreigntest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

func listening(t testing.TB, port int) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Since(begun) > 15*time.Second {
			t.Fatal(err)
		}
	}
}

// toxic is a bad network in front of a camera.
type toxic struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
	url   models.SecretURL
}

// behind puts a bad network in front of a camera; it is good until told otherwise.
func behind(t testing.TB, camera models.SecretURL) *toxic {
	t.Helper()
	u, err := url.Parse(camera.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "camera", "127.0.0.1:0", u.Host)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	u.Host = p.Listen
	return &toxic{t, p, models.SecretURL(u.String())}
}

// poison adds faults such as timeout(timeout=0), each in both directions.
func (x *toxic) poison(faults ...string) {
	x.t.Helper()
	for _, f := range faults {
		name, attributes, _ := strings.Cut(strings.TrimSuffix(f, ")"), "(")
		var list []string
		for a := range strings.SplitSeq(attributes, ",") {
			key, value, _ := strings.Cut(a, "=")
			list = append(list, fmt.Sprintf("%q:%s", key, value))
		}
		for _, direction := range []string{"upstream", "downstream"} {
			text := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":{%s}}`, name, direction, strings.Join(list, ","))
			if _, err := x.proxy.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
				x.t.Fatal(f, err)
			}
		}
	}
}

func (x *toxic) cure() { x.proxy.Toxics.ResetToxics(x.t.Context()) }

// refuse closes the port and all connections; admit opens it again.
func (x *toxic) refuse() { x.proxy.Stop() }

func (x *toxic) admit() {
	if err := x.proxy.Start(); err != nil {
		x.t.Fatal(err)
	}
}

// Faults of the network: each is told within 5 s if pictures stop, and pictures are back within 5 s of its end.
func TestToxiproxy(t *testing.T) {
	t.Parallel()
	camera := camsimtest.Camera(t, 150, 15, "admin", "p@ss")
	t.Run("faults", func(t *testing.T) {
		for _, c := range []struct {
			name   string
			faults []string // none: the port is closed
			lasts  time.Duration
			stops  bool // pictures stop while it lasts
		}{
			{"stall", []string{"timeout(timeout=0)"}, 8 * time.Second, true},
			{"long stall", []string{"timeout(timeout=0)"}, 14 * time.Second, true},
			{"reset", []string{"reset_peer(timeout=0)"}, 4 * time.Second, true},
			{"port closed", nil, 9 * time.Second, true},
			{"too narrow", []string{"bandwidth(rate=4)"}, 8 * time.Second, false},
			{"sliced into bytes", []string{"slicer(average_size=3,size_variation=2,delay=0)"}, 5 * time.Second, false},
			{"slow and uneven", []string{"latency(latency=700,jitter=300)"}, 6 * time.Second, false},
			{"cut every 60 kB", []string{"limit_data(bytes=60000)"}, 6 * time.Second, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				x := behind(t, camera)
				w := watch(t, ingest.RTSPConfig{URL: x.url})
				w.back(t, time.Now(), 10*time.Second)
				fell := time.Now()
				if c.faults == nil {
					x.refuse()
				} else {
					x.poison(c.faults...)
				}
				if c.stops {
					w.until(t, "told", 5200*time.Millisecond, func() bool { return w.sup.Health().State != models.CameraLive })
					t.Logf("told after %v: %s", time.Since(fell).Round(time.Millisecond), w.sup.Health().Reason)
				}
				time.Sleep(time.Until(fell.Add(c.lasts)))
				if c.name == "sliced into bytes" || c.name == "slow and uneven" {
					if h := w.sup.Health(); h.State != models.CameraLive || h.Since.After(fell) {
						t.Errorf("it was not shown all the time: %+v", h)
					}
				}
				if c.faults == nil {
					x.admit()
				} else {
					x.cure()
				}
				t.Logf("back after %v", w.back(t, time.Now(), 6*time.Second).Round(time.Millisecond))
				units, _ := w.got()
				for i, u := range units {
					if i > 0 && u.Epoch == units[i-1].Epoch && u.PTS <= units[i-1].PTS {
						t.Fatalf("unit %d of epoch %d at %v after %v", i, u.Epoch, u.PTS, units[i-1].PTS)
					}
				}
			})
		}
	})
}

package nodeapp

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/internal/sandbox"
	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) {
	sandbox.Main(fragile)
	goleak.VerifyTestMain(m)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// centreOfTest is the centre's end of the bus, with a configuration that the test changes.
type centreOfTest struct {
	centre  *bus.Centre
	http    *httptest.Server
	mu      sync.Mutex
	config  models.NodeConfig
	beats   []models.Beat
	records []models.Record
}

func startCentre(t *testing.T, natsAddr string) (*centreOfTest, func()) {
	t.Helper()
	s, err := bus.StartServer(bus.ServerConfig{Listen: natsAddr, Verify: func(n, s string) bool { return s == "s-"+n }, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	c := &centreOfTest{}
	if c.centre, err = s.Centre(); err != nil {
		t.Fatal(err)
	}
	err = c.centre.Serve(bus.Handlers{
		Intake: func(_ context.Context, _ string, r []models.Record) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.records = append(c.records, r...)
			return nil
		},
		Unreadable: func(context.Context, string, []byte, error) error { return nil },
		Beat: func(_ string, b models.Beat) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.beats = append(c.beats, b)
		},
		Config: func(context.Context, string) (models.NodeConfig, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.config, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"secret":"s-n1","natsUrl":%q}`, s.URL())
	}))
	return c, func() { c.http.Close(); c.centre.Close(); s.Close() }
}

// apply gives the node another configuration.
func (c *centreOfTest) apply(t *testing.T, version string, cameras ...models.Camera) {
	t.Helper()
	c.mu.Lock()
	site := models.Site{ID: "s1", Unit: "u1", Calendar: models.Calendar{Always: true}, Networks: []string{"127.0.0.0/8"}}
	c.config = models.NodeConfig{Version: version, Sites: []models.Site{site}, Cameras: cameras}
	c.mu.Unlock()
	if err := c.centre.PublishConfig("n1", c.config); err != nil {
		t.Fatal(err)
	}
}

// await waits until the newest heartbeat shows what is expected of the cameras.
func (c *centreOfTest) await(t *testing.T, what string, ok func([]models.Live) bool) {
	t.Helper()
	var last []models.Live
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		c.mu.Lock()
		if n := len(c.beats); n > 0 {
			last = c.beats[n-1].Cameras
		}
		c.mu.Unlock()
		if ok(last) {
			return
		}
	}
	t.Fatalf("%s: not within 20 s; last %+v", what, last)
}

func analysed(id string) func([]models.Live) bool {
	return func(l []models.Live) bool {
		return len(l) > 0 && l[len(l)-1].Camera == id && l[len(l)-1].Health.State == models.CameraLive && l[len(l)-1].FPSAnalysed > 1
	}
}

func testCamera(id string, u models.SecretURL) models.Camera {
	return models.Camera{
		ID: id, Site: "s1", Node: "n1", URL: u, Detector: models.DetectorConfig{Kind: "foreground"}, AnalyseFPS: 5,
		Zones: []models.Zone{{ID: "q1", Kind: models.ZoneQueue, Polygon: models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}}}},
	}
}

func start(t *testing.T, cfg Config) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, cfg) }()
	return func() {
		t.Helper()
		begun := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("stopping took %v", d)
		}
	}
}

// A node's whole life: it enrols, watches, goes on beside a camera that cannot be watched, follows changes, and begins
// again from what it kept while the centre is away.
func TestNode(t *testing.T) {
	film, natsAddr := camsimtest.Camera(t, 60, 10, "", ""), freeAddr(t)
	c, closeCentre := startCentre(t, natsAddr)
	c.apply(t, "1", testCamera("a-bad", "http://10.0.0.1/"), testCamera("cam", film))
	cfg := Config{DataDir: t.TempDir(), Central: c.http.URL, Token: "sesame", Name: "n1", Log: discard}
	stop := start(t, cfg)
	c.await(t, "a camera beside a bad one", func(l []models.Live) bool {
		return len(l) == 2 && l[0].Health.State == models.CameraUnsupported && analysed("cam")(l)
	})
	still, err := c.centre.Still(t.Context(), "n1", "cam")
	if err != nil {
		t.Fatal(err)
	}
	if img, err := jpeg.Decode(bytes.NewReader(still.JPEG)); err != nil || img.Bounds().Dx() != 320 || still.Live.Camera != "cam" {
		t.Fatal(err)
	}
	for id, kind := range map[string]models.Kind{"a-bad": models.KindUnavailable, "none": models.KindNotFound} {
		if _, err := c.centre.Still(t.Context(), "n1", id); models.KindOf(err) != kind {
			t.Errorf("still of %s: %v", id, err)
		}
	}
	c.apply(t, "2", testCamera("cam", film), testCamera("other", film))
	c.await(t, "a camera more and one less", func(l []models.Live) bool {
		return len(l) == 2 && l[0].Camera == "cam" && l[0].FPSAnalysed > 1 && analysed("other")(l)
	})
	stop()

	closeCentre()
	seen := make(chan []models.Live, 100)
	cfg.Token, cfg.Central, cfg.Watch = "", "", func(l []models.Live) { seen <- l }
	stop = start(t, cfg)
	for end := time.After(20 * time.Second); ; {
		select {
		case l := <-seen:
			if len(l) != 2 || !analysed("other")(l) {
				continue
			}
		case <-end:
			t.Error("without the centre the cameras are not watched")
		}
		break
	}
	stop()
}

// What a camera found reaches the centre when the node ends.
func TestNodeEndsWithNothingLeft(t *testing.T) {
	c, closeCentre := startCentre(t, freeAddr(t))
	defer closeCentre()
	c.apply(t, "1", testCamera("cam", "rtsp://127.0.0.1:1/none"))
	stop := start(t, Config{DataDir: t.TempDir(), Central: c.http.URL, Token: "sesame", Name: "n1", Log: discard})
	c.await(t, "an unreachable camera", func(l []models.Live) bool { return len(l) == 1 && l[0].Health.State == models.CameraOffline })
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c.mu.Lock()
		n := len(c.records)
		c.mu.Unlock()
		if n > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no incident of the camera that is offline")
		}
	}
	c.mu.Lock()
	if e := c.records[0].Event; e == nil || e.Kind != models.CameraOfflineEvent {
		t.Errorf("%+v", c.records[0])
	}
	c.mu.Unlock()
	stop()
}

package centralapp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/series"
)

// browser is a client with cookies that trusts the centre's own certificate.
type browser struct {
	t    *testing.T
	http *http.Client
	base string
}

func (b *browser) do(method, path, body string, want int) map[string]any {
	b.t.Helper()
	req, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		b.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, raw, err)
	}
	var m map[string]any
	if resp.Header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(raw, &m); err != nil {
			b.t.Fatal(err)
		}
	}
	return m
}

// TestFromNodeToBrowser runs a whole centre: a node enrols, sends an incident with its picture, and a person who came by a
// one-time link sees both.
func TestFromNodeToBrowser(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { fromNodeToBrowser(t, "", series.InfluxConfig{}) })
	t.Run("PostgreSQL and InfluxDB", func(t *testing.T) {
		address, bucket := influxdb.Database(t)
		fromNodeToBrowser(t, postgres.Database(t), series.InfluxConfig{URL: address, Bucket: bucket})
	})
}

func fromNodeToBrowser(t *testing.T, database string, influx series.InfluxConfig) {
	ctx, stop := context.WithCancel(t.Context())
	log := slog.New(slog.DiscardHandler)
	a, err := Open(ctx, Config{
		DataDir: t.TempDir(), Database: database, Influx: influx, Listen: "127.0.0.1:0", NATSListen: "127.0.0.1:0", Log: log,
		Page: fstest.MapFS{"index.html": {Data: []byte("page")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	square := models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}}
	err = a.Registry.Apply(ctx, []models.Unit{{ID: "u", Name: "Xã"}}, []models.Site{{ID: "s", Unit: "u", Name: "Một cửa"}}, []models.Camera{{
		ID: "cam", Site: "s", Node: "n1", URL: "rtsp://127.0.0.1/x", Zones: []models.Zone{{ID: "o", Kind: models.ZoneStaff, Polygon: square}},
		Counters: []models.Counter{{ID: "c", Name: "Quầy 1", Staff: []string{"o"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	defer func() {
		stop()
		begun := time.Now()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("the end took %s", took)
		}
	}()

	pool := x509.NewCertPool()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	b := &browser{t, &http.Client{Transport: transport, Jar: jar}, a.URL()}

	// The node.
	enrolled := b.do("POST", "/api/v1/nodes:enrol", fmt.Sprintf(`{"token":%q,"node":"n1"}`, a.Nodes.Token()), 200)
	said := func(k string) string { s, _ := enrolled[k].(string); return s }
	pool.AppendCertsFromPEM([]byte(said("caPem")))
	b.base = said("httpsUrl") // from here on over TLS
	node, err := bus.Connect(bus.Config{URL: said("natsUrl"), Node: "n1", Secret: said("secret"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	opened := time.Now().Add(-time.Minute).UTC()
	e := models.Event{ID: "e1", Kind: models.CounterAbsent, Node: "n1", Camera: "cam", Counter: "c", Opened: opened, Began: opened, Revision: 1,
		Snapshots: []models.Snapshot{{ID: "snap1", Role: models.SnapshotOpening, At: opened}}, Method: models.MethodVersion}
	for deadline := time.Now().Add(20 * time.Second); ; { // until the centre serves
		if err = node.SendBatch(ctx, []models.Record{models.EventRecord("n1", e)}); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	picture := []byte("\xff\xd8\xffpicture")
	req, err := http.NewRequest("PUT", b.base+"/api/v1/media/snap1", bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("n1", said("secret"))
	for k, v := range map[string]string{"Content-Type": "image/jpeg", "X-Camera": "cam", "X-Event": "e1", "X-At": opened.Format(time.RFC3339Nano)} {
		req.Header.Set(k, v)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("picture: %s", resp.Status)
	}

	// The person.
	b.do("GET", "/api/v1/events", "", 401)
	link, err := a.SignInURL(ctx, "demo", "Demo")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, a.URL()) {
		t.Fatalf("link %s, %v", link, err)
	}
	b.do("GET", u.RequestURI(), "", 200)
	b.do("POST", "/api/v1/auth:exchange", fmt.Sprintf(`{"token":%q}`, u.Query().Get("token")), 200)
	events, _ := b.do("GET", "/api/v1/events", "", 200)["events"].([]any)
	if len(events) != 1 || events[0].(map[string]any)["subjectDisplayName"] != "Quầy 1" {
		t.Errorf("events %v", events)
	}
	b.do("GET", "/api/v1/snapshots/snap1", "", 200)
	b.do("GET", "/readyz", "", 200)
	nodes, _ := b.do("GET", "/api/v1/nodes", "", 200)["nodes"].([]any)
	if len(nodes) != 1 {
		t.Errorf("nodes %v", nodes)
	}
}

func TestEndpointsOfBusesBeyondThisMachine(t *testing.T) {
	for name, c := range map[string]struct{ listen, host, nats, https string }{
		"this machine":        {"127.0.0.1:0", "127.0.0.1:8080", "nats://127.0.0.1", "https://127.0.0.1:8080"},
		"every address":       {"0.0.0.0:0", "centre.example:8080", "tls://centre.example", "https://centre.example:8080"},
		"every address, IPv6": {"0.0.0.0:0", "[::1]:8080", "tls://[::1]", "https://[::1]:8080"},
	} {
		a, err := Open(t.Context(), Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0", NATSListen: c.listen, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		got := a.endpoints(c.host)
		if !strings.HasPrefix(got.NATS, c.nats+":") || got.HTTPS != c.https || len(got.CA) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

package outbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"log/slog"

	"github.com/counterwatch/counterwatch/models"
)

// centre is the far end: it takes batches and pictures unless told to fail.
type centre struct {
	mu      sync.Mutex
	down    bool
	answer  func(id string) int // HTTP status of an upload
	batches [][]models.Record
	times   []time.Time
	media   map[string]http.Header
	tries   int
}

func (c *centre) SendBatch(_ context.Context, r []models.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if c.down {
		return errors.New("no answer")
	}
	c.batches = append(c.batches, r)
	c.times = append(c.times, time.Now())
	return nil
}

func (c *centre) Do(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	status := http.StatusNoContent
	if c.answer != nil {
		status = c.answer(id)
	}
	if status/100 == 2 {
		c.media[id] = r.Header
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader("why"))}, nil
}

func (c *centre) set(down bool) {
	c.mu.Lock()
	c.down = down
	c.mu.Unlock()
}

func (c *centre) received() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, b := range c.batches {
		n += len(b)
	}
	return n
}

// run starts a sender in a bubble of fake time, and stops it after the test's body.
func run(t *testing.T, body func(t *testing.T, o *Outbox, c *centre)) {
	synctest.Test(t, func(t *testing.T) {
		o, err := Open(context.Background(), t.TempDir(), jsonCodec, Config{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		c := &centre{media: map[string]http.Header{}}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		s := &Sender{Outbox: o, Bus: c, HTTP: c, Central: "https://centre/", Node: "n1", Secret: "geheim", Log: slog.New(slog.DiscardHandler)}
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		body(t, o, c)
		cancel()
		<-done
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSenderBatchesEverySecondAndEventsAtOnce(t *testing.T) {
	run(t, func(t *testing.T, o *Outbox, c *centre) {
		for i := range 1200 {
			put(t, o, []models.Record{minute(i)}, nil, nil)
		}
		if c.received() != 0 {
			t.Fatal("minutes wait for the second")
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if c.received() != 1200 || len(c.batches) != 3 {
			t.Fatalf("%d records in %d batches", c.received(), len(c.batches))
		}
		before := time.Now()
		put(t, o, []models.Record{event("e", 1)}, nil, nil)
		synctest.Wait()
		if c.received() != 1201 || c.times[len(c.times)-1].Sub(before) != 0 {
			t.Fatal("an event must go at once")
		}
	})
}

func TestSenderOutlivesAnOutage(t *testing.T) {
	run(t, func(t *testing.T, o *Outbox, c *centre) {
		c.set(true)
		put(t, o, []models.Record{event("e", 1)}, []models.Media{{ID: "m", Camera: "cam", Event: "e", At: day, Type: "image/jpeg", Data: []byte("x")}}, nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := c.tries; n < 3600/11 || n > 3600/4 {
			t.Fatalf("%d tries in an hour: the pause is to grow to 5..10 s", n)
		}
		if len(c.media) != 0 {
			t.Fatal("the picture went before its event")
		}
		c.set(false)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		h := c.media["m"]
		if c.received() != 1 || h == nil {
			t.Fatalf("received %d records, media %v", c.received(), c.media)
		}
		r := http.Request{Header: h}
		if user, pass, _ := r.BasicAuth(); user != "n1" || pass != "geheim" || h.Get("X-Camera") != "cam" || h.Get("X-Event") != "e" ||
			h.Get("Content-Type") != "image/jpeg" || h.Get("X-At") != "2026-03-02T01:00:00Z" {
			t.Fatalf("headers %v", h)
		}
		if r, m, _ := o.Depth(t.Context()); r+m != 0 {
			t.Fatalf("%d records, %d media left", r, m)
		}
	})
}

func TestSenderMediaAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		kept   bool
	}{
		"stored":            {200, false},
		"too large":         {413, false},
		"not this node's":   {403, false},
		"not authenticated": {401, true},
		"slow":              {408, true},
		"too many":          {429, true},
		"broken":            {500, true},
		"restarting":        {503, true},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, o *Outbox, far *centre) {
				far.answer = func(string) int { return c.status }
				put(t, o, nil, []models.Media{{ID: "m"}}, nil)
				time.Sleep(30 * time.Second)
				synctest.Wait()
				if _, m, _ := o.Depth(t.Context()); (m == 1) != c.kept {
					t.Fatalf("%d pictures left after status %d", m, c.status)
				}
			})
		})
	}
}

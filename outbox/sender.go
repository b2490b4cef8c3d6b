package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// batch is the most records sent in one request.
const batch = 500

// Bus sends a batch and returns nil only after the centre has committed it.
type Bus interface {
	SendBatch(ctx context.Context, records []models.Record) error
}

// Doer sends one HTTP request; *http.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Sender empties an outbox: records over the bus, then pictures by HTTPS. Records have one batch in flight, so that the
// centre receives them in the order in which they were put.
type Sender struct {
	Outbox  *Outbox
	Bus     Bus
	HTTP    Doer
	Central string // https://host:port of the centre
	Node    string
	Secret  string
	Log     *slog.Logger // nil is slog.Default()
}

// Run sends until ctx ends: every second, and at once when an event was put. While the centre does not answer it tries
// again after a growing, random pause of at most ten seconds.
func (s *Sender) Run(ctx context.Context) error {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	acked := make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() { s.loop(ctx, "media", acked, s.sendMedia) })
	s.loop(ctx, "records", s.Outbox.Urgent(), func(ctx context.Context) error {
		err := s.sendRecords(ctx)
		if err == nil {
			select {
			case acked <- struct{}{}:
			default:
			}
		}
		return err
	})
	wg.Wait()
	return ctx.Err()
}

// loop calls send each second or when woken, and slower after failures.
func (s *Sender) loop(ctx context.Context, what string, wake <-chan struct{}, send func(context.Context) error) {
	failures := 0
	for {
		pause, woken := time.Second, wake
		if err := send(ctx); err == nil {
			if failures > 0 {
				s.Log.Info("the centre answers again", "stage", "outbox", "what", what, "after_failures", failures)
			}
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			pause = backoff(failures)
			// Once, then every few minutes: an outage of a day must not fill the log.
			if failures == 1 || failures%30 == 0 {
				s.Log.Warn("the centre does not take what the outbox holds; nothing is lost, it is tried again",
					"stage", "outbox", "what", what, "failures", failures, "err", err)
			}
			woken = nil // an event does not make the centre answer sooner
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// backoff is the pause after n failures in a row: doubling from one second to ten, half of it random.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 4), 10*time.Second)
	return d/2 + rand.N(d/2)
}

// sendRecords sends batches until nothing waits.
func (s *Sender) sendRecords(ctx context.Context) error {
	for {
		records, seqs, err := s.Outbox.Next(ctx, batch)
		if err != nil || len(records) == 0 {
			return err
		}
		if err := s.Bus.SendBatch(ctx, records); err != nil {
			return err
		}
		if err := s.Outbox.Ack(ctx, seqs); err != nil {
			return err
		}
	}
}

// sendMedia uploads pictures until none waits.
func (s *Sender) sendMedia(ctx context.Context) error {
	for {
		m, ok, err := s.Outbox.NextMedia(ctx)
		if err != nil || !ok {
			return err
		}
		if err := s.upload(ctx, m); err != nil {
			var refused *refusal
			if !errors.As(err, &refused) {
				return err
			}
			s.Log.Error("the centre refuses a picture; it is dropped", "stage", "outbox", "camera", m.Camera, "event", m.Event, "media", m.ID, "err", err)
		}
		if err := s.Outbox.AckMedia(ctx, m.ID); err != nil {
			return err
		}
	}
}

// refusal is an answer that trying again will not change.
type refusal struct{ error }

// upload puts one picture. The node proves who it is with HTTP basic authentication: its id and its secret.
func (s *Sender) upload(ctx context.Context, m models.Media) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	to := strings.TrimRight(s.Central, "/") + "/api/v1/media/" + url.PathEscape(m.ID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, to, bytes.NewReader(m.Data))
	if err != nil {
		return err
	}
	req.SetBasicAuth(s.Node, s.Secret)
	req.Header.Set("Content-Type", m.Type)
	req.Header.Set("X-Camera", m.Camera)
	req.Header.Set("X-Event", m.Event)
	req.Header.Set("X-At", m.At.UTC().Format(time.RFC3339Nano))
	resp, err := s.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("upload %s: %w", m.ID, err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
	err = fmt.Errorf("upload %s: the centre answers %s: %s", m.ID, resp.Status, strings.TrimSpace(string(body)))
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusUnauthorized, code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code/100 != 4:
		return err
	default:
		return &refusal{err}
	}
}

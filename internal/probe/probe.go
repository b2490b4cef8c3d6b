// Package probe connects to a camera once, watches it for some seconds and says what an operator should know: before the first stop of
// the frame's road. In go an address and how to decode, out comes a models.CameraTrial. `cwctl camera test` runs it on the
// operator's machine and the node on its own; they import it. Discover finds the cameras of a network by ONVIF. Pure Go: who has a
// native decoder hands it in.
package probe

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// How long a trial takes.
const (
	DefaultFor   = 10 * time.Second
	MaxFor       = 5 * time.Minute
	StartWithin  = 15 * time.Second // from dialling to the first picture: three answers of 5 s
	progressStep = 250 * time.Millisecond
	maxPictures  = 20_000 // whose time stamps are looked at
)

// Config says which camera is tried and how.
type Config struct {
	URL       models.SecretURL
	Transport string
	TLS       models.CameraTLS
	Allow     []netip.Prefix     // where the camera may be; nil is anywhere
	Logins    *ingest.LoginLimit // nil: none was tried before
	For       time.Duration      // watched after the first picture; 0 is DefaultFor
	Snapshot  bool
	Masks     []models.Polygon // blackened in the snapshot
	// NewDecoder makes the decoder of a codec; nil decodes none, so that only MJPEG gives a snapshot.
	NewDecoder func(models.Codec) (decode.Decoder, error)
	Progress   func(Progress) // called from one goroutine, four times a second; may be nil
	Log        *slog.Logger   // nil is silent
}

// Validate returns a KindInvalid error when the camera cannot be tried at all.
func (c *Config) Validate() error {
	if err := ingest.CheckURL(c.URL); err != nil {
		return err
	}
	if c.For < 0 || c.For > MaxFor {
		return models.Invalid("for", "%v: watch for 1s to %v", c.For, MaxFor)
	}
	return nil
}

// Progress is how far a trial is.
type Progress struct {
	Pictures int // 0: not connected yet, or no picture yet
	Done     float64
}

// Run tries a camera. What is wrong with the camera is in the trial; an error means that it could not be tried.
func Run(ctx context.Context, c Config) (models.CameraTrial, error) {
	if err := c.Validate(); err != nil {
		return models.CameraTrial{}, err
	}
	if c.For == 0 {
		c.For = DefaultFor
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Logins == nil {
		c.Logins = &ingest.LoginLimit{}
	}
	source, err := ingest.NewRTSP(ingest.RTSPConfig{URL: c.URL, Transport: c.Transport, TLS: c.TLS, Allow: c.Allow, Log: c.Log})
	if err != nil {
		return models.CameraTrial{}, err
	}
	seen := &sight{begun: time.Now()}
	stream, ended := seen.watch(ctx, c, source)
	if ctx.Err() != nil {
		return models.CameraTrial{}, models.Errorf(models.KindUnavailable, "the test was broken off: %w", ctx.Err())
	}
	t := seen.trial(stream)
	if c.Snapshot && t.KeyFrames > 0 {
		var why error
		if t.Snapshot, why = snapshot(seen.key, c.Masks, c.NewDecoder); why != nil {
			t.Findings = append(t.Findings, noSnapshot(seen.key.Codec, why))
		}
	}
	t.judge(ended, source.Problems(), seen)
	return t.CameraTrial, nil
}

// trial is a CameraTrial that is being judged.
type trial struct{ models.CameraTrial }

// sight is what came from the camera. The source's goroutine writes, the watcher reads.
type sight struct {
	begun time.Time

	mu          sync.Mutex
	first, last time.Time // arrivals
	pictures    int
	keys        int
	damaged     int
	key         *models.AccessUnit // the newest key frame
	pts         []time.Duration    // of all pictures
	keyPTS      []time.Duration
}

func (s *sight) take(u *models.AccessUnit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
	if s.pictures == 0 {
		s.first = s.last
	}
	s.pictures++
	if len(s.pts) < maxPictures {
		s.pts = append(s.pts, u.PTS)
	}
	if u.Damaged {
		s.damaged++
	}
	if u.Key {
		s.keys++
		s.key = u
		if len(s.keyPTS) < maxPictures {
			s.keyPTS = append(s.keyPTS, u.PTS)
		}
	}
}

// watch runs the source until it has been watched long enough, ends by itself or sends nothing. ended is nil when it was watched to
// the end.
func (s *sight) watch(ctx context.Context, c Config, source *ingest.RTSP) (stream models.Stream, ended error) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Logins.Try(run, source, s.take) }()
	tick := time.NewTicker(progressStep)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err == nil {
				err = errors.New("the camera ended the stream")
			}
			return source.Stream(), err
		case <-tick.C:
		}
		s.mu.Lock()
		pictures, first := s.pictures, s.first
		s.mu.Unlock()
		now := time.Now()
		p, over := Progress{Pictures: pictures}, now.Sub(s.begun) >= StartWithin
		if pictures > 0 {
			over = now.Sub(first) >= c.For
			p.Done = min(1, now.Sub(first).Seconds()/c.For.Seconds())
		}
		if c.Progress != nil {
			c.Progress(p)
		}
		if over || ctx.Err() != nil {
			stream = source.Stream()
			cancel()
			<-done
			return stream, nil
		}
	}
}

// trial begins the report with what was seen.
func (s *sight) trial(stream models.Stream) trial {
	t := trial{models.CameraTrial{Stream: stream, Pictures: s.pictures, KeyFrames: s.keys}}
	if s.pictures > 0 {
		t.OK = s.keys > 0
		t.First = s.first.Sub(s.begun).Round(time.Millisecond)
		t.Watched = s.last.Sub(s.first).Round(time.Millisecond)
	}
	if s.key != nil {
		t.Profile = profileOf(s.key)
	}
	return t
}

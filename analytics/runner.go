package analytics

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// Stepper is what a Runner drives: a Pipeline.
type Stepper interface {
	Step(f *models.Frame) (Result, error)
	Unchanged(f *models.Frame) bool
	Repeat(at time.Time) Result
	Gap(at time.Time, h models.CameraHealth) Result
	Close(at time.Time, why models.Ended) Result
	State() ([]byte, error)
	Restore(state []byte) error
}

// Units is one reader of a camera's access units: an ingest.Cursor.
type Units interface {
	Next(ctx context.Context) (*models.AccessUnit, error) // gives what is there even when ctx has ended
	Skipped() int64                                       // units missed because the reader was too slow
	Close()
}

// Sink keeps what was found: an outbox. Records, media and state are kept together or not at all.
type Sink interface {
	Put(ctx context.Context, records []models.Record, media []models.Media, state []byte) error
}

// ErrRemoved as the cause of a Runner's context says that the camera is no longer watched: what is open is closed. Any
// other end is a pause: what is open is kept in the state and goes on at the next start.
var ErrRemoved = errors.New("the camera was removed")

// RunnerConfig says what one camera's Runner works with. All but Turns, Log, State and Now is needed.
type RunnerConfig struct {
	Node       string
	Camera     models.Camera
	NewStepper func() (Stepper, error)
	NewDecoder func(models.Codec) (decode.Decoder, error)
	Units      func() Units
	Health     func() models.CameraHealth
	Sink       Sink
	Lean       func() bool      // true while memory is short: no pictures are kept aside for incidents to come; may be nil
	Turns      *Turns           // shared by all cameras of a node; nil is one of the camera's own
	State      []byte           // of the last run, as Sink got it; may be empty
	Log        *slog.Logger     // nil is slog.Default
	Now        func() time.Time // nil is time.Now: only for rates and for gaps, frames carry their own time
}

// Runner takes one camera from access units to records: it has pictures decoded and analysed at the camera's rate (reel), tells
// the pipeline of gaps (journal), takes the pictures that prove incidents, and keeps the newest for stills (album).
type Runner struct {
	cfg      RunnerConfig
	interval time.Duration // between analysed frames
	turn     *turn         // while it runs
	log      *flood.Log
	album    *album
	state    []byte // as last kept

	mu       sync.Mutex
	counts   models.Counts
	in, done rate
	gated    rate
	view     view
	mode     models.DecodeMode
}

// view is the newest analysed frame with what was seen in it.
type view struct {
	frame *models.Frame
	live  models.Live
}

const (
	defaultFPS      = 2 // of a live camera that names no rate
	defaultPriority = 5
	gapAfter        = time.Second            // without an analysed frame
	gapMargin       = 500 * time.Millisecond // frames may come this much later than the last ones did
	maxLag          = 20 * time.Second       // a frame is never later than the ring is long
	keepEvery       = 2 * time.Second        // the state is kept this often when there are no records
	restartAfter    = time.Second            // a decoder or pipeline that fell over
	backwards       = 5 * time.Second        // the node's clock was set back, if capture times go back further than this
)

// NewRunner makes a Runner; Run starts it.
func NewRunner(cfg RunnerConfig) *Runner {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Turns == nil {
		cfg.Turns = NewTurns(1)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	fps := cfg.Camera.AnalyseFPS
	if fps == 0 {
		fps = defaultFPS
	}
	interval := time.Duration(float64(time.Second) / fps)
	album := newAlbum(cfg.Camera)
	album.lean = cfg.Lean
	return &Runner{
		cfg: cfg, interval: interval, log: flood.New(cfg.Log, 10*time.Second), album: album, state: cfg.State,
		view: view{live: models.Live{Camera: cfg.Camera.ID}},
	}
}

// Run works until ctx ends and everything found is kept. A panic in a decoder or a stage is this camera's alone: the
// runner goes on from the state that was kept last.
func (r *Runner) Run(ctx context.Context) {
	defer r.log.Close()
	r.turn = r.cfg.Turns.join(r.interval, cmp.Or(r.cfg.Camera.Priority, defaultPriority))
	defer r.turn.leave()
	for {
		err := guard(func() error { return r.once(ctx) })
		if ctx.Err() != nil {
			return
		}
		r.log.Warn("analysis of the camera failed and begins again", "err", err)
		select {
		case <-time.After(restartAfter):
		case <-ctx.Done():
			return
		}
	}
}

// once decodes and analyses until ctx ends or something fails.
func (r *Runner) once(ctx context.Context) error {
	p, err := r.begin()
	if err != nil {
		return err
	}
	reel := newReel(r, &journal{r: r, p: p})
	defer reel.close()
	return reel.run(ctx)
}

// guard turns a panic into an error that says where.
func guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// inTurn does something when it is the camera's turn, and reports whether that came before ctx ended. A turn with a frame to
// analyse counts towards the camera's share.
func (r *Runner) inTurn(ctx context.Context, frame bool, do func()) bool {
	if !r.turn.take(ctx, frame) {
		return false
	}
	defer r.turn.done()
	do()
	return true
}

// runnerState is what survives a restart.
type runnerState struct {
	Pipeline  json.RawMessage
	Snapshots map[string]taken
}

// begin makes a pipeline that goes on where the state was kept. A state that no longer fits is left behind.
func (r *Runner) begin() (Stepper, error) {
	p, err := r.cfg.NewStepper()
	if err != nil || len(r.state) == 0 {
		return p, err
	}
	var s runnerState
	err = json.Unmarshal(r.state, &s)
	if err == nil {
		err = p.Restore(s.Pipeline)
	}
	if err != nil {
		r.cfg.Log.Warn("the camera begins anew: its kept state does not fit", "err", err)
		return r.cfg.NewStepper()
	}
	r.album.restore(s.Snapshots)
	return p, nil
}

func (r *Runner) received(skipped int64, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Units++
	r.counts.Skipped = skipped
	r.in.add(at)
}

func (r *Runner) setMode(m models.DecodeMode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mode = m
}

func (r *Runner) count(do func(*models.Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do(&r.counts)
}

// Counts returns what was done and left undone.
func (r *Runner) Counts() models.Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Live returns the newest figures.
func (r *Runner) Live() models.Live {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live()
}

// live needs mu.
func (r *Runner) live() models.Live {
	l, now := r.view.live, r.cfg.Now()
	l.Health, l.Mode, l.Counts = r.cfg.Health(), r.mode, r.counts
	l.FPSIn, l.FPSAnalysed = r.in.perSecond(now), r.done.perSecond(now)
	l.Gated = r.gated.perSecond(now) / max(l.FPSAnalysed, 1e-9)
	return l
}

// Still returns the newest analysed picture with what was seen in it; KindUnavailable before the first.
func (r *Runner) Still() (models.Still, error) {
	r.mu.Lock()
	f, live := r.view.frame, r.live()
	r.mu.Unlock()
	if f == nil {
		h := r.cfg.Health()
		return models.Still{}, models.Errorf(models.KindUnavailable, "camera %s has shown no picture yet: it is %s (%s)", r.cfg.Camera.ID, h.State, h.Reason)
	}
	picture, err := r.album.encode(f)
	if err != nil {
		return models.Still{}, err
	}
	return models.Still{JPEG: picture, At: f.At, Live: live}, nil
}

package analytics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// TestNoOutageIsAnAbsence joins the true stops from a camera's connection to records (supervisor, clock, ring, runner, pipeline, rules) in
// virtual time and lets everything fail at random: connections, pictures, groups of pictures, light, clocks, decoders, the
// program itself. Two officers sit at their counters all the time and a citizen waits, so that every second of absence and
// every incident of a counter is false. COUNTERWATCH_OUTAGES=10000 sets how many patterns are tried.
func TestNoOutageIsAnAbsence(t *testing.T) {
	patterns := 200
	if testing.Short() { // under the race detector
		patterns = 20
	}
	if v := os.Getenv("COUNTERWATCH_OUTAGES"); v != "" {
		var err error
		if patterns, err = strconv.Atoi(v); err != nil || patterns < 1 {
			t.Fatalf("COUNTERWATCH_OUTAGES=%s is not a number of patterns", v)
		}
	}
	const lasts = 90 * time.Second
	var observed, unknown, faults, rested atomic.Int64
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for seed := next.Add(1); seed <= uint64(patterns) && !t.Failed(); seed = next.Add(1) {
				w := &weather{t: t, r: rand.New(rand.NewPCG(seed, 21))}
				synctest.Test(t, func(t *testing.T) { w.pass(t, lasts) })
				w.judge(seed)
				for _, m := range w.minutes {
					if m.Counter != "" {
						observed.Add(int64(m.StaffedS))
						unknown.Add(int64(m.UnknownS))
					}
				}
				faults.Add(int64(len(w.said)))
				rested.Add(w.rested)
			}
		})
	}
	wg.Wait()
	seen := float64(observed.Load()) / (2 * lasts.Seconds() * float64(patterns))
	t.Logf("%d patterns, %d faults: %.0f %% of the time seen, %.1f h unknown, %d units left out while nothing moved",
		patterns, faults.Load(), 100*seen, float64(unknown.Load())/3600, rested.Load())
	if !t.Failed() && (seen < .3 || seen > .9 || unknown.Load() == 0 || rested.Load() == 0 || faults.Load() < int64(3*patterns)) {
		t.Error("the patterns prove little")
	}
}

// weather is one camera with everything that befalls it.
type weather struct {
	t      *testing.T
	r      *rand.Rand // of the camera's connection, one at a time
	shift  atomic.Int64
	said   []string // what happened, for the report
	mu     sync.Mutex
	state  []byte
	events []models.Event

	minutes []models.Minute
	rested  int64 // units not decoded because nothing moved
}

func (w *weather) now() time.Time { return time.Now().Add(time.Duration(w.shift.Load())) }

func (w *weather) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, fmt.Sprintf("%s ", time.Now().UTC().Format("04:05.0"))+fmt.Sprintf(format, args...))
}

// seconds is a random time, most often short, of the mean given.
func (w *weather) seconds(mean float64) time.Duration {
	return time.Duration(w.r.ExpFloat64() * mean * float64(time.Second))
}

// pass runs the camera for so long, in one or more lives of the program.
func (w *weather) pass(t *testing.T, long time.Duration) {
	w.shift.Store(int64(time.Until(time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC))))
	for end := time.Now().Add(long); time.Now().Before(end); {
		life := time.Until(end)
		if w.r.IntN(3) == 0 {
			life = min(life, w.seconds(60))
			w.say("the program lives %v", life)
		}
		w.live(t, life)
		sleepFor(t.Context(), w.seconds(3))
	}
}

// live is one life of the program: the stops as a node joins them.
func (w *weather) live(t *testing.T, long time.Duration) {
	scene := hall()
	site := models.Site{ID: "site", Calendar: models.Calendar{Always: true}}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	budget := ingest.NewBudget(1 << 20)
	ring := budget.NewRing()
	defer ring.Close()
	eyes := sitting{w.t, scene}
	sup := &ingest.Supervisor{
		Sources: []ingest.Source{&fickle{w: w}, &fickle{w: w}}, Emit: ring.Put, Log: quiet, Jitter: func() float64 { return .5 },
	}
	runner := NewRunner(RunnerConfig{
		Node: "node", Camera: scene.camera, Log: quiet, State: w.state, Sink: w, Now: w.now,
		NewStepper: func() (Stepper, error) {
			return NewPipeline(Config{Node: "node", Camera: scene.camera, Site: site, Detector: eyes})
		},
		NewDecoder: func(models.Codec) (decode.Decoder, error) { return &screens{}, nil },
		Units:      func() Units { return ring.NewCursor() },
		Health:     sup.Health,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { sup.Run(ctx) })
	wg.Go(func() { runner.Run(ctx) })
	time.Sleep(long)
	cancel()
	wg.Wait()
	w.rested += runner.Counts().Idle
}

// Put is the outbox: what it has taken is kept.
func (w *weather) Put(_ context.Context, records []models.Record, _ []models.Media, state []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range records {
		if r.Minute != nil {
			w.minutes = append(w.minutes, *r.Minute)
		}
		if r.Event != nil {
			w.events = append(w.events, *r.Event)
		}
	}
	w.state = state
	return nil
}

// judge looks for what cannot be true.
func (w *weather) judge(seed uint64) {
	for _, m := range w.minutes {
		if m.Counter != "" && m.AbsentS > 0 {
			w.t.Errorf("pattern %d: %s absent for %g s in the minute from %v:\n%s", seed, m.Counter, m.AbsentS, m.Start, strings.Join(w.said, "\n"))
			return
		}
	}
	for _, e := range w.events {
		if strings.HasPrefix(string(e.Kind), "counter.") {
			w.t.Errorf("pattern %d: %s of %s at %v:\n%s", seed, e.Kind, e.Counter, e.Opened, strings.Join(w.said, "\n"))
			return
		}
	}
}

// fickle is a source that fails in every way that a camera or its network does.
type fickle struct {
	w     *weather
	epoch uint64
}

// The pictures that a camera shows: the first byte of a unit, and of every pixel.
const (
	lit   = 200 // people sit where they sit
	night = 5   // nothing can be seen
	ghost = 90  // decoded from damaged bytes: grey, nobody there
	bad   = 1   // cannot be decoded
	lost  = 2   // the decoder fell over: nothing more until the next key frame
)

func (c *fickle) Run(ctx context.Context, emit func(*models.AccessUnit)) error {
	w := c.w
	sleepFor(ctx, w.seconds(.2))
	switch kinds := []models.Kind{models.KindUnavailable, models.KindUnavailable, models.KindNotFound, models.KindUnsupported}; w.r.IntN(6) {
	case 0:
		k := kinds[w.r.IntN(len(kinds))]
		w.say("connecting fails: %s", k)
		return models.Errorf(k, "fails")
	case 1:
		w.say("nobody answers")
		sleepFor(ctx, 5*time.Second)
		return models.Errorf(models.KindUnavailable, "no answer")
	}
	c.epoch++
	film := film{w: w, emit: emit, epoch: c.epoch, raw: w.seconds(100000), fps: []int{1, 5, 10}[w.r.IntN(3)], gop: 1 + w.r.IntN(20)}
	for end := time.Now().Add(w.seconds(60)); time.Now().Before(end) && ctx.Err() == nil; {
		film.shoot(ctx, w.seconds(8))
		film.fault(ctx)
	}
	if w.r.IntN(2) == 0 {
		w.say("the connection is half open")
		<-ctx.Done()
	}
	w.say("the connection ends")
	return errors.New("connection lost")
}

// film makes the units of one connection.
type film struct {
	w       *weather
	emit    func(*models.AccessUnit)
	clock   ingest.Clock
	epoch   uint64
	raw     time.Duration // the camera's clock
	n       int
	fps     int
	gop     int // units
	damaged bool
	content byte
	moving  int // units for which somebody still moves
}

// shoot sends pictures for so long.
func (f *film) shoot(ctx context.Context, long time.Duration) {
	for end := time.Now().Add(long); time.Now().Before(end) && sleepFor(ctx, time.Second/time.Duration(f.fps)); {
		f.raw += time.Second / time.Duration(f.fps)
		f.send()
	}
}

// send sends one picture.
func (f *film) send() {
	u := &models.AccessUnit{Codec: models.CodecH264, Epoch: f.epoch, Key: f.n%f.gop == 0}
	f.n++
	f.damaged = f.damaged && !u.Key
	content := byte(lit)
	switch {
	case f.damaged:
		content = ghost
	case f.content != 0:
		content = f.content
	case f.moving > 0:
		f.moving--
		content += byte(1 + f.moving%20)
	}
	u.NALUs, u.Damaged = [][]byte{{content}}, f.damaged
	u.PTS, u.At = f.clock.Stamp(f.raw, f.w.now())
	f.emit(u)
}

// fault is one thing that goes wrong while the connection stays.
func (f *film) fault(ctx context.Context) {
	w := f.w
	steps := []time.Duration{time.Second, time.Second, 10 * time.Second, 10 * time.Second, time.Minute, time.Minute, time.Minute, time.Hour}
	switch w.r.IntN(9) {
	case 0:
		d := w.seconds(3)
		w.say("silent for %v", d)
		sleepFor(ctx, d)
		f.raw += d
	case 1:
		d := min(w.seconds(2), 4*time.Second)
		w.say("the network holds pictures back for %v", d)
		sleepFor(ctx, d)
		for range int(d.Seconds() * float64(f.fps)) {
			f.raw += time.Second / time.Duration(f.fps)
			f.send()
		}
	case 2:
		w.say("packets are lost: damaged until the next key frame")
		f.damaged = true
	case 3:
		d := w.seconds(8)
		w.say("dark for %v", d)
		f.content = night
		f.shoot(ctx, d)
		f.content = 0
	case 4:
		jump := time.Duration(w.r.Int64N(int64(48*time.Hour))) - 24*time.Hour
		w.say("the camera's clock jumps by %v", jump)
		f.raw += jump
	case 5:
		jump := time.Duration(w.r.NormFloat64() * float64(steps[w.r.IntN(len(steps))]))
		w.say("the node's clock is set by %v", jump)
		w.shift.Add(int64(jump))
	case 6:
		f.content = []byte{bad, lost}[w.r.IntN(2)]
		w.say("the decoder fails (%d)", f.content)
		f.shoot(ctx, w.seconds(1))
		f.content = 0
	case 7:
		f.fps = []int{1, 2, 5, 15}[w.r.IntN(4)]
		w.say("%d pictures a second", f.fps)
	case 8:
		w.say("somebody moves")
		f.moving = w.r.IntN(60)
	}
}

// screens decodes: every picture is one brightness, as a decoder would give it.
type screens struct{ broken bool }

func (s *screens) Flush() ([]*models.Frame, error) { return nil, nil }
func (s *screens) Close() error                    { return nil }
func (s *screens) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	content := u.NALUs[0][0]
	s.broken = s.broken && !u.Key
	switch {
	case content == bad:
		return nil, errors.New("cannot be decoded")
	case content == lost:
		s.broken = true
	}
	if s.broken {
		return nil, models.Errorf(models.KindUnavailable, "the decoder fell over")
	}
	if want == decode.Skip {
		return nil, nil
	}
	return []*models.Frame{{
		At: u.At, Size: models.Size{W: 64, H: 36}, Stride: 64, Format: models.I420, Pix: screen[content], Damaged: u.Damaged, FullRange: true,
	}}, nil
}

// screen holds the pixels of each brightness.
var screen = func() (out [256][]byte) {
	for i := range out {
		out[i] = make([]byte, 64*36*3/2)
		for j := range out[i] {
			out[i][j] = 128
		}
		for j := range 64 * 36 {
			out[i][j] = byte(i)
		}
	}
	return out
}()

// sitting is a detector that sees the same people in every lit picture, and nobody in what is no picture of the hall.
type sitting struct {
	t     *testing.T
	scene *scene
}

func (e sitting) Info() detect.Info { return eyes{}.Info() }
func (e sitting) Close() error      { return nil }

func (e sitting) Detect(f *models.Frame) ([]models.Detection, error) {
	if f.Pix[0] < lit {
		return nil, nil
	}
	var out []models.Detection
	for _, place := range []string{"o1", "o2", "q1/1of3"} {
		p, err := e.scene.spot(place, .3)
		if err != nil {
			e.t.Error(err)
		}
		a := actor{height: .3, steps: []stepTo{{to: p}}}
		if b, ok := a.box(0, f.Size); ok {
			out = append(out, models.Detection{Box: b, Score: .95})
		}
	}
	return out, nil
}

// sleepFor waits; false when ctx ended first.
func sleepFor(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

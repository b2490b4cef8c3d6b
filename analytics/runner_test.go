package analytics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tape is a Units whose test puts units in as time passes.
type tape chan *models.AccessUnit

func (t tape) Next(ctx context.Context) (*models.AccessUnit, error) {
	select {
	case u := <-t:
		return u, nil
	default:
	}
	select {
	case u := <-t:
		return u, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (tape) Skipped() int64 { return 0 }
func (tape) Close()         {}

// pictures decodes every unit to a frame of 8x4 pixels, all of the colour of the unit's first byte.
type pictures struct{}

func (p *pictures) Flush() ([]*models.Frame, error) { return nil, nil }
func (p *pictures) Close() error                    { return nil }
func (p *pictures) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	if len(u.NALUs) == 0 {
		return nil, errors.New("empty")
	}
	if want == decode.Skip {
		return nil, nil
	}
	pix := bytes.Repeat(u.NALUs[0][:1], 8*4*3)
	return []*models.Frame{{At: u.At, Size: models.Size{W: 8, H: 4}, Stride: 24, Pix: pix, Damaged: u.Damaged}}, nil
}

// steps is a Stepper that writes down what it is told; on names what it finds in a frame.
type steps struct {
	t        *testing.T
	log      *[]string
	begun    time.Time
	on       func(f *models.Frame) Result
	took     time.Duration // by one Step
	restored string
}

func (s *steps) note(format string, args ...any) {
	*s.log = append(*s.log, fmt.Sprintf(format, args...))
}
func (s *steps) Step(f *models.Frame) (Result, error) {
	s.note("step %.1f", f.At.Sub(s.begun).Seconds())
	time.Sleep(s.took)
	if s.on == nil {
		return Result{}, nil
	}
	return s.on(f), nil
}
func (s *steps) Unchanged(f *models.Frame) bool { return false }
func (s *steps) Repeat(at time.Time) Result {
	s.note("repeat %.1f", at.Sub(s.begun).Seconds())
	return Result{}
}
func (s *steps) Gap(at time.Time, h models.CameraHealth) Result {
	s.note("gap %.1f %s", at.Sub(s.begun).Seconds(), h.State)
	return Result{}
}
func (s *steps) Close(at time.Time, why models.Ended) Result {
	s.note("close %.1f %s", at.Sub(s.begun).Seconds(), why)
	return Result{Visits: []models.Visit{{ID: "v", Camera: "cam", Ended: why}}}
}
func (s *steps) State() ([]byte, error) { return []byte(`"` + s.restored + `+"`), nil }
func (s *steps) Restore(state []byte) error {
	s.restored = strings.Trim(string(state), `"`)
	return nil
}

// shelf is a Sink that remembers.
type shelf struct {
	mu      sync.Mutex
	records []models.Record
	media   []models.Media
	states  [][]byte
	fail    int // so many Puts fail first
}

func (s *shelf) Put(_ context.Context, records []models.Record, media []models.Media, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		return errors.New("disk full")
	}
	s.records, s.media, s.states = append(s.records, records...), append(s.media, media...), append(s.states, state)
	return nil
}

// desk is everything around one runner in a test.
type desk struct {
	t      *testing.T
	cfg    RunnerConfig
	tape   tape
	steps  *steps
	shelf  *shelf
	log    []string
	begun  time.Time
	runner *Runner
	stop   context.CancelCauseFunc
	done   chan struct{}
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, tape: make(tape, 1000), shelf: &shelf{}, begun: time.Now(), done: make(chan struct{})}
	d.steps = &steps{t: t, log: &d.log, begun: d.begun}
	d.cfg = RunnerConfig{
		Node: "n1", Camera: models.Camera{ID: "cam"}, Sink: d.shelf, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		NewStepper: func() (Stepper, error) { s := *d.steps; return &s, nil },
		NewDecoder: func(models.Codec) (decode.Decoder, error) { return &pictures{}, nil },
		Units:      func() Units { return d.tape },
		Health:     func() models.CameraHealth { return models.CameraHealth{State: models.CameraStalled} },
	}
	return d
}

func (d *desk) start() {
	d.runner = NewRunner(d.cfg)
	var ctx context.Context
	ctx, d.stop = context.WithCancelCause(d.t.Context())
	go func() { defer close(d.done); d.runner.Run(ctx) }()
}

// film delivers units of a colour for so long, fps a second.
func (d *desk) film(colour byte, long time.Duration, fps int) {
	for range int(long.Seconds() * float64(fps)) {
		d.tape <- &models.AccessUnit{Codec: models.CodecH264, NALUs: [][]byte{{colour}}, At: time.Now(), Key: true}
		time.Sleep(time.Second / time.Duration(fps))
	}
}

func (d *desk) end(cause error) {
	d.stop(cause)
	<-d.done
}

func TestRunnerKeepsItsRate(t *testing.T) {
	for _, c := range []struct {
		fps     int
		analyse float64
		want    int64 // frames in 10 s
	}{{15, 0, 20}, {25, 5, 50}, {10, 10, 100}, {4, 10, 40}} {
		t.Run(fmt.Sprintf("%v of %d", c.analyse, c.fps), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.cfg.Camera.AnalyseFPS = c.analyse
				d.start()
				d.film(1, 10*time.Second, c.fps)
				n := d.runner.Counts()
				if n.Analysed < c.want-1 || n.Analysed > c.want+1 || n.Dropped != 0 || n.Units != int64(10*c.fps) {
					t.Errorf("%+v, want %d analysed", n, c.want)
				}
				if l := d.runner.Live(); l.FPSIn < float64(c.fps)-0.5 || l.FPSIn > float64(c.fps)+0.5 {
					t.Errorf("fps in %v", l.FPSIn)
				}
				d.end(nil)
			})
		})
	}
}

func TestRunnerNewestFrameWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.cfg.Camera.AnalyseFPS = 10
		d.steps.took = time.Second
		d.start()
		d.film(1, 10*time.Second, 10)
		time.Sleep(2 * time.Second)
		if n := d.runner.Counts(); n.Analysed < 10 || n.Analysed > 12 || n.Dropped+n.Analysed != 100 {
			t.Errorf("%+v", n)
		}
		d.end(nil)
		for i, l := range d.log[:10] {
			var at float64
			if _, err := fmt.Sscanf(l, "step %f", &at); err != nil || at < float64(i)-0.11 {
				t.Errorf("step %d is of %s", i, l)
			}
		}
	})
}

func TestRunnersShareSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(1)
		var desks []*desk
		for range 2 {
			d := newDesk(t)
			d.cfg.Turns, d.steps.took = turns, 400*time.Millisecond
			d.start()
			desks = append(desks, d)
		}
		go desks[0].film(1, 10*time.Second, 10)
		desks[1].film(1, 10*time.Second, 10)
		time.Sleep(time.Second)
		for _, d := range desks {
			// Two cameras of 2 a second at 0.4 s each want 1.6 s a second: each gets its half of 2.5 a second.
			if n := d.runner.Counts().Analysed; n < 11 || n > 15 {
				t.Errorf("%d analysed", n)
			}
			d.end(nil)
		}
	})
}

func TestRunnerTellsGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.start()
		d.film(1, 2*time.Second, 10)
		time.Sleep(10 * time.Second)
		d.film(1, time.Second, 10)
		d.end(nil)
		var gaps []string
		last := -1.0
		for _, l := range d.log {
			var what string
			var at float64
			if _, err := fmt.Sscanf(l, "%s %f", &what, &at); err != nil || at <= last {
				t.Errorf("%q after %.1f: %v", l, last, err)
			}
			if last >= 0 && at-last > 2 {
				t.Errorf("nothing told between %.1f and %.1f", last, at)
			}
			last = at
			if what == "gap" {
				gaps = append(gaps, l)
			}
		}
		if len(gaps) < 10 || !strings.HasSuffix(gaps[0], "stalled") {
			t.Errorf("%q", d.log)
		}
	})
}

func TestRunnerLeavesDamageOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.start()
		d.tape <- &models.AccessUnit{NALUs: [][]byte{{1}}, At: time.Now(), Damaged: true}
		d.tape <- &models.AccessUnit{At: time.Now().Add(time.Second)}
		synctest.Wait()
		if n := d.runner.Counts(); n.Damaged != 1 || n.Failed != 1 || n.Analysed != 0 {
			t.Errorf("%+v", n)
		}
		if _, err := d.runner.Still(); models.KindOf(err) != models.KindUnavailable {
			t.Error(err)
		}
		d.end(nil)
	})
}

func TestRunnerGoesOnAfterPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		n := 0
		d.cfg.State, d.cfg.Turns = []byte(`{"Pipeline":"old"}`), NewTurns(1)
		d.steps.on = func(*models.Frame) Result {
			if n++; n == 5 {
				panic("broken stage")
			}
			return Result{Visits: []models.Visit{{ID: fmt.Sprint(n)}}}
		}
		d.start()
		d.film(1, 10*time.Second, 10)
		d.end(nil)
		if len(d.shelf.records) < 15 || d.cfg.Turns.free != 1 {
			t.Errorf("%d visits kept", len(d.shelf.records))
		}
		// Both lives began from a kept state.
		if last := string(d.shelf.states[len(d.shelf.states)-1]); !strings.Contains(last, "old++") {
			t.Error(last)
		}
	})
}

func TestRunnerEnds(t *testing.T) {
	for _, c := range []struct {
		cause  error
		closed bool
	}{{nil, false}, {ErrRemoved, true}} {
		t.Run(fmt.Sprint(c.cause), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				d.start()
				d.film(1, 3*time.Second, 10)
				synctest.Wait()
				states := len(d.shelf.states)
				d.end(c.cause)
				closed := strings.Contains(strings.Join(d.log, " "), "close 2.5 gap")
				if closed != c.closed || (len(d.shelf.records) == 1) != c.closed || len(d.shelf.states) != states+1 {
					t.Errorf("%q, %d records, %d states after %d", d.log, len(d.shelf.records), len(d.shelf.states), states)
				}
			})
		})
	}
}

func TestRunnerKeepsUntilItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.shelf.fail = 3
		n := 0
		d.steps.on = func(*models.Frame) Result {
			n++
			return Result{Visits: []models.Visit{{ID: fmt.Sprint(n)}}}
		}
		d.start()
		d.film(1, 10*time.Second, 10)
		d.end(nil)
		for i, r := range d.shelf.records {
			if r.Visit.ID != fmt.Sprint(i+1) {
				t.Fatalf("record %d is visit %s", i, r.Visit.ID)
			}
		}
		if len(d.shelf.records) < 12 {
			t.Fatalf("%d records", len(d.shelf.records))
		}
	})
}

func TestRunnerClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var back atomic.Int64
		d.cfg.Now = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
		d.start()
		d.film(1, 2*time.Second, 10)
		back.Store(int64(time.Hour))
		for range 30 {
			d.tape <- &models.AccessUnit{NALUs: [][]byte{{1}}, At: d.cfg.Now()}
			time.Sleep(100 * time.Millisecond)
		}
		back.Store(int64(2 * time.Hour)) // while the camera is silent
		time.Sleep(3 * time.Second)
		d.end(nil)
		all := strings.Join(d.log, ", ")
		if !strings.Contains(all, "close 1.5 gap, ") || strings.Count(all, "step -") < 4 || !strings.Contains(all, "gap -719") {
			t.Error(all)
		}
	})
}

func TestRunnerProvesIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.cfg.Camera.Counters = []models.Counter{{ID: "c1", Staff: []string{"o1"}}}
		d.cfg.Camera.Zones = []models.Zone{{ID: "m", Kind: models.ZoneMask, Polygon: models.Polygon{{X: 0, Y: 0}, {X: 0.5, Y: 0}, {X: 0.5, Y: 1}, {X: 0, Y: 1}}}}
		opened := d.begun.Add(4 * time.Second)
		revision := 0
		d.steps.on = func(f *models.Frame) Result {
			s := f.At.Sub(d.begun)
			live := models.Live{Camera: "cam", Counters: []models.LiveCounter{{Counter: "c1", Staffing: models.Staffed, OnDuty: 1}}}
			if s < 2500*time.Millisecond { // the officer's box; the counter stays staffed a little longer
				live.Boxes = []models.LiveBox{{Track: 1, Zone: "o1"}}
			}
			e := models.Event{ID: "e1", Kind: models.CounterAbsent, Camera: "cam", Counter: "c1", Opened: opened, Began: d.begun.Add(2 * time.Second)}
			switch {
			case s >= 4*time.Second && revision == 0, s >= 5*time.Second && revision == 1: // opens, is revised
			case s >= 6*time.Second && revision == 2:
				e.Closed = f.At
			default:
				return Result{Live: live}
			}
			revision++
			e.Revision = revision
			return Result{Live: live, Events: []models.Event{e}}
		}
		d.start()
		for colour := range byte(8) {
			d.film(colour*30, time.Second, 10)
		}
		still, err := d.runner.Still()
		if err != nil || still.At.Sub(d.begun) != 7500*time.Millisecond {
			t.Fatal(still.At.Sub(d.begun), err)
		}
		d.end(nil)

		var roles []string
		for _, r := range d.shelf.records {
			s := fmt.Sprint(r.Event.Revision)
			for _, p := range r.Event.Snapshots {
				s += fmt.Sprintf(" %s@%v", p.Role, p.At.Sub(d.begun))
			}
			roles = append(roles, s)
		}
		want := "1 before@1s opening@4s, 2 before@1s opening@4s, 3 before@1s opening@4s closing@6s"
		if got := strings.Join(roles, ", "); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if len(d.shelf.media) != 3 {
			t.Fatalf("%d pictures", len(d.shelf.media))
		}
		for i, colour := range []byte{30, 120, 180} {
			m := d.shelf.media[i]
			img, err := jpeg.Decode(bytes.NewReader(m.Data))
			if err != nil || m.Event != "e1" || m.Type != "image/jpeg" || m.ID != d.shelf.records[2].Event.Snapshots[i].ID {
				t.Fatal(m.ID, err)
			}
			for x, want := range map[int]byte{1: 0, 6: colour} {
				if r, _, _, _ := img.At(x, 2).RGBA(); int(r>>8)-int(want) > 30 || int(want)-int(r>>8) > 30 {
					t.Errorf("picture %d, pixel %d is %d, want %d", i, x, r>>8, want)
				}
			}
		}
	})
}

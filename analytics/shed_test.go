package analytics

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// mill is a node's one core, on which decoding and analysing take their time.
type mill struct{ decode, analyse atomic.Int64 }

func (m *mill) set(decode, analyse time.Duration) {
	m.decode.Store(int64(decode))
	m.analyse.Store(int64(analyse))
}

// milled is a camera of a mill: decoder and pipeline.
type milled struct {
	*Pipeline
	mill *mill
	mu   sync.Mutex
	at   []time.Time // of the analysed frames
	got  int64       // units decoded
}

func (c *milled) Step(f *models.Frame) (Result, error) {
	time.Sleep(time.Duration(c.mill.analyse.Load()))
	c.mu.Lock()
	c.at = append(c.at, f.At)
	c.mu.Unlock()
	return c.Pipeline.Step(f)
}

// between counts the frames analysed between two moments.
func (c *milled) between(from, to time.Time) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range c.at {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// grind is a decoder of the mill.
type grind struct{ camera *milled }

func (g grind) Flush() ([]*models.Frame, error) { return nil, nil }
func (g grind) Close() error                    { return nil }
func (g grind) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	g.camera.got++
	time.Sleep(time.Duration(g.camera.mill.decode.Load()))
	if want == decode.Skip {
		return nil, nil
	}
	return []*models.Frame{{At: u.At, Size: models.Size{W: 1280, H: 720}}}, nil
}

// TestOverloadShedsByPriority: twelve cameras, a third of them important, on a core that can do two thirds of what they ask for. The
// important ones keep their rate, each of the others is seen in every group of pictures, what is not seen is not counted as
// seen, and when the load falls all is as before.
func TestOverloadShedsByPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const important, all, fps, gop = 4, 12, 15, 30
		s := hall()
		s.start = time.Now()
		mill := &mill{}
		mill.set(time.Millisecond, 10*time.Millisecond)
		turns := NewTurns(1)
		ctx, stop := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		var cameras []*milled
		var runners []*Runner
		var shelves []*shelf
		for i := range all {
			camera := s.camera
			if camera.Priority = 3; i < important {
				camera.Priority = 8
			}
			p, err := NewPipeline(Config{Node: "node", Camera: camera, Site: s.site, Detector: eyes{s}})
			if err != nil {
				t.Fatal(err)
			}
			c, kept := &milled{Pipeline: p, mill: mill}, &shelf{}
			s.end = 4 * time.Minute
			film := shoot(s, coding{codec: models.CodecH264, fps: fps, gop: gop}, s.start.Add(time.Duration(i)*157*time.Millisecond))
			r := NewRunner(RunnerConfig{
				Node: "node", Camera: camera, Sink: kept, Turns: turns, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
				NewStepper: func() (Stepper, error) { return c, nil },
				NewDecoder: func(models.Codec) (decode.Decoder, error) { return grind{c}, nil },
				Units:      func() Units { return film },
				Health:     func() models.CameraHealth { return models.CameraHealth{State: models.CameraLive} },
			})
			cameras, runners, shelves = append(cameras, c), append(runners, r), append(shelves, kept)
			wg.Go(func() { r.Run(ctx) })
		}
		rates := func(from, to time.Duration) (out []float64) {
			for _, c := range cameras {
				out = append(out, float64(c.between(s.start.Add(from), s.start.Add(to)))/(to-from).Seconds())
			}
			return out
		}
		time.Sleep(30 * time.Second)
		if n, of := turns.Shed(); n != 0 || of != all || slices.Min(rates(5*time.Second, 29*time.Second)) < 1.9 {
			t.Errorf("without load %d of %d are shed, rates %.1f", n, of, rates(5*time.Second, 29*time.Second))
		}
		mill.set(4*time.Millisecond, 35*time.Millisecond) // 12 x (15 x 4 + 2 x 35) ms = 1.56 s a second
		time.Sleep(90 * time.Second)
		n, _ := turns.Shed()
		busy := rates(50*time.Second, 118*time.Second)
		if n == 0 || n > all-important {
			t.Errorf("under load %d are shed, rates %.2f", n, busy)
		}
		for i, r := range runners {
			switch live := r.Live(); {
			case i < important && (busy[i] < 1.8 || live.Mode != models.DecodeActive):
				t.Errorf("important camera %d has %.2f frames a second, %s, %+v", i, busy[i], live.Mode, live.Counts)
			case i >= important && (busy[i] < .5 || cameras[i].longest(50*time.Second, 118*time.Second) > 5*time.Second):
				t.Errorf("camera %d has %.2f frames a second, at most %v apart", i, busy[i], cameras[i].longest(50*time.Second, 118*time.Second))
			}
		}
		mill.set(time.Millisecond, 10*time.Millisecond)
		time.Sleep(2 * time.Minute)
		if n, _ := turns.Shed(); n != 0 || slices.Min(rates(220*time.Second, 235*time.Second)) < 1.9 {
			t.Errorf("after the load %d are shed, rates %.1f", n, rates(220*time.Second, 235*time.Second))
		}
		stop(ErrRemoved)
		wg.Wait()
		for i, c := range cameras {
			n := runners[i].Counts()
			seen := 0.
			for _, r := range shelves[i].records {
				if r.Minute != nil && r.Minute.Counter == "c1" {
					seen += r.Minute.ObservedS
				}
			}
			if d := seen - c.sight(); d < -12 || d > 12 { // whole seconds, of which half was seen
				t.Errorf("camera %d: %.0f s count as seen, by its frames it is %.0f s", i, seen, c.sight())
			}
			if n.Units != n.Idle+n.Shed+c.got || n.Analysed != int64(len(c.at)) || n.Skipped+n.Failed+n.Damaged > 0 || (n.Shed > 0) != (i >= important && seen < 230) {
				t.Errorf("camera %d: %d decoded, %d analysed, %.0f s seen, %+v", i, c.got, len(c.at), seen, n)
			}
		}
	})
}

// longest is the longest time between two analysed frames of a span.
func (c *milled) longest(from, to time.Duration) (most time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begun := c.at[0]
	for i := 1; i < len(c.at); i++ {
		if a := c.at[i].Sub(begun); a >= from && a < to {
			most = max(most, c.at[i].Sub(c.at[i-1]))
		}
	}
	return most
}

// sight is the sum of the times between frames that are near enough to each other to be sight.
func (c *milled) sight() (s float64) {
	for i := 1; i < len(c.at); i++ {
		if gap := c.at[i].Sub(c.at[i-1]); gap <= 1500*time.Millisecond {
			s += gap.Seconds()
		}
	}
	return s
}

package analytics

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// coding is how a film's pictures are coded.
type coding struct {
	codec  models.Codec
	fps    int
	gop    int // pictures
	b      int // pictures that come after the one they refer to
	silent []span
	epochs []time.Duration // the connection is a new one
	lost   []span          // units that no reader gets
	broken []span          // units that are damaged
}

// footage is the coded pictures of a scene, as a Units whose units come when they are taken.
type footage struct {
	scene   *scene
	coding  coding
	begun   time.Time
	units   []*models.AccessUnit // in the order of coding
	next    int
	skipped int64
}

// shoot films a scene.
func shoot(s *scene, c coding, begun time.Time) *footage {
	m := &footage{scene: s, coding: c, begun: begun}
	n := int(s.end.Seconds()) * c.fps
	for key := 0; key < n; key += c.gop {
		end := min(key+c.gop, n)
		order := []int{key}
		for i := key + 1; i < end; {
			p := min(i+c.b, end-1)
			order = append(order, p)
			for ; i < p; i++ {
				order = append(order, i)
			}
			i++
		}
		for _, i := range order {
			at := time.Duration(i) * time.Second / time.Duration(c.fps)
			holds := func(spans []span) bool { return slices.ContainsFunc(spans, func(s span) bool { return s.holds(at) }) }
			if holds(c.silent) {
				continue
			}
			u := &models.AccessUnit{
				Codec: c.codec, NALUs: [][]byte{{1}}, PTS: at, At: begun.Add(at), Key: i == key, Damaged: holds(c.broken),
			}
			for _, e := range c.epochs {
				if at >= e {
					u.Epoch++
				}
			}
			if holds(c.lost) {
				u = nil
			}
			m.units = append(m.units, u)
		}
	}
	return m
}

// Next gives a picture that others refer to together with them: when the last of them is taken.
func (m *footage) Next(ctx context.Context) (*models.AccessUnit, error) {
	for m.next < len(m.units) && m.units[m.next] == nil {
		m.next++
		m.skipped++
	}
	if m.next == len(m.units) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	u := m.units[m.next]
	if wait := time.Until(u.At); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	m.next++
	return u, nil
}
func (m *footage) Skipped() int64 { return m.skipped }
func (m *footage) Close()         {}

// projector decodes a film, and reports what no decoder could do.
type projector struct {
	t       *testing.T
	film    *footage
	next    int // unit that can be decoded
	primed  bool
	held    []*models.Frame
	wants   map[time.Time]bool
	decoded map[*models.AccessUnit]bool
}

func (p *projector) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	i := slices.Index(p.film.units, u)
	if !u.Key && (!p.primed || i != p.next && slices.ContainsFunc(p.film.units[p.next:i], func(u *models.AccessUnit) bool { return u != nil })) {
		p.t.Errorf("unit %d at %v is decoded, though that before it was not", i, u.PTS)
	}
	p.next, p.primed = i+1, true
	if want != decode.Skip || u.Codec != models.CodecMJPEG {
		p.decoded[u] = true
	}
	p.held = append(p.held, p.film.frame(u))
	p.wants[u.At] = want != decode.Skip
	if want == decode.Glance {
		return p.Flush()
	}
	return p.show(p.film.coding.b), nil
}

// show returns the pictures that are shown before all but a few.
func (p *projector) show(but int) []*models.Frame {
	slices.SortFunc(p.held, func(a, b *models.Frame) int { return a.At.Compare(b.At) })
	n := max(len(p.held)-but, 0)
	out := slices.DeleteFunc(slices.Clone(p.held[:n]), func(f *models.Frame) bool { return !p.wants[f.At] })
	for _, f := range out {
		p.film.scene.paint(f, f.At.Sub(p.film.begun))
	}
	p.held = slices.Clone(p.held[n:])
	return out
}
func (p *projector) Flush() ([]*models.Frame, error) { p.primed = false; return p.show(0), nil }
func (p *projector) Close() error                    { return nil }

func (m *footage) frame(u *models.AccessUnit) *models.Frame {
	return &models.Frame{At: u.At, Size: models.Size{W: 160, H: 90}, Stride: 160, Format: models.Gray8, Damaged: u.Damaged}
}

// paint draws what a scene looks like.
func (s *scene) paint(f *models.Frame, at time.Duration) {
	for _, d := range s.dark {
		if d.holds(at) {
			f.Pix = make([]byte, f.W*f.H)
			return
		}
	}
	f.Pix = bytes.Repeat([]byte{120}, f.W*f.H)
	for i := range s.people {
		b, ok := s.people[i].box(at, f.Size)
		if !ok {
			continue
		}
		for y := max(int(b.Y), 0); y < min(int(b.Y+b.H), f.H); y++ {
			for x := max(int(b.X), 0); x < min(int(b.X+b.W), f.W); x++ {
				f.Pix[y*f.W+x] = byte(150 + 20*(i%4))
			}
		}
	}
}

// network is a detector that sees the actors of a scene and counts how often it looks.
type network struct {
	eyes
	looks *int
}

func (n network) Info() detect.Info {
	i := n.eyes.Info()
	i.Engine = "eyes"
	return i
}
func (n network) Detect(f *models.Frame) ([]models.Detection, error) {
	*n.looks++
	return n.eyes.Detect(f)
}

// blind is a scale for a network that does not look at pixels.
func blind([]byte, *models.Frame, image.Rectangle, models.Size) error { return nil }

// screening is a film that a Runner has seen to the end.
type screening struct {
	*played
	counts  models.Counts
	decoded int
	looks   int
	modes   map[models.DecodeMode]int // at every whole second
}

// watch has a Runner watch a film. Every second of the film takes a second of the bubble's time.
func watch(t *testing.T, s *scene, c coding, gate string) *screening {
	t.Helper()
	out := &screening{
		played: &played{scene: s, events: map[string]models.Event{}}, modes: map[models.DecodeMode]int{},
	}
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		shown := *s
		shown.start = begun
		shown.camera.Detector.MotionGate = gate
		m := shoot(&shown, c, begun)
		decoded := map[*models.AccessUnit]bool{}
		shelf := &shelf{}
		runner := NewRunner(RunnerConfig{
			Node: "node", Camera: shown.camera, Sink: shelf, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			NewStepper: func() (Stepper, error) {
				return NewPipeline(Config{
					Node: "node", Camera: shown.camera, Site: s.site, Detector: network{eyes{&shown}, &out.looks}, Scale: blind,
				})
			},
			NewDecoder: func(models.Codec) (decode.Decoder, error) {
				return &projector{t: t, film: m, wants: map[time.Time]bool{}, decoded: decoded}, nil
			},
			Units:  func() Units { return m },
			Health: func() models.CameraHealth { return models.CameraHealth{State: models.CameraStalled} },
		})
		ctx, stop := context.WithCancelCause(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); runner.Run(ctx) }()
		for time.Since(begun) < s.end+10*time.Second {
			time.Sleep(time.Second)
			out.modes[runner.Live().Mode]++
		}
		stop(ErrRemoved)
		<-done
		out.counts, out.decoded = runner.Counts(), len(decoded)
		for _, r := range shelf.records {
			switch {
			case r.Minute != nil:
				out.minutes = append(out.minutes, *r.Minute)
			case r.Visit != nil:
				out.visits = append(out.visits, *r.Visit)
			case r.Event != nil:
				out.events[r.Event.ID] = *r.Event
			}
		}
	})
	slices.SortFunc(out.minutes, func(a, b models.Minute) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Zone+a.Counter, b.Zone+b.Counter))
	})
	return out
}

// TestIdlingChangesNoFigure: every minute, visit and incident is the same, to the last bit, whether a camera idles or every
// due picture is analysed by the detector. What moves where nobody is counted is seen by neither, and nobody in these films
// comes and goes between two key frames.
func TestIdlingChangesNoFigure(t *testing.T) {
	for seed, c := range []struct {
		name string
		idle float64 // share of the time, at least
		coding
	}{
		{"GOP of 1 s", .2, coding{codec: models.CodecH265, fps: 15, gop: 15}},
		{"GOP of 2 s", .2, coding{codec: models.CodecH264, fps: 15, gop: 30}},
		{"GOP of 4 s", .2, coding{codec: models.CodecH264, fps: 15, gop: 60}},
		{"GOP of 2.5 s, odd rate", .2, coding{codec: models.CodecH264, fps: 12, gop: 29}},
		{"GOP shorter than the interval", .2, coding{codec: models.CodecH264, fps: 20, gop: 3}},
		{"B-frames", .2, coding{codec: models.CodecH264, fps: 15, gop: 30, b: 3}},
		{"JPEG", .2, coding{codec: models.CodecMJPEG, fps: 15, gop: 1}},
		{"long GOP", 0, coding{codec: models.CodecH264, fps: 15, gop: 15 * 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := crowd(rand.New(rand.NewPCG(uint64(seed), 31)))
			s.end = 5 * time.Minute
			want, got := watch(t, s, c.coding, "off"), watch(t, s, c.coding, "on")
			got.invariants(t)
			if d, k := difference(want.figures(), got.figures()); d > 0 || len(got.events) != len(want.events) {
				t.Errorf("%s differs by %g; %d incidents, want %d", k, d, len(got.events), len(want.events))
			}
			idle := float64(got.modes[models.DecodeIdle]) / s.end.Seconds()
			if idle < c.idle || c.idle == 0 && idle > 0 || want.modes[models.DecodeIdle] > 0 {
				t.Errorf("idle for %.0f %% of the time, without the gate for %d s", 100*idle, want.modes[models.DecodeIdle])
			}
			n := got.counts
			t.Logf("idle for %.0f %%, %d of %d units decoded, %d looks instead of %d", 100*idle, got.decoded, n.Units, got.looks, want.looks)
			if n.Units != n.Idle+int64(got.decoded) || n.Shed+n.Dropped+n.Failed+n.Damaged > 0 || n.Analysed > int64(got.decoded) ||
				int64(got.looks) != n.Analysed-n.Gated {
				t.Errorf("%d decoded, %d looks, %+v", got.decoded, got.looks, n)
			}
		})
	}
}

// TestIdlingThroughFaults: what is not seen without idling is not seen with it, and the other way round, whatever fails while
// idle or in the middle of what would have to be decoded after all.
func TestIdlingThroughFaults(t *testing.T) {
	const end = 5 * time.Minute
	every := func(period, long time.Duration) (out []span) {
		for at := 20 * time.Second; at+long < end; at += period {
			out = append(out, span{at, at + long})
		}
		return out
	}
	var anew []time.Duration
	for at := 31 * time.Second; at < end; at += 26900 * time.Millisecond {
		anew = append(anew, at)
	}
	for _, c := range []struct {
		name string
		coding
		dark []span
	}{
		{"silent for 3 s", coding{silent: every(23300*time.Millisecond, 3*time.Second)}, nil},
		{"silent for 20 s", coding{silent: every(51700*time.Millisecond, 20*time.Second)}, nil},
		{"connected anew", coding{silent: every(26900*time.Millisecond, 500*time.Millisecond), epochs: anew}, nil},
		{"units lost", coding{lost: every(31300*time.Millisecond, 4*time.Second)}, nil},
		{"dark", coding{}, every(70*time.Second, 40*time.Second)},
		{"damaged", coding{broken: every(31300*time.Millisecond, 4*time.Second)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.codec, c.fps, c.gop = models.CodecH264, 15, 30
			for seed := range uint64(2) {
				s := crowd(rand.New(rand.NewPCG(seed, 33)))
				s.people = s.people[:4+2*seed] // most of the time nobody moves
				s.end, s.dark = end, c.dark
				want, got := watch(t, s, c.coding, "off"), watch(t, s, c.coding, "on")
				got.invariants(t)
				if d, k := difference(want.figures(), got.figures()); d > 0 || got.modes[models.DecodeIdle] < 60 {
					t.Errorf("seed %d: %s differs by %g, %v", seed, k, d, got.modes)
				}
				if n := got.counts; n.Units != n.Idle+int64(got.decoded) || n.Shed+n.Failed > 0 || n.Analysed+n.Damaged > int64(got.decoded) {
					t.Errorf("seed %d: %d decoded, %+v", seed, got.decoded, n)
				}
			}
		})
	}
}

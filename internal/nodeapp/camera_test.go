package nodeapp

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

func openOutbox(t *testing.T, dir string) *outbox.Outbox {
	t.Helper()
	o, err := outbox.Open(t.Context(), dir, outbox.Codec{Encode: wire.EncodeRecord, Decode: wire.DecodeRecord}, outbox.Config{Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// fleetOfTest is a fleet of no cameras yet, which decodes in this process.
func fleetOfTest(t *testing.T) *fleet {
	t.Helper()
	cfg := Config{DataDir: t.TempDir(), Slots: 2, Log: discard}
	o := openOutbox(t, cfg.DataDir)
	f := newFleet("n1", cfg, o)
	t.Cleanup(func() {
		f.stop()
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fleet) watch(cameras ...models.Camera) {
	site := models.Site{ID: "s1", Unit: "u1", Calendar: models.Calendar{Always: true}, Networks: []string{"127.0.0.0/8"}}
	f.apply(models.NodeConfig{Sites: []models.Site{site}, Cameras: cameras})
}

// until waits until the cameras, by their ids, show what is expected.
func (f *fleet) until(t *testing.T, what string, ok func(map[string]models.Live) bool) map[string]models.Live {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		byID := map[string]models.Live{}
		for _, l := range f.live() {
			byID[l.Camera] = l
		}
		if ok(byID) {
			return byID
		}
	}
	t.Fatalf("%s: not within 20 s; %+v", what, f.live())
	return nil
}

// watched reports whether the cameras show pictures that are analysed.
func watched(ids ...string) func(map[string]models.Live) bool {
	return func(l map[string]models.Live) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return l[id].Health.State != models.CameraLive || l[id].FPSAnalysed < 1 })
	}
}

type decoderFunc func(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error)

func (d decoderFunc) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	return d(u, want)
}
func (decoderFunc) Flush() ([]*models.Frame, error) { return nil, nil }
func (decoderFunc) Close() error                    { return nil }

// What panics at one camera, while it is set up or in its decoder, costs no other camera a second.
func TestPanicsAreTheCamerasOwn(t *testing.T) {
	f := fleetOfTest(t)
	var inSetup, inDecoder atomic.Int32
	usual := f.decoder
	f.decoder = func(id string) func(models.Codec) (decode.Decoder, error) {
		switch id {
		case "setup":
			inSetup.Add(1)
			panic("cannot be set up")
		case "decoder":
			return func(models.Codec) (decode.Decoder, error) {
				return decoderFunc(func(*models.AccessUnit, decode.Want) ([]*models.Frame, error) {
					inDecoder.Add(1)
					panic("broken picture")
				}), nil
			}
		}
		return usual(id)
	}
	film := camsimtest.Camera(t, 60, 10, "", "")
	f.watch(testCamera("good", film))
	before := f.until(t, "the good camera", watched("good"))["good"]
	f.watch(testCamera("good", film), testCamera("setup", film), testCamera("decoder", film))
	all := f.until(t, "two panics in the decoder", func(map[string]models.Live) bool { return inDecoder.Load() >= 2 && inSetup.Load() >= 1 })
	took := all["good"].At.Sub(before.At).Seconds()
	if n := all["good"].Counts.Analysed - before.Counts.Analysed; float64(n) < 5*.7*took-1 || all["good"].Coverage < before.Coverage {
		t.Errorf("the good camera analysed %d frames in %.1f s, coverage %v after %v", n, took, all["good"].Coverage, before.Coverage)
	}
	if h := all["setup"].Health; h.State != models.CameraUnsupported || !strings.Contains(h.Reason, "cannot be set up") || strings.Contains(h.Reason, "goroutine") {
		t.Errorf("the camera that cannot be set up: %+v", h)
	}
	if n := all["decoder"].Counts.Analysed; n != 0 {
		t.Errorf("%d frames of broken pictures", n)
	}
}

// A camera that rests is not pulled and says why; the lowest priority rests first; all come back.
func TestCamerasRestByPriority(t *testing.T) {
	f := fleetOfTest(t)
	film := camsimtest.Camera(t, 60, 10, "", "")
	a, b, c := testCamera("a", film), testCamera("b", film), testCamera("c", film)
	a.Priority, c.Priority = 9, 1 // b has the usual 5
	f.watch(a, b, c)
	f.until(t, "three cameras", watched("a", "b", "c"))
	for n, want := range []string{"[]", "[c]", "[c b]"} {
		if got := fmt.Sprint(f.rest(n, "short of memory")); got != want {
			t.Errorf("%d rest: %s, want %s", n, got, want)
		}
	}
	resting := f.until(t, "two at rest", func(l map[string]models.Live) bool {
		return l["b"].Health.State == models.CameraOffline && l["c"].Health.State == models.CameraOffline
	})
	if resting["b"].Health.Reason != "short of memory" || resting["a"].Health.State != models.CameraLive || resting["b"].Stream.Codec != "" {
		t.Errorf("%+v", resting)
	}
	if r := f.links.rings.Report(); r.Used == 0 {
		t.Error("the ring of the camera that goes on is empty")
	}
	f.rest(0, "")
	back := f.until(t, "all of them again", watched("a", "b", "c"))
	if s := back["c"].Stream; s.Source != "main" || s.Codec != models.CodecH264 || s.W != 320 || s.Connections < 1 {
		t.Errorf("stream: %+v", s)
	}
}

// What is open at a camera is closed when it is no longer the node's, also when no camera of that name has run since the node
// began, and its state is forgotten.
func TestWhatIsOpenEndsWithTheCamera(t *testing.T) {
	f := fleetOfTest(t)
	open := func() (events []models.Event) {
		t.Helper()
		records, seqs, err := f.outbox.Next(t.Context(), 1000)
		if err == nil {
			err = f.outbox.Ack(t.Context(), seqs)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Event != nil {
				events = append(events, *r.Event)
			}
		}
		return events
	}
	nowhere := testCamera("cam", "rtsp://127.0.0.1:1/none")
	for name, restart := range map[string]bool{"while it runs": false, "after a restart": true} {
		f.watch(nowhere)
		var opened []models.Event
		f.until(t, name+": an incident", func(map[string]models.Live) bool {
			opened = append(opened, open()...)
			return len(opened) > 0
		})
		if restart {
			f.running()["cam"].end(nil)
			f.cameras = map[string]*camera{}
			if err := f.outbox.Put(t.Context(), "broken", nil, nil, []byte("{")); err != nil {
				t.Fatal(err)
			}
		}
		f.watch()
		closed := open()
		if len(closed) != 1 || closed[0].ID != opened[0].ID || closed[0].Open() || closed[0].Revision != 2 {
			t.Errorf("%s: %+v, want the end of %+v", name, closed, opened)
		}
		if left, err := f.outbox.Cameras(t.Context()); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, states of %v are kept", name, err, left)
		}
	}
}

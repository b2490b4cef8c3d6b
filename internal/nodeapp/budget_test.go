package nodeapp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// world is everything that budgets see and do, in words.
type world struct {
	used    usage
	disk    models.Budget
	ring    int
	isLean  bool
	resting int
	all     []string // cameras, the lowest priority first
	why     string
	log     bytes.Buffer
}

func (w *world) Limit(bytes int) { w.ring = bytes }
func (w *world) Report() models.Budget {
	return models.Budget{Resource: "ring", Limit: float64(w.ring)}
}
func (w *world) lean(on bool) { w.isLean = on }
func (w *world) rest(n int, why string) []string {
	w.resting, w.why = max(n, 0), why
	return w.all[:w.resting]
}

func (w *world) budgets(t *testing.T, l Limits) *budgets {
	t.Cleanup(l.enforce()) // of the memory limit that is set meanwhile
	return &budgets{
		limits: l, rings: w, cameras: w, near: map[string]bool{}, log: slog.New(slog.NewTextHandler(&w.log, nil)),
		read: func(time.Time) usage { return w.used },
		disk: func(context.Context) (models.Budget, error) { return w.disk, nil },
	}
}

func (w *world) live() []models.Live {
	var out []models.Live
	for _, id := range w.all {
		out = append(out, models.Live{Camera: id})
	}
	return out
}

// Memory over its limit shortens the rings, then the pictures kept aside go, then cameras, never the last one; memory below it
// brings all back, one after the other; in between nothing changes.
func TestMemoryIsShedInOrder(t *testing.T) {
	w := &world{all: []string{"low", "middle", "high"}}
	b := w.budgets(t, Limits{Memory: 1 << 30, CPU: 2})
	now := time.Unix(0, 0)
	var got []string
	was := "256"
	play := func(gib float64, seconds int) models.Budget {
		w.used.memory = int64(gib * (1 << 30))
		var memory models.Budget
		for range seconds {
			memory = b.look(t.Context(), now, w.live())[0]
			now = now.Add(time.Second)
			is := fmt.Sprintf("%d", w.ring>>20)
			if w.isLean {
				is += " lean"
			}
			if w.resting > 0 {
				is += " " + strings.Join(w.all[:w.resting], "+")
			}
			if is != was {
				got = append(got, is)
				was = is
			}
		}
		return memory
	}
	if m := play(.9, 60); m.Shed != "" || m.Used != float64(w.used.memory) || m.Limit != 1<<30 {
		t.Errorf("below the limit: %+v", m)
	}
	play(1.01, 5)
	play(.9, 60) // a moment above the limit costs nothing
	if len(got) > 0 {
		t.Errorf("shed too early: %q", got)
	}
	m := play(1.01, 200)
	for _, words := range []string{"coded pictures", "no picture of how it was before", "stopped: low, middle"} {
		if !strings.Contains(m.Shed, words) {
			t.Errorf("%q does not say %q", m.Shed, words)
		}
	}
	if !strings.Contains(w.why, "1 GiB") || !strings.Contains(w.why, "--memory") {
		t.Error(w.why)
	}
	if want := "128, 64, 0, 0 lean, 0 lean low, 0 lean low+middle"; strings.Join(got, ", ") != want {
		t.Errorf("up: %q, want %s", got, want)
	}
	got = nil
	play(.9, 600)
	if len(got) > 0 {
		t.Errorf("between the bounds: %q", got)
	}
	m = play(.5, 600)
	if want := "0 lean low, 0 lean, 0, 64, 128, 256"; strings.Join(got, ", ") != want || m.Shed != "" {
		t.Errorf("down: %q, want %s; sheds %q", got, want, m.Shed)
	}
	for _, words := range []string{"uses more memory than it may", "has memory again", "nearly used up"} {
		if !strings.Contains(w.log.String(), words) {
			t.Errorf("the log does not say %q", words)
		}
	}
	// Cameras that go take their rungs with them.
	play(2, 200)
	w.all = w.all[:1]
	if play(2, 2); w.resting != 0 {
		t.Errorf("%d rest of one camera", w.resting)
	}
}

func TestMemoryWithoutLimit(t *testing.T) {
	w := &world{all: []string{"a", "b"}, used: usage{memory: 1 << 40}}
	b := w.budgets(t, Limits{})
	for s := range 300 {
		if m := b.look(t.Context(), time.Unix(int64(s), 0), w.live())[0]; m.Shed != "" || m.Limit != 0 || w.ring < 1<<40 {
			t.Fatalf("%+v, ring %d", m, w.ring)
		}
	}
}

// The figure of the CPU is the mean of ten seconds, and overload is told with the cameras that lose pictures.
func TestCPUIsTold(t *testing.T) {
	w := &world{}
	b := w.budgets(t, Limits{CPU: 1.5})
	var cpu models.Budget
	for s := range 60 {
		if s < 30 {
			w.used.cpu += 500 * time.Millisecond
		} else {
			w.used.cpu += 1500 * time.Millisecond
		}
		cpu = b.look(t.Context(), time.Unix(int64(s), 0), nil)[1]
		if want := .5; s > 0 && s < 30 && cpu.Used != want || s >= 41 && cpu.Used != 1.5 || s == 35 && (cpu.Used <= .5 || cpu.Used >= 1.5) {
			t.Errorf("at %d s: %v cores", s, cpu.Used)
		}
	}
	if cpu.Limit != 1.5 || cpu.Shed != "" {
		t.Errorf("%+v", cpu)
	}
	cameras := []models.Live{{Camera: "a", Mode: models.DecodeShed}, {Camera: "b", Mode: models.DecodeActive}, {Camera: "c", Mode: models.DecodeShed}}
	if cpu = b.look(t.Context(), time.Unix(61, 0), cameras)[1]; !strings.Contains(cpu.Shed, "2 of 3 cameras") || !strings.Contains(cpu.Shed, "a, c") {
		t.Error(cpu.Shed)
	}
}

// What the outbox gives up is told, and an operator is warned once, before anything has to go.
func TestDiskIsToldAndWarnedOf(t *testing.T) {
	w := &world{}
	b := w.budgets(t, Limits{Memory: 1 << 30})
	second := int64(0)
	play := func(used float64, shed string) int {
		w.disk = models.Budget{Resource: "disk", Used: used, Limit: 100, Shed: shed}
		if got := b.look(t.Context(), time.Unix(second, 0), nil)[2]; got != w.disk {
			t.Errorf("%+v, want %+v", got, w.disk)
		}
		second++
		return strings.Count(w.log.String(), "--disk")
	}
	for i, c := range []struct {
		used float64
		shed string
		want int
	}{{50, "", 0}, {79, "", 0}, {81, "", 1}, {99, "5 pictures", 1}, {75, "", 1}, {81, "", 1}, {60, "", 1}, {85, "", 2}} {
		if got := play(c.used, c.shed); got != c.want {
			t.Errorf("step %d: warned %d times, want %d", i, got, c.want)
		}
	}
}

// Go's memory manager gets what native code and children leave, but never less than a quarter.
func TestGoGetsTheRest(t *testing.T) {
	b := (&world{}).budgets(t, Limits{Memory: 1 << 30, CPU: 1})
	for outside, want := range map[int64]int64{500 << 20: 524 << 20, 2 << 30: 256 << 20, -5: 1 << 30} {
		b.govern(usage{memory: 100<<20 + outside, managed: 100 << 20})
		if got := debug.SetMemoryLimit(-1); got != want {
			t.Errorf("%v outside: %v for Go, want %v", Bytes(outside), Bytes(got), Bytes(want))
		}
	}
}

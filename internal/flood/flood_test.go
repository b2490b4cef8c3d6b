package flood

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page is where a test's log is written: by the test and by timers.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

// take returns the lines written since the last take.
func (p *page) take() []string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.b.Reset()
	return strings.Split(strings.TrimSpace(p.b.String()), "\n")
}

func TestRepeatedLinesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out page
		l := New(slog.New(slog.NewTextHandler(&out, nil)), time.Second)
		for i := range 1000 {
			l.Warn("packet lost", "n", i)
		}
		l.Warn("other")
		if got := out.take(); len(got) != 2 || !strings.Contains(got[0], "n=0") {
			t.Fatalf("at once: %q", got)
		}
		time.Sleep(time.Second)
		if got := out.take(); len(got) != 1 || !strings.Contains(got[0], "times=999") || !strings.Contains(got[0], "n=999") {
			t.Fatalf("after a second: %q", got)
		}
		l.Warn("packet lost", "n", 7)
		if got := out.take(); got[0] != "" {
			t.Fatalf("inside the next second: %q", got)
		}
		l.Close()
		if got := out.take(); len(got) != 1 || !strings.Contains(got[0], "times=1 n=7") {
			t.Fatalf("at the end: %q", got)
		}
		l.Warn("late")
		if got := out.take(); got[0] != "" {
			t.Fatalf("after the end: %q", got)
		}
	})
}

func TestQuietMessageIsLoggedAtOnceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out page
		l := New(slog.New(slog.NewTextHandler(&out, nil)), time.Second)
		defer l.Close()
		for range 3 {
			l.Warn("stalled")
			time.Sleep(2 * time.Second)
		}
		if got := out.take(); len(got) != 3 || strings.Contains(strings.Join(got, ""), "times") {
			t.Fatalf("%q", got)
		}
	})
}

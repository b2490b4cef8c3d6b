package flood

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRepeatedLinesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := New(slog.New(slog.NewTextHandler(&out, nil)), time.Second)
		lines := func() []string {
			synctest.Wait()
			s := strings.Split(strings.TrimSpace(out.String()), "\n")
			out.Reset()
			return s
		}
		for i := range 1000 {
			l.Warn("packet lost", "n", i)
		}
		l.Warn("other")
		if got := lines(); len(got) != 2 || !strings.Contains(got[0], "n=0") {
			t.Fatalf("at once: %q", got)
		}
		time.Sleep(time.Second)
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "times=999") || !strings.Contains(got[0], "n=999") {
			t.Fatalf("after a second: %q", got)
		}
		l.Warn("packet lost", "n", 7)
		if got := lines(); got[0] != "" {
			t.Fatalf("inside the next second: %q", got)
		}
		l.Close()
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "times=1 n=7") {
			t.Fatalf("at the end: %q", got)
		}
		l.Warn("late")
		if got := lines(); got[0] != "" {
			t.Fatalf("after the end: %q", got)
		}
	})
}

func TestQuietMessageIsLoggedAtOnceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := New(slog.New(slog.NewTextHandler(&out, nil)), time.Second)
		defer l.Close()
		for range 3 {
			l.Warn("stalled")
			time.Sleep(2 * time.Second)
		}
		if n := strings.Count(out.String(), "stalled"); n != 3 || strings.Contains(out.String(), "times") {
			t.Fatalf("%d lines: %s", n, out.String())
		}
	})
}

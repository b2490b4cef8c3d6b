package nodeapp

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

// logged is a log that a test reads while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The centre lets a node try its cameras and others; the cameras' passwords stay where they are needed: in no log, in no file that can be
// read, in no answer, in no command line.
func TestTrialsAndWherePasswordsStay(t *testing.T) {
	const canary = "canary-a91c"
	film := camsimtest.Camera(t, 60, 10, "admin", canary)
	wrong := models.SecretURL(strings.Replace(film.Reveal(), canary, canary+"-wrong", 1))
	c, closeCentre := startCentre(t, freeAddr(t))
	defer closeCentre()
	c.apply(t, "1", testCamera("cam", film), testCamera("locked", wrong))
	log := &logged{}
	cfg := Config{
		DataDir: t.TempDir(), Central: c.http.URL, Token: "sesame", Name: "n1", TestFor: time.Second,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	stop := start(t, cfg)
	c.await(t, "a camera", analysedFirst("cam"))

	var answers []string
	for _, v := range []struct {
		name  string
		order models.CameraOrder
		code  string // of the worst finding; with a fault unless ok
		ok    bool
	}{
		{"its own camera", models.CameraOrder{Camera: "cam"}, "size_small", true},
		{"its own camera with a wrong password", models.CameraOrder{Camera: "locked"}, "unauthenticated", false},
		{"an address", models.CameraOrder{URL: film, Transport: "tcp"}, "size_small", true},
		{"an address outside the networks", models.CameraOrder{URL: "rtsp://admin:" + canary + "@10.0.0.1/"}, "forbidden", false},
		{"a wrong password", models.CameraOrder{URL: wrong}, "unauthenticated", false},
	} {
		got, err := c.centre.TryCamera(t.Context(), "n1", v.order)
		if err != nil || got.OK != v.ok || len(got.Findings) == 0 || got.Findings[0].Code != v.code {
			t.Fatalf("%s: %v %+v", v.name, err, got)
		}
		if v.ok && (got.Stream.W != 320 || !bytes.HasPrefix(got.Snapshot, []byte{0xff, 0xd8})) {
			t.Errorf("%s: %+v", v.name, got.Stream)
		}
		answers = append(answers, fmt.Sprintf("%+v", got))
	}
	for name, o := range map[string]models.CameraOrder{"none": {Camera: "none"},
		"scheme": {URL: "http://admin:" + canary + "@10.0.0.1/"}} {
		_, err := c.centre.TryCamera(t.Context(), "n1", o)
		if kind := models.KindOf(err); kind != models.KindNotFound && kind != models.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
		answers = append(answers, fmt.Sprint(err))
	}
	c.mu.Lock()
	answers = append(answers, fmt.Sprintf("%+v %+v", c.beats[len(c.beats)-1], c.records))
	c.mu.Unlock()
	argv, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	answers = append(answers, string(argv), log.String())
	for _, a := range answers {
		if strings.Contains(a, canary) {
			t.Errorf("the password is in %q", a)
		}
	}
	noneHolds(t, cfg.DataDir, canary)
	stop()
	noneHolds(t, cfg.DataDir, canary)
	if s := log.String(); strings.Contains(s, canary) || len(s) == 0 {
		t.Errorf("the log holds the password, or nothing: %s", s)
	}
}

func analysedFirst(id string) func([]models.Live) bool {
	return func(l []models.Live) bool { return len(l) > 0 && l[0].Camera == id && l[0].FPSAnalysed > 1 }
}

// A node tries one camera at a time, and its end does not wait for a trial.
func TestOneTrialAtATime(t *testing.T) {
	film := camsimtest.Camera(t, 60, 10, "", "")
	c, closeCentre := startCentre(t, freeAddr(t))
	defer closeCentre()
	c.apply(t, "1", testCamera("cam", film))
	stop := start(t, Config{DataDir: t.TempDir(), Central: c.http.URL, Token: "sesame", Name: "n1", Log: discard})
	c.await(t, "a camera", analysedFirst("cam"))
	first := make(chan error, 1)
	go func() {
		err := error(models.Errorf(models.KindLimited, "not tried yet"))
		for models.KindOf(err) == models.KindLimited { // one of the others below may come first
			_, err = c.centre.TryCamera(t.Context(), "n1", models.CameraOrder{Camera: "cam"})
		}
		first <- err
	}()
	var err error
	for end := time.Now().Add(5 * time.Second); models.KindOf(err) != models.KindLimited; {
		if _, err = c.centre.TryCamera(t.Context(), "n1", models.CameraOrder{URL: "rtsp://127.0.0.1:1/"}); time.Now().After(end) {
			t.Fatalf("two trials at once: %v", err)
		}
	}
	stop() // within five seconds
	if err := <-first; models.KindOf(err) != models.KindUnavailable {
		t.Errorf("the trial that was broken off: %v", err)
	}
}

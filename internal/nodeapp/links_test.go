package nodeapp

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// refusing is a camera that refuses every login.
type refusing struct{ logins int }

func (r *refusing) Run(context.Context, func(*models.AccessUnit)) error {
	r.logins++
	return models.Errorf(models.KindUnauthenticated, "401")
}

// A node that is started again and again with a wrong password logs in three times, not three times each.
func TestFailedLoginsOutliveTheNode(t *testing.T) {
	dir := t.TempDir()
	camera := &refusing{}
	const wrong = models.SecretURL("rtsp://admin:geheim@10.0.0.1/1")
	try := func(u models.SecretURL) error {
		l := newLinks(dir, 0, slog.New(slog.DiscardHandler))
		return l.logins.Of("cam", u).Try(t.Context(), camera, nil)
	}
	for range 5 {
		if err := try(wrong); err == nil {
			t.Fatal("refused, yet no error")
		}
	}
	if err := try(wrong); models.KindOf(err) != models.KindLimited || camera.logins != 3 {
		t.Fatalf("%d logins, then %v", camera.logins, err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, loginsFile))
	if err != nil || strings.Contains(string(kept), "geheim") || strings.Contains(string(kept), "10.0.0.1") {
		t.Fatalf("kept %s: %v", kept, err)
	}
	if err := os.WriteFile(filepath.Join(dir, loginsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := try(wrong); models.KindOf(err) != models.KindUnauthenticated {
		t.Fatalf("with a broken file: %v", err)
	}
}

// A camera with two streams has two sources; one without a sub stream has one; a wrong URL is told.
func TestLinkMakesTheStreams(t *testing.T) {
	l := newLinks(t.TempDir(), 0, slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		name, url, sub string
		sources        int
	}{
		{"main only", "rtsp://10.0.0.1/1", "", 1},
		{"main and sub", "rtsp://10.0.0.1/1", "rtsp://10.0.0.1/2", 2},
		{"no URL", "", "", 0},
		{"wrong sub stream", "rtsp://10.0.0.1/1", "http://10.0.0.1/2", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			camera := models.Camera{ID: "cam", URL: models.SecretURL(c.url), SubURL: models.SecretURL(c.sub)}
			sup, ring, err := l.link(camera, models.Site{}, slog.New(slog.DiscardHandler))
			if (err == nil) != (c.sources > 0) || models.KindOf(err) != models.KindInvalid && err != nil {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			defer ring.Close()
			if len(sup.Sources) != c.sources || sup.Gate == nil || sup.Logins == nil {
				t.Fatalf("%+v", sup)
			}
			if _, ok := sup.Sources[0].(ingest.Prober); !ok {
				t.Fatal("cameras cannot be asked whether they are back")
			}
		})
	}
}

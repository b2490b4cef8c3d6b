package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func TestTryKeepsTheLimitOfLogins(t *testing.T) {
	l, asked := &LoginLimit{}, 0
	refuses := sourceFunc(func(context.Context, func(*models.AccessUnit)) error {
		asked++
		return models.Errorf(models.KindUnauthenticated, "401")
	})
	for range 10 {
		_ = l.Try(t.Context(), refuses, nil)
	}
	if err := l.Try(t.Context(), refuses, nil); asked != loginFailures || models.KindOf(err) != models.KindLimited {
		t.Fatalf("%d logins, then %v", asked, err)
	}
	other := sourceFunc(func(context.Context, func(*models.AccessUnit)) error {
		return models.Errorf(models.KindUnavailable, "away")
	})
	fresh := &LoginLimit{}
	for range 10 {
		if err := fresh.Try(t.Context(), other, nil); models.KindOf(err) != models.KindUnavailable {
			t.Fatal(err)
		}
	}
}

// What holds a camera's password shows it in no way of printing.
func TestPasswordsAreNotPrinted(t *testing.T) {
	const u models.SecretURL = "rtsp://admin:canary-77d0@10.0.0.1/x?token=canary-77d0"
	r, err := NewRTSP(RTSPConfig{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	logins, err := LoadLogins(nil, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	c := models.Camera{ID: "c", URL: u, SubURL: u}
	for name, v := range map[string]any{
		"source": r, "configuration": r.conf, "limit": logins.Of("c", u, u), "supervisor": &Supervisor{Sources: []Source{r}},
		"camera": c, "pointer": &c, "node's": models.NodeConfig{Cameras: []models.Camera{c}}, "order": models.CameraOrder{URL: u},
		"error": CheckURL("rtsp://admin:canary-77d0@:x"),
	} {
		js, _ := json.Marshal(v)
		for _, text := range []string{fmt.Sprintf("%v|%+v|%#v|%s|%q|%x", v, v, v, v, v, v), string(js)} {
			if strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") {
				t.Errorf("%s shows the password: %s", name, text)
			}
		}
	}
}

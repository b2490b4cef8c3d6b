package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

const canary = "canary-8e41"

// runCamera runs `cwctl camera` and returns all that it says, and its exit code.
func runCamera(t *testing.T, stdin string, args ...string) (stdout, all string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := newRootCommand()
	cmd.SetArgs(append([]string{"camera"}, args...))
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err := cmd.ExecuteContext(t.Context())
	all = out.String() + errs.String()
	if err != nil {
		all += err.Error()
		code = 1
		if e, ok := errors.AsType[exitError](err); ok {
			code = e.code
		}
	}
	if strings.Contains(all, canary) {
		t.Errorf("the password is in %q", all)
	}
	return out.String(), all, code
}

func TestCameraTest(t *testing.T) {
	camera := camsimtest.Camera(t, 40, 10, "admin", canary).Reveal()
	bare := strings.Replace(camera, ":"+canary, "", 1) // with the user's name
	nobody := strings.Replace(camera, "admin:"+canary+"@", "", 1)
	for _, c := range []struct {
		name  string
		stdin string
		args  []string
		code  int
		want  string
	}{
		{"password in the URL", "", []string{camera}, 0, "320x240"},
		{"password from standard input", canary + "\n", []string{bare, "--password-stdin"}, 0, "tcp"},
		{"user and password apart", canary, []string{nobody, "--user", "admin", "--password-stdin"}, 0, "people far away"},
		{"wrong password", "no\n", []string{bare, "--password-stdin"}, exitFault, "fault    the camera refuses"},
		{"no password", "", []string{nobody}, exitFault, "asks for a user name"},
		{"wrong path", "", []string{strings.Replace(camera, "/cam", "/none", 1)}, exitFault, "404"},
		{"no scheme", "", []string{"admin:" + canary + "@10.0.0.1"}, 1, "must begin with rtsp://"},
		{"empty standard input", "", []string{bare, "--password-stdin"}, 1, "standard input holds none"},
		{"nobody to ask", "", []string{bare}, 1, "--password-stdin"},
		{"no such authority", "", []string{camera, "--ca", "none.pem"}, 1, "none.pem"},
		{"unknown transport", "", []string{camera, "--transport", "pigeon"}, 1, "pigeon"},
		{"too long", "", []string{camera, "--for", "10h"}, 1, "for: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"test"}, c.args...)
			if c.name != "too long" {
				args = append(args, "--for", "1s")
			}
			if _, all, code := runCamera(t, c.stdin, args...); code != c.code || !strings.Contains(all, c.want) {
				t.Fatalf("exit %d: %s", code, all)
			}
		})
	}
}

func TestCameraTestJSONAndSnapshot(t *testing.T) {
	camera := camsimtest.Camera(t, 40, 10, "admin", canary).Reveal()
	file := filepath.Join(t.TempDir(), "view.jpg")
	out, all, code := runCamera(t, "", "test", camera, "--for", "1s", "--json", "--snapshot", file)
	var got struct {
		URL      string
		OK       bool
		Codec    models.Codec
		Width    int
		Findings []struct{ Code string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, all)
	}
	if !got.OK || got.Codec != models.CodecH264 || got.Width != 320 || !strings.Contains(got.URL, "***@") {
		t.Fatalf("%+v", got)
	}
	b, err := os.ReadFile(file)
	if newDecoder == nil {
		if err == nil || !strings.Contains(out, "built without the libraries") {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	if err != nil || !bytes.HasPrefix(b, []byte{0xff, 0xd8}) {
		t.Fatal(err)
	}
}

// A certificate that nobody vouches for is told with its fingerprint; given back, it is trusted.
func TestCameraTestCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = nil
	s.StartTLS()
	defer s.Close()
	sum := sha256.Sum256(s.Certificate().Raw)
	seen := hex.EncodeToString(sum[:])
	u := "rtsps://admin:" + canary + "@" + strings.TrimPrefix(s.URL, "https://") + "/x"
	if _, all, code := runCamera(t, "", "test", u, "--for", "1s"); code != exitFault || !strings.Contains(all, seen) ||
		!strings.Contains(all, "tls.fingerprint") {
		t.Fatalf("exit %d: %s", code, all)
	}
	if _, all, code := runCamera(t, "", "test", u, "--for", "1s", "--fingerprint", seen); code != exitFault || strings.Contains(all,
		"certificate") {
		t.Fatalf("exit %d: %s", code, all)
	}
	if _, all, _ := runCamera(t, "", "test", u, "--for", "1s", "--fingerprint", strings.Repeat("0", 64)); !strings.Contains(all,
		"another certificate") {
		t.Fatal(all)
	}
}

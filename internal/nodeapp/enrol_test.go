package nodeapp

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

var discard = slog.New(slog.NewTextHandler(io.Discard, nil))

// centre answers enrolments as a centre does; the right token is "sesame".
func centre(asked *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Token, Node string }
		_ = json.NewDecoder(r.Body).Decode(&q)
		*asked = append(*asked, q.Node+" "+q.Token)
		w.Header().Set("Content-Type", "application/json")
		if r.Method != http.MethodPost || r.URL.Path != "/api/v1/nodes:enrol" || q.Token != "sesame" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":7,"message":"the enrolment token is wrong"}`)
			return
		}
		_, _ = io.WriteString(w, `{"secret":"s-`+q.Node+`","natsUrl":"nats://127.0.0.1:4222","httpsUrl":"","caPem":"","later":1}`)
	})
}

func TestEnrol(t *testing.T) {
	var asked []string
	plain := httptest.NewServer(centre(&asked))
	defer plain.Close()
	tls := httptest.NewTLSServer(centre(&asked))
	defer tls.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }))
	defer other.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := `{"node":"old","central":"` + plain.URL + `","secret":"kept","nats_url":"nats://x:1"}`
	for _, c := range []struct {
		name  string
		files map[string]string
		cfg   Config
		want  string // the secret, or a part of the error
		asks  int
	}{
		{"token given", nil, Config{Central: plain.URL + "/", Token: "sesame", Name: "n1"}, "s-n1", 1},
		{"token in the folder", map[string]string{tokenFile: "sesame\n"}, Config{Central: plain.URL, Name: "n1"}, "s-n1", 1},
		{"kept from an earlier start", map[string]string{credentialsFile.plain: kept}, Config{}, "kept", 0},
		{"kept, same centre", map[string]string{credentialsFile.plain: kept}, Config{Central: plain.URL, Name: "old"}, "kept", 0},
		{"enrolled again", map[string]string{credentialsFile.plain: kept}, Config{Token: "sesame"}, "s-old", 1},
		{"another name", map[string]string{credentialsFile.plain: kept}, Config{Token: "sesame", Name: "new"}, "s-new", 1},
		{"certificate given", nil, Config{Central: tls.URL, Token: "sesame", Name: "n1", CAFile: ca}, "s-n1", 1},
		{"certificate unknown", nil, Config{Central: tls.URL, Token: "sesame", Name: "n1"}, "--ca FILE", 0},
		{"certificate missing", nil, Config{Central: tls.URL, Token: "sesame", Name: "n1", CAFile: "none.pem"}, "none.pem", 0},
		{"no token", nil, Config{Central: plain.URL, Name: "n1"}, "--token TOKEN", 0},
		{"no centre", nil, Config{Token: "sesame"}, "--central http", 0},
		{"centre without scheme", nil, Config{Central: "127.0.0.1:8080", Token: "sesame"}, "--central http", 0},
		{"bad name", nil, Config{Central: plain.URL, Token: "sesame", Name: "Phường 1"}, "name: ", 0},
		{"wrong token", nil, Config{Central: plain.URL, Token: "guess", Name: "n1"}, "token is wrong", 1},
		{"no centre there", nil, Config{Central: other.URL, Token: "sesame", Name: "n1"}, "check --central", 0},
		{"damaged credentials", map[string]string{credentialsFile.plain: "{"}, Config{}, "and enrol again with --token", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = nil
			c.cfg.DataDir, c.cfg.Log = t.TempDir(), discard
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(c.cfg.DataDir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := enrol(t.Context(), c.cfg, vaultOf(t, c.cfg.DataDir))
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || models.KindOf(err) == models.KindInternal || models.KindOf(err) == models.KindUnavailable {
					t.Fatalf("%s: %v, want %q", models.KindOf(err), err, c.want)
				}
				if strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "guess") {
					t.Fatalf("the token is in %q", err)
				}
			} else if got.Secret != c.want {
				t.Fatalf("secret %q, want %q", got.Secret, c.want)
			}
			if len(asked) != c.asks {
				t.Fatalf("asked %q", asked)
			}
			if err == nil && c.asks > 0 {
				info, err := os.Stat(filepath.Join(c.cfg.DataDir, credentialsFile.name))
				if err != nil || info.Mode().Perm() != 0o600 {
					t.Fatal(info, err)
				}
				c.cfg.Token, c.cfg.Central = "", ""
				if again, err := enrol(t.Context(), c.cfg, vaultOf(t, c.cfg.DataDir)); err != nil || again != got {
					t.Fatalf("%+v after %+v: %v", again, got, err)
				}
			}
		})
	}
}

func TestEnrolWaitsForTheCentre(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	cfg := Config{DataDir: t.TempDir(), Central: "http://127.0.0.1:1", Token: "sesame", Name: "n1", Log: discard}
	if _, err := enrol(ctx, cfg, vaultOf(t, cfg.DataDir)); models.KindOf(err) != models.KindUnavailable || ctx.Err() == nil {
		t.Fatal(err)
	}
	// What was enrolled before goes on without it.
	kept := `{"node":"n1","central":"http://127.0.0.1:1","secret":"kept","nats_url":"nats://x:1"}`
	if err := os.WriteFile(filepath.Join(cfg.DataDir, credentialsFile.plain), []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := enrol(t.Context(), cfg, vaultOf(t, cfg.DataDir)); err != nil || c.Secret != "kept" {
		t.Fatal(c, err)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir); models.KindOf(err) != models.KindConflict {
		t.Fatal(err)
	}
	unlock()
	if unlock, err = lock(dir); err != nil {
		t.Fatal(err)
	}
	unlock()
	if _, err := lock(""); models.KindOf(err) != models.KindInvalid {
		t.Fatal(err)
	}
}

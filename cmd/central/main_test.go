package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// start runs the program with arguments; lines is what it prints, done how it ended.
func start(t *testing.T, args ...string) (out io.Reader, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	c := newCommand()
	c.SetArgs(args)
	c.SetOut(w)
	done := make(chan error, 1)
	go func() {
		err := c.ExecuteContext(ctx)
		_ = w.CloseWithError(io.EOF)
		done <- err
	}()
	return r, func() error {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, r) }()
		select {
		case err := <-done:
			return err
		case <-time.After(5 * time.Second):
			t.Error("the centre did not end within 5 s")
			return nil
		}
	}
}

// TestFirstStart: the program serves, says how to come in, keeps everything else closed, and ends when told to.
func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	_, refused := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--log", "error", "--config", "../../deploy/examples/demo.yaml")
	if err := refused(); err == nil || !strings.Contains(err.Error(), "simulate") {
		t.Fatalf("the demo's file has a part that is not a registry's: %v", err)
	}
	out, stop := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--log", "error")
	text := make([]byte, 4096)
	var said string
	greeting := regexp.MustCompile(`(?s)centre: (http://\S+)\n.*set-up token: (\S+)\n.*bin/node --data DIR --central \S+ --token (\S+)\n`)
	for !greeting.MatchString(said) {
		n, err := out.Read(text)
		if said += string(text[:n]); err != nil {
			t.Fatalf("%v after %q: %v", err, said, stop())
		}
	}
	page := greeting.FindStringSubmatch(said)[1]
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/api/v1/units": 401, "/api/openapi.json": 401} {
		resp, err := http.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("units:\n  - {id: p, nmae: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no folder":     {nil, "data"},
		"port taken":    {[]string{"--data", t.TempDir(), "--listen", l.Addr().String(), "--nats-listen", "127.0.0.1:0"}, "choose another with --listen"},
		"bus' port":     {[]string{"--data", t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", l.Addr().String()}, "--nats-listen"},
		"wrong file":    {[]string{"--data", t.TempDir(), "--config", bad}, "bad.yaml:2:"},
		"wrong address": {[]string{"--data", t.TempDir(), "--listen", "here"}, "host:port"},
		"wrong level":   {[]string{"--data", t.TempDir(), "--log", "loud"}, "debug, info, warn or error"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := newCommand()
			cmd.SetArgs(append([]string{}, c.args...))
			if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

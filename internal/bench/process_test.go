package main

import (
	"strings"
	"testing"
)

// TestUsage measures a program that computes in a child of its own.
func TestUsage(t *testing.T) {
	p, err := launch(t.Context(), t.TempDir(), "busy", "sh", "-c",
		"echo ready; (while :; do :; done) & read line; kill $!; echo gone >&2")
	if err != nil {
		t.Fatal(err)
	}
	defer p.end()
	if line, err := p.out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatal(line, err)
	}
	for range 1_000_000 { // until the child has computed a while
		if u := p.usage(); u.seconds > .05 {
			if u.rss < .5 || u.pss <= 0 || u.pss > u.rss || u.descriptors < 6 || u.threads != 2 {
				t.Errorf("two shells hold %+v", u)
			}
			break
		}
	}
	if !p.alive() || p.usage().seconds < .05 {
		t.Errorf("%+v", p.usage())
	}
	if _, err := p.ask(); err == nil {
		t.Error("a shell is no program that tells its totals")
	}
	if !strings.Contains(p.lastWords(), "gone") {
		t.Errorf("said %q", p.lastWords())
	}
}

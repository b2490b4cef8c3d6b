package sandbox

import (
	"os"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/decode"
)

func TestForbidden(t *testing.T) {
	p := newPool(t, Config{})
	d := decoderOf(t, p, "a")
	one(t, d, unit("frame", true))
	for name := range forbidden {
		t.Run(name, func(t *testing.T) {
			_, err := d.Decode(unit(name, true), decode.Picture)
			if err == nil || !strings.Contains(err.Error(), "operation not permitted") {
				t.Errorf("%v", err)
			}
		})
	}
	if s := p.Stats(); s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(os.TempDir() + "/sandbox-broken"); err == nil {
		t.Error("a file was made")
	}
}

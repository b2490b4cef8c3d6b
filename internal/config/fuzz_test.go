package config

import (
	"os"
	"testing"
)

// FuzzRegistry: whatever is in a file of units, sites and cameras, it is refused or it holds.
func FuzzRegistry(f *testing.F) {
	f.Add(registry)
	f.Add("units: [{id: p, parent: p}]")
	f.Add("cameras: [{id: c, site: s, url: 'rtsp://a:b@c/', zones: [{}], counters: [{any_of: [c]}]}]")
	f.Add("sites: [{calendar: {exceptions: [{date: x}]}, networks: [10.0.0.0/33]}]")
	f.Add("a: &a [*a]\nunits: *a")
	if demo, err := os.ReadFile("../../deploy/examples/demo.yaml"); err == nil {
		f.Add(string(demo))
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := write(t, text)
		if r, err := LoadRegistry(path); err == nil {
			for _, c := range r.Cameras {
				if err := c.Validate(); err != nil {
					t.Errorf("a camera that does not hold was taken: %v", err)
				}
			}
		}
		_, _ = LoadDemo(path)
	})
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/config"
)

const demoFile = "deploy/examples/demo.yaml"

// cameras are the demo's, served by this process.
type cameras struct {
	n    int
	stop context.CancelFunc
	done chan error
}

// film serves the demo's cameras (VIDEO=file replaces its video; without one that camera is offline) and writes the
// registry that a centre needs to find them.
func film(ctx context.Context, dir string) (*cameras, string, error) {
	d, err := config.LoadDemo(demoFile)
	if err != nil {
		return nil, "", err
	}
	text, err := os.ReadFile(demoFile)
	if err != nil {
		return nil, "", err
	}
	server, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0", User: "bench", Password: "bench", Cache: ".cache/video", HoldOffices: true})
	if err != nil {
		return nil, "", err
	}
	registry, _, _ := strings.Cut(string(text), "\nsimulate:")
	c := &cameras{done: make(chan error, 1)}
	for _, s := range d.Simulate {
		switch video := os.Getenv("VIDEO"); {
		case s.Office != nil:
			_, err = server.AddOffice(s.Camera, *s.Office, camsim.Encoding{})
			c.n++
		case video != "":
			err = server.AddReplay(ctx, s.Camera, video, camsim.Encoding{}, nil)
			c.n++
		}
		if err != nil {
			return nil, "", fmt.Errorf("camera %s: %w", s.Camera, err)
		}
		id := "  - id: " + s.Camera
		registry = strings.Replace(registry, id, id+"\n    url: "+server.URL(s.Camera).Reveal(), 1)
	}
	path := filepath.Join(dir, "registry.yaml")
	if err := os.WriteFile(path, []byte(registry), 0o600); err != nil {
		return nil, "", err
	}
	serving, stop := context.WithCancel(ctx)
	c.stop = stop
	go func() { c.done <- server.Run(serving) }() // end waits for it
	return c, path, nil
}

func (c *cameras) end() error {
	c.stop()
	return <-c.done
}

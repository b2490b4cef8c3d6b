package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/config"
)

// sizes are those of the programs.
func (b *bench) sizes(context.Context) (out []figure, err error) {
	for _, name := range []string{"node", "central", "cwctl", "camsim", "demo"} {
		info, err := os.Stat(program(name))
		if err != nil {
			return nil, fmt.Errorf("%w: run make build first", err)
		}
		out = append(out, plain("size of bin/"+name, float64(info.Size())/1e6, "MB"))
	}
	return out, nil
}

// processes runs centre and node on the demo's cameras and watches what they cost.
func (b *bench) processes(ctx context.Context) (out []figure, err error) {
	dir, err := os.MkdirTemp("", "counterwatch-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cameras, registry, err := film(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cameras.end()) }()

	central, err := launch(ctx, dir, "central", program("central"), "--data", filepath.Join(dir, "central"), "--listen",
		"127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--config", registry)
	if err != nil {
		return nil, err
	}
	defer central.end()
	page, err := central.find(regexp.MustCompile(`--central (\S+) --token (\S+)`), 1, 30*time.Second)
	if err != nil {
		return nil, err
	}
	node, err := launch(ctx, dir, "node", program("node"), "--data", filepath.Join(dir, "node"), "--central", page[0][1],
		"--token", page[0][2], "--name", "demo")
	if err != nil {
		return nil, err
	}
	defer node.end()
	const warm = 15 * time.Second // connecting, loading the net, learning backgrounds
	if err := wait(ctx, "starting", warm); err != nil {
		return nil, err
	}
	costs, err := b.measure(ctx, []*process{central}, []*process{node})
	if err != nil {
		return nil, err
	}
	for i, p := range []*process{central, node} {
		out = append(out, plain(fmt.Sprintf("%s, CPU, %d cameras", p.name, cameras.n), costs[i].percent, "% of a core"),
			plain(p.name+", memory now", costs[i].rss, "MB"), plain(p.name+", memory at most", p.most(), "MB"))
	}
	return out, nil
}

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
	server, err := camsim.New(camsim.Config{Listen: "127.0.0.1:0", User: "bench", Password: "bench",
		Cache: ".cache/video", HoldOffices: true})
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

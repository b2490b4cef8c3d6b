package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// cacheDir keeps videos that are made once.
const cacheDir = ".cache/bench"

// scene is an office in a file, with the camera that fits it.
type scene struct {
	office office.Config
	length time.Duration
	enc    camsim.Encoding
}

// file renders the scene unless the cache has it, and returns where it is.
func (s scene) file(ctx context.Context) (string, error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", err
	}
	o := s.office
	path := filepath.Join(cacheDir, fmt.Sprintf("%s-%d-%dx%d-%g-%s-%d.mp4", o.Name, o.Seed, o.Size.W, o.Size.H, o.FPS, s.length, s.enc.Bitrate))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	sim, err := office.New(o)
	if err != nil {
		return "", err
	}
	step("rendering %s, once", path)
	return path, camsim.Render(ctx, sim, s.length, path, s.enc, nil)
}

// camera is what watches the scene.
func (s scene) camera(id string, url models.SecretURL) models.Camera {
	c := s.office.Camera()
	c.ID, c.Name, c.URL = id, id, url
	return c
}

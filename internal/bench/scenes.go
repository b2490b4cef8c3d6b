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
	from   time.Duration // into the office's life
	length time.Duration
	enc    camsim.Encoding
}

// file renders the scene unless the cache has it, and returns where it is.
func (s scene) file(ctx context.Context) (string, error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", err
	}
	o := s.office
	path := filepath.Join(cacheDir, fmt.Sprintf("%s-%d-%dx%d-%g-%s-%s-%d.mp4", o.Name, o.Seed, o.Size.W, o.Size.H, o.FPS,
		s.from, s.length, s.enc.Bitrate))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	sim, err := office.New(o)
	if err != nil {
		return "", err
	}
	step("rendering %s, once", path)
	for range camsim.Frames(o.FPS, s.from) {
		sim.Step()
	}
	return path, camsim.Render(ctx, sim, s.length, path, s.enc, nil)
}

// halfDay are cuts of two minutes from a half day in offices of people cut out of PETS09-S2L1, at life's own pace: the
// motion profile of an office. Different officers and citizens in each, and other moments of the morning, from the rush at the
// opening to the quiet before noon.
func halfDay(ctx context.Context) (cuts []scene, files []string, err error) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		return nil, nil, missing("COUNTERWATCH_DATA is not set: there are no people to be shown to a network")
	}
	cast, err := camsim.LoadCast(ctx, filepath.Join(data, "video/vtest.avi"),
		filepath.Join(data, "mot15/PETS09-S2L1/gt/gt.txt"), cacheDir, nil)
	if err != nil {
		return nil, nil, err
	}
	for i, from := range []time.Duration{20 * time.Minute, time.Hour, 100 * time.Minute, 140 * time.Minute,
		3 * time.Hour, 220 * time.Minute} {
		o := office.Config{Name: "halfday", Seed: uint64(i + 1), Look: office.People, Cast: cast, Profile: office.Morning,
			Size: models.Size{W: 720, H: 576}, FPS: 15, OpenFor: 4 * time.Hour}
		s := scene{office: o, from: from, length: 2 * time.Minute, enc: camsim.Encoding{Bitrate: 2000}}
		file, err := s.file(ctx)
		if err != nil {
			return nil, nil, err
		}
		cuts, files = append(cuts, s), append(files, file)
	}
	return cuts, files, nil
}

// camera is what watches the scene.
func (s scene) camera(id string, url models.SecretURL) models.Camera {
	c := s.office.Camera()
	c.ID, c.Name, c.URL = id, id, url
	return c
}

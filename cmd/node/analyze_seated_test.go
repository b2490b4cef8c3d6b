package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// Four people sit behind desks for 45 frames and hardly move. Their boxes were drawn by hand on the first and the last frame;
// one box fits both. Each sits in a staff zone of the box's size and a tenth more on each side; nothing is set but the
// network. A person is found in a frame when a track that is shown overlaps the box with IoU >= 0.5.
func TestAnalyzeFindsSeatedPeople(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: seated people are not looked for")
	}
	if found, _ := filepath.Glob("../../.cache/onnxruntime/libonnxruntime.so*"); len(found) > 0 && os.Getenv("COUNTERWATCH_ORT") == "" {
		t.Setenv("COUNTERWATCH_ORT", found[0])
	}
	const frames = 45
	picture := models.Size{W: 480, H: 270}
	people := []models.Box{{X: 49, Y: 142, W: 66, H: 81}, {X: 112, Y: 123, W: 44, H: 53}, {X: 217, Y: 122, W: 45, H: 53}, {X: 288, Y: 143, W: 61, H: 86}}
	var zones, counters strings.Builder
	for i, b := range people {
		z := models.Box{X: b.X - .1*b.W, Y: b.Y - .1*b.H, W: 1.2 * b.W, H: 1.2 * b.H}.Normalise(picture)
		fmt.Fprintf(&zones, "  - {id: seat%d, kind: staff, polygon: [[%.3f,%.3f],[%.3f,%.3f],[%.3f,%.3f],[%.3f,%.3f]]}\n", i+1,
			z.X, z.Y, z.X+z.W, z.Y, z.X+z.W, z.Y+z.H, z.X, z.Y+z.H)
		fmt.Fprintf(&counters, "  - {id: desk%d, staff: [seat%d]}\n", i+1, i+1)
	}
	config := write(t, "camera.yaml", "camera: {id: room, detector: {net: yolox_nano}}\nzones:\n"+zones.String()+"counters:\n"+counters.String()+"calendar: always\n")
	tracks := filepath.Join(t.TempDir(), "tracks.txt")
	if out, err := analyze(t.Context(), filepath.Join(data, "video", "preview-classroom.gif"), "--config", config, "--tracks", tracks); err != nil {
		t.Fatal(err, out)
	}
	rows, err := mot.ReadFile(tracks)
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for n := 1; n <= frames; n++ {
		found := 0
		for _, p := range people {
			for _, r := range rows.Frame(n) {
				if r.Box.IoU(p) >= .5 {
					found++
					break
				}
			}
		}
		if found == len(people) {
			all++
		}
	}
	if float64(all) < .95*frames {
		t.Errorf("all four are found in %d of %d frames", all, frames)
	}
	ids := map[int64]bool{}
	for _, r := range rows {
		ids[r.ID] = true
	}
	if len(ids) != len(people) {
		t.Errorf("%d tracks of %d people", len(ids), len(people))
	}
}

package camsim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// TestCastOfRealPeople cuts people out of the first half minute of PETS09-S2L1.
func TestCastOfRealPeople(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: nobody is cut out of real pictures")
	}
	const frames = 200
	dir := t.TempDir()
	video, truth := filepath.Join(dir, "short.avi"), filepath.Join(dir, "gt.txt")
	if _, err := output(t.Context(), "ffmpeg", "-v", "error", "-i", filepath.Join(data, "video/vtest.avi"), "-frames:v", "200", "-c", "copy", video); err != nil {
		t.Fatal(err)
	}
	rows, err := mot.ReadFile(filepath.Join(data, "mot15/PETS09-S2L1/gt/gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var early mot.Rows
	for n := 1; n <= frames; n++ {
		early = append(early, rows.Frame(n)...)
	}
	f, err := os.Create(truth)
	if err != nil {
		t.Fatal(err)
	}
	if err := mot.Write(f, early); err != nil {
		t.Fatal(err)
	}
	f.Close()
	var told int
	cast, err := LoadCast(t.Context(), video, truth, dir, func(done, total int) { told = 100 * done / total })
	if err != nil {
		t.Fatal(err)
	}
	if told != 100 {
		t.Errorf("progress ended at %d %%", told)
	}
	for _, a := range cast.Actors {
		for _, s := range append(a.Stands, a.Walks[0].Frames...) {
			if s.H < 100 || s.H > 600 || s.W > s.H || len(s.BGRA) != 4*s.W*s.H {
				t.Errorf("person %d: a sprite of %dx%d", a.ID, s.W, s.H)
			}
		}
	}
	again, err := LoadCast(t.Context(), video, truth, dir, func(int, int) { t.Error("what is in the cache was cut out again") })
	if err != nil || len(again.Actors) != len(cast.Actors) {
		t.Errorf("from the cache: %v", err)
	}
	// The truth of another video.
	_, err = LoadCast(t.Context(), video, filepath.Join(data, "mot15/ADL-Rundle-6/gt/gt.txt"), dir, nil)
	if err == nil || !strings.Contains(err.Error(), "another video") || models.KindOf(err) != models.KindInvalid {
		t.Errorf("with another truth: %v", err)
	}
}

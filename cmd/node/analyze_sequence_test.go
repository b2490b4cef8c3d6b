package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/track"
	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

// scored makes a file of frames with the given scores in each.
func scored(frames int, scores ...float64) (rows mot.Rows) {
	for n := range frames {
		for _, s := range scores {
			rows = append(rows, mot.Row{Frame: n + 1, ID: -1, Box: models.Box{W: 30, H: 90}, Score: s})
		}
	}
	return rows
}

func TestReplayScores(t *testing.T) {
	moved := func(s float64) models.Thresholds {
		r := scored(9, s, s/2)
		return replayThresholds(r)
	}
	if up, down := moved(.94), moved(.5); up.Birth <= track.YOLOXNano.Birth || down.Birth >= .5 || down.Low <= 0 || up.Immediate >= .94 {
		t.Errorf("a surer detector is asked for more, a doubtful one for less: %+v, %+v", up, down)
	}
	cases := []struct {
		name   string
		rows   mot.Rows
		want   models.Thresholds
		scores []float64 // of the first frame afterwards
	}{
		{"certain, begins at a half", scored(9, .5, .98, .998), track.FasterRCNN, []float64{.5, .98, .998}},
		{"certain, with a low tail", scored(9, .2, .9, .998), track.YOLOFastest, []float64{.2, .9, .998}},
		{"never certain", scored(9, .05, .3, .88), track.YOLOXNano, []float64{.05, .3, .88}},
		{"never certain, cut at a half", scored(9, .5, .88), track.YOLOXNano, []float64{.5, .88}},
		{"nobody", nil, track.FasterRCNN, nil},
		{"percent", scored(9, 50, 98, 99.8), track.FasterRCNN, []float64{.5, .98, .998}},
		{"all 1", scored(9, 1, 1), track.FasterRCNN, []float64{.935, .935}},
		{"all -1", scored(9, -1, -1), track.FasterRCNN, []float64{.935, .935}},
		{"margins, negative ones too", scored(9, -3, -1, .5, 2), track.FasterRCNN, []float64{.7573, .9453, .9794, .9936}},
		{"unbounded", scored(9, 20, 140), track.FasterRCNN, []float64{.894, .9864}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := replayScores(c.rows); got != c.want {
				t.Errorf("thresholds %+v", got)
			}
			for i, want := range c.scores {
				if math.Abs(c.rows[i].Score-want) > 2e-3 {
					t.Errorf("score %d became %.4f, want %.4f", i, c.rows[i].Score, want)
				}
			}
		})
	}
}

// sequenceFiles writes a seqinfo.ini of n frames, 10 a second, and detections.
func sequenceFiles(t *testing.T, n int, rows mot.Rows) (info, dets string) {
	t.Helper()
	var b strings.Builder
	if err := mot.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return write(t, "seqinfo.ini", fmt.Sprintf("frameRate=10\nseqLength=%d\nimWidth=640\nimHeight=480\n", n)), write(t, "det.txt", b.String())
}

func TestThinnedSequences(t *testing.T) {
	every := func(first, step, last int) (rows mot.Rows) {
		for n := first; n <= last; n += step {
			rows = append(rows, mot.Row{Frame: n, ID: -1, Box: models.Box{X: 10, Y: 10, W: 30, H: 90}, Score: .99})
		}
		return rows
	}
	cases := []struct {
		name  string
		rows  mot.Rows
		looks []int
		fps   float64
	}{
		{"all", every(1, 1, 12), []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 10},
		{"every third", every(1, 3, 12), []int{1, 4, 7, 10}, 10. / 3},
		{"every third from the second on", every(5, 3, 12), []int{2, 5, 8, 11}, 10. / 3},
		{"every third, nobody in one", append(every(1, 3, 4), every(10, 3, 12)...), []int{1, 4, 7, 10}, 10. / 3},
		{"nobody but in two frames", every(3, 6, 9), []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 10},
		{"nobody at all", nil, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			info, dets := sequenceFiles(t, 12, c.rows)
			s, _, err := openSequence(info, dets, models.DetectorConfig{}, time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			var looks []int
			for f, err := s.Next(); !errors.Is(err, io.EOF); f, err = s.Next() {
				looks = append(looks, int(f.Number))
				if d := f.At.Sub(time.Unix(0, 0)).Seconds() - float64(int(f.Number)-looks[0])/10; math.Abs(d) > 1e-6 {
					t.Errorf("frame %d is %g s off", f.Number, d)
				}
			}
			if !slices.Equal(looks, c.looks) || math.Abs(s.FPS()-c.fps) > 1e-9 || s.Frames() != int64(len(c.looks)) {
				t.Errorf("looked at %v of %d at %g fps", looks, s.Frames(), s.FPS())
			}
		})
	}
	info, dets := sequenceFiles(t, 4, every(1, 1, 5))
	if _, _, err := openSequence(info, dets, models.DetectorConfig{}, time.Time{}); err == nil || !strings.Contains(err.Error(), "frame 5 is behind the last (4)") {
		t.Errorf("error %v", err)
	}
}

// The same detections with their scores on another scale, and thinned out, through the whole command.
func TestAnalyzeSequenceWhateverTheScores(t *testing.T) {
	data := os.Getenv("COUNTERWATCH_DATA")
	if data == "" {
		t.Skip("COUNTERWATCH_DATA is not set: detections of other scales are not followed")
	}
	seq := filepath.Join(data, "mot15", "PETS09-S2L1")
	truth, err := mot.ReadFile(filepath.Join(seq, "gt", "gt.txt"))
	if err != nil {
		t.Fatal(err)
	}
	config := write(t, "camera.yaml", strings.Replace(testCamera, ", analyse_fps: 5", "", 1))
	for name, c := range map[string]struct {
		file  string
		keep  func(r *mot.Row) bool
		step  int
		least float64 // IDF1
	}{
		"percent":     {"yolofastest1.1body_640x480.step1.txt", func(r *mot.Row) bool { r.Score *= 100; return true }, 1, .84},
		"log-odds":    {"yolofastest1.1body_640x480.step1.txt", func(r *mot.Row) bool { r.Score = logOdds(r.Score); return true }, 1, .7},
		"constant":    {"yolofastest1.1body_640x480.step1.txt", func(r *mot.Row) bool { ok := r.Score > .6; r.Score = -1; return ok }, 1, .78},
		"cut":         {"yolox_nano_640x480.step1.txt", func(r *mot.Row) bool { return r.Score > .5 }, 1, .84},
		"every third": {"yolofastest1.1body_640x480.step1.txt", func(r *mot.Row) bool { return r.Frame%3 == 1 }, 3, .8},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := mot.ReadFile(filepath.Join(data, "detections", c.file))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			rows = slices.DeleteFunc(rows, func(r mot.Row) bool { return !c.keep(&r) })
			if err := mot.Write(&b, rows); err != nil {
				t.Fatal(err)
			}
			tracks := filepath.Join(t.TempDir(), "tracks.txt")
			if out, err := analyze(context.Background(), filepath.Join(seq, "seqinfo.ini"), "--detections", write(t, "det.txt", b.String()),
				"--config", config, "--tracks", tracks); err != nil {
				t.Fatal(err, out)
			}
			found, err := mot.ReadFile(tracks)
			if err != nil {
				t.Fatal(err)
			}
			s := mot.Evaluate(truth, found, mot.Span{To: 795, Step: c.step})
			t.Logf("MOTA %.1f IDF1 %.1f switches %d", 100*s.MOTA, 100*s.IDF1, s.Switches)
			if s.IDF1 < c.least {
				t.Errorf("IDF1 %.3f, expected at least %.2f", s.IDF1, c.least)
			}
		})
	}
}

package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/counterwatch/counterwatch/internal/mot"
)

const (
	petsFrom, petsTo = 301, 795 // thresholds were chosen on frames 1-300
	petsBlock        = 15       // frames resampled together: neighbours show the same people
)

// detection scores the people published for vtest.avi (PETS09-S2L1), every frame and every fifth.
func (r *report) detection(ctx context.Context) ([]Figure, error) {
	truth, err := mot.ReadFile(filepath.Join(r.data, "mot15", "PETS09-S2L1", "gt", "gt.txt"))
	if err != nil {
		return nil, err
	}
	var figures []Figure
	for _, c := range []struct {
		name, fps string
		step      int
	}{{"every frame", "0", 1}, {"every 5th frame", "2", 5}} {
		step("detection: vtest.avi, yolox_nano, %s", c.name)
		camera, tracks := filepath.Join(r.dir, "pets.yaml"), filepath.Join(r.dir, "pets.txt")
		text := "camera: {id: pets, detector: {net: yolox_nano}, analyse_fps: " + c.fps + "}\n" +
			"zones:\n  - {id: q1, kind: queue, polygon: [[0,0],[1,0],[1,1],[0,1]]}\ncalendar: always\n"
		if err := os.WriteFile(camera, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if err := command(ctx, node, "analyze", filepath.Join(r.data, "video", "vtest.avi"), "--config", camera, "--tracks", tracks); err != nil {
			return nil, err
		}
		result, err := mot.ReadFile(tracks)
		if err != nil {
			return nil, err
		}
		f := detectionFigures("detection, PETS 301-795, yolox_nano, "+c.name, truth, result, c.step)
		f[2] = f[2].atLeastTarget(.91)
		f[3] = f[3].atMostTarget(.53)
		figures = append(figures, f...)
	}
	return figures, nil
}

// detectionFigures are precision, recall, F1 and count error, each with its interval over blocks of frames.
func detectionFigures(name string, truth, result mot.Rows, step int) []Figure {
	var blocks []mot.Detection
	frames := 0
	for from := petsFrom; from <= petsTo; from += petsBlock {
		d := mot.EvaluateDetections(truth, result, mot.Span{From: from, To: min(from+petsBlock-1, petsTo), Step: step})
		blocks = append(blocks, d)
		frames += d.Frames
	}
	sum := func(index []int) (tp, fp, fn, off, frames float64) {
		for _, i := range index {
			b := blocks[i]
			tp, fp, fn = tp+float64(b.TP), fp+float64(b.FP), fn+float64(b.FN)
			off, frames = off+b.CountMAE*float64(b.Frames), frames+float64(b.Frames)
		}
		return
	}
	return []Figure{
		figure(name+": precision", len(blocks), frames, func(i []int) float64 { tp, fp, _, _, _ := sum(i); return tp / (tp + fp) }),
		figure(name+": recall", len(blocks), frames, func(i []int) float64 { tp, _, fn, _, _ := sum(i); return tp / (tp + fn) }),
		figure(name+": F1", len(blocks), frames, func(i []int) float64 { tp, fp, fn, _, _ := sum(i); return 2 * tp / (2*tp + fp + fn) }),
		figure(name+": count error, people", len(blocks), frames, func(i []int) float64 { _, _, _, off, n := sum(i); return off / n }),
	}
}

// sequences are scored with the detections of the SORT paper; the reference is SORT's mean on the same detections.
var sequences = []string{"PETS09-S2L1", "TUD-Campus", "ADL-Rundle-6", "KITTI-17", "KITTI-13", "ETH-Bahnhof", "ETH-Pedcross2", "ETH-Sunnyday"}

const (
	fixedCameras = 4 // of sequences, the first ones; the others move
	sortMOTA     = 55.7
	sortIDF1     = 52.6
)

// tracking scores tracks made from given detections.
func (r *report) tracking(ctx context.Context) ([]Figure, error) {
	var mota, idf1 []float64
	for _, s := range sequences {
		step("tracking: %s", s)
		base := filepath.Join(r.data, "mot15", s)
		camera, tracks := filepath.Join(r.dir, "seq.yaml"), filepath.Join(r.dir, "seq.txt")
		text := "camera: {id: seq}\nzones:\n  - {id: q1, kind: queue, polygon: [[0,0],[1,0],[1,1],[0,1]]}\ncalendar: always\n"
		if err := os.WriteFile(camera, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if err := command(ctx, node, "analyze", filepath.Join(base, "seqinfo.ini"), "--detections", filepath.Join(base, "det", "det.txt"),
			"--config", camera, "--tracks", tracks); err != nil {
			return nil, err
		}
		truth, err := mot.ReadFile(filepath.Join(base, "gt", "gt.txt"))
		if err != nil {
			return nil, err
		}
		result, err := mot.ReadFile(tracks)
		if err != nil {
			return nil, err
		}
		scores := mot.Evaluate(truth, result, mot.Span{})
		mota, idf1 = append(mota, 100*scores.MOTA), append(idf1, 100*scores.IDF1)
	}
	mean := func(name string, v []float64) Figure {
		return figure("tracking, "+name, len(v), len(v), func(i []int) float64 { return pick(v, i) })
	}
	return []Figure{
		mean("fixed cameras: mean MOTA", mota[:fixedCameras]).atLeastTarget(sortMOTA),
		mean("fixed cameras: mean IDF1", idf1[:fixedCameras]).atLeastTarget(sortIDF1),
		mean("moving cameras: mean MOTA", mota[fixedCameras:]),
		mean("moving cameras: mean IDF1", idf1[fixedCameras:]),
	}, nil
}

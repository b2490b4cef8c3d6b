package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/counterwatch/counterwatch/internal/mot"
	"github.com/counterwatch/counterwatch/models"
)

const (
	petsFrom, petsTo = 301, 795 // thresholds were chosen on frames 1-300
	petsBlock        = 15       // frames resampled together: neighbours show the same people
	petsFPS          = 7
)

// detection scores the people published for vtest.avi (PETS09-S2L1) in every frame, and counts smoothed as queues are.
func (r *report) detection(ctx context.Context) ([]Figure, error) {
	truth, err := mot.ReadFile(filepath.Join(r.data, "mot15", "PETS09-S2L1", "gt", "gt.txt"))
	if err != nil {
		return nil, err
	}
	var figures []Figure
	for _, net := range []string{"yolox_nano", "yolo_fastest"} {
		step("detection: vtest.avi, %s", net)
		result, err := r.people(ctx, filepath.Join(r.data, "video", "vtest.avi"), "camera: {id: pets, detector: {net: "+net+"}}\n"+wholeQueue)
		if err != nil {
			return figures, err
		}
		f := detectionFigures("detection, PETS 301-795, "+net+", every frame", truth, result)
		if net == "yolox_nano" { // the one with targets, and the precision and recall by score of the plot
			f[2], f[4] = f[2].atLeastTarget(.93), f[4].atMostTarget(.30)
			r.scored = byScore(truth, result)
		}
		figures = append(figures, f...)
	}
	seated, err := r.classroom(ctx)
	return append(figures, seated...), err
}

// wholeQueue is a configuration's zone over the whole picture.
const wholeQueue = "zones:\n  - {id: q1, kind: queue, polygon: [[0,0],[1,0],[1,1],[0,1]]}\ncalendar: always\n"

// people runs bin/node on a video or sequence and returns the people it published.
func (r *report) people(ctx context.Context, input, config string, flags ...string) (mot.Rows, error) {
	camera, tracks := filepath.Join(r.dir, "camera.yaml"), filepath.Join(r.dir, "tracks.txt")
	if err := os.WriteFile(camera, []byte(config), 0o600); err != nil {
		return nil, err
	}
	if err := command(ctx, node, append([]string{"analyze", input, "--config", camera, "--tracks", tracks}, flags...)...); err != nil {
		return nil, err
	}
	return mot.ReadFile(tracks)
}

// detectionFigures are precision, recall, F1 and the errors of the count, each with its interval over blocks of frames.
func detectionFigures(name string, truth, result mot.Rows) []Figure {
	var blocks []mot.Detection
	var smooth [][]float64
	frames := 0
	off := smoothed(truth, result)
	for from := petsFrom; from <= petsTo; from += petsBlock {
		to := min(from+petsBlock-1, petsTo)
		d := mot.EvaluateDetections(truth, result, mot.Span{From: from, To: to})
		blocks, smooth = append(blocks, d), append(smooth, off[from:to+1])
		frames += d.Frames
	}
	sum := func(index []int) (tp, fp, fn, off, frames, soft float64) {
		for _, i := range index {
			b := blocks[i]
			tp, fp, fn = tp+float64(b.TP), fp+float64(b.FP), fn+float64(b.FN)
			off, frames = off+b.CountMAE*float64(b.Frames), frames+float64(b.Frames)
			for _, e := range smooth[i] {
				soft += e
			}
		}
		return
	}
	return []Figure{
		figure(name+": precision", len(blocks), frames, func(i []int) float64 { tp, fp, _, _, _, _ := sum(i); return tp / (tp + fp) }),
		figure(name+": recall", len(blocks), frames, func(i []int) float64 { tp, _, fn, _, _, _ := sum(i); return tp / (tp + fn) }),
		figure(name+": F1", len(blocks), frames, func(i []int) float64 { tp, fp, fn, _, _, _ := sum(i); return 2 * tp / (2*tp + fp + fn) }),
		figure(name+": count error of single frames, people", len(blocks), frames, func(i []int) float64 { _, _, _, off, n, _ := sum(i); return off / n }),
		figure(name+": count error, median of 5 s, people", len(blocks), frames, func(i []int) float64 { _, _, _, _, n, soft := sum(i); return soft / n }),
	}
}

// smoothed is, by frame number, how far the median count of the 5 s around a frame, as queues use it, is from the people
// who are there in that frame.
func smoothed(truth, result mot.Rows) []float64 {
	const half = 5 * petsFPS / 2
	truth = truth.Scored()
	off := make([]float64, petsTo+1)
	for n := petsFrom; n <= petsTo; n++ {
		var counts []int
		for k := max(n-half, 1); k <= min(n+half, petsTo); k++ {
			counts = append(counts, len(result.Frame(k)))
		}
		slices.Sort(counts)
		off[n] = math.Abs(float64(counts[len(counts)/2] - len(truth.Frame(n))))
	}
	return off
}

// point is the precision and recall of all boxes from a score on.
type point struct{ score, precision, recall float64 }

// byScore are precision and recall over the scores of published people.
func byScore(truth, result mot.Rows) (points []point) {
	for s := .2; s < .95; s += .025 {
		from := slices.DeleteFunc(slices.Clone(result), func(r mot.Row) bool { return r.Score < s })
		d := mot.EvaluateDetections(truth, from, mot.Span{From: petsFrom, To: petsTo})
		points = append(points, point{s, d.Precision, d.Recall})
	}
	return points
}

// classroomPeople are the four people behind the desks of preview-classroom.gif, marked by hand; they hardly move.
var classroomPeople = []models.Box{{X: 50, Y: 142, W: 66, H: 82}, {X: 286, Y: 142, W: 66, H: 90}, {X: 222, Y: 122, W: 38, H: 52}, {X: 112, Y: 125, W: 45, H: 52}}

// classroom looks for four seated people, as officers behind their desks: in a staff zone.
func (r *report) classroom(ctx context.Context) ([]Figure, error) {
	step("detection: preview-classroom.gif")
	const frames = 45
	result, err := r.people(ctx, filepath.Join(r.data, "video", "preview-classroom.gif"), "camera: {id: classroom, detector: {net: yolox_nano}}\n"+
		"zones:\n  - {id: o1, kind: staff, polygon: [[0,0],[1,0],[1,1],[0,1]]}\ncounters:\n  - {id: c1, staff: [o1], required_on_duty: 4}\ncalendar: always\n")
	if err != nil {
		return nil, err
	}
	var four []float64
	for n := 1; n <= frames; n++ {
		found := 0
		for _, b := range classroomPeople {
			if slices.ContainsFunc(result.Frame(n), func(row mot.Row) bool { return row.Box.IoU(b) >= mot.MinIoU }) {
				found++
			}
		}
		four = append(four, 0)
		if found == len(classroomPeople) {
			four[n-1] = 1
		}
	}
	const block = 5 // neighbouring frames show the same
	f := figure("seated people, preview-classroom.gif, staff zone: share of frames with 4 of 4", frames/block, frames, func(index []int) float64 {
		var sum float64
		for _, i := range index {
			for _, v := range four[i*block : (i+1)*block] {
				sum += v
			}
		}
		return sum / float64(block*len(index))
	})
	return []Figure{f.atLeastTarget(.95)}, nil
}

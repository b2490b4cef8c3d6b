package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/counterwatch/counterwatch/internal/mot"
)

// sequences are scored with the detections of the SORT paper.
var sequences = []string{"PETS09-S2L1", "TUD-Campus", "ADL-Rundle-6", "KITTI-17", "KITTI-13", "ETH-Bahnhof", "ETH-Pedcross2", "ETH-Sunnyday"}

const fixedCameras = 4 // of sequences, the first ones; the others move

// followed is one sequence's scores, ours and SORT's, in percent.
type followed struct {
	mota, idf1, hota    float64
	sortMOTA, sortIDF1  float64
	switches, sortTimes int
	frames              int
	parts               []part
}

// part is one of ten parts of a sequence, scored by itself, in percent.
type part struct{ mota, idf1, hota, sortMOTA, sortIDF1 float64 }

// tracking scores tracks made from given detections.
func (r *report) tracking(ctx context.Context) ([]Figure, error) {
	var all []followed
	var figures []Figure
	for i, s := range sequences {
		step("tracking: %s", s)
		f, err := r.follow(ctx, s)
		if err != nil {
			return figures, err
		}
		all = append(all, f)
		figures = append(figures, f.figures(s, i < fixedCameras)...)
	}
	fixed, moving := all[:fixedCameras], all[fixedCameras:]
	mota, idf1 := func(f followed) float64 { return f.mota - f.sortMOTA }, func(f followed) float64 { return f.idf1 - f.sortIDF1 }
	figures = append(figures,
		over("tracking, fixed cameras: mean MOTA", fixed, func(f followed) float64 { return f.mota }),
		over("tracking, fixed cameras: mean IDF1", fixed, func(f followed) float64 { return f.idf1 }),
		over("tracking, fixed cameras: mean MOTA above SORT", fixed, mota).atLeastTarget(0),
		over("tracking, fixed cameras: mean IDF1 above SORT", fixed, idf1).atLeastTarget(16),
		over("tracking, moving cameras: mean MOTA", moving, func(f followed) float64 { return f.mota }),
		over("tracking, moving cameras: mean IDF1", moving, func(f followed) float64 { return f.idf1 }),
		over("tracking, moving cameras: mean MOTA above SORT", moving, mota).atLeastTarget(-2),
		over("tracking, moving cameras: mean IDF1 above SORT", moving, idf1).atLeastTarget(-2))
	for _, c := range []struct {
		every int
		fps   string
		idf1  float64
	}{{1, "7", 90}, {3, "2.33", 88}} {
		f, err := r.given(ctx, c.every, c.fps, c.idf1)
		if figures = append(figures, f...); err != nil {
			return figures, err
		}
	}
	return figures, nil
}

func over(name string, all []followed, of func(followed) float64) Figure {
	v := make([]float64, len(all))
	for i := range all {
		v[i] = of(all[i])
	}
	return figure(name, len(v), len(v), func(i []int) float64 { return pick(v, i) })
}

// follow scores one sequence.
func (r *report) follow(ctx context.Context, sequence string) (f followed, err error) {
	base := filepath.Join(r.data, "mot15", sequence)
	result, err := r.people(ctx, filepath.Join(base, "seqinfo.ini"), "camera: {id: seq}\n"+wholeQueue, "--detections", filepath.Join(base, "det", "det.txt"))
	if err != nil {
		return f, err
	}
	truth, err := mot.ReadFile(filepath.Join(base, "gt", "gt.txt"))
	if err != nil {
		return f, err
	}
	sort, err := mot.ReadFile(filepath.Join(base, "sort-reference.txt"))
	if err != nil {
		return f, err
	}
	return compare(truth, result, sort, 1), nil
}

// compare scores ours and SORT's tracks, the whole and in ten parts.
func compare(truth, result, sort mot.Rows, every int) followed {
	ours, theirs := mot.Evaluate(truth, result, mot.Span{Step: every}), mot.Evaluate(truth, sort, mot.Span{Step: every})
	f := followed{mota: 100 * ours.MOTA, idf1: 100 * ours.IDF1, hota: 100 * ours.HOTA, sortMOTA: 100 * theirs.MOTA, sortIDF1: 100 * theirs.IDF1,
		switches: ours.Switches, sortTimes: theirs.Switches, frames: ours.Frames}
	const parts = 10
	for k, last := 0, truth.Last()/every; k < parts; k++ {
		span := mot.Span{From: every*(last*k/parts) + 1, To: every * (last * (k + 1) / parts), Step: every}
		a, b := mot.Evaluate(truth, result, span), mot.Evaluate(truth, sort, span)
		f.parts = append(f.parts, part{100 * a.MOTA, 100 * a.IDF1, 100 * a.HOTA, 100 * b.MOTA, 100 * b.IDF1})
	}
	return f
}

// figures are one sequence's rows.
func (f followed) figures(sequence string, fixed bool) []Figure {
	row := func(what string, v float64, of func(part) float64) Figure {
		return f.row("tracking, "+sequence+": "+what, v, of)
	}
	mota := row("MOTA above SORT", f.mota-f.sortMOTA, func(p part) float64 { return p.mota - p.sortMOTA })
	if fixed {
		mota = mota.atLeastTarget(0)
	}
	return []Figure{
		row(fmt.Sprintf("MOTA (SORT %.1f)", f.sortMOTA), f.mota, func(p part) float64 { return p.mota }), mota,
		row(fmt.Sprintf("IDF1 (SORT %.1f)", f.sortIDF1), f.idf1, func(p part) float64 { return p.idf1 }),
		row("IDF1 above SORT", f.idf1-f.sortIDF1, func(p part) float64 { return p.idf1 - p.sortIDF1 }),
		plain(fmt.Sprintf("tracking, %s: switches (SORT %d)", sequence, f.sortTimes), float64(f.switches), f.frames),
		row("HOTA", f.hota, func(p part) float64 { return p.hota }),
	}
}

// row is a score with the interval of its mean over the parts, moved to the score of the whole.
func (f followed) row(name string, v float64, of func(part) float64) Figure {
	var d []float64
	for _, p := range f.parts {
		d = append(d, of(p))
	}
	g := figure(name, len(d), f.frames, func(i []int) float64 { return pick(d, i) })
	g.Low, g.High, g.Value = g.Low+v-g.Value, g.High+v-g.Value, v
	return g
}

// given scores PETS09-S2L1 with given detections of Yolo-Fastest, in every frame or fewer.
func (r *report) given(ctx context.Context, every int, fps string, idf1 float64) ([]Figure, error) {
	step("tracking: PETS09-S2L1 at %s fps, detections of Yolo-Fastest", fps)
	base := filepath.Join(r.data, "mot15", "PETS09-S2L1")
	all, err := mot.ReadFile(filepath.Join(r.data, "detections", "yolofastest1.1body_640x480.step1.txt"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.dir, "det.txt")
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	err = mot.Write(out, slices.DeleteFunc(all, func(row mot.Row) bool { return row.Frame%every != 1%every }))
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	result, err := r.people(ctx, filepath.Join(base, "seqinfo.ini"), "camera: {id: seq}\n"+wholeQueue, "--detections", path)
	if err != nil {
		return nil, err
	}
	truth, err := mot.ReadFile(filepath.Join(base, "gt", "gt.txt"))
	if err != nil {
		return nil, err
	}
	f := compare(truth, result, nil, every)
	name := "tracking, PETS, given Yolo-Fastest detections, " + fps + " fps: "
	return []Figure{
		f.row(name+"MOTA", f.mota, func(p part) float64 { return p.mota }),
		f.row(name+"IDF1", f.idf1, func(p part) float64 { return p.idf1 }).atLeastTarget(idf1),
		plain(name+"switches", float64(f.switches), f.frames).atMostTarget(8),
		f.row(name+"HOTA", f.hota, func(p part) float64 { return p.hota }),
	}, nil
}

package mot

import (
	"math"
)

// MinIoU is the overlap from which a box counts as right.
const MinIoU = 0.5

// Count is how many boxes one frame has.
type Count struct{ Frame, Truth, Result int }

// Detection says how well boxes were found, whatever their ids. Shares are 0..1.
type Detection struct {
	Frames     int // looked at
	Truth      int // boxes of the ground truth in them
	TP, FP, FN int // boxes
	Precision  float64
	Recall     float64
	F1         float64
	MOTP       float64 // mean IoU of the true positives
	CountMAE   float64 // mean over frames of |boxes found - boxes there|
	Counts     []Count // per frame
}

// Scores says how well people were followed. Shares are 0..1; MOTA can be negative.
type Scores struct {
	Detection
	MOTA           float64 // 1 - (FN + FP + switches) / truth (Bernardin and Stiefelhagen, 2008)
	Switches       int     // times a person's id changed
	Fragmentations int     // times a person was lost and found again
	IDF1           float64 // (Ristani et al., 2016)
	IDTP           int
	HOTA           float64 // mean over IoU .05..0.95 of sqrt(DetA AssA) (Luiten et al., 2021)
	DetA, AssA     float64
	Persons        int // ids in the truth
}

// EvaluateDetections scores boxes frame by frame; ids are not looked at. Rows of truth with flag 0 are left out.
func EvaluateDetections(truth, result Rows, over Span) Detection {
	return newScorer(truth, result, over, false).scores.Detection
}

// Evaluate scores tracks. Rows of truth with flag 0 are left out. As in CLEAR MOT, a pair of the frame before stays
// while it overlaps enough; the rest are paired for the largest number, then the largest overlap.
func Evaluate(truth, result Rows, over Span) Scores {
	s := newScorer(truth, result, over, true)
	s.identity()
	s.hota()
	return s.scores
}

// frame is what one frame adds: dense indices of the persons and tracks in it, and the overlap of each pair.
type frame struct {
	truth, result []int
	iou           []float64 // truth x result
}

type scorer struct {
	frames  []frame
	persons map[int64]int // id in the truth -> index
	tracks  map[int64]int
	gain    []float64
	scores  Scores
}

func newScorer(truth, result Rows, over Span, follow bool) *scorer {
	truth = truth.Scored()
	s := &scorer{persons: map[int64]int{}, tracks: map[int64]int{}}
	var memory clearMOT
	if follow {
		memory = clearMOT{last: map[int]int{}, lost: map[int]bool{}}
	}
	for _, n := range over.frames(max(truth.Last(), result.Last())) {
		g, r := truth.Frame(n), result.Frame(n)
		f := frame{iou: make([]float64, 0, len(g)*len(r))}
		for _, a := range g {
			f.truth = append(f.truth, index(s.persons, a.ID))
			for _, b := range r {
				f.iou = append(f.iou, a.Box.IoU(b.Box))
			}
		}
		for _, b := range r {
			f.result = append(f.result, index(s.tracks, b.ID))
		}
		s.frames = append(s.frames, f)
		d := &s.scores.Detection
		d.Counts = append(d.Counts, Count{n, len(g), len(r)})
		d.Truth += len(g)
		d.CountMAE += math.Abs(float64(len(g) - len(r)))
		s.pair(f, &memory)
	}
	s.rates()
	return s
}

func index(m map[int64]int, id int64) int {
	i, ok := m[id]
	if !ok {
		i = len(m)
		m[id] = i
	}
	return i
}

// clearMOT is what CLEAR MOT remembers from frame to frame.
type clearMOT struct {
	last map[int]int  // person -> track it was last paired with; nil when ids are not looked at
	lost map[int]bool // persons paired before and not now
}

// pair pairs one frame and counts it.
func (s *scorer) pair(f frame, c *clearMOT) {
	nt, nr := len(f.truth), len(f.result)
	s.gain = s.gain[:0]
	for _, iou := range f.iou {
		if iou >= MinIoU {
			s.gain = append(s.gain, 100+iou) // number before overlap
		} else {
			s.gain = append(s.gain, 0)
		}
	}
	for i, p := range f.truth {
		for j, t := range f.result {
			if before, ok := c.last[p]; ok && before == t && s.gain[i*nr+j] > 0 {
				s.gain[i*nr+j] = 1e6
			}
		}
	}
	d := &s.scores
	for i, j := range assign(s.gain, nt, nr) {
		p := f.truth[i]
		if j < 0 {
			d.FN++
			if _, ok := c.last[p]; ok {
				c.lost[p] = true
			}
			continue
		}
		d.TP++
		d.MOTP += f.iou[i*nr+j]
		if c.last == nil {
			continue
		}
		if before, ok := c.last[p]; ok && before != f.result[j] {
			d.Switches++
		}
		if c.lost[p] {
			d.Fragmentations++
		}
		c.last[p], c.lost[p] = f.result[j], false
	}
}

// rates turns sums into shares.
func (s *scorer) rates() {
	d := &s.scores
	d.Frames, d.Persons = len(s.frames), len(s.persons)
	results := 0
	for _, c := range d.Counts {
		results += c.Result
	}
	d.FP = results - d.TP
	d.Precision = ratio(d.TP, results)
	d.Recall = ratio(d.TP, d.Truth)
	d.F1 = ratio(2*d.TP, results+d.Truth)
	d.MOTP /= math.Max(1, float64(d.TP))
	d.CountMAE /= math.Max(1, float64(d.Frames))
	if d.Truth > 0 {
		d.MOTA = 1 - ratio(d.FN+d.FP+d.Switches, d.Truth)
	}
}

// identity pairs whole tracks with whole persons for the largest number of frames in which they overlap enough.
func (s *scorer) identity() {
	m := len(s.tracks)
	overlap := make([]float64, len(s.persons)*m)
	for _, f := range s.frames {
		for k, iou := range f.iou {
			if iou >= MinIoU {
				overlap[f.truth[k/len(f.result)]*m+f.result[k%len(f.result)]]++
			}
		}
	}
	for i, j := range assign(overlap, len(s.persons), m) {
		if j >= 0 {
			s.scores.IDTP += int(overlap[i*m+j])
		}
	}
	d := &s.scores
	d.IDF1 = ratio(2*d.IDTP, d.Truth+d.TP+d.FP)
}

// ratio is a/b, and 0 when there is nothing to divide by.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

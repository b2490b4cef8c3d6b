// Package mot reads and writes files of the MOTChallenge formats (det.txt, gt.txt, results, seqinfo.ini) and scores
// results against ground truth: detection (precision, recall, count error), CLEAR MOT, IDF1 and HOTA.
//
// It stands beside the road, not on it: offline analysis reads detections and writes tracks with it, tests and the
// accuracy report score with it. In and out are files and plain rows. Anything outside the rooms may import it.
package mot

import (
	"cmp"
	"slices"

	"github.com/counterwatch/counterwatch/models"
)

// Row is one line of a MOT file: one box of one frame.
type Row struct {
	Frame int        // from 1
	ID    int64      // person; -1 in detection files
	Box   models.Box // pixels; left and top as the file has them
	Score float64    // confidence; in ground truth 0 = do not score this box
}

// Rows are the rows of one file, in order of their frames.
type Rows []Row

// Frame returns the rows of frame n.
func (r Rows) Frame(n int) Rows {
	by := func(row Row, n int) int { return cmp.Compare(row.Frame, n) }
	from, _ := slices.BinarySearchFunc(r, n, by)
	to, _ := slices.BinarySearchFunc(r, n+1, by)
	return r[from:to]
}

// Last is the number of the last frame that has a row, 0 when there is none.
func (r Rows) Last() int {
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1].Frame
}

// Scored returns the rows of ground truth that count: those whose flag is not 0 (as in the MOT15 development kit,
// where a result on such a box is a false positive like any other).
func (r Rows) Scored() Rows {
	return slices.DeleteFunc(slices.Clone(r), func(row Row) bool { return row.Score == 0 })
}

// Detections appends the boxes of frame n to d.
func (r Rows) Detections(d []models.Detection, n int) []models.Detection {
	for _, row := range r.Frame(n) {
		d = append(d, models.Detection{Box: row.Box, Score: row.Score})
	}
	return d
}

// sort puts rows in order of frames and keeps the order inside a frame.
func (r Rows) sort() {
	slices.SortStableFunc(r, func(a, b Row) int { return cmp.Compare(a.Frame, b.Frame) })
}

// Span says which frames are looked at: From, From+Step, ... To. A zero From or Step is 1, a zero To the last frame
// that has a row.
type Span struct{ From, To, Step int }

// frames lists the frames of the span; last stands for a zero To.
func (s Span) frames(last int) []int {
	if s.To == 0 {
		s.To = last
	}
	var n []int
	for f := max(s.From, 1); f <= s.To; f += max(s.Step, 1) {
		n = append(n, f)
	}
	return n
}

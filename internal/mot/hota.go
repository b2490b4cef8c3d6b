package mot

import "math"

// hota computes HOTA as TrackEval does: pairs are made once per frame, by overlap weighted with how well the two whole
// tracks agree, and counted at each of 19 thresholds.
func (s *scorer) hota() {
	const levels = 19
	np, nt := len(s.persons), len(s.tracks)
	persons, tracks, agree := make([]float64, np), make([]float64, nt), make([]float64, np*nt)
	for _, f := range s.frames {
		s.agreement(f, agree, persons, tracks, nt)
	}
	for k := range agree {
		agree[k] /= persons[k/nt] + tracks[k%nt] - agree[k]
	}
	var tp [levels]float64
	var pairs [levels]map[int]float64
	for l := range pairs {
		pairs[l] = map[int]float64{}
	}
	for _, f := range s.frames {
		nr := len(f.result)
		s.gain = s.gain[:0]
		for k, iou := range f.iou {
			s.gain = append(s.gain, iou*agree[f.truth[k/nr]*nt+f.result[k%nr]])
		}
		for i, j := range assign(s.gain, len(f.truth), nr) {
			for l := 0; j >= 0 && l < levels && f.iou[i*nr+j] >= float64(l+1)*0.05-1e-9; l++ {
				tp[l]++
				pairs[l][f.truth[i]*nt+f.result[j]]++
			}
		}
	}
	d := &s.scores
	boxes := float64(d.Truth + d.TP + d.FP) // of truth and result
	for l := range levels {
		if tp[l] == 0 {
			continue
		}
		var ass float64
		for k, n := range pairs[l] {
			ass += n * n / (persons[k/nt] + tracks[k%nt] - n)
		}
		det := tp[l] / (boxes - tp[l])
		d.DetA += det / levels
		d.AssA += ass / tp[l] / levels
		d.HOTA += math.Sqrt(det*ass/tp[l]) / levels
	}
}

// agreement adds one frame to how often each person and track agree, and to how many frames each is in.
func (s *scorer) agreement(f frame, agree, persons, tracks []float64, nt int) {
	nr := len(f.result)
	rows, cols := make([]float64, len(f.truth)), make([]float64, nr)
	for k, iou := range f.iou {
		rows[k/nr] += iou
		cols[k%nr] += iou
	}
	for k, iou := range f.iou {
		if sum := rows[k/nr] + cols[k%nr] - iou; sum > 0 {
			agree[f.truth[k/nr]*nt+f.result[k%nr]] += iou / sum
		}
	}
	for _, p := range f.truth {
		persons[p]++
	}
	for _, t := range f.result {
		tracks[t]++
	}
}

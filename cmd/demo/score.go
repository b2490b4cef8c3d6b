package main

import (
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/internal/office"
	"github.com/counterwatch/counterwatch/models"
)

// summary is what JSON=file writes.
type summary struct {
	OK      bool            `json:"ok"`
	Reason  string          `json:"reason,omitempty"` // why not ok
	Cameras []cameraSummary `json:"cameras"`
	Events  eventSummary    `json:"events"`
}

type cameraSummary struct {
	ID          string            `json:"id"`
	FPSIn       float64           `json:"fps_in"`
	FPSAnalysed float64           `json:"fps_analysed"`
	Coverage    float64           `json:"coverage"`
	Queue       int               `json:"queue"`
	QueueMean   float64           `json:"queue_mean"`
	QueueTruth  *float64          `json:"queue_mean_truth,omitempty"` // where the truth is known
	QueueMAE    *float64          `json:"queue_mae,omitempty"`
	Staffing    map[string]string `json:"staffing"` // by counter, now
	Detector    string            `json:"detector"`
	samples     int
	sum, errSum float64
	truthSum    float64
}

type eventSummary struct {
	Opened        int       `json:"opened"`
	Closed        int       `json:"closed"`
	AbsenceDelayS []float64 `json:"absence_delay_s"` // opening after it was due by the truth
	AbsencesDue   int       `json:"absences_due"`    // absences that by the truth had to be reported so far
}

// medianWindow is how far back the queue length that the product shows looks.
const medianWindow = 5

// trueQueue is the true queue length as the product defines it: the median over the last 5 s up to a video time.
func trueQueue(sim *office.Sim, at time.Duration) float64 {
	var last []int
	for i := range medianWindow {
		if t := at - time.Duration(i)*time.Second; t >= 0 {
			last = append(last, sim.QueueLength(t))
		}
	}
	slices.Sort(last)
	return float64(last[len(last)/2])
}

// observe adds one second of a camera's live figures, and of the truth when there is one.
func (c *cameraSummary) observe(l models.Live, sim *office.Sim, began time.Time) {
	c.FPSIn, c.FPSAnalysed, c.Coverage, c.Detector = l.FPSIn, l.FPSAnalysed, l.Coverage, l.Detector
	c.Staffing = map[string]string{}
	for _, k := range l.Counters {
		c.Staffing[k.Counter] = string(k.Staffing)
	}
	if l.At.IsZero() {
		return
	}
	c.Queue = 0
	for _, z := range l.Zones {
		if z.Kind == models.ZoneQueue {
			c.Queue += z.Count
		}
	}
	c.samples++
	c.sum += float64(c.Queue)
	c.QueueMean = round(c.sum / float64(c.samples))
	if sim == nil || began.IsZero() || l.At.Sub(began) < 0 || l.At.Sub(began) > sim.Now() {
		return
	}
	truth := trueQueue(sim, l.At.Sub(began))
	c.truthSum += truth
	c.errSum += math.Abs(float64(c.Queue) - truth)
	mean, mae := round(c.truthSum/float64(c.samples)), round(c.errSum/float64(c.samples))
	c.QueueTruth, c.QueueMAE = &mean, &mae
}

// score compares absences reported for one office with those due by its truth.
func (s *eventSummary) score(events []models.Event, cam models.Camera, t office.Truth, began time.Time) {
	const slack = 30.0 // seconds: farther apart they are not the same absence
	for _, k := range cam.Counters {
		for _, a := range t.Absences {
			at, ok := t.Due(k, a)
			if a.Counter != k.ID || !ok || at+10 > t.Seconds { // what became due within the last 10 s may still come in time
				continue
			}
			s.AbsencesDue++
			for _, e := range events {
				delay := e.Opened.Sub(began).Seconds() - at
				if e.Kind == models.CounterAbsent && e.Camera == cam.ID && e.Counter == k.ID && math.Abs(delay) < slack {
					s.AbsenceDelayS = append(s.AbsenceDelayS, round(delay))
					break
				}
			}
		}
	}
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

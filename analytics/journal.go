package analytics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/analytics/rules"
	"github.com/counterwatch/counterwatch/models"
)

// journal is one life of a pipeline: it steps, and keeps what every step found.
type journal struct {
	r        *Runner
	p        Stepper
	last     time.Time     // capture time up to which the pipeline was told
	lastStep time.Time     // when a frame was analysed
	lag      time.Duration // how late that frame was
	kept     time.Time     // when the state was kept
}

// step analyses a frame and keeps what it shows.
func (j *journal) step(ctx context.Context, f *models.Frame) error {
	var result *Result
	setBack := false
	j.r.inTurn(ctx, f, func(f *models.Frame) {
		switch back := j.last.Sub(f.At); {
		case j.last.IsZero() || back < 0:
			result = j.analyse(f)
		case back > backwards:
			setBack = true
		} // else it comes before what is already told: out of order, or later than a gap allows
	})
	if setBack {
		return j.anew(ctx)
	}
	if result == nil {
		return nil
	}
	return j.keep(ctx, *result, false)
}

// analyse takes a frame through the pipeline; nil when that failed.
func (j *journal) analyse(f *models.Frame) *Result {
	r := j.r
	result, err := j.p.Step(f)
	now := r.cfg.Now()
	j.last, j.lastStep, j.lag = f.At, now, min(max(now.Sub(f.At), 0), maxLag)
	if err != nil {
		r.count(func(c *models.Counts) { c.Failed++ })
		r.log.Warn("frame cannot be analysed", "err", err)
		return nil
	}
	r.album.see(f, result.Live)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Analysed++
	r.done.add(now)
	if result.Gated {
		r.counts.Gated++
		r.gated.add(now)
	}
	r.view = view{f, result.Live.Clone()}
	return &result
}

// anew begins a new pipeline after the node's clock was set back: what was measured stays true by the clock it was
// measured with.
func (j *journal) anew(ctx context.Context) error {
	if err := j.keep(ctx, j.p.Close(j.last, models.EndGap), true); err != nil {
		return err
	}
	j.last, j.lastStep, j.kept, j.lag = time.Time{}, time.Time{}, time.Time{}, 0
	var err error
	j.p, err = j.r.cfg.NewStepper()
	return err
}

// gap tells the pipeline that time passes without frames.
func (j *journal) gap(ctx context.Context) error {
	r := j.r
	now := r.cfg.Now()
	if j.last.Sub(now) > backwards {
		return j.anew(ctx)
	}
	if now.Sub(j.lastStep) < max(gapAfter, 2*r.interval) {
		return nil
	}
	at := now.Add(-j.lag - gapMargin)
	if at.Sub(j.last) < gapAfter/2 {
		return nil
	}
	result := j.p.Gap(at, r.cfg.Health())
	j.last = at
	r.mu.Lock()
	r.view.live = result.Live.Clone()
	r.mu.Unlock()
	return j.keep(ctx, result, false)
}

// finish keeps everything at the end: a removed camera is closed, any other goes on from its state.
func (j *journal) finish(ctx context.Context) error {
	var result Result
	if errors.Is(context.Cause(ctx), ErrRemoved) {
		if j.last.IsZero() { // it has shown nothing since the start: what is open is of the run before
			j.last = j.r.cfg.Now()
		}
		result = j.p.Close(j.last, models.EndGap)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return j.keep(last, result, true)
}

// CloseKept makes the records that close what is open in a state, for a camera that was removed while nothing ran it.
func CloseKept(node string, state []byte, at time.Time) ([]models.Record, error) {
	var s runnerState
	var k kept
	if err := json.Unmarshal(state, &s); err != nil {
		return nil, fmt.Errorf("read the kept state: %w", err)
	}
	if err := json.Unmarshal(s.Pipeline, &k); err != nil {
		return nil, fmt.Errorf("read the kept state of the stages: %w", err)
	}
	events, err := rules.CloseKept(k.Rules, at)
	for i := range events {
		events[i].Snapshots = s.Snapshots[events[i].ID].Snapshots
	}
	return records(node, Result{Events: events}), err
}

// keep hands a result to the sink, with the state that goes with it. It tries until it succeeds or ctx ends: nothing
// new is analysed before what was found is safe. Without records the state alone is kept now and then, or when asked.
func (j *journal) keep(ctx context.Context, result Result, always bool) error {
	r, now := j.r, j.r.cfg.Now()
	media := r.album.attach(result.Events)
	records := records(r.cfg.Node, result)
	if len(records) == 0 && !always && now.Sub(j.kept) < keepEvery {
		return nil
	}
	pipeline, err := j.p.State()
	if err != nil {
		return err
	}
	state, err := json.Marshal(runnerState{pipeline, r.album.taken})
	if err != nil {
		return err
	}
	for {
		if err = r.cfg.Sink.Put(ctx, records, media, state); err == nil {
			r.state, j.kept = state, now
			return nil
		}
		r.log.Warn("what was found cannot be kept; trying again", "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

// records wraps everything that a result found.
func records(node string, result Result) []models.Record {
	var out []models.Record
	for _, m := range result.Minutes {
		out = append(out, models.MinuteRecord(node, m))
	}
	for _, v := range result.Visits {
		out = append(out, models.VisitRecord(node, v))
	}
	for _, e := range result.Events {
		out = append(out, models.EventRecord(node, e))
	}
	return out
}

// cadence says which frames are due at a rate, and keeps the rate's phase, so that 2 of 15 a second are 2 and not 1.9.
type cadence struct{ next, last time.Time }

// take reports whether the frame taken at `at` is due, and if so counts it. A tenth of the interval is forgiven to the
// jitter of cameras.
func (c *cadence) take(at time.Time, interval time.Duration) bool {
	if at.Before(c.last.Add(-backwards)) {
		c.next = at // the clock was set back
	}
	c.last = at
	if at.Add(interval / 10).Before(c.next) {
		return false
	}
	if c.next = c.next.Add(interval); !c.next.After(at) {
		c.next = at.Add(interval)
	}
	return true
}

// rate counts occurrences in the last ten seconds.
type rate struct {
	seconds [11]int64 // the second that each bucket counts
	n       [11]int
	first   int64 // second in which counting began; 0 before
}

func (r *rate) add(now time.Time) {
	s := now.Unix()
	if r.first == 0 {
		r.first = s
	}
	i := s % int64(len(r.n))
	if r.seconds[i] != s {
		r.seconds[i], r.n[i] = s, 0
	}
	r.n[i]++
}

// perSecond is the mean of the last ten full seconds, or of those since counting began.
func (r *rate) perSecond(now time.Time) float64 {
	total, s := 0, now.Unix()
	for i, second := range r.seconds {
		if second < s && second >= s-10 {
			total += r.n[i]
		}
	}
	if r.first == 0 {
		return 0
	}
	return float64(total) / float64(min(max(s-r.first, 1), 10))
}

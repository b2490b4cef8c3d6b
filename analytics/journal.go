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

// journal is one life of a pipeline: what it is told, and what is kept of what it says.
type journal struct {
	r        *Runner
	p        Stepper
	last     time.Time     // capture time up to which the pipeline was told
	lastStep time.Time     // when it was told of a picture
	lag      time.Duration // how late that was
	kept     time.Time     // when the state was kept
}

// step analyses a frame; nil when that failed, or when the frame comes before what is already told: out of order, or later
// than a gap allows.
func (j *journal) step(f *models.Frame) *Result {
	r := j.r
	if !j.last.IsZero() && !f.At.After(j.last) {
		r.count(func(c *models.Counts) { c.Dropped++ })
		return nil
	}
	result, err := j.p.Step(f)
	j.heard(f.At)
	if err != nil {
		r.count(func(c *models.Counts) { c.Failed++ })
		r.log.Warn("frame cannot be analysed", "err", err)
		return nil
	}
	j.show(f, result.Live.Clone(), result.Gated)
	return &result
}

// repeat tells, and keeps, that at a moment the picture was as before.
func (j *journal) repeat(ctx context.Context, at time.Time) error {
	if !at.After(j.last) {
		return nil
	}
	result := j.p.Repeat(at)
	j.heard(at)
	j.r.mu.Lock()
	j.r.view.live = result.Live.Clone()
	j.r.mu.Unlock()
	return j.keep(ctx, result, false)
}

// heard notes up to when the pipeline has been told what the camera shows.
func (j *journal) heard(at time.Time) {
	now := j.r.cfg.Now()
	j.last, j.lastStep, j.lag = at, now, min(max(now.Sub(at), 0), maxLag)
}

// glanced makes a frame that shows what the newest one showed the newest.
func (j *journal) glanced(f *models.Frame) { j.show(f, j.r.view.live, true) }

// show makes a frame that was looked at the newest one.
func (j *journal) show(f *models.Frame, live models.Live, gated bool) {
	r, now := j.r, j.r.cfg.Now()
	r.album.see(f, live)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Analysed++
	r.done.add(now)
	if gated {
		r.counts.Gated++
		r.gated.add(now)
	}
	r.view = view{f, live}
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

package analytics

import (
	"context"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// While nothing moves, only key frames are decoded, and compared with the picture that was looked at last. Two equal key
// frames prove that nobody came or went between them: the time between is told as seen, second by second, as if every due
// picture had been analysed. When a key frame shows motion, or none comes, everything since the one before is decoded after
// all and analysed with its own times. So whatever happens is found where it happened; only the live figures may be late, by
// no more than one group of pictures.

const (
	idleAfter  = 5 * time.Second         // without motion
	longestGOP = 4500 * time.Millisecond // key frames further apart prove too little: short stays would be lost
	lookEvery  = 10 * time.Second        // the detector looks again, though nothing moves
)

// restful reports whether only key frames need to be decoded from this one on.
func (d *reel) restful(key *models.AccessUnit) bool {
	return !d.calm.IsZero() && key.At.Sub(d.calm) >= idleAfter && d.gop > 0 && d.gop <= longestGOP
}

// rest takes a unit while idle.
func (d *reel) rest(ctx context.Context, h held) error {
	switch {
	case !h.Key:
		d.pinned = append(d.pinned, h)
		if h.At.Sub(d.key) > longestGOP {
			return d.wake(ctx)
		}
		return nil
	case !h.due && !slices.ContainsFunc(d.pinned, func(p held) bool { return p.due }):
		d.pin(h) // nothing was asked for since the key frame before
		return nil
	}
	return d.glance(ctx, h)
}

// pin makes a key frame, of which the decoder knows nothing any more, the one from which everything would have to be decoded.
func (d *reel) pin(key held) {
	key.due = false
	d.drop(&d.pinned, nobodyAsked)
	d.pinned, d.broken = append(d.pinned, key), false
}

// glance compares a key frame with what was seen last.
func (d *reel) glance(ctx context.Context, h held) error {
	var frames []*models.Frame // the last one is the key frame's; before it, what the decoder had held back
	var err error
	same := false
	if !d.r.inTurn(ctx, true, func() {
		if frames, err = d.decode([]held{h}, true); err == nil && len(frames) > 0 {
			f := frames[len(frames)-1]
			same = f.At.Equal(h.At) && !f.Damaged && d.j.p.Unchanged(f)
		}
	}) || err != nil {
		return err
	}
	h.seen = true
	if !same {
		if err := d.wake(ctx); err != nil {
			return err
		}
		return d.work(ctx, h)
	}
	last := len(frames) - 1
	if err := d.analyse(ctx, frames[:last]); err != nil {
		return err
	}
	return d.unchanged(ctx, h, frames[last])
}

// unchanged tells of the time since the key frame before what that one has shown. Now and then the detector looks again
// itself, so that what is too small for the comparison is found after all.
func (d *reel) unchanged(ctx context.Context, h held, f *models.Frame) error {
	look := h.At.Sub(d.looked) >= lookEvery
	for _, p := range append(d.pinned, h) {
		if !p.due || look && p.Key {
			continue
		}
		if err := d.j.repeat(ctx, p.At); err != nil {
			return err
		}
	}
	d.pin(h)
	if !look {
		d.j.glanced(f)
		return nil
	}
	if err := d.analyse(ctx, []*models.Frame{f}); err != nil || !d.calm.IsZero() {
		return err
	}
	return d.wake(ctx)
}

// wake ends idling: what was not decoded since the last key frame is decoded now.
func (d *reel) wake(ctx context.Context) error {
	if !d.idle {
		return nil
	}
	d.idle, d.calm = false, time.Time{}
	if d.r.turn.shedding() {
		d.drop(&d.pinned, noTime)
		d.cut = true
		return nil
	}
	d.replays = true
	for _, h := range d.pinned {
		if err := d.work(ctx, h); err != nil {
			return err
		}
	}
	clear(d.pinned)
	d.pinned, d.replays, d.dry = d.pinned[:0], false, d.r.cfg.Now()
	return nil
}

// tick is called now and then, whether units come or not.
func (d *reel) tick(ctx context.Context) error {
	if !d.idle {
		return d.j.gap(ctx)
	}
	if d.r.cfg.Now().Sub(d.heard) < max(gapAfter, 2*d.r.interval) {
		return nil // the next key frame will tell
	}
	return d.wake(ctx)
}

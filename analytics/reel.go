package analytics

import (
	"context"
	"errors"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// reel decides which of a camera's units are decoded and which pictures are analysed, and when. Pictures are due at the
// camera's rate. Units wait undecoded until one of them is due; then, in the camera's turn, what has waited is decoded and
// the picture analysed. While nothing moves only key frames are looked at (idle.go). While the node is overloaded the ends
// of groups of pictures are left out (shed.go), and of pictures that are late the newest wins.
//
// Each unit is decoded, or counted as Idle (nobody needs it), or as Shed (there was no time).
type reel struct {
	r       *Runner
	j       *journal
	units   Units
	decoder decode.Decoder
	codec   models.Codec

	ahead   *models.AccessUnit // the next unit, if it is there already
	skipped int64              // as units said last
	torn    bool               // units are missing before ahead
	dry     time.Time          // when there was no unit waiting
	heard   time.Time          // when the newest unit came

	due     cadence
	epoch   uint64
	key     time.Time     // capture time of the newest key frame
	gop     time.Duration // between the last two; 0 is unknown
	waiting []held        // to be decoded at the camera's next turn; only the last one may be due
	owed    int           // pictures asked for that the decoder still holds back
	broken  bool          // the decoder was not given all of the last group
	late    bool          // a due picture was left out for a newer one
	cut     bool          // the rest of this group is shed
	replays bool          // what is decoded came some time ago

	idle   bool
	pinned []held    // while idle: the newest key frame that was looked at, and all since
	calm   time.Time // nothing moves since; zero while something does
	looked time.Time // when the detector looked last
}

// held is a unit of which it is not decided yet what becomes of it.
type held struct {
	*models.AccessUnit
	due  bool // its picture is to be analysed
	seen bool // it was decoded
}

const (
	tooLate    = 500 * time.Millisecond // a backlog from which the newest picture wins, if the interval is not longer
	tooFar     = 2 * time.Second        // a backlog that is only caught up with by leaving out the rest of a group
	shedAfter  = time.Second            // of a group that is shed, so much is decoded, or half of it
	longestCut = 10 * time.Second       // longer groups are not shed: the next key frame is too far
)

func newReel(r *Runner, j *journal) *reel {
	now := r.cfg.Now()
	return &reel{r: r, j: j, units: r.cfg.Units(), dry: now, heard: now}
}

func (d *reel) close() {
	d.units.Close()
	d.closeDecoder()
	d.drop(&d.waiting, nobodyAsked)
	d.drop(&d.pinned, nobodyAsked)
}

func (d *reel) closeDecoder() {
	if d.decoder != nil {
		_ = d.decoder.Close()
		d.decoder = nil
	}
}

// run takes units as they come, and tells of gaps while none comes.
func (d *reel) run(ctx context.Context) error {
	now, cancel := context.WithCancel(ctx)
	cancel()
	for {
		tick, cancel := context.WithTimeout(ctx, gapAfter/2)
		err := d.until(ctx, tick, now)
		cancel()
		if err == nil && ctx.Err() == nil {
			err = d.tick(ctx)
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, d.j.finish(ctx))
		}
	}
}

// until takes units until tick ends. Waiting for no longer than now, which has ended, is not to wait.
func (d *reel) until(ctx, tick, now context.Context) error {
	for tick.Err() == nil {
		u, torn := d.ahead, d.torn
		if u == nil {
			u, torn = d.next(now)
		}
		if u == nil {
			if u, torn = d.next(tick); u == nil {
				return nil
			}
			d.dry = d.r.cfg.Now()
		}
		if d.ahead, d.torn = d.next(now); d.ahead == nil {
			d.dry = d.r.cfg.Now()
		}
		if err := d.take(ctx, u, torn); err != nil {
			return err
		}
	}
	return nil
}

// next returns the next unit, nil when none comes until ctx ends, and whether others were lost before it.
func (d *reel) next(ctx context.Context) (u *models.AccessUnit, torn bool) {
	u, err := d.units.Next(ctx)
	if err != nil {
		return nil, false
	}
	skipped := d.units.Skipped()
	torn = skipped > d.skipped
	d.skipped = skipped
	return u, torn
}

// behind is for how long there has always been a unit waiting.
func (d *reel) behind() time.Duration { return d.r.cfg.Now().Sub(d.dry) }

// take decides about one unit; torn says that others are missing before it.
func (d *reel) take(ctx context.Context, u *models.AccessUnit, torn bool) error {
	r := d.r
	d.heard = r.cfg.Now()
	r.received(d.skipped, d.heard)
	if torn || u.Epoch != d.epoch || d.j.last.Sub(u.At) > backwards {
		if err := d.anew(ctx, u); err != nil {
			return err
		}
	}
	if u.Key {
		if !d.key.IsZero() {
			d.gop = u.At.Sub(d.key)
		}
		d.key = u.At
	}
	h := held{AccessUnit: u, due: d.due.take(u.At, r.interval)}
	if !d.idle && u.Key && d.restful(u) {
		d.drop(&d.waiting, nobodyAsked)
		d.idle = true
	}
	d.tell()
	if d.idle {
		return d.rest(ctx, h)
	}
	return d.work(ctx, h)
}

// anew is for the first unit after some that are missing, of a new connection, or after the node's clock was set back.
func (d *reel) anew(ctx context.Context, u *models.AccessUnit) error {
	err := d.wake(ctx)
	d.epoch, d.key, d.gop, d.broken = u.Epoch, time.Time{}, 0, true
	if err == nil && d.j.last.Sub(u.At) > backwards {
		err = d.j.anew(ctx)
	}
	return err
}

// tell says how much is decoded now.
func (d *reel) tell() {
	mode := models.DecodeActive
	switch {
	case d.idle:
		mode = models.DecodeIdle
	case d.cut || d.r.turn.shedding():
		mode = models.DecodeShed
	}
	d.r.setMode(mode)
}

// work has a unit decoded with those before it when it is due, or when the decoder owes a picture.
func (d *reel) work(ctx context.Context, h held) error {
	if h.Key { // no picture that was asked for needs the end of the last group
		d.cut = false
		d.drop(&d.waiting, nobodyAsked)
	}
	if d.sheds(h) {
		d.cut = true
		d.waiting = append(d.waiting, h)
		d.drop(&d.waiting, noTime)
		return nil
	}
	if h.due || d.late {
		h.due = d.inTime(h)
	}
	if d.waiting = append(d.waiting, h); h.due || d.owed > 0 {
		return d.develop(ctx)
	}
	return nil
}

// sheds reports whether a unit is to be left out for want of time.
func (d *reel) sheds(h held) bool {
	if h.Key || d.replays || d.gop == 0 || d.gop > longestCut {
		return false
	}
	after := min(shedAfter, d.gop/2) + d.r.interval/10
	return d.cut || h.At.Sub(d.key) > after && (d.r.turn.shedding() || d.behind() > tooFar)
}

// inTime reports whether a picture that is due is to be analysed; while there is a backlog the newest is.
func (d *reel) inTime(h held) bool {
	if d.ahead != nil && !d.replays && d.behind() > max(d.r.interval, tooLate) {
		if h.due {
			d.r.count(func(c *models.Counts) { c.Dropped++ })
		}
		d.late = true
		return false
	}
	if d.late && !h.due {
		d.due.next = h.At.Add(d.r.interval)
	}
	d.late = false
	return true
}

// Why a unit is not decoded.
func nobodyAsked(c *models.Counts) *int64 { return &c.Idle }
func noTime(c *models.Counts) *int64      { return &c.Shed }

// drop decides that units are not decoded.
func (d *reel) drop(units *[]held, why func(*models.Counts) *int64) {
	d.r.count(func(c *models.Counts) {
		for _, h := range *units {
			if !h.seen {
				*why(c)++
			}
		}
	})
	d.broken = d.broken || len(*units) > 0
	clear(*units)
	*units = (*units)[:0]
}

// develop decodes what has waited and analyses the picture that comes out. It may be several, or one from before: decoders
// hold pictures back.
func (d *reel) develop(ctx context.Context) error {
	var frames []*models.Frame
	var result *Result
	var err error
	if !d.r.inTurn(ctx, d.waiting[len(d.waiting)-1].due, func() {
		if frames, err = d.decode(d.waiting, false); err == nil && len(frames) > 0 {
			result = d.step(frames[0])
		}
	}) || err != nil {
		return err
	}
	clear(d.waiting)
	d.waiting = d.waiting[:0]
	if result != nil {
		err = d.j.keep(ctx, *result, false)
	}
	if err == nil && len(frames) > 1 {
		err = d.analyse(ctx, frames[1:])
	}
	return err
}

// analyse analyses frames, each in a turn of its own.
func (d *reel) analyse(ctx context.Context, frames []*models.Frame) error {
	for _, f := range frames {
		var result *Result
		if !d.r.inTurn(ctx, true, func() { result = d.step(f) }) {
			return nil
		}
		if result == nil {
			continue
		}
		if err := d.j.keep(ctx, *result, false); err != nil {
			return err
		}
	}
	return nil
}

// step analyses a frame, which may begin or end a time of calm.
func (d *reel) step(f *models.Frame) *Result {
	if f.Damaged {
		d.r.count(func(c *models.Counts) { c.Damaged++ })
		return nil
	}
	result := d.j.step(f)
	switch {
	case result == nil || !result.Calm:
		d.calm = time.Time{}
	case d.calm.IsZero():
		d.calm = f.At
	}
	if result != nil && !result.Gated {
		d.looked = f.At
	}
	return result
}

// decode gives units to the decoder. What cannot be decoded is counted; only a decoder that cannot be had is an error.
func (d *reel) decode(units []held, glance bool) (frames []*models.Frame, err error) {
	for _, h := range units {
		if d.broken && h.Key && d.decoder != nil {
			frames = d.put(frames)(d.decoder.Flush())
		}
		d.broken = d.broken && !h.Key
		if d.decoder == nil || h.Codec != d.codec {
			d.closeDecoder()
			if d.decoder, err = d.r.cfg.NewDecoder(h.Codec); err != nil {
				d.decoder = nil
				return nil, err
			}
			d.codec = h.Codec
		}
		want := decode.Skip
		switch {
		case glance:
			want = decode.Glance
		case h.due:
			want = decode.Picture
			d.owed++
		}
		frames = d.put(frames)(d.decoder.Decode(h.AccessUnit, want))
	}
	return frames, nil
}

// put takes what a call of the decoder returned.
func (d *reel) put(frames []*models.Frame) func([]*models.Frame, error) []*models.Frame {
	return func(more []*models.Frame, err error) []*models.Frame {
		if err != nil {
			d.r.count(func(c *models.Counts) { c.Failed++ })
			d.r.log.Warn("picture cannot be decoded", "err", err)
		}
		d.owed = max(d.owed-len(more), 0)
		return append(frames, more...)
	}
}

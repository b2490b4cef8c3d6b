package libav

// #include "libav.h"
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// maxDelay is how many units a decoder may hold back before their times are forgotten: more than any stream reorders.
const maxDelay = 64

// Decoder decodes the access units of one camera. It is not safe for concurrent use.
type Decoder struct {
	d       *C.cw_decoder
	units   map[int64]unitInfo // sent and not yet seen again, by sequence number
	sent    int64
	decoded int64
	epoch   uint64
	started bool  // a key frame of this epoch was sent
	group   int64 // sequence number of the newest key frame
	broken  int64 // and of one whose group of pictures does not decode as it was coded
}

// unitInfo is what a frame takes over from its access unit.
type unitInfo struct {
	at     time.Time
	group  int64
	wanted bool
}

// NewDecoder opens a decoder for H.264 or H.265; any other codec is a KindUnsupported error.
func NewDecoder(codec models.Codec) (*Decoder, error) {
	ids := map[models.Codec]C.enum_AVCodecID{models.CodecH264: C.AV_CODEC_ID_H264, models.CodecH265: C.AV_CODEC_ID_HEVC}
	id, ok := ids[codec]
	if !ok {
		return nil, models.Errorf(models.KindUnsupported, "cannot decode %q: set the camera to H.264, H.265 or MJPEG", codec)
	}
	d := &Decoder{units: map[int64]unitInfo{}}
	if r := C.cw_open(&d.d, id); r < 0 {
		return nil, fmt.Errorf("open %s decoder: %s", codec, avError(r))
	}
	return d, nil
}

// Decode sends one access unit and returns the frames that came out, in presentation order: none while the decoder
// waits for a key frame or for pictures to reorder. A unit of a new Epoch first drains the old one. After an error the
// decoder goes on with the next unit.
func (d *Decoder) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	var frames []*models.Frame
	if u.Epoch != d.epoch {
		if d.started {
			var err error
			if frames, err = d.Flush(); err != nil {
				return frames, err
			}
		}
		d.epoch = u.Epoch
	}
	if !d.started && !u.Key || len(u.NALUs) == 0 {
		return frames, nil
	}
	d.started = true
	d.sent++
	if u.Key {
		d.group = d.sent
	}
	if u.Damaged {
		d.broken = d.group
	}
	d.units[d.sent] = unitInfo{u.At, d.group, want != decode.Skip}
	delete(d.units, d.sent-maxDelay)
	err := d.send(u, want)
	if err != nil {
		d.broken = d.group
	}
	more, failed := d.receive()
	if frames = append(frames, more...); err == nil {
		err = failed
	}
	if want == decode.Glance && err == nil {
		more, err = d.Flush()
		frames = append(frames, more...)
	}
	return frames, err
}

// send gives the decoder a unit with start codes (Annex B of both standards) between its parts.
func (d *Decoder) send(u *models.AccessUnit, want decode.Want) error {
	n := u.Bytes() + 4*len(u.NALUs)
	to := C.cw_unit(d.d, C.int(n))
	if to == nil {
		return errors.New("decode picture: no memory")
	}
	annexB := unsafe.Slice((*byte)(to), n)[:0]
	for _, part := range u.NALUs {
		annexB = append(append(annexB, 0, 0, 0, 1), part...)
	}
	skip, glance := C.enum_AVDiscard(C.AVDISCARD_DEFAULT), C.int(0)
	switch want {
	case decode.Skip:
		skip = C.AVDISCARD_NONREF
	case decode.Glance:
		glance = 1
	}
	if r := C.cw_send(d.d, C.int(n), C.int64_t(d.sent), skip, glance); r < 0 {
		return fmt.Errorf("decode picture: %s", avError(r))
	}
	return nil
}

// Flush returns the frames that were held back and makes the decoder wait for a key frame.
func (d *Decoder) Flush() ([]*models.Frame, error) {
	d.started = false
	C.cw_send_end(d.d)
	frames, err := d.receive()
	C.cw_reset(d.d)
	clear(d.units)
	return frames, err
}

// Close frees the decoder.
func (d *Decoder) Close() error {
	C.cw_close(&d.d)
	return nil
}

// receive takes every frame that is ready.
func (d *Decoder) receive() ([]*models.Frame, error) {
	var frames []*models.Frame
	for {
		r := C.cw_receive(d.d)
		if r == C.CW_AGAIN || r == C.CW_EOF {
			return frames, nil
		}
		if r < 0 {
			d.broken = d.group
			return frames, fmt.Errorf("decode picture: %s", avError(r))
		}
		d.decoded++
		u, known := d.units[int64(d.d.frame.pts)]
		delete(d.units, int64(d.d.frame.pts))
		if known && C.cw_damaged(d.d) != 0 {
			d.broken = u.group // what follows refers to it
		}
		if !known || !u.wanted {
			continue
		}
		f, err := picture(d.d)
		if err != nil {
			return frames, err
		}
		f.Number, f.At, f.Damaged = d.decoded, u.at, u.group == d.broken
		frames = append(frames, f)
	}
}

package ingest

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// NAL unit types of H.264 (ITU-T H.264 table 7-1) and H.265 (ITU-T H.265 table 7-1).
const (
	h264IDR, h264LastSlice     = 5, 5
	h264SPS, h264PPS           = 7, 8
	h265FirstIRAP, h265LastKey = 16, 21
	h265LastSlice              = 31
	h265VPS, h265SPS, h265PPS  = 32, 33, 34
)

// naluClass says what a NAL unit is for.
type naluClass int

const (
	naluOther   naluClass = iota // SEI, delimiters, filler: nothing a decoder needs
	naluPicture                  // a slice
	naluKey                      // a slice of a picture that decoding can start at
	naluParam                    // VPS, SPS, PPS
)

// classify returns the class of a NAL unit and its type.
func classify(codec models.Codec, nalu []byte) (naluClass, byte) {
	if len(nalu) == 0 {
		return naluOther, 0
	}
	if codec == models.CodecH265 {
		switch t := nalu[0] >> 1 & 0x3f; {
		case t >= h265FirstIRAP && t <= h265LastKey:
			return naluKey, t
		case t <= h265LastSlice:
			return naluPicture, t
		case t >= h265VPS && t <= h265PPS:
			return naluParam, t
		default:
			return naluOther, t
		}
	}
	switch t := nalu[0] & 0x1f; {
	case t == h264IDR:
		return naluKey, t
	case t >= 1 && t <= h264LastSlice:
		return naluPicture, t
	case t == h264SPS || t == h264PPS:
		return naluParam, t
	default:
		return naluOther, t
	}
}

// assembler makes access units of what one connection delivers: it keeps the parameter sets, adds them to key frames
// that come without, drops units without a picture, carries damage through the group of pictures, and stamps times.
type assembler struct {
	codec   models.Codec
	epoch   uint64
	clock   Clock
	params  [][]byte // newest parameter sets: VPS, SPS, PPS
	lost    bool     // packets were lost since the last unit
	damaged bool     // and the group of pictures has been unusable since
}

// keep takes over parameter sets: those of a type replace what was known of that type.
func (a *assembler) keep(params [][]byte) {
	if slices.EqualFunc(params, a.params, bytes.Equal) { // at nearly every key frame
		return
	}
	for _, p := range params {
		_, t := classify(a.codec, p)
		kept := a.params[:0:0]
		for _, old := range a.params {
			if _, u := classify(a.codec, old); u != t || contains(params, old) {
				kept = append(kept, old)
			}
		}
		if !contains(kept, p) {
			kept = append(kept, p)
		}
		a.params = kept
	}
	// VPS, SPS, PPS, as their types are numbered: a decoder reads each in the light of the one before.
	slices.SortStableFunc(a.params, func(x, y []byte) int {
		_, t := classify(a.codec, x)
		_, u := classify(a.codec, y)
		return cmp.Compare(t, u)
	})
}

func contains(list [][]byte, b []byte) bool {
	for _, l := range list {
		if bytes.Equal(l, b) {
			return true
		}
	}
	return false
}

// complete reports whether the parameter sets that decoding needs are known.
func (a *assembler) complete() bool {
	var sps, pps bool
	for _, p := range a.params {
		_, t := classify(a.codec, p)
		sps = sps || t == h264SPS || t == h265SPS
		pps = pps || t == h264PPS || t == h265PPS
	}
	return sps && pps
}

// unit makes an access unit of the NAL units (MJPEG: the one picture) that arrived with a raw time stamp; nil when they
// hold no picture. A key frame for which no parameter sets are known is not marked as one.
func (a *assembler) unit(nalus [][]byte, raw time.Duration, arrival time.Time) *models.AccessUnit {
	u := &models.AccessUnit{Codec: a.codec, Epoch: a.epoch}
	if a.codec == models.CodecMJPEG {
		u.NALUs, u.Key, u.Damaged = nalus, true, a.lost
		a.lost = false
		u.PTS, u.At = a.clock.Stamp(raw, arrival)
		return u
	}
	var params, pictures [][]byte
	for _, n := range nalus {
		switch c, _ := classify(a.codec, n); c {
		case naluParam:
			params = append(params, n)
		case naluKey:
			u.Key = true
			pictures = append(pictures, n)
		case naluPicture:
			pictures = append(pictures, n)
		}
	}
	a.keep(params)
	if len(pictures) == 0 {
		return nil
	}
	u.Key = u.Key && a.complete()
	switch {
	case u.Key:
		u.NALUs = append(append(u.NALUs, a.params...), pictures...)
		a.damaged = a.lost
	case len(params) > 0: // between key frames: handed on as they came
		u.NALUs = append(params, pictures...)
		a.damaged = a.damaged || a.lost
	default:
		u.NALUs = pictures
		a.damaged = a.damaged || a.lost
	}
	a.lost = false
	u.Damaged = a.damaged
	u.PTS, u.At = a.clock.Stamp(raw, arrival)
	return u
}

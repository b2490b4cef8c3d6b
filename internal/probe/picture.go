package probe

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

const snapshotQuality = 85

// snapshot makes a JPEG of a key frame, masks blackened.
func snapshot(u *models.AccessUnit, masks []models.Polygon, newDecoder func(models.Codec) (decode.Decoder, error)) ([]byte, error) {
	if u.Codec == models.CodecMJPEG {
		newDecoder = func(models.Codec) (decode.Decoder, error) { return &decode.JPEG{}, nil }
	}
	if newDecoder == nil {
		return nil, models.Errorf(models.KindUnsupported, "this program was built without the libraries that decode %s", name(u.Codec))
	}
	d, err := newDecoder(u.Codec)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }() // nothing is written
	frames, err := d.Decode(u, decode.Glance)
	if err == nil && len(frames) == 0 {
		frames, err = d.Flush()
	}
	if err == nil && len(frames) == 0 {
		err = models.Errorf(models.KindUnsupported, "no picture comes out of a key frame")
	}
	if err != nil {
		return nil, err
	}
	return encode(frames[0], masks)
}

// encode makes a JPEG of an I420 frame.
func encode(f *models.Frame, masks []models.Polygon) ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if f.Format != models.I420 {
		return nil, models.Errorf(models.KindUnsupported, "pixels of format %d", f.Format)
	}
	img := image.NewRGBA(image.Rect(0, 0, f.W, f.H))
	y, u, v := f.Planes()
	for row := range f.H {
		for col := range f.W {
			if hidden(masks, col, row, f.Size) {
				img.SetRGBA(col, row, color.RGBA{A: 255})
				continue
			}
			c := row/2*f.ChromaStride() + col/2
			img.SetRGBA(col, row, rgb(f, float64(y[row*f.Stride+col]), float64(u[c]), float64(v[c])))
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: snapshotQuality})
	return b.Bytes(), err
}

// hidden reports whether the centre of a pixel or one of its corners lies under a mask.
func hidden(masks []models.Polygon, col, row int, s models.Size) bool {
	for _, m := range masks {
		for _, d := range [...][2]float64{{0.5, 0.5}, {0, 0}, {1, 0}, {0, 1}, {1, 1}} {
			if m.Contains(models.Point{X: (float64(col) + d[0]) / float64(s.W), Y: (float64(row) + d[1]) / float64(s.H)}) {
				return true
			}
		}
	}
	return false
}

// rgb is ITU-R BT.601 or BT.709, of limited or full range.
func rgb(f *models.Frame, y, u, v float64) color.RGBA {
	u, v = u-128, v-128
	if !f.FullRange {
		y, u, v = (y-16)*255/219, u*255/224, v*255/224
	}
	kr, kb := 0.299, 0.114
	if f.BT709 {
		kr, kb = 0.2126, 0.0722
	}
	r, b := y+2*(1-kr)*v, y+2*(1-kb)*u
	g := (y - kr*r - kb*b) / (1 - kr - kb)
	return color.RGBA{level(r), level(g), level(b), 255}
}

func level(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }

// noSnapshot says why there is none.
func noSnapshot(c models.Codec, why error) models.Finding {
	f := models.Finding{Code: "no_snapshot", Weight: models.WeightNote, Text: fmt.Sprintf("No snapshot of %s could be made: %v.",
		name(c), why)}
	if models.KindOf(why) != models.KindUnsupported { // the coding itself cannot be read
		f.Code, f.Weight, f.Advice = "undecodable", models.WeightTrouble, "Restart the camera, or try its other stream."
	}
	return f
}

func name(c models.Codec) string {
	return map[models.Codec]string{models.CodecH264: "H.264", models.CodecH265: "H.265", models.CodecMJPEG: "MJPEG"}[c]
}

// profiles are those that cameras use, by profile_idc (ITU-T H.264 annex A, H.265 annex A).
var profiles = map[models.Codec]map[int]string{
	models.CodecH264: {66: "Baseline", 77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2", 244: "High 4:4:4"},
	models.CodecH265: {1: "Main", 2: "Main 10", 3: "Main Still Picture", 4: "Range Extensions"},
}

// profileOf reads profile and level from the parameter sets of a key frame; empty when there are none.
func profileOf(u *models.AccessUnit) string {
	for _, n := range u.NALUs {
		if len(n) == 0 {
			continue
		}
		switch {
		case u.Codec == models.CodecH264 && n[0]&0x1f == 7:
			var s h264.SPS
			if s.Unmarshal(n) == nil {
				return profile(u.Codec, int(s.ProfileIdc), float64(s.LevelIdc)/10)
			}
		case u.Codec == models.CodecH265 && n[0]>>1&0x3f == 33:
			var s h265.SPS
			if s.Unmarshal(n) == nil {
				return profile(u.Codec, int(s.ProfileTierLevel.GeneralProfileIdc), float64(s.ProfileTierLevel.GeneralLevelIdc)/30)
			}
		}
	}
	return ""
}

func profile(c models.Codec, idc int, level float64) string {
	p, ok := profiles[c][idc]
	if !ok {
		p = fmt.Sprintf("profile %d", idc)
	}
	return fmt.Sprintf("%s, level %.1f", p, level)
}

package ingest

import (
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name  string
		codec models.Codec
		first byte
		want  naluClass
	}{
		{"h264 slice", models.CodecH264, 0x41, naluPicture},
		{"h264 IDR", models.CodecH264, 0x65, naluKey},
		{"h264 SEI", models.CodecH264, 0x06, naluOther},
		{"h264 SPS", models.CodecH264, 0x67, naluParam},
		{"h264 delimiter", models.CodecH264, 0x09, naluOther},
		{"h265 trailing slice", models.CodecH265, 1 << 1, naluPicture},
		{"h265 IDR", models.CodecH265, 19 << 1, naluKey},
		{"h265 CRA", models.CodecH265, 21 << 1, naluKey},
		{"h265 VPS", models.CodecH265, 32 << 1, naluParam},
		{"h265 PPS", models.CodecH265, 34 << 1, naluParam},
		{"h265 SEI", models.CodecH265, 39 << 1, naluOther},
	} {
		if got, _ := classify(c.codec, []byte{c.first, 1}); got != c.want {
			t.Errorf("%s is %d, want %d", c.name, got, c.want)
		}
	}
}

// New parameter sets in the middle of a stream replace the old ones at the next key frame.
func TestParameterChange(t *testing.T) {
	a := assembler{codec: models.CodecH264}
	now := time.Now()
	a.unit([][]byte{sps, pps, idr}, 0, now)
	other := append([]byte{0x67}, 9, 9)
	a.unit([][]byte{other, {0x68, 7}}, 1, now)
	u := a.unit([][]byte{idr}, 2, now)
	if len(u.NALUs) != 3 || u.NALUs[0][1] != 9 || u.NALUs[1][1] != 7 {
		t.Fatal(u.NALUs)
	}
}

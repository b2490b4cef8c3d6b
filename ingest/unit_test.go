package ingest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"github.com/counterwatch/counterwatch/internal/flood"
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

// Whatever comes from the network: no panic, no unit without a picture, no key frame without parameter sets.
func FuzzTrack(f *testing.F) {
	f.Add([]byte{0x65, 1, 2}, []byte{0x67, 1, 2}, true, uint8(0))
	f.Add([]byte{0x7c, 0x85, 1}, []byte{0x7c, 0x45, 1}, false, uint8(1))
	f.Add([]byte{0x78, 0, 2, 0x65, 1, 0, 1, 0x68}, []byte{}, true, uint8(0))
	f.Add([]byte{0, 0, 0, 0, 1, 50, 8, 6, 1, 2, 3}, []byte{0, 0, 0, 3}, true, uint8(2))
	log := flood.New(slog.New(slog.DiscardHandler), time.Hour)
	f.Fuzz(func(t *testing.T, a, b []byte, marker bool, codec uint8) {
		forms := []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}, &format.H265{PayloadTyp: 96}, &format.MJPEG{}}
		k := &track{log: log, gauge: &gauge{}, emit: func(u *models.AccessUnit) {
			if u.Codec == models.CodecMJPEG {
				return
			}
			pictures, params := 0, 0
			for _, n := range u.NALUs {
				switch c, _ := classify(u.Codec, n); c {
				case naluPicture, naluKey:
					pictures++
				case naluParam:
					params++
				}
			}
			if pictures == 0 || u.Key && params < 2 {
				t.Fatalf("unit %+v", u)
			}
		}}
		if !k.init(forms[codec%3]) {
			t.Fatal("no decoder")
		}
		for i, payload := range [][]byte{a, b, a, b} {
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i / 2), Marker: marker}, Payload: payload}
			k.receive(p, time.Duration(i/2), time.Unix(int64(i), 0))
		}
	})
}

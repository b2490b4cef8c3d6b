package camsim

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

func TestSplitUnits(t *testing.T) {
	aud, sps, idr, p := []byte{9, 0xf0}, []byte{0x67, 1, 2}, []byte{0x65, 3, 4, 5}, []byte{0x41, 6}
	annexB := func(long bool, nals ...[]byte) (b []byte) {
		for _, n := range nals {
			if long {
				b = append(b, 0)
			}
			b = append(append(b, 0, 0, 1), n...)
		}
		return b
	}
	for name, c := range map[string]struct {
		in   []byte
		want []h264.AnnexB
	}{
		"nothing":         {nil, nil},
		"noise":           {[]byte{1, 2, 3, 0, 0}, nil},
		"one":             {annexB(true, aud, sps, idr), []h264.AnnexB{{aud, sps, idr}}},
		"three":           {annexB(true, aud, sps, idr, aud, p, aud, p), []h264.AnnexB{{aud, sps, idr}, {aud, p}, {aud, p}}},
		"short codes":     {annexB(false, aud, idr, aud, p), []h264.AnnexB{{aud, idr}, {aud, p}}},
		"starts too late": {annexB(true, p, aud, idr), []h264.AnnexB{{aud, idr}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []h264.AnnexB
			err := splitUnits(iotest.OneByteReader(bytes.NewReader(c.in)), func(au [][]byte) error {
				got = append(got, au)
				return nil
			})
			if err != nil || len(got) != len(c.want) {
				t.Fatalf("got %v, %v, want %v", got, err, c.want)
			}
			for i := range got {
				if a, b := annexB(true, got[i]...), annexB(true, c.want[i]...); !bytes.Equal(a, b) {
					t.Errorf("unit %d is % x, want % x", i, a, b)
				}
			}
		})
	}
}

func FuzzSplitUnits(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x65, 1, 2, 0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x41, 3})
	f.Fuzz(func(t *testing.T, in []byte) {
		splitUnits(iotest.HalfReader(bytes.NewReader(in)), func(au [][]byte) error {
			if len(au) == 0 {
				t.Error("an empty access unit")
			}
			return nil
		})
	})
}

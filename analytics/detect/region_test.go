package detect

import (
	"math"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func TestDecodeRegion(t *testing.T) {
	input := models.Size{W: 64, H: 32}
	const classes = 2
	out := func() []float32 { return make([]float32, RegionRows(input)*(5+classes)) }
	set := func(out []float32, row int, v ...float32) []float32 { copy(out[row*(5+classes):], v); return out }
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name string
		out  []float32
		want []models.Detection
		err  bool
	}{
		{"nobody", out(), nil, false},
		{"first and last", set(set(out(), 0, .5, .5, .25, .5, .9, .8), RegionRows(input)-1, 0, 0, .5, .5, .9, .5), []models.Detection{
			{Box: models.Box{X: 24, Y: 8, W: 16, H: 16}, Score: .8}, {Box: models.Box{X: -16, Y: -8, W: 32, H: 16}, Score: .5}}, false},
		{"other class", set(out(), 3, .5, .5, .25, .5, .9, 0, .9), nil, false},
		{"low", set(out(), 3, .5, .5, .25, .5, .9, .3), nil, false},
		{"surer than sure", set(out(), 3, .5, .5, .25, .5, 1, 1.5), []models.Detection{{Box: models.Box{X: 24, Y: 8, W: 16, H: 16}, Score: 1}}, false},
		{"score not a number", set(out(), 3, .5, .5, .25, .5, .9, nan), nil, false},
		{"place not a number", set(out(), 3, nan, .5, .25, .5, .9, .9), nil, false},
		{"without bounds", set(out(), 3, .5, .5, inf, .5, .9, .9), nil, false},
		{"without extent", set(out(), 3, .5, .5, 0, .5, .9, .9), nil, false},
		{"turned inside out", set(out(), 3, .5, .5, -.1, .5, .9, .9), nil, false},
		{"too short", out()[1:], nil, true},
		{"of one layer", out()[:7*3*2], nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeRegion(c.out, input, classes, 0, .4)
			if (err != nil) != c.err || c.err && models.KindOf(err) != models.KindInvalid || len(got) != len(c.want) {
				t.Fatalf("%v, %v; want %v", got, err, c.want)
			}
			for i := range got {
				if b, w := got[i].Box, c.want[i].Box; math.Abs(b.X-w.X)+math.Abs(b.Y-w.Y)+math.Abs(b.W-w.W)+math.Abs(b.H-w.H) > 1e-5 ||
					math.Abs(got[i].Score-c.want[i].Score) > 1e-6 {
					t.Errorf("%v, want %v", got[i], c.want[i])
				}
			}
		})
	}
}

// fuzzDecode feeds a decoder anything of the right and of any other length.
func fuzzDecode(f *testing.F, decode Decode, rows func(models.Size) int) {
	f.Add([]byte{}, uint8(2), uint8(1), true)
	f.Add([]byte{0, 0, 0x80, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f}, uint8(1), uint8(1), true)
	f.Add([]byte{1, 2, 3, 4, 5}, uint8(3), uint8(2), false)
	f.Fuzz(func(t *testing.T, raw []byte, w, h uint8, whole bool) {
		input := models.Size{W: 32 * int(w%5), H: 32 * int(h%5)}
		out := make([]float32, len(raw)/4)
		if whole {
			out = make([]float32, rows(input)*6)
		}
		for i := 0; i < len(out) && len(raw) >= 4; i++ {
			k := 4 * i % (len(raw) / 4 * 4)
			out[i] = math.Float32frombits(uint32(raw[k]) | uint32(raw[k+1])<<8 | uint32(raw[k+2])<<16 | uint32(raw[k+3])<<24)
		}
		found, err := decode(out, input, 1, 0, .3)
		if whole && err != nil || !whole && err == nil && len(out) != rows(input)*6 {
			t.Fatalf("%d values for %v: %v", len(out), input, err)
		}
		for _, d := range found {
			if !finite(d.Box) || d.Box.W < 0 || d.Box.H < 0 || !(d.Score >= .3 && d.Score <= 1) {
				t.Fatalf("found %v", d)
			}
		}
	})
}

func FuzzDecodeYOLOX(f *testing.F)  { fuzzDecode(f, DecodeYOLOX, YOLOXRows) }
func FuzzDecodeRegion(f *testing.F) { fuzzDecode(f, DecodeRegion, RegionRows) }

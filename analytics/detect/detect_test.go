package detect

import (
	"math"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func TestInputFor(t *testing.T) {
	square := models.Size{W: 416, H: 416}
	for _, c := range []struct{ picture, want models.Size }{
		{models.Size{W: 416, H: 416}, square},
		{models.Size{W: 768, H: 576}, models.Size{W: 480, H: 352}},
		{models.Size{W: 1280, H: 720}, models.Size{W: 544, H: 320}},
		{models.Size{W: 1920, H: 1080}, models.Size{W: 544, H: 320}},
		{models.Size{W: 720, H: 1280}, models.Size{W: 320, H: 544}},
	} {
		if got := InputFor(c.picture, square); got != c.want {
			t.Errorf("%v: %v, want %v", c.picture, got, c.want)
		}
	}
}

func FuzzInputFor(f *testing.F) {
	f.Add(uint16(768), uint16(576))
	f.Fuzz(func(t *testing.T, w, h uint16) {
		if w == 0 || h == 0 {
			return
		}
		picture, square := models.Size{W: int(w), H: int(h)}, models.Size{W: 416, H: 416}
		got := InputFor(picture, square)
		if got.W%stride != 0 || got.H%stride != 0 || got.W*got.H < 1 || float64(got.W*got.H) > 1.03*416*416 {
			t.Fatalf("%v: input %v", picture, got)
		}
		if NewLetterbox(picture, got).Scale < NewLetterbox(picture, square).Scale {
			t.Fatalf("%v: %v shows less than the square", picture, got)
		}
	})
}

func TestLetterbox(t *testing.T) {
	f := &models.Frame{Size: models.Size{W: 64, H: 32}, Stride: 200, Pix: make([]byte, 200*32)}
	for y := range 32 {
		for x := range 64 {
			copy(f.Pix[y*200+3*x:], []byte{10, 20, byte(30 + x)})
		}
	}
	l := NewLetterbox(f.Size, models.Size{W: 32, H: 32})
	in := l.Fill(nil, f, false)
	if len(in) != 3*32*32 || in[0] != 10 || in[1024] != 20 || in[2*1024+5] != 30+10.5 {
		t.Errorf("planes begin %v %v %v", in[0], in[1024], in[2*1024+5])
	}
	if in[16*32] != 114 || in[1023] != 114 || in[15*32+31] == 114 {
		t.Error("padding is not where the picture ends")
	}
	if rgb := l.Fill(nil, f, true); rgb[2*1024] != 10 || rgb[5] != 40.5 {
		t.Error("red is not first")
	}
	if b := l.Box(models.Box{X: 1, Y: 2, W: 3, H: 40}); b != (models.Box{X: 2, Y: 4, W: 6, H: 28}) {
		t.Errorf("box %v", b)
	}
}

func TestDecodeYOLOX(t *testing.T) {
	input := models.Size{W: 64, H: 32}
	const classes = 2
	head := func() []float32 { return make([]float32, YOLOXRows(input)*(5+classes)) }
	set := func(out []float32, row int, v ...float32) []float32 { copy(out[row*(5+classes):], v); return out }
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		out  []float32
		want []models.Detection
		err  bool
	}{
		{"nobody", head(), nil, false},
		// Row 9 is cell (1,1) of the 8 x 4 grid of step 8.
		{"one", set(head(), 9, .5, .5, 0, float32(math.Log(2)), .5, .5), []models.Detection{{Box: models.Box{X: 8, Y: 4, W: 8, H: 16}, Score: .25}}, false},
		// Row 32 is the first cell of step 16, row 41 the last of step 32.
		{"coarse grids", set(set(head(), 32, 0, 0, 0, 0, 1, 1), 41, 0, 0, 0, 0, 1, .5), []models.Detection{
			{Box: models.Box{X: -8, Y: -8, W: 16, H: 16}, Score: 1}, {Box: models.Box{X: 16, Y: -16, W: 32, H: 32}, Score: .5}}, false},
		{"other class", set(head(), 9, .5, .5, 0, 0, .9, 0, .9), nil, false},
		{"low", set(head(), 9, .5, .5, 0, 0, .4, .4), nil, false},
		{"not a number", set(head(), 9, nan, .5, 0, 0, .9, .9), nil, false},
		{"score not a number", set(head(), 9, .5, .5, 0, 0, nan, .9), nil, false},
		{"without bounds", set(head(), 9, .5, .5, 1e4, 0, .9, .9), nil, false},
		{"too short", head()[1:], nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DecodeYOLOX(c.out, input, classes, 0, .2)
			if (err != nil) != c.err || len(got) != len(c.want) {
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

func TestSuppress(t *testing.T) {
	at := func(x, score float64) models.Detection {
		return models.Detection{Box: models.Box{X: x, W: 10, H: 10}, Score: score}
	}
	got := Suppress([]models.Detection{at(0, .5), at(1, .9), at(8, .7), at(1, .9), at(30, .1)}, .5)
	want := []models.Detection{at(1, .9), at(8, .7), at(30, .1)}
	if len(got) != len(want) {
		t.Fatalf("kept %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("kept %v, want %v", got, want)
		}
	}
}

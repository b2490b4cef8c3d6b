package libav

import (
	"fmt"
	"image"
	"math"
	"sync"
	"testing"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
	"github.com/counterwatch/counterwatch/models"
)

// waves is a smooth BGR picture of many colours, on which scalers of every kind agree.
func waves(s models.Size) *models.Frame {
	f := detecttest.Grey(s.W, s.H, 0, 0)
	for i := range s.W * s.H {
		x, y := float64(i%s.W), float64(i/s.W)
		for k, at := range []float64{x / 23, (x + y) / 31, y / 27} {
			f.Pix[3*i+k] = byte(128 + 100*math.Sin(at))
		}
	}
	return f
}

// swscale's picture is that of the definition in Go, for every part, size, range and matrix.
func TestScaleIsBilinear(t *testing.T) {
	for _, c := range []struct {
		name       string
		size       models.Size
		part       image.Rectangle
		to         models.Size
		full, b709 bool
	}{
		{"whole, as large", models.Size{W: 320, H: 240}, image.Rect(0, 0, 320, 240), models.Size{W: 320, H: 240}, false, false},
		{"whole, smaller", models.Size{W: 704, H: 576}, image.Rect(0, 0, 704, 576), models.Size{W: 416, H: 340}, false, false},
		{"whole, larger", models.Size{W: 176, H: 144}, image.Rect(0, 0, 176, 144), models.Size{W: 416, H: 340}, false, false},
		{"a part", models.Size{W: 704, H: 576}, image.Rect(100, 50, 500, 450), models.Size{W: 256, H: 256}, false, false},
		{"a part from odd coordinates", models.Size{W: 704, H: 576}, image.Rect(101, 51, 500, 449), models.Size{W: 256, H: 255}, false, false},
		{"to the last odd pixel", models.Size{W: 321, H: 241}, image.Rect(20, 20, 321, 241), models.Size{W: 150, H: 109}, false, false},
		{"odd, as large", models.Size{W: 321, H: 243}, image.Rect(0, 0, 321, 243), models.Size{W: 321, H: 243}, false, false},
		{"full range", models.Size{W: 704, H: 576}, image.Rect(0, 0, 704, 576), models.Size{W: 416, H: 340}, true, false},
		{"BT.709", models.Size{W: 704, H: 576}, image.Rect(0, 0, 704, 576), models.Size{W: 416, H: 340}, false, true},
		{"BT.709, full range", models.Size{W: 704, H: 576}, image.Rect(0, 0, 704, 576), models.Size{W: 416, H: 340}, true, true},
		{"one pixel", models.Size{W: 704, H: 576}, image.Rect(6, 6, 8, 8), models.Size{W: 1, H: 1}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := detecttest.I420(waves(c.size), c.full, c.b709)
			const guard = 77
			n := 3 * c.to.W * c.to.H
			got, want := make([]byte, n+3), make([]byte, n)
			got[n], got[n+1], got[n+2] = guard, guard, guard
			if err := Scale(got[:n:n], f, c.part, c.to); err != nil {
				t.Fatal(err)
			}
			if err := detect.Bilinear(want, f, c.part, c.to); err != nil {
				t.Fatal(err)
			}
			if got[n] != guard || got[n+2] != guard {
				t.Error("written behind the end")
			}
			var sum [3]float64
			for i := range n {
				d := float64(got[i]) - float64(want[i])
				sum[i%3] += d
				if math.Abs(d) > 16 { // neighbours share their colour
					t.Fatalf("value %d is %d, want %d", i, got[i], want[i])
				}
			}
			for k := range sum {
				if m := sum[k] / float64(n/3); math.Abs(m) > 2 && n > 3 {
					t.Errorf("channel %d is %+.1f off", k, m)
				}
			}
		})
	}
}

func TestScaleRefuses(t *testing.T) {
	f := models.NewI420(models.Size{W: 64, H: 48})
	whole := image.Rect(0, 0, 64, 48)
	short := *f
	short.Pix = short.Pix[:len(short.Pix)-1]
	for name, do := range map[string]func(s detect.Scale) error{
		"a frame that is not whole": func(s detect.Scale) error { return s(make([]byte, 300), &short, whole, models.Size{W: 10, H: 10}) },
		"a part outside the picture": func(s detect.Scale) error {
			return s(make([]byte, 300), f, whole.Add(image.Pt(1, 0)), models.Size{W: 10, H: 10})
		},
		"an empty part": func(s detect.Scale) error {
			return s(make([]byte, 300), f, image.Rectangle{}, models.Size{W: 10, H: 10})
		},
		"no size":         func(s detect.Scale) error { return s(make([]byte, 300), f, whole, models.Size{}) },
		"too little room": func(s detect.Scale) error { return s(make([]byte, 299), f, whole, models.Size{W: 10, H: 10}) },
	} {
		for i, s := range []detect.Scale{Scale, detect.Bilinear} {
			if err := do(s); err == nil || models.KindOf(err) != models.KindInvalid {
				t.Errorf("%s (%d): %v", name, i, err)
			}
		}
	}
}

// Many callers with many sizes at once get what each of them gets alone, and no more contexts are kept than agreed.
func TestScaleAtTheSameTime(t *testing.T) {
	f := detecttest.I420(waves(models.Size{W: 352, H: 288}), false, false)
	alone := map[models.Size][]byte{}
	for i := range 2 * maxIdle {
		s := models.Size{W: 64 + i, H: 64}
		alone[s] = make([]byte, 3*s.W*s.H)
		if err := Scale(alone[s], f, image.Rect(0, 0, f.W, f.H), s); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for s, want := range alone {
				got := make([]byte, len(want))
				if err := Scale(got, f, image.Rect(0, 0, f.W, f.H), s); err != nil || string(got) != string(want) {
					t.Errorf("%v: not the same at the same time as others (%v)", s, err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(scalers.free); n > maxIdle {
		t.Errorf("%d contexts are kept", n)
	}
}

// BenchmarkScale is the way of one picture into a network's input: what it was, a whole BGR picture made smaller, and what
// it is, straight from I420.
func BenchmarkScale(b *testing.B) {
	for _, s := range []models.Size{{W: 704, H: 576}, {W: 1920, H: 1080}} {
		f := detecttest.I420(waves(s), false, false)
		input := detect.InputFor(s, models.Size{W: 416, H: 416})
		l := detect.NewLetterbox(s, input)
		whole := image.Rect(0, 0, s.W, s.H)
		b.Run(fmt.Sprintf("%dx%d/whole BGR", s.W, s.H), func(b *testing.B) {
			var planes []float32
			for b.Loop() {
				bgr := models.Frame{Size: s, Stride: 3 * s.W, Pix: make([]byte, 3*s.W*s.H)}
				if err := Scale(bgr.Pix, f, whole, s); err != nil {
					b.Fatal(err)
				}
				planes = l.Fill(planes, &bgr, false)
			}
		})
		b.Run(fmt.Sprintf("%dx%d/straight", s.W, s.H), func(b *testing.B) {
			var planes []float32
			bgr := models.Frame{Size: input, Stride: 3 * input.W, Pix: make([]byte, 3*input.W*input.H)}
			to := models.Size{W: min(int(math.Round(float64(s.W)*l.Scale)), input.W), H: min(int(math.Round(float64(s.H)*l.Scale)), input.H)}
			for b.Loop() {
				if err := Scale(bgr.Pix, f, whole, to); err != nil {
					b.Fatal(err)
				}
				planes = detect.NewLetterbox(input, input).Fill(planes, &bgr, false)
			}
		})
	}
}

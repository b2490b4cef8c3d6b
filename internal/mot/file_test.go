package mot

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func TestRead(t *testing.T) {
	one := Row{1, -1, models.Box{X: 1.5, Y: -2, W: 3, H: 4}, .5}
	cases := []struct {
		name, text string
		want       Rows
		err        string
	}{
		{"empty", "", nil, ""},
		{"all fields", "1,-1,1.5,-2,3,4,0.5,-1,-1,-1\n", Rows{one}, ""},
		{"no score", "1,-1,1.5,-2,3,4", Rows{{1, -1, one.Box, 1}}, ""},
		{"spaces, CRLF, blank lines, byte order mark", "\ufeff 1, -1 ,1.5,-2,3,4,.5\r\n\r\n", Rows{one}, ""},
		{"frames in any order with a hole", "7,1,1.5,-2,3,4,.5\n1,-1,1.5,-2,3,4,.5\n", Rows{one, {7, 1, one.Box, .5}}, ""},
		{"whole number written as a real one", "1.0,-1e0,1.5,-2,3,4,.5", Rows{one}, ""},
		{"too few fields", "1,1,2,3\n", nil, "det.txt:1: 4 fields"},
		{"hole", "1,1,0,0,1,1\n2,1,0,,1,1\n", nil, `det.txt:2: top (field 4) is ""`},
		{"not a number", "1,1,0,0,wide,1\n", nil, `width (field 5) is "wide"`},
		{"NaN", "1,1,0,0,NaN,1\n", nil, `"NaN", expected a number`},
		{"infinite", "1,1,0,0,1,1,Inf\n", nil, "score (field 7)"},
		{"frame 0", "0,1,0,0,1,1\n", nil, "frame is 0, expected 1"},
		{"frame too large", "1e11,1,0,0,1,1\n", nil, "expected 1 to"},
		{"half a frame", "1.5,1,0,0,1,1\n", nil, "whole number"},
		{"box without a size", "1,1,0,0,0,1\n", nil, "more than 0"},
		{"person twice in a frame", "3,5,0,0,1,1\n\n3,5,9,9,1,1\n", nil, "det.txt:3: id 5 is in frame 3 twice, first on line 1"},
		{"semicolons", "1;1;0;0;1;1\n", nil, "separated by commas"},
		{"not text", strings.Repeat("x", 1<<17), nil, "det.txt:1: the line is too long"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read("det.txt", strings.NewReader(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || models.KindOf(err) != models.KindInvalid {
					t.Fatalf("error %v, expected %q", err, c.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestReadInfo(t *testing.T) {
	const good = "[Sequence]\nname=A\nimDir=img1\nframeRate=7\nseqLength=795\nimWidth=768\nimHeight=576\n"
	want := Info{"A", 7, 795, models.Size{W: 768, H: 576}}
	cases := []struct{ name, text, err string }{
		{"good", good, ""},
		{"CRLF and spaces", strings.ReplaceAll(strings.ReplaceAll(good, "=", " = "), "\n", "\r\n"), ""},
		{"empty", "", "expected frameRate, imWidth and imHeight"},
		{"no rate", strings.Replace(good, "frameRate=7\n", "", 1), "expected frameRate"},
		{"rate of 0", strings.Replace(good, "=7\n", "=0\n", 1), `seqinfo.ini:4: framerate is "0"`},
		{"not a number", strings.Replace(good, "768", "wide", 1), `seqinfo.ini:6: imwidth is "wide"`},
		{"not an ini", "hello", `"hello", expected key=value`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadInfo("seqinfo.ini", strings.NewReader(c.text))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, expected %q", err, c.err)
				}
			} else if err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	for _, err := range []error{second(ReadFile("no-such.txt")), second(ReadInfoFile("no-such.ini"))} {
		if models.KindOf(err) != models.KindNotFound || !strings.Contains(err.Error(), "no-such") {
			t.Errorf("error %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Whatever can be read can be written and read again, and never panics.
func FuzzRead(f *testing.F) {
	f.Add("1,-1,1.5,-2,3,4,0.5,-1,-1,-1\n2,3,0,0,1,1\n")
	f.Add("\ufeff7,1,0,0,1,1\r\n\n,,,,,,")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := Read("fuzz", strings.NewReader(text))
		if err != nil {
			return
		}
		for i := range rows { // Write keeps hundredths
			rows[i].Box = models.Box{X: 1, Y: 2, W: 3, H: 4}
			rows[i].Score = 1
		}
		var b bytes.Buffer
		if err := Write(&b, rows); err != nil {
			t.Fatal(err)
		}
		again, err := Read("fuzz", &b)
		if err != nil || len(again) != len(rows) || len(rows) > 0 && !reflect.DeepEqual(again, rows) {
			t.Fatalf("%v became %v, %v", rows, again, err)
		}
	})
}

func FuzzReadInfo(f *testing.F) {
	f.Add("[Sequence]\nframeRate=7\nimWidth=768\nimHeight=576\n")
	f.Fuzz(func(t *testing.T, text string) {
		if info, err := ReadInfo("fuzz", strings.NewReader(text)); err == nil && (info.FrameRate <= 0 || info.Size.W <= 0 || info.Size.H <= 0) {
			t.Fatalf("accepted %+v", info)
		}
	})
}

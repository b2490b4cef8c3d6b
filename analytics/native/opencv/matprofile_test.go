//go:build matprofile

package opencv

import (
	"bytes"
	"testing"

	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/analytics/detect/detecttest"
)

// No detector keeps a Mat of a picture, whether it finds somebody, nobody, or refuses the picture. gocv counts Mats only when
// it is built for it: go test -tags matprofile -run MatsAreFreed ./analytics/native/opencv
func TestMatsAreFreed(t *testing.T) {
	for name, d := range map[string]detect.Detector{"foreground": NewForeground(), "hog": NewHOG()} {
		for i := range 12 {
			f := detecttest.Grey(160+i%2, 120, 90, i)
			for y := 30; y < 90; y++ { // something walks in
				for x := 3 * 5 * i; x < 3*(5*i+20); x++ {
					f.Pix[y*f.Stride+x] = 220
				}
			}
			if _, err := d.Detect(f); err != nil {
				t.Fatal(name, err)
			}
			f.Pix = f.Pix[:len(f.Pix)/2]
			if _, err := d.Detect(f); err == nil {
				t.Fatal(name, "half a picture was taken")
			}
		}
		if err := d.Close(); err != nil {
			t.Error(name, err)
		}
		if n := gocv.MatProfile.Count(); n != 0 {
			var where bytes.Buffer
			_ = gocv.MatProfile.WriteTo(&where, 1)
			t.Fatalf("%s leaves %d Mats:\n%s", name, n, &where)
		}
	}
}

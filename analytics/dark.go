package analytics

import "github.com/counterwatch/counterwatch/models"

// A picture is dark when of its pixels, looked at on a grid, all but a few are nearly black: nobody could be seen in it. An
// infrared picture of the night is not dark.
const (
	darkGrid  = 40  // points along each side
	darkLevel = 32  // of 255: darker than any clothes in a lit room
	darkShare = .95 // of the points; a lamp or a screen may still shine
)

// dark reports whether a frame is too dark to show people. A frame without pixels is not.
func dark(f *models.Frame) bool {
	bytes := 3
	if f.Format == models.Gray8 {
		bytes = 1
	}
	if f.W < 1 || f.H < 1 || len(f.Pix) < (f.H-1)*f.Stride+f.W*bytes {
		return false
	}
	lit := 0
	for y := range darkGrid {
		row := f.Pix[y*f.H/darkGrid*f.Stride:]
		for x := range darkGrid {
			p := row[x*f.W/darkGrid*bytes:][:bytes]
			if p[0] >= darkLevel || p[bytes/2] >= darkLevel || p[bytes-1] >= darkLevel {
				lit++
			}
		}
	}
	return float64(lit) < (1-darkShare)*darkGrid*darkGrid
}

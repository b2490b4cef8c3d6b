package analytics

import "github.com/counterwatch/counterwatch/models"

// A picture is dark when of its pixels, looked at on a grid, all but a few are nearly black: nobody could be seen in it. An
// infrared picture of the night is not dark.
const (
	darkGrid  = 40  // points along each side
	darkLevel = 32  // of 255, of luma or of any colour: darker than any clothes in a lit room
	darkShare = .95 // of the points; a lamp or a screen may still shine
)

// dark reports whether a frame is too dark to show people. A frame without pixels is not.
func dark(f *models.Frame) bool {
	if len(f.Pix) == 0 || f.Check() != nil {
		return false
	}
	bytes, level := 1, byte(darkLevel)
	switch {
	case f.Format == models.BGR24:
		bytes = 3
	case f.Format == models.I420 && !f.FullRange:
		level = 16 + darkLevel*219/255
	}
	lit := 0
	for y := range darkGrid {
		row := f.Pix[y*f.H/darkGrid*f.Stride:]
		for x := range darkGrid {
			p := row[x*f.W/darkGrid*bytes:][:bytes]
			if p[0] >= level || p[bytes/2] >= level || p[bytes-1] >= level {
				lit++
			}
		}
	}
	return float64(lit) < (1-darkShare)*darkGrid*darkGrid
}

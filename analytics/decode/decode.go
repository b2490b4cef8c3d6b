// Package decode says what a decoder is, and holds the one written in Go: JPEG. It is the first stop of analytics on
// the frame's road: access units go in, BGR24 frames come out. The decoders of H.264 and H.265 are in
// analytics/native. Imported by analytics and the program that wires it.
package decode

import (
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Decoder turns the access units of one camera into frames. It is used by one goroutine.
type Decoder interface {
	// Decode sends one unit and returns the frames that came out, BGR24, in presentation order: none or several. Their
	// At and Damaged come from the units. After an error the decoder goes on with the next unit.
	Decode(u *models.AccessUnit) ([]*models.Frame, error)
	// Select makes the decoder return only frames whose capture time want accepts, which saves the cost of making a
	// picture of the others; nil returns all.
	Select(want func(at time.Time) bool)
	// Flush returns the frames that were held back; decoding goes on at the next key frame.
	Flush() ([]*models.Frame, error)
	Close() error
}

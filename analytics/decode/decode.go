// Package decode says what a decoder is, and holds the one written in Go: JPEG. It is the first stop of analytics on
// the frame's road: access units go in, I420 frames come out. The decoders of H.264 and H.265 are in
// analytics/native. Imported by analytics and the program that wires it.
package decode

import (
	"github.com/counterwatch/counterwatch/models"
)

// Want says what is asked for of a unit.
type Want uint8

const (
	// Skip decodes a picture only because later ones refer to it; one that nothing refers to may be left out.
	Skip Want = iota
	// Picture decodes a picture and returns it.
	Picture
	// Glance decodes a key frame by itself and returns it at once, without what makes it smooth: to see whether anything
	// moves. Decoding goes on at the next key frame.
	Glance
)

// Decoder turns the access units of one camera into frames. It is used by one goroutine.
type Decoder interface {
	// Decode sends one unit and returns the frames that came out, I420, in presentation order: none or several. Their At and
	// Damaged come from the units. After an error the decoder goes on with the next unit; models.KindUnavailable says that
	// what was sent since the last key frame is lost, and that a key frame makes it whole again.
	Decode(u *models.AccessUnit, want Want) ([]*models.Frame, error)
	// Flush returns the frames that were held back; decoding goes on at the next key frame.
	Flush() ([]*models.Frame, error)
	Close() error
}

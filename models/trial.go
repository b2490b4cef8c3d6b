package models

import "time"

// CameraTrial is what was found by connecting to a camera once and watching it for some seconds. It never holds the camera's URL.
type CameraTrial struct {
	OK        bool          // pictures came that can be decoded
	Stream    Stream        // at the end
	Profile   string        // of the coding, as in "High, level 4.0"; empty for MJPEG and when unknown
	First     time.Duration // from dialling to the first picture
	Watched   time.Duration // from the first picture to the end
	Pictures  int
	KeyFrames int
	Findings  []Finding // what kept pictures from coming first, then by weight
	Snapshot  []byte    // JPEG; nil when none was asked for or could be made
}

// Weight says how bad a finding is.
type Weight string

// The weights.
const (
	WeightFault   Weight = "fault"   // the camera cannot be watched
	WeightTrouble Weight = "trouble" // it can, but figures suffer
	WeightNote    Weight = "note"    // good to know
)

// Finding is something that an operator should know about a camera.
type Finding struct {
	Code   string // stable, for translations: gop_long, clock_off
	Weight Weight
	Text   string // what is so, in English
	Advice string // what to do about it, in English; empty when Text says so or nothing need be done
}

// CameraOrder asks a node to try a camera: one of its own by its id, or an address.
type CameraOrder struct {
	Camera    string // of the node; empty: URL and what follows
	URL       SecretURL
	Transport string
	TLS       CameraTLS
}

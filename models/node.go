package models

import "time"

// CheckNodeID returns a KindInvalid error about field when id cannot name a node: besides CheckID's rules, config and
// live are words of the bus.
func CheckNodeID(field, id string) error {
	if id == "config" || id == "live" {
		return Invalid(field, "%q cannot name a node: the word is used by the bus; choose another", id)
	}
	return CheckID(field, id)
}

// Node is an ingest node that has been enrolled.
type Node struct {
	ID       string
	Enrolled time.Time
	LastSeen time.Time // last heartbeat by the centre's clock, kept to the minute; zero before the first
	Version  string    // of its program, from the last heartbeat
}

// StoredSnapshot describes a picture in the blob store.
type StoredSnapshot struct {
	ID     string
	Event  string // the incident it proves
	Camera string
	At     time.Time // capture time
	Type   string    // image/jpeg
	Bytes  int64
}

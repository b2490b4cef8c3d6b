package models

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Record is one fact that a node found and the centre must know: exactly one of Minute, Visit and Event is set. Its id
// is deterministic, so that sending it twice changes nothing.
type Record struct {
	ID     string
	Node   string
	At     time.Time // end of what it tells
	Minute *Minute
	Visit  *Visit
	Event  *Event
}

// RecordID hashes the parts that make a record itself; 32 hex digits.
func RecordID(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		if t, ok := p.(time.Time); ok {
			p = t.UTC().UnixNano()
		}
		s := fmt.Sprint(p)
		fmt.Fprintf(h, "%d:%s;", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// MinuteRecord wraps a minute.
func MinuteRecord(node string, m Minute) Record {
	return Record{ID: RecordID(node, "minute", m.Camera, m.Zone, m.Counter, m.Start), Node: node, At: m.Start.Add(time.Minute), Minute: &m}
}

// VisitRecord wraps a visit, whose own ID must be set.
func VisitRecord(node string, v Visit) Record {
	return Record{ID: RecordID(node, "visit", v.ID), Node: node, At: v.Left, Visit: &v}
}

// EventRecord wraps one revision of an event.
func EventRecord(node string, e Event) Record {
	at := e.Opened
	if !e.Open() {
		at = e.Closed
	}
	return Record{ID: RecordID(node, "event", e.ID, e.Revision), Node: node, At: at, Event: &e}
}

// Media is a picture or clip on its way to the centre, named by its id.
type Media struct {
	ID     string
	Camera string
	Event  string // the incident it proves
	At     time.Time
	Type   string // image/jpeg, video/mp4
	Data   []byte
}

// Beat is a node's heartbeat: how it is, and what its cameras show.
type Beat struct {
	Node        string
	At          time.Time
	Started     time.Time
	Version     string
	MemoryBytes uint64
	OutboxDepth int // records not yet acknowledged
	Budgets     []Budget
	Cameras     []Live
}

// Budget is one resource of a node: what is used, what may be used, and what is left out to stay inside.
type Budget struct {
	Resource string  // memory (bytes), cpu (cores), disk (bytes), ring (bytes of coded pictures kept)
	Used     float64 // now; cpu: mean of the last 10 s
	Limit    float64 // 0 is unlimited
	Shed     string  // what is left out now, for an operator, in English; empty when nothing is
}

// NodeConfig is what the centre pushes to a node.
type NodeConfig struct {
	Version string // hash of the content
	Sites   []Site
	Cameras []Camera
}

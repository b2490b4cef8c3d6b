package models

import "time"

// EventKind names a rule's finding.
type EventKind string

// The kinds of events; docs/METHOD.md says when each opens and closes.
const (
	CounterAbsent       EventKind = "counter.absent"
	CounterUnderstaffed EventKind = "counter.understaffed"
	CounterOpenedLate   EventKind = "counter.opened_late"
	CounterClosedEarly  EventKind = "counter.closed_early"
	CustomerUnattended  EventKind = "customer.unattended"
	QueueLong           EventKind = "queue.long"
	WaitLong            EventKind = "wait.long"
	CameraOfflineEvent  EventKind = "camera.offline"
	CameraStalledEvent  EventKind = "camera.stalled"
	NodeOffline         EventKind = "node.offline"
)

// Event is one incident. It is one thing with one id from its opening to its closing; each change has the next Revision.
type Event struct {
	ID            string // deterministic: node, camera, counter or zone, kind, method, first second
	Kind          EventKind
	Node          string
	Camera        string
	Counter       string // empty when not about a counter
	Zone          string // empty when not about a zone
	Opened        time.Time
	Closed        time.Time // zero while open
	Began         time.Time // when what is complained about began (the officer left), before Opened
	Revision      int       // from 1
	ObservedRatio float64   // share of Began..now that was seen, 0..1
	Numbers       map[string]float64
	Snapshots     []Snapshot
	Detector      string // as in Live.Detector
	Method        int    // MethodVersion
	// Withdrawn says why the incident no longer counts: a later decision of the calendar. Empty while it stands.
	Withdrawn string
}

// Open reports whether the incident goes on.
func (e *Event) Open() bool { return e.Closed.IsZero() }

// SnapshotRole says which moment of an incident a snapshot shows.
type SnapshotRole string

// The moments.
const (
	SnapshotBefore  SnapshotRole = "before"  // the last picture with the counter staffed
	SnapshotOpening SnapshotRole = "opening" // when the incident opened
	SnapshotNow     SnapshotRole = "closing" // when it closed
)

// Snapshot names a JPEG that proves something; its bytes travel apart from the record.
type Snapshot struct {
	ID   string // deterministic, also its name in the blob store
	Role SnapshotRole
	At   time.Time
}

// Still is a picture with what was seen in it.
type Still struct {
	JPEG []byte // masks blackened
	At   time.Time
	Live Live
}

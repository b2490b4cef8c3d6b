package models

import (
	"slices"
	"time"
)

// Quality says how far a value can be trusted.
type Quality string

// The qualities. No frame is never "absent" and never "zero": it is unknown.
const (
	Measured     Quality = "measured"     // coverage at least 90 %
	Estimated    Quality = "estimated"    // coverage 50-90 %, or methods that differ by more than 20 %
	Insufficient Quality = "insufficient" // too few observations to publish a figure
	Unknown      Quality = "unknown"      // not seen
)

// Estimate is a figure with its 95 % interval.
type Estimate struct {
	Value, Low, High float64
	N                int // observations behind it
	Quality          Quality
	Method           string // fifo, little, kaplan-meier, count; empty when unknown
}

// MaxCount is the last count that Minute.AtCount keeps apart; it stands for itself and everything above.
const MaxCount = 20

// Minute is what one zone or one counter did in one minute of capture time. Exactly one of Zone and Counter is set.
type Minute struct {
	Camera   string
	Zone     string
	Counter  string
	Kind     ZoneKind  // of the zone; empty for a counter
	Start    time.Time // the minute's first instant, UTC
	WorkingS float64   // seconds of the minute inside working time and inside the run
	// OffS is the rest of the run's seconds in the minute: outside working time, or at a member of a group while it is not
	// staffed, which is nobody's absence. The counts below tell of both, because a calendar may be decided late.
	OffS float64
	// ObservedS is the number of seconds that were seen; the sum of AtCount. The rest of the minute is unknown.
	ObservedS  float64
	OccupancyS float64 // integral of the count over the observed seconds: person-seconds (counter: officer-seconds)
	Max        int
	AtCount    [MaxCount + 1]float64 // observed seconds at each count 0,1,..,19,20+
	// Counters only; within working time StaffedS + AbsentS + UnknownS = WorkingS.
	StaffedS float64 // at least RequiredOnDuty officers seen
	AbsentS  float64 // fewer seen, whatever the rule's timers say
	UnknownS float64 // not observed, or hidden by a citizen in front
	// Queues only.
	Arrivals int       // people who joined
	Starts   int       // people who went from the queue to a service zone
	GaveUp   int       // people seen to leave the queue over its edge
	WaitsS   []float64 // first-in-first-out waits that ended in this minute, seconds
	// SinceOpenS are the same waits in the same order, counted from the session's opening for those who came before it.
	SinceOpenS []float64
	// Service zones only. A service lasts from when somebody stands there until nobody does or the next one is served, while an
	// officer is on duty.
	ServiceS []float64 // services that ended in this minute, seconds
	CutS     []float64 // services whose end was not seen, seconds to the last observation
}

// Ended says how a visit ended.
type Ended string

// The ends of a visit. Only served and left are complete; the others are right-censored at Left.
const (
	EndServed Ended = "served"  // went from the queue to a service zone; for a service visit: service was over
	EndLeft   Ended = "left"    // went out over the edge
	EndLost   Ended = "lost"    // the track died inside
	EndGap    Ended = "gap"     // the camera was not seen
	EndDay    Ended = "day_end" // the day, the file or the run ended
)

// Complete reports whether the end of the visit was seen.
func (e Ended) Complete() bool { return e == EndServed || e == EndLeft }

// Visit is one stay of one person in a queue or service zone.
type Visit struct {
	ID       string // deterministic: see RecordID
	Camera   string
	Zone     string
	Kind     ZoneKind
	Counter  string // the counter served at, when known
	Entered  time.Time
	Left     time.Time // last observation when the end was not seen
	Ended    Ended
	LeftOpen bool // the beginning was not seen: not used for waits
}

// Staffing is the state of a counter.
type Staffing string

// The staffing states.
const (
	StaffingUnknown Staffing = "UNKNOWN"
	OffSchedule     Staffing = "OFF_SCHEDULE"
	ClosedByPlan    Staffing = "CLOSED_BY_PLAN"
	Staffed         Staffing = "STAFFED"
	Grace           Staffing = "GRACE"
	Absent          Staffing = "ABSENT"
)

// CameraState is what the supervisor knows of a camera's connection.
type CameraState string

// The states of a camera.
const (
	CameraConnecting  CameraState = "connecting"
	CameraLive        CameraState = "live"
	CameraStalled     CameraState = "stalled"     // connected, but no complete access unit for 5 s
	CameraOffline     CameraState = "offline"     // cannot be reached; tried again with back-off
	CameraRefused     CameraState = "refused"     // 401, 403, 404: tried again slowly
	CameraUnsupported CameraState = "unsupported" // answers, but not with H.264, H.265 or MJPEG
)

// CameraHealth is a camera's state with its reason.
type CameraHealth struct {
	State  CameraState
	Reason string // what an operator should know, in English; empty when live
	Since  time.Time
}

// Stream is what is known of a camera's stream now.
type Stream struct {
	Source      string // main or sub; empty before the first picture
	Codec       Codec
	Transport   string // tcp, udp, multicast, tls
	Size               // coded pictures; zero until known
	FPS         float64
	BitRate     float64       // bits per second, last 10 s
	GOP         time.Duration // between the last two key frames; 0 until known
	BFrames     bool          // pictures come in another order than they are shown
	Skew        time.Duration // the camera's clock minus the node's, from its sender reports: reported, never used
	SkewKnown   bool
	Connections int64 // since the node began to watch the camera
	Jumps       int64 // steps of the stream's clock that were taken out, likewise
	Lost        int64 // packets that did not arrive, likewise
}

// Counts are what a camera's analysis did and left undone since it began. Each unit received is Idle, Shed, decoded, or not
// decided yet. Each picture that was asked for is Analysed, Dropped, Damaged or Failed; while idle only key frames are.
type Counts struct {
	Units    int64 // access units received
	Skipped  int64 // access units that came while the decoder was too slow
	Idle     int64 // access units not decoded because no picture asked for needs them: nothing moved, or a group of pictures ends
	Shed     int64 // access units not decoded because the node was overloaded
	Dropped  int64 // decoded frames that a newer one replaced before there was time for them
	Damaged  int64 // frames of damaged groups of pictures
	Failed   int64 // pictures that could not be decoded or analysed
	Analysed int64
	Gated    int64 // of the analysed frames, those in which nothing had moved: the detections before stood
	Restarts int64 // of the decoder's process because of this camera or one beside it
}

// DecodeMode says how much of a camera's stream is decoded.
type DecodeMode string

// The modes.
const (
	DecodeIdle   DecodeMode = "idle"   // key frames only: nothing moves
	DecodeActive DecodeMode = "active" // every frame
	DecodeShed   DecodeMode = "shed"   // the beginning of each group of pictures: the node is overloaded
)

// Live is what one camera shows now: the newest figures, for tiles and terminals, never stored.
type Live struct {
	Camera      string
	At          time.Time // capture time of the newest analysed frame; zero before the first
	Health      CameraHealth
	Stream      Stream
	Mode        DecodeMode // empty before the first frame
	Counts      Counts
	FPSIn       float64 // frames received per second, last 10 s
	FPSAnalysed float64 // frames analysed per second, last 10 s
	Gated       float64 // share of those, 0..1, in which nothing had moved, so that the detections before stood
	Coverage    float64 // observed share of working time since the start of the run, at most the last hour, 0..1
	Detector    string  // card, engine: "yolox_nano (opencv)", "foreground"
	Basic       bool    // the detector works without weights: accuracy is basic
	People      int
	Size        Size
	Boxes       []LiveBox
	Zones       []LiveZone
	Counters    []LiveCounter
}

// Clone returns a copy that shares no memory with the original.
func (l Live) Clone() Live {
	l.Boxes, l.Zones, l.Counters = slices.Clone(l.Boxes), slices.Clone(l.Zones), slices.Clone(l.Counters)
	return l
}

// LiveBox is one person in the newest analysed frame; the box is in 0..1 coordinates.
type LiveBox struct {
	Track int64
	Box   Box
	Zone  string // zone it counts in; empty when in none
}

// LiveZone is one zone now.
type LiveZone struct {
	Zone  string
	Kind  ZoneKind
	Count int      // median over 5 s of people who have dwelt long enough
	Wait  Estimate // queues: seconds, last hour by the publication rule; Quality unknown otherwise
	// Expect is what a person who joins the queue now will wait, seconds: the median with the span that holds 95 % of such
	// waits. Quality unknown where it cannot be said.
	Expect Estimate
}

// LiveCounter is one counter now.
type LiveCounter struct {
	Counter  string
	Staffing Staffing
	Since    time.Time     // of the state
	OnDuty   int           // officers seen
	Waiting  int           // people in its queues
	Serving  int           // people in its service zones
	Due      time.Time     // GRACE: when ABSENT will be declared if nobody comes and all is seen; else zero
	Unseen   time.Duration // observed-time clocks pause while this grows; 0 while seen
}

package wire

import (
	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// enum pairs the strings of a noun with the numbers of the wire. What it does not hold is the empty string and 0.
type enum[S ~string, P ~int32] struct {
	to   map[S]P
	from map[P]S
}

func newEnum[S ~string, P ~int32](to map[S]P) enum[S, P] {
	e := enum[S, P]{to, make(map[P]S, len(to))}
	for s, p := range to {
		e.from[p] = s
	}
	return e
}

var (
	qualities = newEnum(map[models.Quality]pb.Quality{
		models.Measured:     pb.Quality_QUALITY_MEASURED,
		models.Estimated:    pb.Quality_QUALITY_ESTIMATED,
		models.Insufficient: pb.Quality_QUALITY_INSUFFICIENT,
		models.Unknown:      pb.Quality_QUALITY_UNKNOWN,
	})
	zoneKinds = newEnum(map[models.ZoneKind]pb.ZoneKind{
		models.ZoneQueue:    pb.ZoneKind_ZONE_KIND_QUEUE,
		models.ZoneService:  pb.ZoneKind_ZONE_KIND_SERVICE,
		models.ZoneStaff:    pb.ZoneKind_ZONE_KIND_STAFF,
		models.ZoneEntrance: pb.ZoneKind_ZONE_KIND_ENTRANCE,
		models.ZoneMask:     pb.ZoneKind_ZONE_KIND_MASK,
		models.ZoneIgnore:   pb.ZoneKind_ZONE_KIND_IGNORE,
	})
	anchors = newEnum(map[models.Anchor]pb.Anchor{
		models.AnchorFoot:   pb.Anchor_ANCHOR_FOOT,
		models.AnchorCentre: pb.Anchor_ANCHOR_CENTRE,
		models.AnchorHead:   pb.Anchor_ANCHOR_HEAD,
	})
	cameraStates = newEnum(map[models.CameraState]pb.CameraState{
		models.CameraConnecting:  pb.CameraState_CAMERA_STATE_CONNECTING,
		models.CameraLive:        pb.CameraState_CAMERA_STATE_LIVE,
		models.CameraStalled:     pb.CameraState_CAMERA_STATE_STALLED,
		models.CameraOffline:     pb.CameraState_CAMERA_STATE_OFFLINE,
		models.CameraRefused:     pb.CameraState_CAMERA_STATE_REFUSED,
		models.CameraUnsupported: pb.CameraState_CAMERA_STATE_UNSUPPORTED,
	})
	decodeModes = newEnum(map[models.DecodeMode]pb.DecodeMode{
		models.DecodeIdle:   pb.DecodeMode_DECODE_MODE_IDLE,
		models.DecodeActive: pb.DecodeMode_DECODE_MODE_ACTIVE,
		models.DecodeShed:   pb.DecodeMode_DECODE_MODE_SHED,
	})
	weights = newEnum(map[models.Weight]pb.Weight{
		models.WeightFault:   pb.Weight_WEIGHT_FAULT,
		models.WeightTrouble: pb.Weight_WEIGHT_TROUBLE,
		models.WeightNote:    pb.Weight_WEIGHT_NOTE,
	})
	staffings = newEnum(map[models.Staffing]pb.Staffing{
		models.StaffingUnknown: pb.Staffing_STAFFING_UNKNOWN,
		models.OffSchedule:     pb.Staffing_STAFFING_OFF_SCHEDULE,
		models.ClosedByPlan:    pb.Staffing_STAFFING_CLOSED_BY_PLAN,
		models.Staffed:         pb.Staffing_STAFFING_STAFFED,
		models.Grace:           pb.Staffing_STAFFING_GRACE,
		models.Absent:          pb.Staffing_STAFFING_ABSENT,
	})
	eventKinds = newEnum(map[models.EventKind]pb.EventKind{
		models.CounterAbsent:       pb.EventKind_EVENT_KIND_COUNTER_ABSENT,
		models.CounterUnderstaffed: pb.EventKind_EVENT_KIND_COUNTER_UNDERSTAFFED,
		models.CounterOpenedLate:   pb.EventKind_EVENT_KIND_COUNTER_OPENED_LATE,
		models.CounterClosedEarly:  pb.EventKind_EVENT_KIND_COUNTER_CLOSED_EARLY,
		models.CustomerUnattended:  pb.EventKind_EVENT_KIND_CUSTOMER_UNATTENDED,
		models.QueueLong:           pb.EventKind_EVENT_KIND_QUEUE_LONG,
		models.WaitLong:            pb.EventKind_EVENT_KIND_WAIT_LONG,
		models.CameraOfflineEvent:  pb.EventKind_EVENT_KIND_CAMERA_OFFLINE,
		models.CameraStalledEvent:  pb.EventKind_EVENT_KIND_CAMERA_STALLED,
		models.NodeOffline:         pb.EventKind_EVENT_KIND_NODE_OFFLINE,
	})
	snapshotRoles = newEnum(map[models.SnapshotRole]pb.SnapshotRole{
		models.SnapshotBefore:  pb.SnapshotRole_SNAPSHOT_ROLE_BEFORE,
		models.SnapshotOpening: pb.SnapshotRole_SNAPSHOT_ROLE_OPENING,
		models.SnapshotNow:     pb.SnapshotRole_SNAPSHOT_ROLE_CLOSING,
	})
	visitEnds = newEnum(map[models.Ended]pb.VisitEnd{
		models.EndServed: pb.VisitEnd_VISIT_END_SERVED,
		models.EndLeft:   pb.VisitEnd_VISIT_END_LEFT,
		models.EndLost:   pb.VisitEnd_VISIT_END_LOST,
		models.EndGap:    pb.VisitEnd_VISIT_END_GAP,
		models.EndDay:    pb.VisitEnd_VISIT_END_DAY_END,
	})
)

// ToQuality is the wire's word for a quality; 0 for one it does not know.
func ToQuality(q models.Quality) pb.Quality { return qualities.to[q] }

// KnownEventKind reports whether k is one of the kinds of events.
func KnownEventKind(k models.EventKind) bool { return eventKinds.to[k] != 0 }

package wire

import (
	"math"
	"slices"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

func toRecord(r models.Record) *pb.Record {
	p := &pb.Record{Id: r.ID, Node: r.Node, Time: ToTime(r.At)}
	switch {
	case r.Minute != nil:
		p.Fact = &pb.Record_Minute{Minute: toMinute(*r.Minute)}
	case r.Visit != nil:
		p.Fact = &pb.Record_Visit{Visit: toVisit(*r.Visit)}
	case r.Event != nil:
		p.Fact = &pb.Record_Event{Event: toEventRevision(*r.Event)}
	}
	return p
}

func fromRecord(p *pb.Record) (models.Record, error) {
	r := models.Record{ID: p.GetId(), Node: p.GetNode(), At: FromTime(p.GetTime())}
	switch f := p.GetFact().(type) {
	case *pb.Record_Minute:
		m, err := fromMinute(f.Minute)
		if err != nil {
			return r, err
		}
		r.Minute = &m
	case *pb.Record_Visit:
		v := fromVisit(f.Visit)
		r.Visit = &v
	case *pb.Record_Event:
		e := fromEventRevision(f.Event)
		r.Event = &e
	default:
		return r, models.Invalid("record", "%q holds no minute, visit or event", r.ID)
	}
	return r, nil
}

func toMinute(m models.Minute) *pb.Minute {
	n := len(m.AtCount)
	for n > 0 && m.AtCount[n-1] == 0 {
		n--
	}
	return &pb.Minute{
		Camera: m.Camera, Zone: m.Zone, Counter: m.Counter, Kind: zoneKinds.to[m.Kind], Start: ToTime(m.Start),
		WorkingS: m.WorkingS, OffS: m.OffS, ObservedS: m.ObservedS, OccupancyS: m.OccupancyS, Max: int32(m.Max), AtCountS: m.AtCount[:n],
		StaffedS: m.StaffedS, AbsentS: m.AbsentS, UnknownS: m.UnknownS,
		Arrivals: int32(m.Arrivals), Starts: int32(m.Starts), GaveUp: int32(m.GaveUp), WaitsS: m.WaitsS, SinceOpenS: m.SinceOpenS, ServiceS: m.ServiceS, CutS: m.CutS,
	}
}

func fromMinute(p *pb.Minute) (models.Minute, error) {
	m := models.Minute{
		Camera: p.GetCamera(), Zone: p.GetZone(), Counter: p.GetCounter(), Kind: zoneKinds.from[p.GetKind()], Start: FromTime(p.GetStart()),
		WorkingS: p.GetWorkingS(), OffS: p.GetOffS(), ObservedS: p.GetObservedS(), OccupancyS: p.GetOccupancyS(), Max: int(p.GetMax()),
		StaffedS: p.GetStaffedS(), AbsentS: p.GetAbsentS(), UnknownS: p.GetUnknownS(),
		Arrivals: int(p.GetArrivals()), Starts: int(p.GetStarts()), GaveUp: int(p.GetGaveUp()), WaitsS: p.GetWaitsS(), SinceOpenS: p.GetSinceOpenS(), ServiceS: p.GetServiceS(), CutS: p.GetCutS(),
	}
	if len(p.GetAtCountS()) > len(m.AtCount) {
		return m, models.Invalid("at_count_s", "%d counts, at most %d", len(p.GetAtCountS()), len(m.AtCount))
	}
	copy(m.AtCount[:], p.GetAtCountS())
	seconds := append([]float64{m.WorkingS, m.OffS, m.ObservedS, m.OccupancyS, m.StaffedS, m.AbsentS, m.UnknownS}, m.AtCount[:]...)
	for _, s := range slices.Concat(seconds, m.WaitsS, m.SinceOpenS, m.ServiceS, m.CutS) {
		if math.IsNaN(s) || math.IsInf(s, 0) { // one such number would spoil every sum it enters
			return m, models.Invalid("minute", "a number of %s %s%s is not finite", m.Camera, m.Zone, m.Counter)
		}
	}
	return m, nil
}

func toVisit(v models.Visit) *pb.Visit {
	return &pb.Visit{
		Id: v.ID, Camera: v.Camera, Zone: v.Zone, Kind: zoneKinds.to[v.Kind], Counter: v.Counter,
		Entered: ToTime(v.Entered), Left: ToTime(v.Left), Ended: visitEnds.to[v.Ended], LeftOpen: v.LeftOpen,
	}
}

func fromVisit(p *pb.Visit) models.Visit {
	return models.Visit{
		ID: p.GetId(), Camera: p.GetCamera(), Zone: p.GetZone(), Kind: zoneKinds.from[p.GetKind()], Counter: p.GetCounter(),
		Entered: FromTime(p.GetEntered()), Left: FromTime(p.GetLeft()), Ended: visitEnds.from[p.GetEnded()], LeftOpen: p.GetLeftOpen(),
	}
}

func toEventRevision(e models.Event) *pb.EventRevision {
	return &pb.EventRevision{
		Id: e.ID, Kind: eventKinds.to[e.Kind], Node: e.Node, Camera: e.Camera, Counter: e.Counter, Zone: e.Zone,
		Opened: ToTime(e.Opened), Closed: ToTime(e.Closed), Began: ToTime(e.Began), Revision: int32(e.Revision),
		ObservedRatio: e.ObservedRatio, Numbers: e.Numbers, Snapshots: each(e.Snapshots, toSnapshot),
		Detector: e.Detector, Method: int32(e.Method), Withdrawn: e.Withdrawn,
	}
}

func fromEventRevision(p *pb.EventRevision) models.Event {
	return models.Event{
		ID: p.GetId(), Kind: eventKinds.from[p.GetKind()], Node: p.GetNode(), Camera: p.GetCamera(), Counter: p.GetCounter(), Zone: p.GetZone(),
		Opened: FromTime(p.GetOpened()), Closed: FromTime(p.GetClosed()), Began: FromTime(p.GetBegan()), Revision: int(p.GetRevision()),
		ObservedRatio: p.GetObservedRatio(), Numbers: p.GetNumbers(), Snapshots: each(p.GetSnapshots(), fromSnapshot),
		Detector: p.GetDetector(), Method: int(p.GetMethod()), Withdrawn: p.GetWithdrawn(),
	}
}

func toSnapshot(s models.Snapshot) *pb.Snapshot {
	return &pb.Snapshot{Name: Name(Snapshots, s.ID), Role: snapshotRoles.to[s.Role], Time: ToTime(s.At)}
}

func fromSnapshot(p *pb.Snapshot) models.Snapshot {
	return models.Snapshot{ID: id(p.GetName()), Role: snapshotRoles.from[p.GetRole()], At: FromTime(p.GetTime())}
}

// ToEvent is an incident for the API; what the noun does not know (site, severity, display names) is left to the caller.
func ToEvent(e models.Event) *pb.Event {
	return &pb.Event{
		Name: Name(Events, e.ID), Kind: eventKinds.to[e.Kind], Node: Name(Nodes, e.Node), Camera: Name(Cameras, e.Camera), Zone: e.Zone,
		OpenTime: ToTime(e.Opened), CloseTime: ToTime(e.Closed), BeginTime: ToTime(e.Began), Revision: int32(e.Revision),
		ObservedRatio: e.ObservedRatio, Numbers: e.Numbers, Snapshots: each(e.Snapshots, toSnapshot),
		Detector: e.Detector, MethodVersion: int32(e.Method), Withdrawn: e.Withdrawn,
	}
}

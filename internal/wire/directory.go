package wire

import (
	"time"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// ToUnit is a unit.
func ToUnit(u models.Unit) *pb.Unit {
	return &pb.Unit{Name: Name(Units, u.ID), Parent: Name(Units, u.Parent), DisplayName: u.Name, Kind: u.Kind}
}

// FromUnit is the inverse of ToUnit.
func FromUnit(p *pb.Unit) models.Unit {
	return models.Unit{ID: id(p.GetName()), Parent: id(p.GetParent()), Name: p.GetDisplayName(), Kind: p.GetKind()}
}

// ToSite is a site.
func ToSite(s models.Site) *pb.Site {
	return &pb.Site{
		Name: Name(Sites, s.ID), Unit: Name(Units, s.Unit), DisplayName: s.Name, TimeZone: s.TimeZone,
		Calendar: toCalendar(s.Calendar), Networks: s.Networks, Notice: s.Notice,
		KeepPictures: toDuration(s.Retention.Pictures), KeepSeries: toDuration(s.Retention.Series),
	}
}

// FromSite is the inverse of ToSite.
func FromSite(p *pb.Site) models.Site {
	return models.Site{
		ID: id(p.GetName()), Unit: id(p.GetUnit()), Name: p.GetDisplayName(), TimeZone: p.GetTimeZone(),
		Calendar: fromCalendar(p.GetCalendar()), Networks: p.GetNetworks(), Notice: p.GetNotice(),
		Retention: models.Retention{Pictures: fromDuration(p.GetKeepPictures()), Series: fromDuration(p.GetKeepSeries())},
	}
}

func toCalendar(c models.Calendar) *pb.Calendar {
	return &pb.Calendar{
		Always:   c.Always,
		Sessions: each(c.Sessions, toSession),
		Exceptions: each(c.Exceptions, func(e models.Exception) *pb.CalendarException {
			return &pb.CalendarException{Date: e.Date, Until: e.Until, Reason: e.Reason, Sessions: each(e.Sessions, toSession)}
		}),
	}
}

func fromCalendar(p *pb.Calendar) models.Calendar {
	return models.Calendar{
		Always:   p.GetAlways(),
		Sessions: each(p.GetSessions(), fromSession),
		Exceptions: each(p.GetExceptions(), func(e *pb.CalendarException) models.Exception {
			return models.Exception{Date: e.GetDate(), Until: e.GetUntil(), Reason: e.GetReason(), Sessions: each(e.GetSessions(), fromSession)}
		}),
	}
}

func toSession(s models.Session) *pb.Session {
	return &pb.Session{Weekday: int32(s.Weekday), FromMinute: int32(s.From), ToMinute: int32(s.To), Since: s.Since, Until: s.Until}
}

func fromSession(p *pb.Session) models.Session {
	return models.Session{
		Weekday: time.Weekday(p.GetWeekday()), From: int(p.GetFromMinute()), To: int(p.GetToMinute()), Since: p.GetSince(), Until: p.GetUntil(),
	}
}

// ToCamera is a camera without its address.
func ToCamera(c models.Camera) *pb.Camera {
	return &pb.Camera{
		Name: Name(Cameras, c.ID), Site: Name(Sites, c.Site), Node: Name(Nodes, c.Node), DisplayName: c.Name,
		Detector: &pb.DetectorConfig{
			Kind: c.Detector.Kind, Net: c.Detector.Net, Engine: c.Detector.Engine, Threshold: c.Detector.Threshold,
			View: c.Detector.View, Tiles: int32(c.Detector.Tiles), MotionGate: c.Detector.MotionGate,
		},
		AnalyseFps: c.AnalyseFPS, Transport: c.Transport, Priority: int32(c.Priority),
		Tls: &pb.CameraTLS{Fingerprint: c.TLS.Fingerprint, Ca: c.TLS.CA},
		Heights: each(c.Heights, func(h models.HeightAt) *pb.HeightAt {
			return &pb.HeightAt{Y: h.Y, Min: h.Min, Max: h.Max}
		}),
		Zones: each(c.Zones, toZone),
		Counters: each(c.Counters, func(q models.Counter) *pb.Counter {
			return ToCounter(c.Site, c.ID, q)
		}),
	}
}

// FromCamera is the inverse of ToCamera.
func FromCamera(p *pb.Camera) models.Camera {
	d := p.GetDetector()
	return models.Camera{
		ID: id(p.GetName()), Site: id(p.GetSite()), Node: id(p.GetNode()), Name: p.GetDisplayName(),
		Detector: models.DetectorConfig{
			Kind: d.GetKind(), Net: d.GetNet(), Engine: d.GetEngine(), Threshold: d.GetThreshold(),
			View: d.GetView(), Tiles: int(d.GetTiles()), MotionGate: d.GetMotionGate(),
		},
		AnalyseFPS: p.GetAnalyseFps(), Transport: p.GetTransport(), Priority: int(p.GetPriority()),
		TLS: models.CameraTLS{Fingerprint: p.GetTls().GetFingerprint(), CA: p.GetTls().GetCa()},
		Heights: each(p.GetHeights(), func(h *pb.HeightAt) models.HeightAt {
			return models.HeightAt{Y: h.GetY(), Min: h.GetMin(), Max: h.GetMax()}
		}),
		Zones:    each(p.GetZones(), fromZone),
		Counters: each(p.GetCounters(), FromCounter),
	}
}

func toZone(z models.Zone) *pb.Zone {
	return &pb.Zone{
		Id: z.ID, DisplayName: z.Name, Kind: zoneKinds.to[z.Kind], Anchor: anchors.to[z.Anchor],
		Polygon: each(z.Polygon, toPoint), MinDwell: toDuration(z.MinDwell), LongAt: int32(z.LongAt), WaitAt: toDuration(z.WaitAt),
		Discipline: z.Discipline,
	}
}

func fromZone(p *pb.Zone) models.Zone {
	return models.Zone{
		ID: p.GetId(), Name: p.GetDisplayName(), Kind: zoneKinds.from[p.GetKind()], Anchor: anchors.from[p.GetAnchor()],
		Polygon: each(p.GetPolygon(), fromPoint), MinDwell: fromDuration(p.GetMinDwell()),
		LongAt: int(p.GetLongAt()), WaitAt: fromDuration(p.GetWaitAt()), Discipline: p.GetDiscipline(),
	}
}

// ToCounter is a counter of a site, seen by a camera.
func ToCounter(site, camera string, c models.Counter) *pb.Counter {
	var calendar *pb.Calendar
	if c.Calendar != nil {
		calendar = toCalendar(*c.Calendar)
	}
	return &pb.Counter{
		Name: Name(Sites, site, Counters, c.ID), Camera: Name(Cameras, camera), DisplayName: c.Name,
		StaffZones: c.Staff, ServiceZones: c.Service, QueueZones: c.Queues, RequiredOnDuty: int32(c.RequiredOnDuty),
		MaxAbsence: toDuration(c.MaxAbsence), MaxAbsenceWithWaiting: toDuration(c.MaxAbsenceWithWaiting),
		Unattended: toDuration(c.Unattended), OpenedLateAfter: toDuration(c.OpenedLateAfter), AnyOf: c.AnyOf, Calendar: calendar,
	}
}

// FromCounter is the inverse of ToCounter.
func FromCounter(p *pb.Counter) models.Counter {
	var calendar *models.Calendar
	if p.GetCalendar() != nil {
		c := fromCalendar(p.GetCalendar())
		calendar = &c
	}
	return models.Counter{
		ID: id(p.GetName()), Name: p.GetDisplayName(),
		Staff: p.GetStaffZones(), Service: p.GetServiceZones(), Queues: p.GetQueueZones(), RequiredOnDuty: int(p.GetRequiredOnDuty()),
		MaxAbsence: fromDuration(p.GetMaxAbsence()), MaxAbsenceWithWaiting: fromDuration(p.GetMaxAbsenceWithWaiting()),
		Unattended: fromDuration(p.GetUnattended()), OpenedLateAfter: fromDuration(p.GetOpenedLateAfter()),
		AnyOf: p.GetAnyOf(), Calendar: calendar,
	}
}

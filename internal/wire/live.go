package wire

import (
	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// ToLive is what a camera shows now.
func ToLive(l models.Live) *pb.CameraLive {
	return &pb.CameraLive{
		Camera: Name(Cameras, l.Camera), Time: ToTime(l.At),
		State: cameraStates.to[l.Health.State], Reason: l.Health.Reason, Since: ToTime(l.Health.Since),
		FpsIn: l.FPSIn, FpsAnalysed: l.FPSAnalysed, Coverage: l.Coverage, Detector: l.Detector, Basic: l.Basic, Gated: l.Gated,
		People: int32(l.People), Width: int32(l.Size.W), Height: int32(l.Size.H),
		Boxes: each(l.Boxes, func(b models.LiveBox) *pb.LiveBox {
			return &pb.LiveBox{Track: b.Track, Box: toBox(b.Box), Zone: b.Zone}
		}),
		Zones: each(l.Zones, func(z models.LiveZone) *pb.LiveZone {
			return &pb.LiveZone{Zone: z.Zone, Kind: string(z.Kind), Count: int32(z.Count), WaitS: ToEstimate(z.Wait), ExpectedWaitS: ToEstimate(z.Expect)}
		}),
		Counters: each(l.Counters, toLiveCounter),
	}
}

// FromLive is the inverse of ToLive.
func FromLive(p *pb.CameraLive) models.Live {
	return models.Live{
		Camera: id(p.GetCamera()), At: FromTime(p.GetTime()),
		Health: models.CameraHealth{State: cameraStates.from[p.GetState()], Reason: p.GetReason(), Since: FromTime(p.GetSince())},
		FPSIn:  p.GetFpsIn(), FPSAnalysed: p.GetFpsAnalysed(), Coverage: p.GetCoverage(), Detector: p.GetDetector(), Basic: p.GetBasic(), Gated: p.GetGated(),
		People: int(p.GetPeople()), Size: models.Size{W: int(p.GetWidth()), H: int(p.GetHeight())},
		Boxes: each(p.GetBoxes(), func(b *pb.LiveBox) models.LiveBox {
			return models.LiveBox{Track: b.GetTrack(), Box: fromBox(b.GetBox()), Zone: b.GetZone()}
		}),
		Zones: each(p.GetZones(), func(z *pb.LiveZone) models.LiveZone {
			return models.LiveZone{
				Zone: z.GetZone(), Kind: models.ZoneKind(z.GetKind()), Count: int(z.GetCount()),
				Wait: fromEstimate(z.GetWaitS()), Expect: fromEstimate(z.GetExpectedWaitS()),
			}
		}),
		Counters: each(p.GetCounters(), fromLiveCounter),
	}
}

func toLiveCounter(c models.LiveCounter) *pb.LiveCounter {
	return &pb.LiveCounter{
		Counter: c.Counter, Staffing: staffings.to[c.Staffing], Since: ToTime(c.Since), OnDuty: int32(c.OnDuty),
		Waiting: int32(c.Waiting), Serving: int32(c.Serving), Due: ToTime(c.Due), Unseen: toDuration(c.Unseen),
	}
}

func fromLiveCounter(p *pb.LiveCounter) models.LiveCounter {
	return models.LiveCounter{
		Counter: p.GetCounter(), Staffing: staffings.from[p.GetStaffing()], Since: FromTime(p.GetSince()), OnDuty: int(p.GetOnDuty()),
		Waiting: int(p.GetWaiting()), Serving: int(p.GetServing()), Due: FromTime(p.GetDue()), Unseen: fromDuration(p.GetUnseen()),
	}
}

// ToHealth is the connection of a camera.
func ToHealth(l models.Live) *pb.CameraHealth {
	return &pb.CameraHealth{
		Camera: Name(Cameras, l.Camera), State: cameraStates.to[l.Health.State], Reason: l.Health.Reason, Since: ToTime(l.Health.Since),
		FpsIn: l.FPSIn, FpsAnalysed: l.FPSAnalysed, Coverage: l.Coverage,
	}
}

// ToTile is a picture with what was seen in it.
func ToTile(s models.Still) *pb.Tile {
	return &pb.Tile{Jpeg: s.JPEG, Time: ToTime(s.At), Live: ToLive(s.Live)}
}

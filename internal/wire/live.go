package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// ToLive is what a camera shows now.
func ToLive(l models.Live) *pb.CameraLive {
	return &pb.CameraLive{
		Camera: Name(Cameras, l.Camera), Time: ToTime(l.At),
		State: cameraStates.to[l.Health.State], Reason: l.Health.Reason, Since: ToTime(l.Health.Since),
		FpsIn: l.FPSIn, FpsAnalysed: l.FPSAnalysed, Coverage: l.Coverage, Gated: l.Gated,
		Detector: l.Detector, Basic: l.Basic,
		People: int32(l.People), Width: int32(l.Size.W), Height: int32(l.Size.H),
		Boxes: each(l.Boxes, func(b models.LiveBox) *pb.LiveBox {
			return &pb.LiveBox{Track: b.Track, Box: toBox(b.Box), Zone: b.Zone}
		}),
		Zones: each(l.Zones, func(z models.LiveZone) *pb.LiveZone {
			return &pb.LiveZone{Zone: z.Zone, Kind: string(z.Kind), Count: int32(z.Count), WaitS: ToEstimate(z.Wait), ExpectedWaitS: ToEstimate(z.Expect)}
		}),
		Counters: each(l.Counters, toLiveCounter),
		Stream:   toStream(l.Stream), Mode: decodeModes.to[l.Mode], Counts: toCounts(l.Counts),
	}
}

// FromLive is the inverse of ToLive.
func FromLive(p *pb.CameraLive) models.Live {
	return models.Live{
		Camera: id(p.GetCamera()), At: FromTime(p.GetTime()),
		Health: models.CameraHealth{State: cameraStates.from[p.GetState()], Reason: p.GetReason(), Since: FromTime(p.GetSince())},
		FPSIn:  p.GetFpsIn(), FPSAnalysed: p.GetFpsAnalysed(), Coverage: p.GetCoverage(), Gated: p.GetGated(),
		Detector: p.GetDetector(), Basic: p.GetBasic(),
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
		Stream:   fromStream(p.GetStream()), Mode: decodeModes.from[p.GetMode()], Counts: fromCounts(p.GetCounts()),
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
		Stream: toStream(l.Stream), Mode: decodeModes.to[l.Mode], Counts: toCounts(l.Counts),
	}
}

func toStream(s models.Stream) *pb.Stream {
	p := &pb.Stream{
		Source: s.Source, Codec: string(s.Codec), Transport: s.Transport,
		Width: int32(s.W), Height: int32(s.H), Fps: s.FPS, BitRate: s.BitRate,
		Gop: toDuration(s.GOP), BFrames: s.BFrames, Connections: s.Connections, ClockJumps: s.Jumps, PacketsLost: s.Lost,
	}
	if s.SkewKnown {
		p.ClockSkew = durationpb.New(s.Skew)
	}
	return p
}

func fromStream(p *pb.Stream) models.Stream {
	return models.Stream{
		Source: p.GetSource(), Codec: models.Codec(p.GetCodec()), Transport: p.GetTransport(),
		Size: models.Size{W: int(p.GetWidth()), H: int(p.GetHeight())}, FPS: p.GetFps(), BitRate: p.GetBitRate(),
		GOP: fromDuration(p.GetGop()), BFrames: p.GetBFrames(), Skew: fromDuration(p.GetClockSkew()), SkewKnown: p.GetClockSkew() != nil,
		Connections: p.GetConnections(), Jumps: p.GetClockJumps(), Lost: p.GetPacketsLost(),
	}
}

func toCounts(c models.Counts) *pb.AnalysisCounts {
	return &pb.AnalysisCounts{
		Received: c.Units, Skipped: c.Skipped, Idle: c.Idle, Shed: c.Shed, Dropped: c.Dropped, Damaged: c.Damaged, Failed: c.Failed,
		Analysed: c.Analysed, Gated: c.Gated, DecoderRestarts: c.Restarts,
	}
}

func fromCounts(p *pb.AnalysisCounts) models.Counts {
	return models.Counts{
		Units: p.GetReceived(), Skipped: p.GetSkipped(), Idle: p.GetIdle(), Shed: p.GetShed(), Dropped: p.GetDropped(), Damaged: p.GetDamaged(),
		Failed: p.GetFailed(), Analysed: p.GetAnalysed(), Gated: p.GetGated(), Restarts: p.GetDecoderRestarts(),
	}
}

// ToBudget is one resource of a node.
func ToBudget(b models.Budget) *pb.Budget {
	return &pb.Budget{Resource: b.Resource, Used: b.Used, Limit: b.Limit, Shed: b.Shed}
}

func fromBudget(p *pb.Budget) models.Budget {
	return models.Budget{Resource: p.GetResource(), Used: p.GetUsed(), Limit: p.GetLimit(), Shed: p.GetShed()}
}

// ToTile is a picture with what was seen in it.
func ToTile(s models.Still) *pb.Tile {
	return &pb.Tile{Jpeg: s.JPEG, Time: ToTime(s.At), Live: ToLive(s.Live)}
}

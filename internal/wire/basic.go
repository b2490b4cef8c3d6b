package wire

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// each maps a slice; nil for an empty one.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// ToTime is a timestamp; nil for the zero time.
func ToTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// FromTime is the time of a timestamp in UTC; the zero time for nil.
func FromTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func toDuration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func fromDuration(d *durationpb.Duration) time.Duration { return d.AsDuration() } // 0 for nil

// Number is a figure that may be unknown: nil when it is not finite.
func Number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// ToEstimate is an estimate; value and interval are absent where they are not finite, and where the quality says that there
// is no figure and they are 0.
func ToEstimate(e models.Estimate) *pb.Estimate {
	p := &pb.Estimate{
		Value: Number(e.Value), Low: Number(e.Low), High: Number(e.High),
		N: int32(e.N), Quality: ToQuality(e.Quality), Method: e.Method,
	}
	if e.Quality != models.Measured && e.Quality != models.Estimated {
		for _, v := range []**float64{&p.Value, &p.Low, &p.High} {
			if *v != nil && **v == 0 {
				*v = nil
			}
		}
	}
	return p
}

func fromEstimate(p *pb.Estimate) models.Estimate {
	return models.Estimate{
		Value: p.GetValue(), Low: p.GetLow(), High: p.GetHigh(),
		N: int(p.GetN()), Quality: qualities.from[p.GetQuality()], Method: p.GetMethod(),
	}
}

func toBox(b models.Box) *pb.Box { return &pb.Box{X: b.X, Y: b.Y, W: b.W, H: b.H} }

func fromBox(p *pb.Box) models.Box {
	return models.Box{X: p.GetX(), Y: p.GetY(), W: p.GetW(), H: p.GetH()}
}

func toPoint(p models.Point) *pb.Point { return &pb.Point{X: p.X, Y: p.Y} }

func fromPoint(p *pb.Point) models.Point { return models.Point{X: p.GetX(), Y: p.GetY()} }

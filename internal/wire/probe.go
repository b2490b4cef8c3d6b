package wire

import (
	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// ToTrial is what a test of a camera found.
func ToTrial(t models.CameraTrial) *pb.CameraTrial {
	return &pb.CameraTrial{
		Ok: t.OK, Stream: toStream(t.Stream), Profile: t.Profile, FirstPicture: toDuration(t.First), Watched: toDuration(t.Watched),
		Pictures: int32(t.Pictures), KeyFrames: int32(t.KeyFrames), Snapshot: t.Snapshot,
		Findings: each(t.Findings, func(f models.Finding) *pb.Finding {
			return &pb.Finding{Code: f.Code, Weight: weights.to[f.Weight], Text: f.Text, Advice: f.Advice}
		}),
	}
}

// EncodeTrial is what a test of a camera found, in bytes.
func EncodeTrial(t models.CameraTrial) ([]byte, error) { return encode(ToTrial(t)) }

// DecodeTrial is the inverse of EncodeTrial.
func DecodeTrial(b []byte) (models.CameraTrial, error) {
	var p pb.CameraTrial
	if err := decode("test of a camera", b, &p); err != nil {
		return models.CameraTrial{}, err
	}
	return models.CameraTrial{
		OK: p.Ok, Stream: fromStream(p.Stream), Profile: p.Profile, First: fromDuration(p.FirstPicture), Watched: fromDuration(p.Watched),
		Pictures: int(p.Pictures), KeyFrames: int(p.KeyFrames), Snapshot: p.Snapshot,
		Findings: each(p.Findings, func(f *pb.Finding) models.Finding {
			return models.Finding{Code: f.GetCode(), Weight: weights.from[f.GetWeight()], Text: f.GetText(), Advice: f.GetAdvice()}
		}),
	}, nil
}

// EncodeOrder is what a node is asked to try, in bytes, the password included.
func EncodeOrder(o models.CameraOrder) ([]byte, error) {
	return encode(&pb.CameraOrder{
		Camera: o.Camera, Url: o.URL.Reveal(), Transport: o.Transport, TlsFingerprint: o.TLS.Fingerprint, TlsCa: o.TLS.CA,
	})
}

// DecodeOrder is the inverse of EncodeOrder.
func DecodeOrder(b []byte) (models.CameraOrder, error) {
	var p pb.CameraOrder
	if err := decode("order", b, &p); err != nil {
		return models.CameraOrder{}, err
	}
	return models.CameraOrder{
		Camera: p.Camera, URL: models.SecretURL(p.Url), Transport: p.Transport,
		TLS: models.CameraTLS{Fingerprint: p.TlsFingerprint, CA: p.TlsCa},
	}, nil
}

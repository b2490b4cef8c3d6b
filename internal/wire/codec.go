package wire

import (
	"google.golang.org/protobuf/proto"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

// EncodeRecord is one record in bytes.
func EncodeRecord(r models.Record) ([]byte, error) { return encode(toRecord(r)) }

// DecodeRecord is the inverse of EncodeRecord.
func DecodeRecord(b []byte) (models.Record, error) {
	var p pb.Record
	if err := decode("record", b, &p); err != nil {
		return models.Record{}, err
	}
	return fromRecord(&p)
}

// EncodeBatch is records in bytes, order kept.
func EncodeBatch(rs []models.Record) ([]byte, error) {
	return encode(&pb.Batch{Records: each(rs, toRecord)})
}

// DecodeBatch is the inverse of EncodeBatch. One malformed record makes all of the batch malformed.
func DecodeBatch(b []byte) ([]models.Record, error) {
	var p pb.Batch
	if err := decode("batch", b, &p); err != nil {
		return nil, err
	}
	rs := make([]models.Record, 0, len(p.Records))
	for _, q := range p.Records {
		r, err := fromRecord(q)
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs, nil
}

// EncodeBeat is a heartbeat in bytes.
func EncodeBeat(b models.Beat) ([]byte, error) {
	return encode(&pb.Beat{
		Node: b.Node, Time: ToTime(b.At), Started: ToTime(b.Started), Version: b.Version, MemoryBytes: b.MemoryBytes,
		OutboxDepth: int64(b.OutboxDepth), Budgets: each(b.Budgets, ToBudget), Cameras: each(b.Cameras, ToLive),
	})
}

// DecodeBeat is the inverse of EncodeBeat.
func DecodeBeat(b []byte) (models.Beat, error) {
	var p pb.Beat
	if err := decode("heartbeat", b, &p); err != nil {
		return models.Beat{}, err
	}
	return models.Beat{
		Node: p.Node, At: FromTime(p.Time), Started: FromTime(p.Started), Version: p.Version, MemoryBytes: p.MemoryBytes,
		OutboxDepth: int(p.OutboxDepth), Budgets: each(p.Budgets, fromBudget), Cameras: each(p.Cameras, FromLive),
	}, nil
}

// EncodeNodeConfig is a node's configuration in bytes, addresses of cameras with their passwords included.
func EncodeNodeConfig(c models.NodeConfig) ([]byte, error) {
	return encode(&pb.NodeConfig{
		Version: c.Version,
		Sites:   each(c.Sites, ToSite),
		Cameras: each(c.Cameras, func(c models.Camera) *pb.CameraConfig {
			return &pb.CameraConfig{Camera: ToCamera(c), Url: c.URL.Reveal(), SubUrl: c.SubURL.Reveal()}
		}),
	})
}

// DecodeNodeConfig is the inverse of EncodeNodeConfig.
func DecodeNodeConfig(b []byte) (models.NodeConfig, error) {
	var p pb.NodeConfig
	if err := decode("configuration", b, &p); err != nil {
		return models.NodeConfig{}, err
	}
	return models.NodeConfig{
		Version: p.Version,
		Sites:   each(p.Sites, FromSite),
		Cameras: each(p.Cameras, func(c *pb.CameraConfig) models.Camera {
			m := FromCamera(c.GetCamera())
			m.URL, m.SubURL = models.SecretURL(c.GetUrl()), models.SecretURL(c.GetSubUrl())
			return m
		}),
	}, nil
}

// EncodeStill is a picture in bytes.
func EncodeStill(s models.Still) ([]byte, error) {
	return encode(&pb.Still{Jpeg: s.JPEG, Time: ToTime(s.At), Live: ToLive(s.Live)})
}

// DecodeStill is the inverse of EncodeStill.
func DecodeStill(b []byte) (models.Still, error) {
	var p pb.Still
	if err := decode("picture", b, &p); err != nil {
		return models.Still{}, err
	}
	return models.Still{JPEG: p.Jpeg, At: FromTime(p.Time), Live: FromLive(p.Live)}, nil
}

func encode(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil { // a string that is not UTF-8
		return nil, models.Errorf(models.KindInvalid, "encode: %w", err)
	}
	return b, nil
}

func decode(what string, b []byte, m proto.Message) error {
	if err := proto.Unmarshal(b, m); err != nil {
		return models.Errorf(models.KindInvalid, "decode %s of %d bytes: %w", what, len(b), err)
	}
	return nil
}

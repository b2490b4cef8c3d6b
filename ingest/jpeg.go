package ingest

import (
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
	"github.com/pion/rtp"

	"github.com/counterwatch/counterwatch/models"
)

// jpegDecoder takes JPEG pictures out of RTP (RFC 2435). What the library's depacketiser refuses is brought into the form it
// takes: restart markers (types 64 to 127), quantisation tables that are sent once, and pictures too large for the header,
// whose size is in ONVIF's header extension (Streaming Specification 5.1.3.3).
type jpegDecoder struct {
	rest    rtpmjpeg.Decoder
	tables  [256][]byte // quantisation table headers by their Q, once sent
	restart uint16      // MCUs between restart markers; 0 is none
	size    []byte      // height and width as in a start of frame; nil when the header has them
}

const jpegHeader = 8 // type-specific, fragment offset (3), type, Q, width / 8, height / 8

// decode returns a picture when its last packet has come.
func (d *jpegDecoder) decode(p *rtp.Packet) ([][]byte, error) {
	b := p.Payload
	if len(b) < jpegHeader {
		return nil, fmt.Errorf("JPEG header of %d bytes", len(b))
	}
	head, data := append([]byte(nil), b[:jpegHeader]...), b[jpegHeader:]
	d.restart = 0
	if head[4] >= 64 && head[4] < 128 {
		if len(data) < 4 {
			return nil, fmt.Errorf("restart header of %d bytes", len(data))
		}
		d.restart, data = binary.BigEndian.Uint16(data), data[4:]
		head[4] -= 64
	}
	if head[1]|head[2]|head[3] == 0 {
		d.size = largeSize(p, head)
		if q := head[5]; q >= 128 && len(data) >= 4 {
			if n := int(binary.BigEndian.Uint16(data[2:])); n == 0 && d.tables[q] != nil {
				data = append(append([]byte(nil), d.tables[q]...), data[4:]...)
			} else if n > 0 && q < 255 && len(data) >= 4+n {
				d.tables[q] = append([]byte(nil), data[:4+n]...)
			}
		}
	}
	q := *p
	q.Payload = append(head, data...)
	picture, err := d.rest.Decode(&q)
	if err != nil {
		return nil, err
	}
	return [][]byte{d.complete(picture)}, nil
}

// largeSize is the height and width in the header extension when the header itself cannot hold them.
func largeSize(p *rtp.Packet, head []byte) []byte {
	if head[6] != 0 && head[7] != 0 || !p.Extension || p.ExtensionProfile != 0xffd8 {
		return nil
	}
	b := p.GetExtension(0)
	for i := 0; i+9 <= len(b); i++ {
		if b[i] == 0xff && b[i+1] == 0xc0 { // start of frame: length (2), precision, height (2), width (2)
			return b[i+5 : i+9]
		}
	}
	return nil
}

// complete puts into a picture what the header that the library read could not say.
func (d *jpegDecoder) complete(b []byte) []byte {
	for i := 2; i+9 <= len(b) && b[i] == 0xff; i += 2 + int(binary.BigEndian.Uint16(b[i+2:])) {
		switch {
		case b[i+1] == 0xc0 && d.size != nil:
			copy(b[i+5:i+9], d.size)
		case b[i+1] == 0xda && d.restart != 0: // before the scan: define restart interval
			dri := binary.BigEndian.AppendUint16([]byte{0xff, 0xdd, 0, 4}, d.restart)
			return append(append(append(make([]byte, 0, len(b)+len(dri)), b[:i]...), dri...), b[i:]...)
		case b[i+1] == 0xda:
			return b
		}
	}
	return b
}

// jpegSize is the size of a JPEG picture; zero when it cannot be read.
func jpegSize(b []byte) models.Size {
	for i := 2; i+9 <= len(b) && b[i] == 0xff; i += 2 + int(binary.BigEndian.Uint16(b[i+2:])) {
		if b[i+1] >= 0xc0 && b[i+1] <= 0xc2 {
			return models.Size{W: int(binary.BigEndian.Uint16(b[i+7:])), H: int(binary.BigEndian.Uint16(b[i+5:]))}
		}
	}
	return models.Size{}
}

package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

const sdpHead = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"

const sdpH264 = "m=video 0 RTP/AVP 96\r\na=control:track1\r\na=rtpmap:96 H264/90000\r\n" +
	"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2QADKw7ULBLQgAAAwACAAADAD0I,aO48gA==\r\n"

// sdpCases are descriptions as cameras write them.
var sdpCases = []struct {
	name     string
	sdp      string
	codec    models.Codec
	params   int
	problems string // part of them, joined; empty is none
	err      string
}{
	{"as it should be", sdpHead + sdpH264, models.CodecH264, 2, "", ""},
	{"only line feeds", strings.ReplaceAll(sdpHead+sdpH264, "\r", ""), models.CodecH264, 2, "", ""},
	{"no parameter sets", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", models.CodecH264, 0, "no parameter sets are given", ""},
	{"parameter sets that are no base64", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=?!,aO48gA==\r\n", models.CodecH264, 1, "parameter sets cannot be read", ""},
	{"parameter sets without padding, with start codes", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=AAAAAWdkAAysO1CwS0IAAAMAAgAAAwA9CA,aO48gA\r\n", models.CodecH264, 2, "the description is wrong", ""},
	{"broken SPS", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=Zw==,aO48gA==\r\n", models.CodecH264, 2, "size of the picture cannot be read", ""},
	{"broken sound", sdpHead + "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/abc\r\na=fmtp:97 config=zz\r\n" + sdpH264, models.CodecH264, 2, "the description is wrong", ""},
	{"broken metadata", sdpHead + sdpH264 + "m=application 0 RTP/AVP xml\r\na=control:meta\r\n", models.CodecH264, 2, "the description is wrong", ""},
	{"broken session", "v=zero\r\no=\r\nt=now then\r\n" + sdpH264, models.CodecH264, 2, "the description is malformed", ""},
	{"back channel first", sdpHead + "m=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\na=sendonly\r\n" + sdpH264, models.CodecH264, 2, "", ""},
	{"everything marked sendonly", sdpHead + sdpH264 + "a=sendonly\r\n", models.CodecH264, 2, "", ""},
	{"other codec first", sdpHead + "m=video 0 RTP/AVP 99\r\na=rtpmap:99 VP8/90000\r\n" + sdpH264, models.CodecH264, 2, "", ""},
	{"payload types missing", sdpHead + "m=video 0 RTP/AVP\r\na=rtpmap:96 H264/90000\r\n", models.CodecH264, 0, "malformed", ""},
	{"H.265", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-vps=QAEMAf//AWAAAAMAgAAAAwAAAwB4rAk=; sprop-sps=QgEB; sprop-pps=RAHA\r\n", models.CodecH265, 3, "size of the picture", ""},
	{"H.265 under its other name", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 HEVC/90000\r\n", models.CodecH265, 0, "no parameter sets", ""},
	{"MJPEG", sdpHead + "m=video 0 RTP/AVP 26\r\n", models.CodecMJPEG, 0, "", ""},
	{"MJPEG of a dynamic payload type", sdpHead + "m=video 0 RTP/AVP 98\r\na=rtpmap:98 JPEG/90000\r\n", models.CodecMJPEG, 0, "", ""},
	{"H.264 of a static payload type", sdpHead + "m=video 0 RTP/AVP 35\r\na=rtpmap:35 H264/90000/1\r\n", models.CodecH264, 0, "no parameter sets", ""},
	{"duplicate track ids", sdpHead + "m=audio 0 RTP/AVP 0\r\na=mid:1\r\n" + sdpH264 + "a=mid:1\r\n", models.CodecH264, 2, "duplicate media IDs", ""},
	{"interleaved H.265", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=fmtp:96 sprop-max-don-diff=2\r\n", "", 0, "", "offers H265"},
	{"other codec", sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", "", 0, "", "offers VP8"},
	{"sound only", sdpHead + "m=audio 0 RTP/AVP 8\r\n", "", 0, "", "offers payload type 8"},
	{"nothing", "", "", 0, "", "offers no video"},
}

func TestReadSDP(t *testing.T) {
	for _, c := range sdpCases {
		t.Run(c.name, func(t *testing.T) {
			d, err := readSDP([]byte(c.sdp))
			if got := fmt.Sprint(err); c.err != "" && !strings.Contains(got, c.err) || c.err == "" && err != nil {
				t.Fatalf("error %v, want %q", err, c.err)
			}
			if d.video.codec != c.codec || len(d.video.params) != c.params {
				t.Errorf("%s with %d parameter sets, want %s with %d", d.video.codec, len(d.video.params), c.codec, c.params)
			}
			if got := strings.Join(d.problems, "; "); !strings.Contains(got, c.problems) || c.problems == "" && got != "" {
				t.Errorf("problems %q, want %q", got, c.problems)
			}
		})
	}
}

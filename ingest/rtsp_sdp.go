package ingest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/sdpunmarshaler"

	"github.com/counterwatch/counterwatch/models"
)

// sdp is what matters of a camera's description (RFC 4566): the one video track that is taken. Cameras get the rest wrong in
// ways that make a strict reader refuse all of it: this one looks at nothing else.
type sdp struct {
	session  []string // attributes of the whole that are handed on
	video    sdpVideo
	problems []string // in words
}

// sdpVideo is one format of one video track.
type sdpVideo struct {
	codec   models.Codec
	payload int
	rate    int      // of its time stamps, ticks a second
	params  [][]byte // parameter sets, those that could be read
	secure  bool     // SRTP
	attrs   []string // attributes that are handed on
}

// sdpMedia is one m= section as it stands.
type sdpMedia struct {
	kind, proto string
	formats     []string
	attrs       []string // without a=
}

// readSDP finds the first video track that can be analysed; a KindUnsupported error says what the camera offers instead.
func readSDP(body []byte) (sdp, error) {
	var d sdp
	var medias []sdpMedia
	for line := range strings.SplitSeq(strings.ReplaceAll(string(body), "\r", "\n"), "\n") {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !ok:
		case key == "m":
			f := append(strings.Fields(value), "", "", "")
			medias = append(medias, sdpMedia{
				kind: strings.ToLower(f[0]), proto: strings.ToUpper(f[2]), formats: strings.Fields(strings.Join(f[3:], " ")),
			})
		case key == "a" && len(medias) > 0:
			m := &medias[len(medias)-1]
			m.attrs = append(m.attrs, value)
		case key == "a" && (strings.HasPrefix(value, "control:rtsp") || strings.HasPrefix(value, "key-mgmt:")):
			d.session = append(d.session, value)
		}
	}
	// Back channels are marked sendonly; some cameras mark everything so.
	slices.SortStableFunc(medias, func(a, b sdpMedia) int { return cmp.Compare(sendOnly(a), sendOnly(b)) })
	var offered []string
	for _, m := range medias {
		for _, payload := range m.payloads() {
			name, rate, _ := strings.Cut(m.attr("rtpmap", payload), "/")
			if v := m.video(name, rate, payload); m.kind == "video" && v.codec != "" {
				d.video = v
				d.judge(body, m)
				return d, nil
			}
			offered = append(offered, cmp.Or(name, fmt.Sprintf("payload type %d", payload)))
		}
	}
	if len(offered) == 0 {
		return d, models.Errorf(models.KindUnsupported, "the camera offers no video")
	}
	return d, models.Errorf(models.KindUnsupported, "the camera offers %s: set it to H.264, H.265 or MJPEG", strings.Join(offered, ", "))
}

func sendOnly(m sdpMedia) int {
	if slices.Contains(m.attrs, "sendonly") {
		return 1
	}
	return 0
}

// payloads are the payload types of a section; those of its rtpmap attributes where the m= line names none.
func (m sdpMedia) payloads() (out []int) {
	for _, f := range m.formats {
		if n, err := strconv.ParseUint(f, 10, 7); err == nil {
			out = append(out, int(n))
		}
	}
	if out != nil {
		return out
	}
	for _, a := range m.attrs {
		if v, ok := strings.CutPrefix(a, "rtpmap:"); ok {
			v, _, _ = strings.Cut(strings.TrimSpace(v), " ")
			if n, err := strconv.ParseUint(v, 10, 7); err == nil {
				out = append(out, int(n))
			}
		}
	}
	return out
}

// attr is an attribute of one payload type: rtpmap, fmtp.
func (m sdpMedia) attr(key string, payload int) string {
	for _, a := range m.attrs {
		if v, ok := strings.CutPrefix(a, key+":"); ok {
			n, v, _ := strings.Cut(strings.TrimSpace(v), " ")
			if n == strconv.Itoa(payload) {
				return strings.TrimSpace(v)
			}
		}
	}
	return ""
}

// video reads a format; its codec is empty when it cannot be analysed.
func (m sdpMedia) video(name, rate string, payload int) sdpVideo {
	v := sdpVideo{payload: payload, secure: strings.Contains(m.proto, "SAVP")}
	var sets []string
	fmtp := fmtpOf(m.attr("fmtp", payload))
	switch strings.ToUpper(name) {
	case "H264":
		v.codec, sets = models.CodecH264, []string{fmtp["sprop-parameter-sets"]}
	case "H265", "HEVC":
		v.codec, sets = models.CodecH265, []string{fmtp["sprop-vps"], fmtp["sprop-sps"], fmtp["sprop-pps"]}
		if n := fmtp["sprop-max-don-diff"]; n != "" && n != "0" {
			return sdpVideo{} // interleaved: NAL units in another order than that of decoding
		}
	case "JPEG":
		v.codec = models.CodecMJPEG
	case "":
		if payload == 26 { // RFC 3551
			v.codec = models.CodecMJPEG
		}
	}
	for _, s := range sets {
		v.params = append(v.params, paramSets(v.codec, s)...)
	}
	rate, _, _ = strings.Cut(rate, "/")
	v.rate, _ = strconv.Atoi(strings.TrimSpace(rate))
	if v.rate <= 0 || v.rate > 1e9 {
		v.rate = 90000
	}
	for _, a := range m.attrs {
		if strings.HasPrefix(a, "control:") || v.secure && strings.HasPrefix(a, "key-mgmt:") {
			v.attrs = append(v.attrs, a)
		}
	}
	return v
}

// fmtpOf reads key=value; key=value.
func fmtpOf(s string) map[string]string {
	out := map[string]string{}
	for kv := range strings.SplitSeq(s, ";") {
		if k, v, ok := strings.Cut(kv, "="); ok {
			out[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return out
}

// paramSets reads what can be read of a list of parameter sets in base64, with or without padding and start codes.
func paramSets(codec models.Codec, list string) (out [][]byte) {
	for s := range strings.SplitSeq(list, ",") {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
		if err != nil {
			continue
		}
		b = bytes.TrimLeft(b, "\x00")
		if len(b) > 0 && b[0] == 1 {
			b = b[1:] // 00 00 01: no parameter set begins with 1
		}
		if class, _ := classify(codec, b); class == naluParam {
			out = append(out, b)
		}
	}
	return out
}

// judge says in words what is wrong with a description of which the video in m is taken.
func (d *sdp) judge(body []byte, m sdpMedia) {
	say := func(format string, args ...any) { d.problems = append(d.problems, fmt.Sprintf(format, args...)) }
	if s, err := sdpunmarshaler.Unmarshal(body); err != nil {
		say("the description is malformed (%v); the video in it is taken", err)
	} else if err := new(description.Session).Unmarshal2(s); err != nil {
		say("the description is wrong (%v); the video in it is taken", err)
	}
	fmtp := fmtpOf(m.attr("fmtp", d.video.payload))
	if d.video.codec == models.CodecMJPEG {
		return
	}
	a := assembler{codec: d.video.codec}
	a.keep(d.video.params)
	if !a.complete() {
		given := fmtp["sprop-parameter-sets"] + fmtp["sprop-sps"] + fmtp["sprop-pps"]
		if given == "" {
			say("no parameter sets are given: pictures begin with the first ones in the stream")
		} else {
			say("the parameter sets cannot be read: pictures begin with the first ones in the stream")
		}
	} else if sizeOf(d.video.codec, a.params).W == 0 {
		say("the size of the picture cannot be read from the parameter sets")
	}
}

// rewritten is the description of the video alone as the library takes it.
func (d *sdp) rewritten() []byte {
	v := d.video
	var b strings.Builder
	b.WriteString("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	for _, a := range d.session {
		if v.secure || strings.HasPrefix(a, "control:") {
			fmt.Fprintf(&b, "a=%s\r\n", a)
		}
	}
	profile := "AVP"
	if v.secure {
		profile = "SAVP"
	}
	fmt.Fprintf(&b, "m=video 0 RTP/%s %d\r\n", profile, v.payload)
	for _, a := range v.attrs {
		fmt.Fprintf(&b, "a=%s\r\n", a)
	}
	fmt.Fprintf(&b, "a=rtpmap:%d %s/%d\r\n", v.payload, map[models.Codec]string{
		models.CodecH264: "H264", models.CodecH265: "H265", models.CodecMJPEG: "JPEG",
	}[v.codec], v.rate)
	if v.codec == models.CodecH264 {
		// Cameras that say nothing fragment all the same; the library would refuse them over UDP.
		fmt.Fprintf(&b, "a=fmtp:%d packetization-mode=1\r\n", v.payload)
	}
	return []byte(b.String())
}

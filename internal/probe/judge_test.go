package probe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// watched is a camera that was watched for 10 s: a picture every 66 ms, a key frame every second, unless a case says otherwise.
func watched(change func(*sight, *models.Stream)) (*sight, models.Stream) {
	begun := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	s := &sight{begun: begun, first: begun.Add(time.Second), last: begun.Add(11 * time.Second), pictures: 150, keys: 10}
	for i := range 150 {
		s.pts = append(s.pts, time.Duration(i)*66*time.Millisecond)
		if i%15 == 0 {
			s.keyPTS = append(s.keyPTS, s.pts[i])
		}
	}
	stream := models.Stream{Codec: models.CodecH264, Transport: "tcp", Size: models.Size{W: 1280, H: 720}, FPS: 15, BitRate: 1e6,
		GOP: time.Second, SkewKnown: true}
	change(s, &stream)
	return s, stream
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*sight, *models.Stream)
		ended  error
		want   string // "code weight" of each finding
		says   string
	}{
		{"nothing is wrong", func(*sight, *models.Stream) {}, nil, "", ""},
		{"long groups", func(s *sight, m *models.Stream) {
			s.keyPTS, m.GOP = []time.Duration{0, 10 * time.Second}, 10*time.Second
		}, nil,
			"gop_long trouble", "every 10 s"},
		{"one key frame", func(s *sight, m *models.Stream) { s.keyPTS, m.GOP = s.keyPTS[:1], 0 }, nil, "gop_long trouble",
			"Only one key frame"},
		{"smart coding", func(s *sight, m *models.Stream) { s.keyPTS = []time.Duration{0, time.Second, 9 * time.Second} }, nil,
			"gop_long trouble gop_varies trouble", "H.264+"},
		{"no key frame", func(s *sight, m *models.Stream) { s.keys, s.keyPTS, m.GOP = 0, nil, 0 }, nil, "no_key_frame fault",
			"I-frame interval"},
		{"nothing came", func(s *sight, m *models.Stream) { *s, *m = sight{begun: s.begun}, models.Stream{} }, nil, "no_picture fault",
			"within 15 s"},
		{"refused", func(s *sight, m *models.Stream) { *s, *m = sight{begun: s.begun}, models.Stream{} },
			models.Errorf(models.KindUnauthenticated, "wrong password"), "unauthenticated fault", "wrong password"},
		{"broke off", func(*sight, *models.Stream) {}, errors.New("closed"), "ended trouble", "after 10 s: closed"},
		{"uneven", func(s *sight, _ *models.Stream) {
			for i := range s.pts {
				s.pts[i] = time.Duration(i/3) * 200 * time.Millisecond
			}
		}, nil, "fps_varies trouble", "fixed frame rate"},
		{"B-frames are not uneven", func(s *sight, m *models.Stream) {
			for i := 1; i+1 < len(s.pts); i += 2 {
				s.pts[i], s.pts[i+1] = s.pts[i+1], s.pts[i]
			}
			m.BFrames = true
		}, nil, "b_frames note", "B-frames"},
		{"slow", func(_ *sight, m *models.Stream) { m.FPS = 2 }, nil, "fps_low trouble", "2.0 pictures"},
		{"huge", func(_ *sight, m *models.Stream) { m.Size = models.Size{W: 3840, H: 2160} }, nil, "size_large note", "sub_url"},
		{"tiny", func(_ *sight, m *models.Stream) { m.Size = models.Size{W: 352, H: 288} }, nil, "size_small trouble", "main stream"},
		{"damaged", func(s *sight, _ *models.Stream) { s.damaged = 3 }, nil, "damaged trouble", "3 of 150"},
		{"H.265", func(_ *sight, m *models.Stream) { m.Codec = models.CodecH265 }, nil, "h265 note", "stills"},
		{"MJPEG", func(s *sight, m *models.Stream) { m.Codec, m.GOP = models.CodecMJPEG, 66*time.Millisecond }, nil, "mjpeg note",
			"five to ten"},
		{"much", func(_ *sight, m *models.Stream) { m.BitRate = 12e6 }, nil, "bit_rate_high note", "12.0 Mbit/s"},
		{"lost", func(_ *sight, m *models.Stream) { m.Lost = 7 }, nil, "packets_lost trouble", "7 packets"},
		{"jumps", func(_ *sight, m *models.Stream) { m.Jumps = 2 }, nil, "clock_jumps trouble", "2 times"},
		{"another time zone", func(_ *sight, m *models.Stream) { m.Skew = -3*time.Hour - 4*time.Second }, nil, "clock_off note",
			"time zone"},
		{"clock off", func(_ *sight, m *models.Stream) { m.Skew = 11 * time.Minute }, nil, "clock_off note", "11m0s ahead"},
		{"clock not told", func(_ *sight, m *models.Stream) { m.Skew, m.SkewKnown = time.Hour, false }, nil, "", ""},
		{"starts late", func(s *sight, _ *models.Stream) { s.begun = s.begun.Add(-8 * time.Second) }, nil, "start_slow note",
			"after 9 s"},
		{"worst first", func(s *sight, m *models.Stream) { m.Codec, m.Lost = models.CodecH265, 1 }, nil,
			"packets_lost trouble h265 note", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, stream := watched(c.change)
			r := s.trial(stream)
			r.judge(c.ended, nil, s)
			var got, text []string
			for _, f := range r.Findings {
				got = append(got, f.Code, string(f.Weight))
				text = append(text, f.Text, f.Advice)
			}
			if strings.Join(got, " ") != c.want || !strings.Contains(strings.Join(text, " "), c.says) {
				t.Fatalf("%q: %q", got, text)
			}
			if faulty := strings.Contains(c.want, "fault"); r.OK == faulty {
				t.Fatalf("OK is %v", r.OK)
			}
		})
	}
}

func TestJudgeBoundsWhatACameraSays(t *testing.T) {
	s, stream := watched(func(*sight, *models.Stream) {})
	r := s.trial(stream)
	var many []string
	for range 1000 {
		many = append(many, strings.Repeat("x", 10_000))
	}
	if r.judge(nil, many, s); len(r.Findings) != maxProblems || len(r.Findings[0].Text) != maxText {
		t.Fatalf("%d findings, the first of %d bytes", len(r.Findings), len(r.Findings[0].Text))
	}
}

package probe

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// From where on something is worth a word.
const (
	longGOP     = 2500 * time.Millisecond
	wrongClock  = 2 * time.Second
	slowFPS     = 5
	unevenFPS   = 0.35             // standard deviation of the distance between pictures, in parts of its mean
	fewPictures = 20               // too few to judge how even they come
	highBitRate = 8e6              // bits a second
	lateStart   = 5 * time.Second  // from dialling to the first picture
	largeWidth  = 2600             // pixels: more than 5 megapixels
	smallWidth  = 480              // pixels
	zoneStep    = 30 * time.Minute // time zones differ by multiples of it
	zoneSlack   = 2 * time.Minute  // and clocks by this
	maxProblems = 10               // of the description: a hostile camera could make any number
	maxText     = 300              // bytes of one of them
	ratioGOP    = 2                // longest to shortest group of pictures that is still regular
)

func (t *trial) find(code string, w models.Weight, advice, format string, args ...any) {
	t.Findings = append(t.Findings, models.Finding{Code: code, Weight: w, Text: fmt.Sprintf(format, args...), Advice: advice})
}

// judge says what an operator should know: why the camera ended the stream by itself, what is wrong with its description, and what
// its pictures are like.
func (t *trial) judge(ended error, description []string, s *sight) {
	if t.fault(ended); t.Pictures > 0 {
		t.pictures(s)
		t.groups(s)
		t.coding()
		t.connection()
	}
	for _, p := range description[:min(len(description), maxProblems)] {
		t.find("description", models.WeightNote, "", "%s", p[:min(len(p), maxText)])
	}
	rank := map[models.Weight]int{models.WeightFault: 0, models.WeightTrouble: 1, models.WeightNote: 2}
	slices.SortStableFunc(t.Findings, func(a, b models.Finding) int { return rank[a.Weight] - rank[b.Weight] })
}

// fault says why the camera cannot be watched.
func (t *trial) fault(ended error) {
	switch {
	case ended != nil && t.Pictures > 0:
		t.find("ended", models.WeightTrouble, "Look whether others watch it as well; many cameras allow only a few viewers.",
			"The stream ended after %s: %v", seconds(t.Watched), ended)
	case ended != nil:
		code := string(models.KindOf(ended))
		if models.KindOf(ended) == models.KindInternal {
			code = string(models.KindUnavailable)
		}
		t.find(code, models.WeightFault, "", "%v", ended)
	case t.Pictures == 0:
		t.find("no_picture", models.WeightFault, "Restart the camera, or try its other stream or another transport.",
			"The camera answers, but sends no picture within %s.", seconds(StartWithin))
	}
	if t.Pictures > 0 && t.KeyFrames == 0 {
		t.find("no_key_frame", models.WeightFault, "Set the key frame interval (I-frame interval, GOP) to 1-2 s.",
			"No key frame came within %s: nothing can be decoded.", seconds(t.Watched))
	}
}

// groups judges key frames.
func (t *trial) groups(s *sight) {
	if t.Stream.Codec == models.CodecMJPEG {
		return
	}
	shortest, longest := time.Duration(math.MaxInt64), t.Stream.GOP
	for i := 1; i < len(s.keyPTS); i++ {
		if d := s.keyPTS[i] - s.keyPTS[i-1]; d > 0 {
			shortest, longest = min(shortest, d), max(longest, d)
		}
	}
	if longest == 0 && t.KeyFrames > 0 && t.Watched > longGOP {
		t.find("gop_long", models.WeightTrouble, "Set the key frame interval (I-frame interval, GOP) to 1-2 s.",
			"Only one key frame came within %s: pictures begin late and a lost packet costs seconds.", seconds(t.Watched))
		return
	}
	if longest > longGOP {
		t.find("gop_long", models.WeightTrouble, "Set the key frame interval (I-frame interval, GOP) to 1-2 s.",
			"Key frames come only every %s: pictures begin late and a lost packet costs seconds.", seconds(longest))
	}
	if shortest < math.MaxInt64 && longest >= ratioGOP*shortest && longest > longGOP {
		t.find("gop_varies", models.WeightTrouble, "Turn smart coding (H.264+, H.265+, Smart Codec) off.",
			"The distance of key frames changes between %s and %s.", seconds(shortest), seconds(longest))
	}
}

// pictures judges their rate and size.
func (t *trial) pictures(s *sight) {
	if mean, deviation := spacing(s.pts); mean > 0 && len(s.pts) >= fewPictures {
		if t.Stream.FPS == 0 {
			t.Stream.FPS = 1 / mean
		}
		if deviation/mean > unevenFPS {
			t.find("fps_varies", models.WeightTrouble, "Set a fixed frame rate, and a shutter that the light allows.",
				"Pictures come unevenly: every %.0f ms on average, with a deviation of %.0f ms.", mean*1e3, deviation*1e3)
		}
	}
	if t.Stream.FPS > 0 && t.Stream.FPS < slowFPS {
		t.find("fps_low", models.WeightTrouble, "Set 8 to 15 pictures a second.",
			"Only %.1f pictures come a second: people are lost between them.", t.Stream.FPS)
	}
	switch w := t.Stream.W; {
	case w > largeWidth:
		t.find("size_large", models.WeightNote, "Set 1920x1080 or less, or give the second stream as sub_url.",
			"%dx%d pixels are more than the analysis uses: they cost decoding and network.", w, t.Stream.H)
	case w > 0 && w < smallWidth:
		t.find("size_small", models.WeightTrouble, "Take the main stream, or set 704x576 or more.",
			"%dx%d pixels are few: people far away are not found.", w, t.Stream.H)
	}
	if s.damaged > 0 && t.Stream.Lost == 0 {
		t.find("damaged", models.WeightTrouble, "Restart the camera, and see whether it has newer firmware.",
			"%d of %d pictures came damaged.", s.damaged, t.Pictures)
	}
}

// spacing is the mean distance of pictures and its standard deviation, seconds. B-frames come in another order than shown.
func spacing(pts []time.Duration) (mean, deviation float64) {
	if len(pts) < 2 {
		return 0, 0
	}
	shown := slices.Sorted(slices.Values(pts))
	n := float64(len(shown) - 1)
	mean = (shown[len(shown)-1] - shown[0]).Seconds() / n
	var squares float64
	for i := 1; i < len(shown); i++ {
		d := (shown[i] - shown[i-1]).Seconds() - mean
		squares += d * d
	}
	return mean, math.Sqrt(squares / n)
}

// coding judges how pictures are coded.
func (t *trial) coding() {
	switch t.Stream.Codec {
	case models.CodecH265:
		t.find("h265", models.WeightNote, "Choose H.264 where people watch live; figures are the same.",
			"H.265 is analysed, but most browsers do not play it: the page shows stills.")
	case models.CodecMJPEG:
		t.find("mjpeg", models.WeightNote, "Choose H.264 if the camera has it.",
			"MJPEG costs five to ten times the network of H.264, and every picture must be decoded whole.")
	}
	if t.Stream.BFrames {
		t.find("b_frames", models.WeightNote, "Turn B-frames off, or choose the Baseline or Main profile.",
			"The camera sends B-frames: pictures come later than need be.")
	}
	if t.Stream.BitRate > highBitRate {
		t.find("bit_rate_high", models.WeightNote, "2-4 Mbit/s are enough for 1920x1080.", "%.1f Mbit/s are much.", t.Stream.BitRate/1e6)
	}
}

// connection judges the network and the camera's clock.
func (t *trial) connection() {
	if t.Stream.Lost > 0 {
		t.find("packets_lost", models.WeightTrouble, "Set the transport to tcp, and look at cables, switches and radio links.",
			"%d packets did not arrive within %s.", t.Stream.Lost, seconds(t.Watched))
	}
	if t.Stream.Jumps > 0 {
		t.find("clock_jumps", models.WeightTrouble, "Let only one time server set the camera's clock.",
			"The stream's clock jumped %d times.", t.Stream.Jumps)
	}
	if skew := t.Stream.Skew; t.Stream.SkewKnown && skew.Abs() > wrongClock {
		advice := "Give the camera a time server (NTP). Figures do not suffer: the node's own clock counts."
		if off := skew.Abs().Round(zoneStep); off > 0 && (skew.Abs()-off).Abs() < zoneSlack {
			advice = "Correct the camera's time zone, and give it a time server (NTP). Figures do not suffer: the node's own clock counts."
		}
		way := "ahead"
		if skew < 0 {
			way = "behind"
		}
		t.find("clock_off", models.WeightNote, advice, "The camera's clock is %s %s.", skew.Abs().Round(time.Second), way)
	}
	if t.First > lateStart {
		t.find("start_slow", models.WeightNote, "", "The first picture came after %s.", seconds(t.First))
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3g s", d.Seconds()) }

package ingest

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/ntp"
	avc "github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	hevc "github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"github.com/counterwatch/counterwatch/models"
)

// gauge keeps what is known of a stream: fed by the goroutines that read the network, read by anybody.
type gauge struct {
	mu      sync.Mutex
	now     models.Stream
	wrong   []string // with the camera's description
	epoch   uint64   // of the last unit
	newest  time.Duration
	key     time.Duration // time stamp of the last key frame
	keys    int           // in this epoch
	sps     []byte        // that Size was read from
	begun   time.Time     // arrival of the epoch's first unit
	seconds [11]second    // the one that runs and the ten before it
}

// second is what arrived in one second.
type second struct {
	at           int64 // Unix time
	units, bytes int
}

// connected begins a new connection.
func (g *gauge) connected(codec models.Codec, transport string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now.Codec != codec {
		g.now.Size, g.sps = models.Size{}, nil
	}
	g.now.Codec, g.now.Transport = codec, transport
	g.now.Connections++
}

// described takes what is wrong with the camera's description.
func (g *gauge) described(problems []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong = problems
}

func (g *gauge) problems() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.wrong)
}

func (g *gauge) lost(n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.Lost += n
}

// reported takes the camera's clock from a sender report (RFC 3550 6.4.1); 0 is a camera without one.
func (g *gauge) reported(clock uint64, arrival time.Time) {
	if clock == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.Skew, g.now.SkewKnown = ntp.Decode(clock).Sub(arrival).Round(time.Millisecond), true
}

// saw takes a unit in, with the parameter sets that hold for it.
func (g *gauge) saw(u *models.AccessUnit, params [][]byte, arrival time.Time, jumps int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now.Jumps += int64(jumps)
	if g.epoch != u.Epoch {
		g.epoch, g.keys, g.newest, g.begun = u.Epoch, 0, u.PTS, arrival
		g.now.GOP, g.now.BFrames, g.seconds = 0, false, [11]second{}
	}
	if jumps == 0 && u.PTS < g.newest {
		g.now.BFrames = true
	}
	g.newest = max(g.newest, u.PTS)
	s := &g.seconds[arrival.Unix()%int64(len(g.seconds))]
	if s.at != arrival.Unix() {
		*s = second{at: arrival.Unix()}
	}
	s.units++
	s.bytes += u.Bytes()
	if !u.Key {
		return
	}
	if g.keys++; g.keys > 1 && jumps == 0 {
		g.now.GOP = u.PTS - g.key
	}
	g.key = u.PTS
	if u.Codec == models.CodecMJPEG {
		params = u.NALUs
		if g.keys%100 != 1 { // every picture has its size; it hardly ever changes
			return
		}
	}
	if sps := spsOf(u.Codec, params); !bytes.Equal(sps, g.sps) {
		g.sps = sps
		g.now.Size = sizeOf(u.Codec, params)
	}
}

// stream is what is known at now.
func (g *gauge) stream(now time.Time) models.Stream {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.now
	// The second that runs is left out, except in the beginning.
	last := now.Unix()
	units, size := 0, 0
	for _, b := range g.seconds {
		if b.at < last && b.at >= last-10 {
			units += b.units
			size += b.bytes
		}
	}
	if over := min(time.Unix(last, 0).Sub(g.begun), 10*time.Second).Seconds(); over >= 1 {
		s.FPS, s.BitRate = float64(units)/over, float64(size)*8/over
	}
	return s
}

// spsOf is the newest sequence parameter set; for MJPEG the head of the picture.
func spsOf(codec models.Codec, params [][]byte) (sps []byte) {
	for _, p := range params {
		switch _, t := classify(codec, p); {
		case codec == models.CodecMJPEG:
			return p[:min(len(p), 16)]
		case codec == models.CodecH264 && t == h264SPS, codec == models.CodecH265 && t == h265SPS:
			sps = p
		}
	}
	return sps
}

// sizeOf is the size of the pictures that follow these parameter sets (MJPEG: of the picture); zero when it cannot be read.
func sizeOf(codec models.Codec, params [][]byte) models.Size {
	sps := spsOf(codec, params)
	switch codec {
	case models.CodecH264:
		var s avc.SPS
		if s.Unmarshal(sps) == nil {
			return models.Size{W: s.Width(), H: s.Height()}
		}
	case models.CodecH265:
		var s hevc.SPS
		if s.Unmarshal(sps) == nil {
			return models.Size{W: s.Width(), H: s.Height()}
		}
	case models.CodecMJPEG:
		return jpegSize(params[0])
	}
	return models.Size{}
}

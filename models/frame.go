package models

import "time"

// Codec names how a camera's pictures are coded.
type Codec string

// The codecs that can be analysed.
const (
	CodecH264  Codec = "h264"
	CodecH265  Codec = "h265"
	CodecMJPEG Codec = "mjpeg"
)

// AccessUnit is one coded picture as a camera sent it. It is shared by several readers and never changed once made.
type AccessUnit struct {
	Codec   Codec
	NALUs   [][]byte      // H.264/H.265: NAL units without start codes, parameter sets included at key frames; MJPEG: one JPEG
	PTS     time.Duration // presentation time on the stream's own clock, without jumps inside one Epoch
	At      time.Time     // capture time on the node's clock, made once by ingest/clock.go
	Epoch   uint64        // changes when the stream's clock starts anew (reconnect)
	Key     bool          // decoding can start here (IDR, JPEG)
	Damaged bool          // packets were lost since the last key frame: the decoder may show ghosts
}

// Bytes is the size of the coded picture.
func (u *AccessUnit) Bytes() int {
	n := 0
	for _, b := range u.NALUs {
		n += len(b)
	}
	return n
}

// PixelFormat says how Frame.Pix is laid out.
type PixelFormat uint8

// The pixel formats.
const (
	BGR24 PixelFormat = iota // 3 bytes a pixel: blue, green, red; rows are Stride bytes apart
	Gray8                    // 1 byte a pixel
	// I420 is what cameras code: a plane of luma (Y) of H rows of Stride bytes, then one of blue (U) and one of red (V)
	// difference, each of (H+1)/2 rows of (Stride+1)/2 bytes, all in Pix one after the other.
	I420
)

// Frame is one decoded picture: plain bytes, never a native handle. It belongs to the pipeline; a stage may read it
// until it returns and clones what it keeps.
type Frame struct {
	Number int64     // position in the source, from 1
	At     time.Time // capture time; the only clock of analytics
	Size
	Stride    int // bytes from one row to the next
	Format    PixelFormat
	Pix       []byte
	FullRange bool // I420: luma is 0..255 as in JPEG, else 16..235
	BT709     bool // I420: colour matrix of ITU-R BT.709, else BT.601
	Damaged   bool // decoded from a damaged group of pictures: not analysed
}

// NewI420 makes an I420 picture of limited range, all bytes 0, rows close together. Behind its planes lie a few spare bytes, because
// fast scalers read a little further than they should.
func NewI420(s Size) *Frame {
	f := &Frame{Size: s, Stride: s.W, Format: I420}
	n := s.H*f.Stride + (s.H+1)/2*f.ChromaStride()*2
	const spare = 64
	f.Pix = make([]byte, n, n+spare)
	return f
}

// ChromaStride is the number of bytes from one row of an I420 frame's U or V plane to the next.
func (f *Frame) ChromaStride() int { return (f.Stride + 1) / 2 }

// Planes are the three planes of a whole I420 frame, on its own memory.
func (f *Frame) Planes() (y, u, v []byte) {
	luma, chroma := f.H*f.Stride, (f.H+1)/2*f.ChromaStride()
	return f.Pix[:luma], f.Pix[luma:][:chroma], f.Pix[luma+chroma:][:chroma]
}

// Check returns a KindInvalid error unless the frame holds a whole picture of its format.
func (f *Frame) Check() error {
	least, row := 0, f.W
	switch f.Format {
	case BGR24:
		row = 3 * f.W
		least = (f.H-1)*f.Stride + row
	case Gray8:
		least = (f.H-1)*f.Stride + row
	case I420:
		least = f.H*f.Stride + (f.H+1)/2*f.ChromaStride()*2
	}
	if f.W < 1 || f.H < 1 || f.Stride < row || f.Format > I420 || len(f.Pix) < least {
		return Errorf(KindInvalid, "frame %d: %dx%d pixels, format %d, stride %d, %d bytes: not a whole picture",
			f.Number, f.W, f.H, f.Format, f.Stride, len(f.Pix))
	}
	return nil
}

// Detection is one person found in one frame.
type Detection struct {
	Box   Box     // pixels of the frame
	Score float64 // 0..1
}

// Track is one person followed over frames.
type Track struct {
	ID       int64
	Box      Box       // pixels of the frame; predicted while unseen
	Score    float64   // of the last detection
	Seen     bool      // matched to a detection in this frame
	Shown    bool      // part of the published output: seen, or predicted for a moment (see docs/METHOD.md)
	Born     time.Time // first detection
	LastSeen time.Time // last detection
}

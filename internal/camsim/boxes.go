package camsim

import (
	"encoding/binary"
	"io"
)

// vdkBox is the largest top-level box that vdk's MP4 demuxer accepts; the media data of any longer video is larger.
const vdkBox = 5 << 20

// boxes is an MP4 file for vdk's demuxer: while it looks for the file's top-level boxes, each that is too large for it is
// shown as a row of smaller free ones. The media data itself is read at its true offsets, so nothing else changes.
type boxes struct {
	io.ReadSeeker
	at      int64
	headers map[int64][8]byte // made-up headers, by offset; nil once the boxes are known
}

func newBoxes(f io.ReadSeeker) (*boxes, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	b := &boxes{ReadSeeker: f, headers: map[int64][8]byte{}}
	var h [16]byte
	for at := int64(0); at+8 <= end; {
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return nil, err
		}
		n, err := io.ReadFull(f, h[:])
		if n < 8 {
			return nil, err
		}
		size := int64(binary.BigEndian.Uint32(h[:4]))
		switch {
		case size == 1 && n == 16: // 64-bit size (ISO/IEC 14496-12, 4.2)
			size = int64(binary.BigEndian.Uint64(h[8:]))
		case size == 0: // to the end of the file
			size = end - at
		}
		if size < 8 || size > end-at {
			break // damaged or cut off: the demuxer will say so
		}
		if size > vdkBox {
			b.split(at, size)
		}
		at += size
	}
	_, err = f.Seek(0, io.SeekStart)
	return b, err
}

// split shows a box as free boxes of at most half of what is accepted, none shorter than its header.
func (b *boxes) split(at, size int64) {
	for size > 0 {
		n := min(size, vdkBox/2)
		if rest := size - n; rest > 0 && rest < 8 {
			n -= 8
		}
		h := [8]byte{4: 'f', 'r', 'e', 'e'}
		binary.BigEndian.PutUint32(h[:4], uint32(n))
		b.headers[at] = h
		at, size = at+n, size-n
	}
}

// known ends the pretence.
func (b *boxes) known() { b.headers = nil }

func (b *boxes) Read(p []byte) (int, error) {
	if h, ok := b.headers[b.at]; ok && len(p) == len(h) {
		_, err := b.Seek(int64(len(h)), io.SeekCurrent)
		return copy(p, h[:]), err
	}
	n, err := b.ReadSeeker.Read(p)
	b.at += int64(n)
	return n, err
}

func (b *boxes) Seek(offset int64, whence int) (int64, error) {
	at, err := b.ReadSeeker.Seek(offset, whence)
	if err == nil {
		b.at = at
	}
	return at, err
}

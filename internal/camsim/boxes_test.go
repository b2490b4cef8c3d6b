package camsim

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/deepch/vdk/format/mp4/mp4io"
)

// TestBoxesOfAnySizeAreAccepted: vdk refuses a file with a top-level box over 5 MiB, whatever is in it.
func TestBoxesOfAnySizeAreAccepted(t *testing.T) {
	box := func(tag string, size int) []byte {
		b := make([]byte, size)
		binary.BigEndian.PutUint32(b, uint32(size))
		copy(b[4:], tag)
		return b
	}
	long := box("mdat", 16) // 64-bit size
	binary.BigEndian.PutUint32(long, 1)
	binary.BigEndian.PutUint64(long[8:], 16+7<<20)
	long = append(long, make([]byte, 7<<20)...)
	toEnd := box("mdat", vdkBox+100)
	binary.BigEndian.PutUint32(toEnd, 0)
	for name, file := range map[string][]byte{
		"small":         bytes.Join([][]byte{box("ftyp", 24), box("mdat", 4096)}, nil),
		"large":         bytes.Join([][]byte{box("mdat", vdkBox*3+3), box("free", 16)}, nil),
		"just too long": bytes.Join([][]byte{box("mdat", vdkBox+1), box("free", 16)}, nil),
		"64-bit size":   bytes.Join([][]byte{box("ftyp", 24), long, box("free", 16)}, nil),
		"to the end":    bytes.Join([][]byte{box("ftyp", 24), toEnd}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := newBoxes(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			atoms, err := mp4io.ReadFileAtoms(b)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0
			for _, a := range atoms {
				_, size := a.Pos()
				sum += size
			}
			if sum != len(file) {
				t.Errorf("boxes of %d bytes in a file of %d", sum, len(file))
			}
			b.known()
			if _, err := b.Seek(0, 0); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if _, err := got.ReadFrom(b); err != nil || !bytes.Equal(got.Bytes(), file) {
				t.Errorf("the file itself reads differently (%v)", err)
			}
		})
	}
}

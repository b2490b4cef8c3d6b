package camsim

import (
	"bytes"
	"encoding/gob"
	"testing"

	"github.com/counterwatch/counterwatch/internal/cutout"
)

// FuzzDecodeCast: the file in which people are kept is refused or can be drawn from.
func FuzzDecodeCast(f *testing.F) {
	person := cutout.Sprite{W: 2, H: 1, BGRA: make([]byte, 8)}
	for _, c := range []cutout.Cast{
		{Actors: []cutout.Actor{{ID: 1, Walks: []cutout.Walk{{Frames: []cutout.Sprite{person}, Stride: .1}}, Stands: []cutout.Sprite{person}}}},
		{Actors: []cutout.Actor{{ID: 1, Walks: []cutout.Walk{{Frames: []cutout.Sprite{{W: 1 << 40, H: 1 << 40}}}}, Stands: []cutout.Sprite{person}}}},
		{},
	} {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(c); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		cast, err := decodeCast(bytes.NewReader(b))
		if err != nil {
			return
		}
		for _, a := range cast.Actors {
			for _, s := range append(a.Stands, a.Walks[0].Frames...) {
				if s.BGRA[len(s.BGRA)-1] = 0; len(s.BGRA) != 4*s.W*s.H {
					t.Fatal("a sprite that cannot be drawn was taken")
				}
			}
		}
	})
}

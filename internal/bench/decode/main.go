// Command decode decodes every picture of an H.264 file with the node's decoder and nothing else, for `make bench` to compare
// with ffmpeg: decode FILE EVERY MOST. The file is in Annex B with an access unit delimiter before each unit; all pictures are
// decoded, each EVERYth is taken over into a frame, and after MOST it stops. It prints the number of frames. Nobody imports it.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	want "github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/analytics/native/libav"
	"github.com/counterwatch/counterwatch/models"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("decode FILE EVERY MOST")
	}
	file, err := os.ReadFile(args[0])
	every, err2 := strconv.Atoi(args[1])
	most, err3 := strconv.Atoi(args[2])
	if err := errors.Join(err, err2, err3); err != nil {
		return err
	}
	d, err := libav.NewDecoder(models.CodecH264)
	if err != nil {
		return err
	}
	defer d.Close()
	taken := 0
	for n, au := range bytes.Split(file, []byte{0, 0, 0, 1, 9})[1:] { // H.264 7.3.2.4: the delimiter
		if n == most {
			break
		}
		wanted := want.Skip
		if n%every == 0 {
			wanted = want.Picture
		}
		frames, err := d.Decode(unit(n, au), wanted)
		if err != nil {
			return fmt.Errorf("unit %d: %w", n, err)
		}
		taken += len(frames)
	}
	frames, err := d.Flush()
	fmt.Println(taken + len(frames))
	return err
}

// unit makes an access unit of what follows a delimiter.
func unit(n int, au []byte) *models.AccessUnit {
	u := &models.AccessUnit{Codec: models.CodecH264, Epoch: 1, At: time.Unix(0, 0).Add(time.Duration(n) * time.Second / 15)}
	for i, nal := range bytes.Split(au, []byte{0, 0, 1}) {
		nal = bytes.TrimRight(nal, "\x00") // of a start code of four bytes; no unit ends with one (7.4.1)
		if i == 0 || len(nal) == 0 {
			continue // the rest of the delimiter
		}
		u.Key = u.Key || nal[0]&0x1f == 5
		u.NALUs = append(u.NALUs, nal)
	}
	return u
}

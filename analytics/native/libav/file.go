package libav

// #include <stdlib.h>
// #include "libav.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"
	"unsafe"

	"github.com/counterwatch/counterwatch/models"
)

// formats are the containers that are opened, by FFmpeg's names: all hold their pictures themselves, none refers to
// other files or to the network as playlists do.
const formats = "avi,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,mpegvideo,gif,flv,asf,ogg,h264,hevc,mjpeg,m4v,ivf,wtv,mxf,dv,rm,nut"

// fallbackRate is the rate of a file that names none, in frames per second.
const fallbackRate = 25

// File is a video file being decoded from its first picture to its last. It is not safe for concurrent use.
type File struct {
	// Base is the capture time of the first frame; the Unix epoch unless set before the first Next.
	Base time.Time

	path    string
	d       *C.cw_decoder
	size    models.Size
	rate    float64
	number  int64
	first   float64 // container time of the first frame, seconds
	last    float64 // seconds from the first frame
	shift   float64 // added to container times after the container's clock went back
	drained bool
}

// OpenFile opens a video file of the local disk. The error of a file that is missing, empty, no video or without
// pictures says so.
func OpenFile(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, models.Errorf(models.KindNotFound, "%s: no such file", path)
	case err != nil:
		return nil, models.Errorf(models.KindInvalid, "video: %w", err)
	case !info.Mode().IsRegular():
		return nil, models.Errorf(models.KindInvalid, "%s: not a file", path)
	case info.Size() == 0:
		return nil, models.Errorf(models.KindInvalid, "%s: the file is empty", path)
	}
	f := &File{path: path, Base: time.Unix(0, 0).UTC()}
	// The prefix keeps a name such as "a:b.avi" from being read as a protocol.
	cpath, cformats := C.CString("file:"+path), C.CString(formats)
	defer C.free(unsafe.Pointer(cpath))
	defer C.free(unsafe.Pointer(cformats))
	switch r := C.cw_open_file(&f.d, cpath, cformats); {
	case r == C.AVERROR_STREAM_NOT_FOUND:
		return nil, models.Errorf(models.KindUnsupported, "%s: holds no pictures", path)
	case r == C.AVERROR_DECODER_NOT_FOUND:
		return nil, models.Errorf(models.KindUnsupported, "%s: its coding is not known; convert it to H.264", path)
	case r < 0:
		return nil, models.Errorf(models.KindInvalid, "%s: not a video that can be read, or damaged (%s)", path, avError(r))
	}
	f.rate = float64(C.cw_rate(f.d))
	f.size = models.Size{W: int(f.d.codec.width), H: int(f.d.codec.height)}
	return f, nil
}

// FPS is the file's frame rate as the container tells it; 0 when it does not.
func (f *File) FPS() float64 { return f.rate }

// Frames is the number of frames as the container tells it, or by duration and rate; 0 when unknown. It is an estimate.
func (f *File) Frames() int64 {
	if n := int64(C.cw_frames(f.d)); n > 0 {
		return n
	}
	return int64(math.Round(float64(C.cw_duration(f.d)) * f.rate))
}

// Size is the size of the pictures: of the newest frame, before the first as the container tells it.
func (f *File) Size() models.Size { return f.size }

// Close frees the file.
func (f *File) Close() error {
	C.cw_close(&f.d)
	return nil
}

// Next decodes the next frame: Number counts from 1, At is Base plus the time from the first frame. It returns io.EOF
// at the end, and an error when the file breaks off before its own declared end or no picture could be decoded.
func (f *File) Next() (*models.Frame, error) {
	for {
		switch r := C.cw_receive(f.d); {
		case r == 0:
			return f.frame()
		case r == C.CW_EOF:
			return nil, f.end()
		case r != C.CW_AGAIN && r != C.CW_INVALID:
			return nil, f.broken(avError(r))
		}
		if f.drained {
			return nil, f.end()
		}
		switch r := C.cw_read(f.d); {
		case r == C.CW_EOF:
			f.drained = true
			C.cw_send_end(f.d)
		case r < 0:
			return nil, f.broken(avError(r))
		}
	}
}

// frame makes the frame just received.
func (f *File) frame() (*models.Frame, error) {
	p, err := picture(f.d)
	if err != nil {
		return nil, f.broken(err.Error())
	}
	f.number++
	f.size = p.Size
	t := f.seconds(float64(C.cw_time(f.d)))
	p.Number, p.At = f.number, f.Base.Add(time.Duration(math.Round(t*1e9)))
	return p, nil
}

// seconds maps a container time to seconds from the first frame; it always grows.
func (f *File) seconds(container float64) float64 {
	step := 1.0 / fallbackRate
	if f.rate > 0 {
		step = 1 / f.rate
	}
	if f.number == 1 {
		if !math.IsNaN(container) {
			f.first = container
		}
		return 0
	}
	t := container - f.first + f.shift
	switch {
	case math.IsNaN(t):
		t = f.last + step
	case t <= f.last:
		f.shift += f.last + step - t
		t = f.last + step
	}
	f.last = t
	return t
}

// end tells a file that ended from one that broke off: a container that knows its length must deliver nine tenths of it.
func (f *File) end() error {
	if f.number == 0 {
		return models.Errorf(models.KindInvalid, "%s: no picture could be decoded: the file is damaged", f.path)
	}
	if n := int64(C.cw_frames(f.d)); n > 0 {
		if f.number < n*9/10-1 {
			return f.broken(fmt.Sprintf("%d frames were declared", n))
		}
		return io.EOF
	}
	// Without a count the declared duration is the video's own only when nothing else is in the file.
	d := float64(C.cw_duration(f.d))
	if f.d.format.nb_streams == 1 && f.d.format.duration_estimation_method == C.AVFMT_DURATION_FROM_STREAM && f.last < 0.9*d-2 {
		return f.broken(fmt.Sprintf("%.0f s were declared", d))
	}
	return io.EOF
}

func (f *File) broken(why string) error {
	return models.Errorf(models.KindInvalid, "%s: the video breaks off after frame %d (%.1f s): %s", f.path, f.number, f.last, why)
}

// Package libav turns coded pictures into I420 frames with FFmpeg's libavcodec, the decode stop of the frame's road, and parts of
// frames into what networks are shown with its libswscale. Decoder takes a camera's access units (H.264, H.265); File takes a
// whole video file, container and all, for offline analysis; Scale is a detect.Scale. FFmpeg never opens the network here: files are opened with the file protocol only, and only in
// containers named in this package.
//
// In: models.AccessUnit or a path. Out: models.Frame, plain Go memory. Imported by analytics/native only.
package libav

/*
#cgo pkg-config: libavcodec libavformat libavutil libswscale
#include "libav.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/counterwatch/counterwatch/models"
)

func init() { C.cw_quiet() } // a damaged stream would fill the terminal; errors are returned instead

// avError is FFmpeg's text for a negative return value.
func avError(code C.int) string {
	buf := make([]byte, 128)
	C.av_strerror(code, (*C.char)(unsafe.Pointer(&buf[0])), C.size_t(len(buf)))
	return C.GoString((*C.char)(unsafe.Pointer(&buf[0])))
}

// picture copies the frame last received into Go memory. Number and At are left to the caller.
func picture(d *C.cw_decoder) (*models.Frame, error) {
	w, h := int(d.frame.width), int(d.frame.height)
	f := models.NewI420(models.Size{W: w, H: h})
	if C.cw_planar(d) == 0 { // swscale writes whole blocks of 16 pixels: rows are padded for it
		f = models.NewI420(models.Size{W: (w + 31) &^ 31, H: h})
		f.W = w
	}
	if r := C.cw_copy(d, (*C.uint8_t)(unsafe.Pointer(&f.Pix[0])), C.int(f.Stride)); r < 0 {
		return nil, fmt.Errorf("convert picture: %s", avError(r))
	}
	f.FullRange, f.BT709, f.Damaged = C.cw_full_range(d) != 0, C.cw_bt709(d) != 0, C.cw_damaged(d) != 0
	return f, nil
}

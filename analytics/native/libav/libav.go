// Package libav turns coded pictures into BGR24 frames with FFmpeg's libavcodec and libswscale: the decode stop of the
// frame's road. Decoder takes a camera's access units (H.264, H.265); File takes a whole video file, container and all,
// for offline analysis. FFmpeg never opens the network here: files are opened with the file protocol only, and only in
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

// picture copies the frame last received into Go memory with rows close together. Number and At are left to the caller.
func picture(d *C.cw_decoder) (*models.Frame, error) {
	w, h := int(d.frame.width), int(d.frame.height)
	// swscale writes whole blocks of 16 pixels: rows are padded for it and moved together afterwards.
	padded := (w + 15) / 16 * 16 * 3
	pix := make([]byte, padded*h+64)
	if r := C.cw_convert(d, (*C.uint8_t)(unsafe.Pointer(&pix[0])), C.int(padded)); r < 0 {
		return nil, fmt.Errorf("convert picture: %s", avError(r))
	}
	stride := w * 3
	if padded != stride {
		for y := 1; y < h; y++ {
			copy(pix[y*stride:(y+1)*stride], pix[y*padded:])
		}
	}
	return &models.Frame{
		Size: models.Size{W: w, H: h}, Stride: stride, Format: models.BGR24, Pix: pix[:stride*h],
		Damaged: C.cw_damaged(d) != 0,
	}, nil
}

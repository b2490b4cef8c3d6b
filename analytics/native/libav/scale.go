package libav

// #include "libav.h"
import "C"

import (
	"image"
	"sync"
	"unsafe"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// Scale is a detect.Scale on swscale. Other frames than I420 are left to detect.Bilinear. Of a part that begins at an odd
// coordinate the colours may lie a pixel beside the luma.
func Scale(dst []byte, f *models.Frame, part image.Rectangle, to models.Size) error {
	if f.Format != models.I420 {
		return detect.Bilinear(dst, f, part, to)
	}
	if err := detect.CheckScale(dst, f, part, to); err != nil {
		return err
	}
	k := scaling{models.Size{W: part.Dx(), H: part.Dy()}, to, f.FullRange, f.BT709}
	s := scalers.take(k)
	if s == nil {
		return models.Errorf(models.KindInvalid, "frame %d: its part %v cannot be scaled to %dx%d", f.Number, part, to.W, to.H)
	}
	defer scalers.put(k, s)
	s.scale(dst, f, part)
	return nil
}

// scaling is what a context is made for.
type scaling struct {
	from, to    models.Size
	full, bt709 bool
}

// scaler is a context with room for rows that must be longer than their pixels.
type scaler struct {
	c    *C.struct_SwsContext
	to   models.Size
	rows []byte
}

func (s *scaler) scale(dst []byte, f *models.Frame, part image.Rectangle) {
	y, u, v := f.Planes()
	half := part.Min.Y/2*f.ChromaStride() + part.Min.X/2
	luma := y[part.Min.Y*f.Stride+part.Min.X:]
	// swscale writes whole blocks of 16 pixels: where a row ends inside one it gets longer rows.
	row, wide := 3*s.to.W, 3*((s.to.W+15)&^15)
	out := dst
	if row != wide {
		out = s.rows
	}
	C.cw_scale(s.c, pointer(luma), pointer(u[half:]), pointer(v[half:]), C.int(f.Stride), C.int(part.Dy()), pointer(out), C.int(wide))
	if row != wide {
		for i := range s.to.H {
			copy(dst[i*row:(i+1)*row], out[i*wide:])
		}
	}
}

func pointer(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }

// idle contexts are kept for the next frame of the same kind, from whatever camera, the newest at the end.
type idle struct {
	mu   sync.Mutex
	free []kept
}

type kept struct {
	scaling
	*scaler
}

// maxIdle is more than the kinds of tiles of a node's cameras; a context takes some hundred kilobytes.
const maxIdle = 32

var scalers idle

// take returns a context that nobody else uses until it is put back; nil when there is none for such sizes.
func (p *idle) take(k scaling) *scaler {
	p.mu.Lock()
	for i := len(p.free) - 1; i >= 0; i-- {
		if p.free[i].scaling == k {
			s := p.free[i].scaler
			p.free = append(p.free[:i], p.free[i+1:]...)
			p.mu.Unlock()
			return s
		}
	}
	p.mu.Unlock()
	flag := map[bool]C.int{true: 1}
	c := C.cw_scaler(C.int(k.from.W), C.int(k.from.H), C.int(k.to.W), C.int(k.to.H), flag[k.full], flag[k.bt709])
	if c == nil {
		return nil
	}
	s := &scaler{c: c, to: k.to}
	if wide := (k.to.W + 15) &^ 15; wide != k.to.W {
		s.rows = make([]byte, 3*wide*k.to.H+64)
	}
	return s
}

// put keeps a context, or frees the one that was not used for longest.
func (p *idle) put(k scaling, s *scaler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == maxIdle {
		C.sws_freeContext(p.free[0].c)
		p.free = append(p.free[:0], p.free[1:]...)
	}
	p.free = append(p.free, kept{k, s})
}

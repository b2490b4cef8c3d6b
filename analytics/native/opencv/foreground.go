package opencv

import (
	"image"
	"math"
	"sync"

	"gocv.io/x/gocv"

	"github.com/counterwatch/counterwatch/analytics/detect"
	"github.com/counterwatch/counterwatch/models"
)

// Foreground finds whatever stands before the background of a fixed camera and reads it as people. It needs no weights,
// and works for drawn people too; it cannot tell people from other things that move, and it sees somebody who sits there
// from its first picture on only after that person moved away once.
type Foreground struct {
	mu     sync.Mutex
	closed bool
	size   models.Size // of the frames; another one starts over
	scene  *detect.Scene
	crowd  *detect.Crowd
	people []byte
	ghosts []byte
}

// workWidth is the width at which pictures are compared, pixels.
const workWidth = 512

// NewForeground makes a detector for one camera.
func NewForeground() *Foreground { return &Foreground{} }

// Detect finds what is new in the picture.
func (d *Foreground) Detect(f *models.Frame) ([]models.Detection, error) {
	if err := detect.CheckFrame(f); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, detect.ErrClosed
	}
	small, err := shrink(f)
	if err != nil {
		return nil, err
	}
	defer small.Close()
	if d.size != f.Size {
		d.size = f.Size
		d.scene = &detect.Scene{W: small.Cols(), H: small.Rows()}
		d.crowd = &detect.Crowd{}
		d.people, d.ghosts = make([]byte, small.Total()), make([]byte, small.Total())
	}
	pix, err := small.DataPtrUint8()
	if err != nil {
		return nil, err
	}
	mask := d.scene.Foreground(pix, f.At)
	if err := clean(mask); err != nil {
		return nil, err
	}
	people := d.crowd.People(mask)
	found := d.sort(pix, people)
	d.scene.Learn(pix, d.people, d.ghosts, f.At)
	scale := float64(f.W) / float64(small.Cols())
	for i, p := range found {
		b := p.Box
		found[i].Box = detect.Clip(models.Box{X: b.X * scale, Y: b.Y * scale, W: b.W * scale, H: b.H * scale}, f.Size)
	}
	return detect.Suppress(found, .9), nil
}

// sort tells people from ghosts and marks the pixels of both.
func (d *Foreground) sort(pix []byte, people []detect.Person) []models.Detection {
	clear(d.people)
	clear(d.ghosts)
	ghost := map[int32]bool{}
	var found []models.Detection
	for _, p := range people {
		is, known := ghost[p.Label]
		if !known {
			is = d.scene.Ghost(pix, d.crowd.Labels(), p.Label)
			ghost[p.Label] = is
			d.crowd.Mark(p.Label, pick(is, d.ghosts, d.people))
		}
		if !is {
			found = append(found, p.Detection)
		}
	}
	return found
}

func pick(first bool, a, b []byte) []byte {
	if first {
		return a
	}
	return b
}

// shrink copies a frame to the working size, blurred a little against noise. The caller closes it.
func shrink(f *models.Frame) (gocv.Mat, error) {
	m, err := mat(f)
	if err != nil {
		return gocv.Mat{}, err
	}
	defer m.Close()
	small := gocv.NewMat()
	w := min(f.W, workWidth)
	gocv.Resize(m, &small, image.Pt(w, max(int(math.Round(float64(f.H)*float64(w)/float64(f.W))), 1)), 0, 0, gocv.InterpolationArea)
	gocv.GaussianBlur(small, &small, image.Pt(3, 3), 0, 0, gocv.BorderDefault)
	return small, nil
}

// clean removes specks and closes gaps of the mask, in place.
func clean(m *detect.Mask) error {
	raw, err := gocv.NewMatFromBytes(m.H, m.W, gocv.MatTypeCV8U, m.Pix)
	if err != nil {
		return err
	}
	defer raw.Close()
	open := gocv.GetStructuringElement(gocv.MorphEllipse, image.Pt(3, 3))
	defer open.Close()
	closing := gocv.GetStructuringElement(gocv.MorphEllipse, image.Pt(5, 9)) // taller: heads, bodies and legs join
	defer closing.Close()
	out := gocv.NewMat()
	defer out.Close()
	gocv.MorphologyEx(raw, &out, gocv.MorphOpen, open)
	gocv.MorphologyEx(out, &out, gocv.MorphClose, closing)
	pix, err := out.DataPtrUint8()
	if err != nil {
		return err
	}
	copy(m.Pix, pix)
	return nil
}

// Info names the detector.
func (*Foreground) Info() detect.Info {
	return detect.Info{Name: "foreground", Basic: true, Thresholds: models.Thresholds{Low: .3, High: .5, Birth: .55, Immediate: .95}}
}

// Close frees the model.
func (d *Foreground) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.scene, d.crowd, d.people, d.ghosts = true, nil, nil, nil, nil
	return nil
}

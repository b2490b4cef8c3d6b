package analytics

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"maps"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

const (
	jpegQuality  = 80
	forgetClosed = time.Hour        // an incident may be re-opened this long after it closed
	beforeWithin = 30 * time.Minute // a picture older than this no longer shows how it was before
	beforeEvery  = time.Second      // how often a picture of a staffed counter is kept aside
)

// album takes the pictures that prove incidents: the last one with the counter staffed, the one at the opening, the one
// at the closing. Masks are black in all of them.
type album struct {
	camera string
	masks  []models.Polygon

	lean func() bool // true while no pictures are to be kept aside; may be nil

	newest *models.Frame
	staff  map[string]string           // the counter of each staff zone
	before map[string][2]*models.Frame // by counter: the last two kept aside that show an officer at it, older first
	taken  map[string]taken            // by incident

	mu     sync.Mutex // stills are asked for at any time
	size   models.Size
	hidden []bool // pixels under masks, of a picture of that size
}

// taken are the pictures of one incident.
type taken struct {
	Snapshots []models.Snapshot
	Closed    time.Time
}

func newAlbum(c models.Camera) *album {
	a := &album{camera: c.ID, staff: map[string]string{}, before: map[string][2]*models.Frame{}, taken: map[string]taken{}}
	for _, k := range c.Counters {
		for _, zone := range k.Staff {
			a.staff[zone] = k.ID
		}
	}
	for _, z := range c.Zones {
		if z.Kind == models.ZoneMask {
			a.masks = append(a.masks, z.Polygon)
		}
	}
	return a
}

func (a *album) restore(t map[string]taken) {
	if t != nil {
		a.taken = t
	}
}

// see remembers an analysed frame. Frames are never changed after they were made, so keeping one costs nothing. Only a
// frame in which an officer's box stands in the staff zone shows a counter staffed: LiveCounter.OnDuty outlives the
// officer by the seconds for which a lost track is remembered.
func (a *album) see(f *models.Frame, live models.Live) {
	a.newest = f
	if a.lean != nil && a.lean() {
		clear(a.before)
		return
	}
	for _, b := range live.Boxes {
		counter, ok := a.staff[b.Zone]
		if !ok {
			continue
		}
		if kept := a.before[counter]; kept[1] == nil || f.At.Sub(kept[1].At) >= beforeEvery {
			a.before[counter] = [2]*models.Frame{kept[1], f}
		}
	}
}

// staffed is the picture of how it was before an incident: the newest kept aside that is not of the very moment in
// which the officer left.
func (a *album) staffed(e *models.Event) *models.Frame {
	kept := a.before[e.Counter]
	f := kept[1]
	if f != nil && kept[0] != nil && e.Began.Sub(f.At) < beforeEvery/2 {
		f = kept[0]
	}
	if f == nil || e.Opened.Sub(f.At) > beforeWithin {
		return nil
	}
	return f
}

// attach adds their pictures to the incidents that open or close, repeats them in every later revision, and returns the
// pictures to send.
func (a *album) attach(events []models.Event) (media []models.Media) {
	for i := range events {
		e := &events[i]
		t, known := a.taken[e.ID]
		take := func(role models.SnapshotRole, f *models.Frame) {
			if f == nil {
				return
			}
			m, err := a.shoot(e, role, f)
			if err != nil {
				return // a frame of a format that cannot be shown: the incident stands without a picture
			}
			media = append(media, m)
			kept := t.Snapshots[:0:0]
			for _, s := range t.Snapshots {
				if s.Role != role {
					kept = append(kept, s)
				}
			}
			t.Snapshots = append(kept, models.Snapshot{ID: m.ID, Role: role, At: m.At})
		}
		switch {
		case e.Open() && !known:
			take(models.SnapshotBefore, a.staffed(e))
			take(models.SnapshotOpening, a.newest)
		case !e.Open() && t.Closed.IsZero():
			take(models.SnapshotNow, a.newest)
		}
		t.Closed = e.Closed
		a.taken[e.ID] = t
		e.Snapshots = t.Snapshots
		maps.DeleteFunc(a.taken, func(id string, t taken) bool {
			return !t.Closed.IsZero() && id != e.ID && e.Opened.Sub(t.Closed) > forgetClosed
		})
	}
	return media
}

// shoot makes one picture of an incident; the same moment of the same incident always has the same id.
func (a *album) shoot(e *models.Event, role models.SnapshotRole, f *models.Frame) (models.Media, error) {
	data, err := a.encode(f)
	return models.Media{
		ID: models.RecordID("snapshot", e.ID, role, f.At), Camera: a.camera, Event: e.ID, At: f.At, Type: "image/jpeg", Data: data,
	}, err
}

// encode makes a JPEG of a frame, masks blackened.
func (a *album) encode(f *models.Frame) ([]byte, error) {
	img, err := photo(f)
	if err != nil {
		return nil, err
	}
	for i, hidden := range a.hiddenPixels(f.Size) {
		if hidden {
			x, y := i%f.W, i/f.W
			img.Y[img.YOffset(x, y)] = 0
			c := img.COffset(x, y) // of its neighbours too: black needs it
			img.Cb[c], img.Cr[c] = 128, 128
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// hiddenPixels says which pixels lie under masks; nil when there are none. A pixel is hidden when any of its corners or
// its centre is.
func (a *album) hiddenPixels(s models.Size) []bool {
	if len(a.masks) == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.size == s {
		return a.hidden
	}
	hidden := make([]bool, s.W*s.H)
	for y := range s.H {
		for x := range s.W {
			for _, d := range [...][2]float64{{0.5, 0.5}, {0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				p := models.Point{X: (float64(x) + d[0]) / float64(s.W), Y: (float64(y) + d[1]) / float64(s.H)}
				for _, m := range a.masks {
					hidden[y*s.W+x] = hidden[y*s.W+x] || m.Contains(p)
				}
			}
		}
	}
	a.size, a.hidden = s, hidden
	return hidden
}

package analytics

import (
	"cmp"
	"slices"
	"time"
)

// load notices that there is more to do than the cores can, and says which cameras do less: of each group of pictures they
// decode only the first part, and cameras of higher priority come before them. Those of low priority are first, then more,
// until nobody else has to wait; they come back one by one.
type load struct {
	cameras []*turn // in the order in which they are shed
	shed    int     // so many of the first are
	began   time.Time
	sum     time.Duration // of the waits since then, of cameras that are not shed
	all     time.Duration // and of all
	n, of   int
	calm    int // windows without a wait worth mentioning
}

const (
	loadWindow = 2 * time.Second
	// overloadedAt is the mean wait for a turn from which cameras are shed. Frames further apart than 1.5 s are no longer sight
	// (measure.clock): at twice this wait seconds begin to be lost at 2 frames a second.
	overloadedAt = 500 * time.Millisecond
	calmAt       = 100 * time.Millisecond // mean wait from which cameras come back ..
	calmFor      = 5                      // .. after so many windows
	shedTenths   = 8                      // a step sheds one camera in so many
	yielding     = 4                      // turns of cameras of higher priority for one of a camera that is shed
)

// cost is how far a turn moves the camera's deadline.
func (u *turn) cost() time.Duration {
	if u.yields {
		return yielding * u.every
	}
	return u.every
}

// shedding reports whether the camera is to do less.
func (u *turn) shedding() bool {
	u.turns.mu.Lock()
	defer u.turns.mu.Unlock()
	return u.shed
}

// Shed returns how many of the cameras are decoded only in part because the node is overloaded, and how many there are.
func (t *Turns) Shed() (cameras, of int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.load.shed, len(t.load.cameras)
}

func (l *load) join(u *turn) {
	l.cameras = append(l.cameras, u)
	slices.SortStableFunc(l.cameras, func(a, b *turn) int { return cmp.Compare(a.priority, b.priority) })
	l.mark(l.shed)
}

func (l *load) leave(u *turn) {
	if i := slices.Index(l.cameras, u); i >= 0 {
		l.cameras = slices.Delete(l.cameras, i, i+1)
	}
	l.mark(min(l.shed, len(l.cameras)))
}

// mark sheds the first n cameras and no others.
func (l *load) mark(n int) {
	l.shed = n
	for i, u := range l.cameras {
		u.shed = i < n
		u.yields = u.shed && u.priority < l.cameras[len(l.cameras)-1].priority
	}
}

// waited tells how long a camera had to wait for a turn, and at the end of each window decides.
func (l *load) waited(now time.Time, wait time.Duration, shed bool) {
	if age := now.Sub(l.began); age >= loadWindow {
		l.decide(age)
		l.began, l.sum, l.n, l.all, l.of = now, 0, 0, 0, 0
	}
	l.all, l.of = l.all+wait, l.of+1
	if !shed {
		l.sum, l.n = l.sum+wait, l.n+1
	}
}

// decide sheds more or fewer cameras after a window.
func (l *load) decide(age time.Duration) {
	step := (len(l.cameras) + shedTenths - 1) / shedTenths
	switch {
	case l.n > 0 && l.sum/time.Duration(l.n) > overloadedAt:
		l.calm = 0
		l.mark(min(l.shed+step, len(l.cameras)))
	case l.of > 0 && l.all/time.Duration(l.of) > calmAt:
		l.calm = 0
	default:
		if l.calm += int(age / loadWindow); l.calm >= calmFor {
			l.calm = 0
			l.mark(max(l.shed-1, 0))
		}
	}
}

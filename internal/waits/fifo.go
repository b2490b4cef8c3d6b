package waits

import (
	"slices"
	"time"
)

// FIFO reconstructs waiting times from counts, online: with exits D(t) and queue length L(t), arrivals are the running
// maximum of D(t) + L(t), and the n-th person waited from the moment arrivals first reached n to the n-th exit. Identities
// are not needed, and the running maximum undoes most missed detections. Feed it once a second.
//
// What makes it hold in a real office, where identities break at the very moment people move:
//   - Exits are applied SettleS late, so that they never run ahead of the queue length (that would invent an arrival).
//   - An exit that is not sure must show in the queue: it counts only if the queue then stays shorter than the line.
//   - Who is lost on the way to a counter and found there is one exit, not one who gave up and one who was served.
//   - Who gives up is taken out of where they stood, not from the front.
//   - A queue shorter than the line for all of MissedS has lost people whose exit nobody saw: they are taken from the front,
//     else everybody behind would inherit the arrival of the person before. A queue seen empty for ForgiveS is empty.
//
// All fields are its state: copy or encode it to go on after a restart.
type FIFO struct {
	LagS    float64     // how late an arrival shows in the queue length
	Waiting []time.Time // arrivals not yet matched by an exit, oldest first; a zero time is an arrival nobody saw
	Exits   []Exit      // sure, not yet applied, oldest first
	Unsure  []unsure    // waiting for the queue to show them
	Found   []found     // newest service starts of people who had not been seen to come
	Blind   float64     // seconds without sight
	EmptyS  float64     // seconds the queue has been seen empty
	Fresh   float64     // seconds of sight since the start or the last long blindness
	Spare   [2]int      // fewest people in line whom the queue did not show: in this half of MissedS, and in the one before
	SpareS  float64     // length of this half so far
	Missed  int         // people taken from the line because the queue no longer showed them, since the start
	Served  time.Time   // arrival of whom the line gave to the newest service start
	Early   int         // newest service starts in a row whose person was seen to join before the first in line
}

// Exit is one person who stopped waiting.
type Exit struct {
	At      time.Time
	GaveUp  bool
	Sure    bool      // seen to go from the queue to a counter, or to appear at a counter that was free
	Found   bool      // first seen at the counter
	Lost    bool      // not an exit: somebody the tracker lost in the queue, and has forgotten now
	Entered time.Time // when the person was seen to join; zero when that is not known
	To      int       // where service began: the caller's number, given back in Wait
}

// Wait is one wait that is over.
type Wait struct {
	Exit
	Arrived time.Time // zero when nobody saw it
}

// Seconds is how long it took.
func (w Wait) Seconds() float64 { return w.At.Sub(w.Arrived).Seconds() }

// unsure is an exit that must show in the queue, and how long it has.
type unsure struct {
	Exit
	WatchedS, ShortS float64
}

// found is a service start of somebody who was first seen at the counter.
type found struct {
	Exit
	Applied bool
}

// The constants of FIFO, in seconds.
const (
	SettleS  = 3.0   // more than the jitter at a zone's edge by which the queue length may be late
	ShowS    = 10.0  // an exit that is not sure is watched so long: longer than others are on their way to a counter ..
	GoneS    = 30.0  // the same for who seems to have given up: most of them are only hidden
	shown    = .8    // .. and counts if the queue was shorter for so much of it
	wayS     = 5.0   // usual way from the queue to a counter
	longWayS = 15.0  // at most so long somebody is lost in the queue to being found at a counter
	RecallS  = 90.0  // longest memory of a tracker for somebody it has lost
	ForgiveS = 60.0  // an empty queue this long holds nobody
	MissedS  = 600.0 // people hidden in a dense line show themselves within this time
	BlindS   = 60.0  // after so long without sight the order of the queue is unknown
	FreshS   = 5.0   // people counted so soon after blindness had been there before
)

const witnesses = 2 // so many service starts in a row must agree that the line is out of step

// Exit notes that one person stopped waiting at a moment, now or a few seconds ago; somebody who gave up may be told as
// late as the tracker forgets them.
func (f *FIFO) Exit(e Exit) {
	switch {
	case e.GaveUp && f.matchStart(e):
	case e.GaveUp || e.Lost:
		f.doubt(e)
	case e.Found:
		f.start(e)
	default:
		f.sure(e)
	}
}

// start takes a service start of somebody first seen at the counter: the one who seemed to give up on the way there, else
// whoever left the queue unseen.
func (f *FIFO) start(e Exit) {
	i := slices.IndexFunc(f.Unsure, func(u unsure) bool { return u.GaveUp && sameWay(u.At, e.At) })
	if i >= 0 {
		e.Entered = f.Unsure[i].Entered
		f.Unsure = slices.Delete(f.Unsure, i, i+1)
		f.sure(e)
		return
	}
	f.Found = append(f.Found, found{e, e.Sure})
	if e.Sure {
		f.sure(e)
	} else {
		f.doubt(e)
	}
}

// doubt keeps an exit that is not sure. What the queue shows is credited to service starts first, then to those who gave
// up, then to those who were lost.
func (f *FIFO) doubt(e Exit) {
	i := len(f.Unsure)
	for i > 0 && f.Unsure[i-1].rank() > (unsure{Exit: e}).rank() {
		i--
	}
	f.Unsure = slices.Insert(f.Unsure, i, unsure{Exit: e})
}

func (u unsure) rank() int {
	switch {
	case u.Lost:
		return 2
	case u.GaveUp:
		return 1
	default:
		return 0
	}
}

// matchStart reports whether somebody who seems to have given up is one who has meanwhile been found at a counter. Until
// now the queue showed them all the same, so that one too many seems to have joined.
func (f *FIFO) matchStart(e Exit) bool {
	i := slices.IndexFunc(f.Found, func(s found) bool { return sameWay(e.At, s.At) })
	if i < 0 {
		return false
	}
	s := f.Found[i]
	f.Found = slices.Delete(f.Found, i, i+1)
	f.Unsure = slices.DeleteFunc(f.Unsure, func(u unsure) bool { return u.At.Equal(s.At) && u.To == s.To })
	if !s.Applied {
		s.Entered = e.Entered
		f.sure(s.Exit)
	} else if n := len(f.Waiting); n > 0 {
		f.Waiting = f.Waiting[:n-1]
		f.Missed++
	}
	return true
}

// sameWay reports whether somebody lost in the queue at one moment can be who was found at a counter at another.
func sameWay(lost, found time.Time) bool {
	d := found.Sub(lost).Seconds()
	return d >= -SettleS && d <= longWayS
}

func (f *FIFO) sure(e Exit) {
	i := len(f.Exits)
	for i > 0 && f.Exits[i-1].At.After(e.At) {
		i--
	}
	f.Exits = slices.Insert(f.Exits, i, e)
}

// Unseen notes one second without sight.
func (f *FIFO) Unseen() {
	f.Blind++
	f.EmptyS = 0
	if f.Blind == BlindS {
		*f = FIFO{LagS: f.LagS, Blind: f.Blind, Missed: f.Missed}
	}
}

// Second takes the queue length of the second that ended at a moment. It appends to waits those of everybody whose exit
// it applied, and returns how many people joined. The arrival of people whom nobody saw to join is zero.
func (f *FIFO) Second(at time.Time, queue int, waits []Wait) (_ []Wait, joined int) {
	f.Blind = 0
	f.Fresh++
	first := len(waits)
	for len(f.Exits) > 0 && at.Sub(f.Exits[0].At).Seconds() >= SettleS {
		waits = f.apply(f.Exits[0], waits)
		f.Exits = slices.Delete(f.Exits, 0, 1)
	}
	waits = f.judge(at, queue, waits)
	f.Found = slices.DeleteFunc(f.Found, func(s found) bool { return at.Sub(s.At).Seconds() > RecallS })
	for _, w := range waits[first:] {
		if w.Arrived.Equal(w.At) { // went straight through
			joined++
		}
	}
	for len(f.Waiting) < queue {
		arrived := at.Add(-time.Duration(f.LagS * float64(time.Second)))
		if f.Fresh <= FreshS {
			arrived = time.Time{}
		} else {
			joined++
		}
		f.Waiting = append(f.Waiting, arrived)
	}
	f.forgive(at, queue)
	return waits, joined
}

// apply takes one exit out of the line.
func (f *FIFO) apply(e Exit, waits []Wait) []Wait {
	w := Wait{Exit: e}
	switch {
	case len(f.Waiting) > 0:
		w.Arrived = f.take(e)
	case f.Fresh > FreshS: // went straight through, or was hidden all the time
		w.Arrived = e.At
	}
	if w.Arrived.After(e.At) {
		w.Arrived = e.At
	}
	return append(waits, w)
}

// judge applies the exits that the queue has shown, and drops those that it has not.
func (f *FIFO) judge(at time.Time, queue int, waits []Wait) []Wait {
	spare := f.spare(at, queue)
	kept := f.Unsure[:0]
	for _, u := range f.Unsure {
		if at.Sub(u.At).Seconds() < SettleS {
			kept = append(kept, u)
			continue
		}
		if u.WatchedS++; spare > 0 {
			u.ShortS++
			spare--
		}
		switch {
		case u.WatchedS < ShowS || u.GaveUp && u.WatchedS < GoneS:
			kept = append(kept, u)
		case u.ShortS < shown*u.WatchedS || (u.GaveUp || u.Lost) && f.double(u.At, at):
		case !u.Lost:
			waits = f.apply(u.Exit, waits)
			for i := range f.Found {
				f.Found[i].Applied = f.Found[i].Applied || f.Found[i].At.Equal(u.At) && f.Found[i].To == u.To
			}
		}
	}
	f.Unsure = kept
	return waits
}

// double reports whether somebody joined since somebody was lost in the queue: most likely the same person under a new
// number, counted twice until the lost one was forgotten. Then nobody joined and nobody left.
func (f *FIFO) double(lost, now time.Time) bool {
	for i := len(f.Waiting) - 1; i >= 0; i-- {
		if since := f.Waiting[i].Sub(lost).Seconds(); since >= -SettleS && now.Sub(lost).Seconds() <= RecallS {
			f.Waiting = slices.Delete(f.Waiting, i, i+1)
			f.Missed++
			return true
		}
	}
	return false
}

// spare is how many people are in line whom the queue does not show, besides those who are on their way.
func (f *FIFO) spare(at time.Time, queue int) int {
	n := len(f.Waiting) - queue
	for _, e := range f.Exits {
		if e.At.Sub(at) <= wayS {
			n--
		}
	}
	return max(n, 0)
}

// take removes from the line whom an exit belongs to: the first, or of those who gave up the one who joined nearest to
// when the person was seen to join; where that is not known the one in the middle, because anybody may give up.
func (f *FIFO) take(e Exit) time.Time {
	i := 0
	switch {
	case e.GaveUp && e.Entered.IsZero():
		i = len(f.Waiting) / 2
	case e.GaveUp:
		for i+1 < len(f.Waiting) && e.Entered.Sub(f.Waiting[i]) > f.Waiting[i+1].Sub(e.Entered) {
			i++
		}
	default:
		f.align(e.Entered)
		f.Served = f.Waiting[0]
	}
	arrived := f.Waiting[i]
	f.Waiting = slices.Delete(f.Waiting, i, i+1)
	return arrived
}

// align brings the line back in step with people who were seen all the way from joining to being served: where several
// in a row had joined before the first in line, somebody was missed who has since been taken for a late arrival. (The
// contrary, people who joined later than the first, proves nothing: a lost identity that begins anew looks like that.)
func (f *FIFO) align(joined time.Time) {
	switch {
	case joined.IsZero():
		return
	case f.Served.IsZero() || joined.Sub(f.Served).Abs() >= f.Waiting[0].Sub(joined):
		f.Early = 0
		return
	}
	if f.Early++; f.Early == witnesses {
		f.Waiting = slices.Insert(f.Waiting[:len(f.Waiting)-1], 0, joined)
		f.Early = 0
	}
}

// forgive drops people from the front whom the queue has not shown for too long.
func (f *FIFO) forgive(at time.Time, queue int) {
	if queue > 0 || len(f.Exits)+len(f.Unsure) > 0 {
		f.EmptyS = 0
	} else if f.EmptyS++; f.EmptyS >= ForgiveS {
		f.Missed += len(f.Waiting)
		f.Waiting = f.Waiting[:0]
	}
	spare := f.spare(at, queue)
	if f.SpareS++; f.SpareS == 1 {
		f.Spare[0] = spare
	}
	f.Spare[0] = min(f.Spare[0], spare)
	if f.SpareS >= MissedS/2 {
		gone := min(f.Spare[0], f.Spare[1], len(f.Waiting))
		f.Missed += gone
		f.Waiting = slices.Delete(f.Waiting, 0, gone)
		f.Spare, f.SpareS = [2]int{0, f.Spare[0] - gone}, 0
	}
}

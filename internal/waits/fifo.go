package waits

import (
	"slices"
	"time"
)

// FIFO reconstructs waiting times from counts, online: with exits D(t) and queue length L(t), arrivals are the running
// maximum of D(t) + L(t), and the n-th person waited from the moment arrivals first reached n to the n-th exit. Identities
// are not needed, and the running maximum undoes most missed detections. Feed it once a second.
//
// Four things make it hold in a real office. Exits are applied SettleS late, so that they never run ahead of the queue
// length (that would invent an arrival). Somebody seen to give up is taken out of where they stood, not from the front. A
// queue that has been shorter than the line for all of MissedS has lost people whose exit nobody saw: they are taken from
// the front, else everybody behind would inherit the arrival of the person before. And a queue seen empty for ForgiveS is
// empty.
//
// All fields are its state: copy or encode it to go on after a restart.
type FIFO struct {
	LagS    float64     // how late an arrival shows in the queue length
	Waiting []time.Time // arrivals not yet matched by an exit, oldest first; a zero time is an arrival nobody saw
	Exits   []Exit      // not yet applied, oldest first
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
	Entered time.Time // when the person was seen to join; zero when that is not known
}

// Wait is one wait that is over.
type Wait struct {
	Arrived, Left time.Time
	GaveUp        bool
}

// Seconds is how long it took.
func (w Wait) Seconds() float64 { return w.Left.Sub(w.Arrived).Seconds() }

// The constants of FIFO, in seconds.
const (
	SettleS  = 3.0   // more than the jitter at a zone's edge by which the queue length may be late
	ForgiveS = 60.0  // an empty queue this long holds nobody
	MissedS  = 600.0 // people hidden in a dense line show themselves within this time
	BlindS   = 60.0  // after so long without sight the order of the queue is unknown
	FreshS   = 10.0  // people counted so soon after blindness had been there before
)

const witnesses = 2 // so many service starts in a row must agree that the line is out of step

// Exit notes that one person stopped waiting at a moment, now or a few seconds ago.
func (f *FIFO) Exit(e Exit) {
	i, _ := slices.BinarySearchFunc(f.Exits, e.At, func(x Exit, at time.Time) int {
		if x.At.After(at) {
			return 1
		}
		return -1 // of equal moments the one told first comes first
	})
	f.Exits = slices.Insert(f.Exits, i, e)
}

// Unseen notes one second without sight.
func (f *FIFO) Unseen() {
	f.Blind++
	f.EmptyS = 0
	if f.Blind == BlindS {
		f.Waiting, f.Exits, f.Fresh = f.Waiting[:0], f.Exits[:0], 0
		f.Spare, f.SpareS = [2]int{}, 0
		f.Served, f.Early = time.Time{}, 0
	}
}

// Second takes the queue length of the second that ended at a moment. It appends to waits those of everybody whose exit
// it applied, and returns how many people joined. Waits of people whose arrival nobody saw are left out.
func (f *FIFO) Second(at time.Time, queue int, waits []Wait) (_ []Wait, joined int) {
	f.Blind = 0
	f.Fresh++
	done := 0
	for _, exit := range f.Exits {
		if at.Sub(exit.At).Seconds() < SettleS {
			break
		}
		done++
		if len(f.Waiting) == 0 { // went straight through, or was hidden all the time
			if f.Fresh > FreshS {
				waits = append(waits, Wait{exit.At, exit.At, exit.GaveUp})
				joined++
			}
			continue
		}
		if arrived := f.take(exit); !arrived.IsZero() {
			if arrived.After(exit.At) {
				arrived = exit.At
			}
			waits = append(waits, Wait{arrived, exit.At, exit.GaveUp})
		}
	}
	f.Exits = slices.Delete(f.Exits, 0, done)

	for len(f.Waiting) < queue {
		arrived := at.Add(-time.Duration(f.LagS * float64(time.Second)))
		if f.Fresh <= FreshS {
			arrived = time.Time{}
		} else {
			joined++
		}
		f.Waiting = append(f.Waiting, arrived)
	}
	f.forgive(queue)
	return waits, joined
}

// take removes from the line whom an exit belongs to: the first, or of those who gave up the one who joined nearest to
// when the person was seen to join; where that is not known the one in the middle, because anybody may give up.
func (f *FIFO) take(e Exit) time.Time {
	i := 0
	switch {
	case e.GaveUp && e.Entered.IsZero():
		i = len(f.Waiting) / 2
	case e.GaveUp:
		i = f.nearest(e.Entered)
	default:
		f.align(e.Entered)
		f.Served = f.Waiting[0]
	}
	arrived := f.Waiting[i]
	f.Waiting = slices.Delete(f.Waiting, i, i+1)
	return arrived
}

// nearest is the place in line of whoever joined nearest to a moment.
func (f *FIFO) nearest(joined time.Time) (i int) {
	for i+1 < len(f.Waiting) && joined.Sub(f.Waiting[i]) > f.Waiting[i+1].Sub(joined) {
		i++
	}
	return i
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
func (f *FIFO) forgive(queue int) {
	if queue > 0 || len(f.Exits) > 0 {
		f.EmptyS = 0
	} else if f.EmptyS++; f.EmptyS >= ForgiveS {
		f.Missed += len(f.Waiting)
		f.Waiting = f.Waiting[:0]
	}
	spare := max(len(f.Waiting)-len(f.Exits)-queue, 0)
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

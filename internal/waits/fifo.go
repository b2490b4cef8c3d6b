package waits

import "time"

// FIFO reconstructs waiting times from counts alone, online: with exits D(t) and queue length L(t), arrivals are the
// running maximum of D(t) + L(t), and the n-th person waited from the moment arrivals first reached n to the n-th exit.
// Identities are not needed, and the running maximum undoes most missed detections. Feed it once a second.
//
// Two things make it safe in practice. Exits are applied SettleS late, so that they never run ahead of the smoothed
// queue length (that would invent an arrival). And a queue seen empty for ForgiveS forgets people whose exit was missed;
// otherwise the next person would inherit their arrival.
//
// All fields are its state: copy or encode it to go on after a restart.
type FIFO struct {
	LagS    float64     // how late an arrival shows in the queue length: minimum dwell plus half the smoothing window
	Waiting []time.Time // arrivals not yet matched by an exit, oldest first; a zero time is an arrival nobody saw
	Exits   []time.Time // exits not yet applied, oldest first
	Blind   float64     // seconds without sight
	EmptyS  float64     // seconds the queue has been seen empty
	Fresh   float64     // seconds of sight since the start or the last long blindness
}

// The constants of FIFO, in seconds.
const (
	SettleS  = 6.0  // more than the 5 s median and the 1 s that make the queue length late
	ForgiveS = 60.0 // an empty queue this long holds nobody
	BlindS   = 60.0 // after so long without sight the order of the queue is unknown
	FreshS   = 10.0 // people counted so soon after blindness had been there before
)

// Exit notes that one person stopped waiting at a moment, now or a few seconds ago.
func (f *FIFO) Exit(at time.Time) {
	i := len(f.Exits)
	for i > 0 && f.Exits[i-1].After(at) {
		i--
	}
	f.Exits = append(f.Exits, time.Time{})
	copy(f.Exits[i+1:], f.Exits[i:])
	f.Exits[i] = at
}

// Unseen notes one second without sight.
func (f *FIFO) Unseen() {
	f.Blind++
	f.EmptyS = 0
	if f.Blind == BlindS {
		f.Waiting, f.Exits, f.Fresh = f.Waiting[:0], f.Exits[:0], 0
	}
}

// Second takes the smoothed queue length of the second that ended at a moment. It appends to waits the seconds waited by
// everybody whose exit it applied, and returns how many people joined. Waits of people whose arrival nobody saw are left out.
func (f *FIFO) Second(at time.Time, queue int, waits []float64) (_ []float64, joined int) {
	f.Blind = 0
	f.Fresh++
	done := 0
	for _, exit := range f.Exits {
		if at.Sub(exit).Seconds() < SettleS {
			break
		}
		done++
		if len(f.Waiting) == 0 { // went straight through, or was hidden all the time
			if f.Fresh > FreshS {
				waits = append(waits, 0)
				joined++
			}
			continue
		}
		if arrived := f.Waiting[0]; !arrived.IsZero() {
			waits = append(waits, max(exit.Sub(arrived).Seconds(), 0))
		}
		f.Waiting = append(f.Waiting[:0], f.Waiting[1:]...)
	}
	f.Exits = append(f.Exits[:0], f.Exits[done:]...)

	for len(f.Waiting) < queue {
		arrived := at.Add(-time.Duration(f.LagS * float64(time.Second)))
		if f.Fresh <= FreshS {
			arrived = time.Time{}
		} else {
			joined++
		}
		f.Waiting = append(f.Waiting, arrived)
	}
	if queue > 0 || len(f.Exits) > 0 {
		f.EmptyS = 0
	} else if f.EmptyS++; f.EmptyS >= ForgiveS {
		f.Waiting = f.Waiting[:0]
	}
	return waits, joined
}

package office

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// vec is a place on the floor in metres: x to the right seen from the camera, y away from it.
type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec      { return vec{a.x - b.x, a.y - b.y} }
func (a vec) dist(b vec) float64 { return math.Hypot(a.x-b.x, a.y-b.y) }
func (a vec) toward(b vec, d float64) vec {
	l := a.dist(b)
	if l <= d {
		return b
	}
	return vec{a.x + (b.x-a.x)*d/l, a.y + (b.y-a.y)*d/l}
}

// view is a pinhole camera above x = 0 that looks along y, pitched down.
type view struct {
	size         models.Size
	focal        float64 // pixels
	height, back float64 // metres above the floor, and in front of y = 0
	tan, cos     float64 // of the pitch
}

// newView is the camera of a look. Drawn: under a high ceiling, pitched by 45 degrees, steep enough that the head of a
// citizen at a counter stays below the officer behind it. People: as such cameras hang, 2.8 m high, pitched by 14.5
// degrees, 78 degrees wide.
func newView(c Config) view {
	if c.Look == People {
		return view{c.Size, float64(c.Size.W) / 2 / math.Tan(lowWide/2), lowHeight, c.Back, math.Tan(lowPitch), math.Cos(lowPitch)}
	}
	return view{c.Size, 713 * float64(c.Size.W) / 640, 9, 6, 1, math.Sqrt2 / 2}
}

// point projects a place z metres above the floor to pixels.
func (v view) point(p vec, z float64) (x, y float64) {
	forward := (p.y + v.back + v.tan*v.height - v.tan*z) * v.cos
	up := ((p.y+v.back)*v.tan - v.height + z) * v.cos
	return float64(v.size.W)/2 + v.focal*p.x/forward, float64(v.size.H)/2 - v.focal*up/forward
}

// scale is the number of pixels that a metre across the picture takes at a place on the floor.
func (v view) scale(p vec) float64 {
	return v.focal / ((p.y + v.back + v.tan*v.height) * v.cos)
}

// outline projects a polygon at z metres above the floor to pixels.
func (v view) outline(z float64, ps ...vec) []pt {
	out := make([]pt, len(ps))
	for i, p := range ps {
		out[i].x, out[i].y = v.point(p, z)
	}
	return out
}

const (
	doorHalf = 0.36
	doorTop  = 2.0 // height
	seatsRow = 7   // most seats in a row
)

// room places counters and waiting places, in metres. Officers sit behind the counters, farthest from the camera but for
// the back wall; citizens come along the lanes. In the drawn look the waiting area lies nearest to the camera, across the
// whole picture; in the low view of the people look it lies left of the counters, where nobody hides an officer.
type room struct {
	counters int
	queue    Queue
	low      bool    // the people look
	back     float64 // metres from the camera to y = 0, there
	pitch    float64 // metres from counter to counter

	wall                float64 // y of the back wall, with a door beside each counter
	officers            float64 // y
	deskBack, deskFront float64 // y
	deskTop             float64 // height
	citizens            float64 // y of who is served
	outLane, inLane     float64 // y: people who leave, and who were called, walk along here
	line                float64 // y of the line, or of the aisle between the rows of seats
	rows                [2]float64
	seats               int     // in a row
	entrance, exit      float64 // x, out of the picture
	tail                float64 // direction of x in which the line grows
	head                float64 // x of the first in line, or of the first seat
	gap, seatGap        float64
	slots               int
	queueZone           [4]float64 // x from, x to, y near, y far
}

func newRoom(c Config) room {
	if c.Look == People {
		return lowRoom(c)
	}
	const end = 4.3
	return room{
		counters: c.Counters, queue: c.Queue, pitch: math.Min(2.9, 12.2/float64(c.Counters)),
		wall: 6.3, officers: 5.3, deskBack: 4.95, deskFront: 3.95, deskTop: 0.75, citizens: 3.3, outLane: 2.25, inLane: 1.75,
		line: 0.1, rows: [2]float64{0.62, -0.42}, seats: seatsRow, entrance: 5.6, exit: 6.3, tail: 1, head: -3.95, gap: 0.78, seatGap: 1.15,
		slots: 11, queueZone: [4]float64{-end, end, -0.65, 0.9},
	}
}

// lowRoom is the room of the people look: one long counter in the right half of the picture, the line or the seats in the
// left one, with nothing but the lane before them.
func lowRoom(c Config) room {
	r := room{
		counters: c.Counters, queue: c.Queue, low: true, back: c.Back, pitch: math.Min(0.75/float64(c.Counters), 0.3) * lowOfficers,
		wall: 8.8, officers: lowOfficers, deskBack: 6.2, deskFront: 5.55, deskTop: 0.78, citizens: 4.95, outLane: 3.8, inLane: 4.25,
		line: 7.2, rows: [2]float64{7.45, 6.3}, seats: 5, entrance: -7.8 - c.Back, exit: 4.6 + c.Back, tail: -1, head: -0.75, gap: 0.62, seatGap: 0.95,
		slots: 8, queueZone: [4]float64{-5.6, -0.3, 6.7, 7.7},
	}
	if c.Queue == Seats {
		r.line, r.head = 6.85, -0.9
	}
	return r
}

const (
	lowHeight   = 2.8 // metres, of the camera of the people look,
	lowPitch    = 14.5 * math.Pi / 180
	lowWide     = 78 * math.Pi / 180 // angle of its view
	lowOfficers = 6.6                // y of the officers in the people look
	lowFirst    = 0.06               // tangent of the direction in which its counters begin
	chairTop    = 0.5                // height of the back of its chairs,
	chairBack   = 0.25               // which is so far in front of who sits there, since they face the counters
)

// centre is the x of counter k, from 0 at the left.
func (r room) centre(k int) float64 {
	if r.low {
		return lowFirst*r.officers + (float64(k)+0.5)*r.pitch
	}
	return (float64(k) - float64(r.counters-1)/2) * r.pitch
}

// sight is the place at depth y that the camera of the low view sees in the same column as x at the officers' depth.
func (r room) sight(x, y float64) vec {
	skew := r.back + lowHeight*math.Tan(lowPitch)
	return vec{x * (y + skew) / (r.officers + skew), y}
}

// citizen is where a citizen stands to be served. In the low view that is beside the line from the camera to the
// officer, or on it: then the citizen hides the officer.
func (r room) citizen(k int, hiding bool) vec {
	switch {
	case r.low && hiding:
		return r.sight(r.officer(k).x, r.citizens)
	case r.low:
		return r.sight(r.officer(k).x+0.5*r.pitch, r.citizens)
	}
	return vec{r.centre(k) + 0.1*r.pitch, r.citizens}
}

func (r room) officer(k int) vec {
	if r.low {
		return vec{r.centre(k) - 0.25*r.pitch, r.officers}
	}
	return vec{r.centre(k) - 0.1*r.pitch, r.officers}
}

// door is where an officer comes in, beside the place behind the desk from which the desk is reached. In the low view both
// lie on a line of sight between two officers, so that nobody on the way is taken for an officer at a desk.
func (r room) door(k int) vec   { return r.passage(k, r.wall-0.12) }
func (r room) beside(k int) vec { return r.passage(k, r.officers+0.3) }

func (r room) passage(k int, y float64) vec {
	if r.low {
		return r.sight(r.officer(k).x+0.5*r.pitch, y)
	}
	return vec{r.centre(k) + 0.43*r.pitch, y}
}

func (r room) deskHalf() float64 { return 0.3 * r.pitch }

// behindDesk reports whether a desk stands between the camera and an officer's legs.
func (r room) behindDesk(k int, at vec) bool {
	if r.low {
		return true // one long counter
	}
	return math.Abs(at.x-r.centre(k)) < r.deskHalf()
}

// inDoorway reports whether the wall may hide a part of somebody who comes or goes by a door.
func (r room) inDoorway(p *person) bool {
	return p.edge != 0 && (!r.low || p.at.x > p.edge-doorHalf) // in the low view a desk lies beyond the edge, seen along it
}

// places is the number of people who can wait.
func (r room) places() int {
	if r.queue == Seats {
		return 2 * r.seats
	}
	return r.slots
}

// place is waiting place i: the head of the line is 0; seats 0..seats-1 are the front row.
func (r room) place(i int) vec {
	switch {
	case r.queue == Line:
		return vec{r.head + r.tail*float64(i)*r.gap, r.line}
	case r.low:
		return vec{r.head + r.tail*float64(i%r.seats)*r.seatGap, r.rows[i/r.seats]}
	}
	return vec{(float64(i%r.seats) - float64(r.seats-1)/2) * r.seatGap, r.rows[i/r.seats]}
}

// wayIn leads from the entrance to waiting place i.
func (r room) wayIn(i int) []vec {
	p := r.place(i)
	if r.queue == Seats {
		return []vec{{p.x, r.line}, p}
	}
	return []vec{p}
}

// wayToCounter leads from a waiting place to a place at a counter without crossing other people's places.
func (r room) wayToCounter(from, at vec) []vec {
	return append(r.wayOutOfQueue(from), vec{at.x, r.inLane}, at)
}

// wayOutOfQueue leads from a waiting place to the lane.
func (r room) wayOutOfQueue(from vec) []vec {
	between := r.queue == Seats && (from.y-r.line)*(r.line-r.inLane) > 0.2*math.Abs(r.line-r.inLane) // the other row is in between
	if between {
		end := r.queueZone[0] + 0.3 // that row leaves by the end of the aisle away from the entrance
		if r.low {
			end = r.queueZone[1] + 0.25
		}
		return []vec{{from.x, r.line}, {end, r.line}, {end, r.inLane}}
	}
	return []vec{{from.x, r.inLane}}
}

// wayHome leads from the lane or a counter out of the room.
func (r room) wayHome(from vec) []vec {
	return []vec{{from.x + 0.6, r.outLane}, {r.exit, r.outLane}}
}

// waiting is the outline of the queue zone in pixels: of the floor, for seats in the low view also of the lower edges of
// whom the backs of the chairs hide.
func (r room) waiting(v view) []pt {
	q := r.queueZone
	far := v.outline(0, vec{q[0], q[3]}, vec{q[1], q[3]})
	if r.low && r.queue == Seats {
		far = v.outline(chairTop, vec{q[0], r.rows[0] + 0.1}, vec{q[1], r.rows[0] + 0.1})
		q[2] = r.rows[1] - 0.2
	}
	return append(far, v.outline(0, vec{q[1], q[2]}, vec{q[0], q[2]})...)
}

// service is the floor on which citizens stand at a counter.
func (r room) service(k int) []vec {
	x, half, far, near := r.centre(k), 0.36*r.pitch, 3.9, 2.7
	if r.low {
		x, half, far, near = r.sight(x, r.citizens).x, r.sight(0.42*r.pitch, r.citizens).x, r.deskFront-0.1, r.citizens-0.35
	}
	return []vec{{x - half, far}, {x + half, far}, {x + half, near}, {x - half, near}}
}

// staffHalf is half the width of a staff zone.
func (r room) staffHalf() float64 {
	if r.low {
		return 0.24 * r.pitch
	}
	return 0.18 * r.pitch
}

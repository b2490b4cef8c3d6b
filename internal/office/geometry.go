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

// view is a pinhole camera under a high ceiling, pitched down by 45 degrees: steep enough that the head of a citizen at
// a counter stays below the officer behind it.
type view struct {
	size  models.Size
	focal float64 // pixels
}

const (
	cameraHeight = 9.0  // metres
	cameraBack   = 6.0  // metres in front of y = 0
	focalPer640  = 713. // pixels of focal length in a picture 640 wide
)

func newView(size models.Size) view { return view{size, focalPer640 * float64(size.W) / 640} }

// point projects a place z metres above the floor to pixels.
func (v view) point(p vec, z float64) (x, y float64) {
	forward := (p.y + cameraBack + cameraHeight - z) * math.Sqrt2 / 2
	up := (p.y + cameraBack - cameraHeight + z) * math.Sqrt2 / 2
	return float64(v.size.W)/2 + v.focal*p.x/forward, float64(v.size.H)/2 - v.focal*up/forward
}

// scale is the number of pixels that a metre across the picture takes at a place on the floor.
func (v view) scale(p vec) float64 {
	return v.focal / ((p.y + cameraBack + cameraHeight) * math.Sqrt2 / 2)
}

// outline projects a polygon at z metres above the floor to pixels.
func (v view) outline(z float64, ps ...vec) []pt {
	out := make([]pt, len(ps))
	for i, p := range ps {
		out[i].x, out[i].y = v.point(p, z)
	}
	return out
}

// Places of the room, in metres.
const (
	wallY     = 6.3 // the back wall, with a door beside each counter
	officerY  = 5.3
	deskBack  = 4.95
	deskFront = 3.95
	deskTop   = 0.75 // height
	citizenY  = 3.3  // where a citizen stands to be served
	outLane   = 2.25 // people who leave walk along here
	inLane    = 1.75 // people who were called walk along here
	lineY     = 0.1  // the line, and the aisle between the rows of seats
	queueTop  = 0.9  // the queue zone's far edge
	queueEnd  = 4.3  // the queue zone's right edge; its left edge mirrors it
	entranceX = 5.6  // out of the picture, right
	exitX     = 6.3  // out of the picture, right
	doorHalf  = 0.36
	doorTop   = 2.0 // height
	slotGap   = 0.78
	lineSlots = 11
	seatsRow  = 7
	seatGap   = 1.15
)

// room places counters and waiting places.
type room struct {
	counters int
	pitch    float64 // metres from counter to counter
	queue    Queue
}

func newRoom(c Config) room {
	return room{c.Counters, math.Min(2.9, 12.2/float64(c.Counters)), c.Queue}
}

// centre is the x of counter k, from 0 at the left.
func (r room) centre(k int) float64 { return (float64(k) - float64(r.counters-1)/2) * r.pitch }

func (r room) citizen(k int) vec { return vec{r.centre(k) + 0.1*r.pitch, citizenY} }
func (r room) officer(k int) vec { return vec{r.centre(k) - 0.1*r.pitch, officerY} }
func (r room) door(k int) vec    { return vec{r.centre(k) + 0.43*r.pitch, wallY - 0.12} }
func (r room) deskHalf() float64 { return 0.3 * r.pitch }

// places is the number of people who can wait.
func (r room) places() int {
	if r.queue == Seats {
		return 2 * seatsRow
	}
	return lineSlots
}

// place is waiting place i: the head of the line is 0; seats 0..seatsRow-1 are the front row.
func (r room) place(i int) vec {
	if r.queue == Seats {
		return vec{(float64(i%seatsRow) - (seatsRow-1)/2.) * seatGap, []float64{0.62, -0.42}[i/seatsRow]}
	}
	return vec{-3.95 + float64(i)*slotGap, lineY}
}

// wayIn leads from the entrance to waiting place i.
func (r room) wayIn(i int) []vec {
	p := r.place(i)
	if r.queue == Seats {
		return []vec{{p.x, lineY}, p}
	}
	return []vec{p}
}

// wayToCounter leads from a waiting place to counter k without crossing other people's places.
func (r room) wayToCounter(from vec, k int) []vec {
	c := r.citizen(k)
	return append(r.wayOutOfQueue(from), vec{c.x, inLane}, c)
}

// wayOutOfQueue leads from a waiting place to the lane.
func (r room) wayOutOfQueue(from vec) []vec {
	if r.queue == Seats && from.y < lineY-0.2 { // the back row leaves by the left end of the aisle
		const end = -(queueEnd - 0.3)
		return []vec{{from.x, lineY}, {end, lineY}, {end, inLane}}
	}
	return []vec{{from.x, inLane}}
}

// wayHome leads from the lane or a counter out of the room.
func (r room) wayHome(from vec) []vec {
	return []vec{{from.x + 0.6, outLane}, {exitX, outLane}}
}

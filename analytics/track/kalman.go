package track

import (
	"math"

	"github.com/counterwatch/counterwatch/models"
)

// axis is a Kalman filter of one coordinate with constant velocity and white-noise acceleration (Bar-Shalom, Li and
// Kirubarajan, 2001, 6.2.2), in pixels and seconds.
type axis struct {
	pos, vel   float64
	pp, pv, vv float64 // covariance
}

func (a *axis) predict(dt, density float64) {
	a.pos += dt * a.vel
	a.pp += dt*(2*a.pv+dt*a.vv) + density*dt*dt*dt/3
	a.pv += dt*a.vv + density*dt*dt/2
	a.vv += density * dt
}

func (a *axis) update(z, variance float64) {
	s := a.pp + variance
	kp, kv, r := a.pp/s, a.pv/s, z-a.pos
	a.pos += kp * r
	a.vel += kv * r
	a.vv -= kv * a.pv
	a.pv *= 1 - kp
	a.pp *= 1 - kp
}

// level is a Kalman filter of a value that wanders: a width or a height.
type level struct{ val, variance float64 }

func (l *level) update(z, variance float64) {
	k := l.variance / (l.variance + variance)
	l.val += k * (z - l.val)
	l.variance *= 1 - k
}

// filter follows one box: its centre with velocity, its width and height.
type filter struct {
	x, y axis
	w, h level
}

func newFilter(d models.Detection, c *tuning) filter {
	x, y := centre(d.Box)
	pos, size := c.variances(d)
	speed := square(c.speed * d.Box.H)
	return filter{axis{pos: x, pp: pos, vv: speed}, axis{pos: y, pp: pos, vv: speed}, level{d.Box.W, size}, level{d.Box.H, size}}
}

// variances of a detection's centre and size: one that the detector doubts is less exact.
func (c *tuning) variances(d models.Detection) (pos, size float64) {
	sd := d.Box.H * (1 + c.doubt*(1-math.Min(d.Score, 1)))
	return square(c.centreSD * sd), square(c.sizeSD * sd)
}

func (f *filter) predict(dt float64, c *tuning) {
	hh := square(f.h.val)
	f.x.predict(dt, c.accelX*hh)
	f.y.predict(dt, c.accelY*hh)
	f.w.variance += c.sizeWalk * hh * dt
	f.h.variance += c.sizeWalk * hh * dt
}

// update takes a detection. A box much lower than the person is the upper part of a body whose legs are behind a desk or
// somebody else: its top says where the person is, and it says little about their size.
func (f *filter) update(d models.Detection, c *tuning) {
	x, y := centre(d.Box)
	pos, size := c.variances(d)
	if d.Box.H < c.cutOff*f.h.val {
		y, size = d.Box.Y+f.h.val/2, size*c.cutDoubt
	}
	f.x.update(x, pos)
	f.y.update(y, pos)
	f.w.update(d.Box.W, size)
	f.h.update(d.Box.H, size)
}

func (f *filter) box() models.Box { return around(f.x.pos, f.y.pos, f.w.val, f.h.val) }

// speed in box heights a second.
func (f *filter) speed() float64 { return math.Hypot(f.x.vel, f.y.vel) / f.h.val }

// reaches reports whether a detection may be the person by how far its centre is from the predicted one: within gate standard
// deviations, or so near that somebody may have stepped there all of a sudden.
func (f *filter) reaches(d models.Detection, c *tuning) bool {
	x, y := centre(d.Box)
	pos, _ := c.variances(d)
	return square(x-f.x.pos)/(f.x.pp+pos)+square(y-f.y.pos)/(f.y.pp+pos) <= square(c.gate) || f.near(d, c.step)
}

// near reports whether a detection's centre is within so many heights of the predicted one.
func (f *filter) near(d models.Detection, heights float64) bool {
	x, y := centre(d.Box)
	return math.Hypot(x-f.x.pos, y-f.y.pos) <= heights*f.h.val
}

func (f *filter) slow(by float64) { f.x.vel, f.y.vel = f.x.vel*by, f.y.vel*by }

func (f *filter) halt() { f.x.vel, f.y.vel = 0, 0 }

func around(x, y, w, h float64) models.Box { return models.Box{X: x - w/2, Y: y - h/2, W: w, H: h} }

func centre(b models.Box) (x, y float64) { return b.X + b.W/2, b.Y + b.H/2 }

func square(x float64) float64 { return x * x }

package detect

import "github.com/counterwatch/counterwatch/models"

// Calm reports whether in the frame last given to Detect nothing had moved since the one looked at before, and the network
// sees the same people in both: what was found may stand for as long as Unchanged says so. Detectors other than networks
// want to see every frame: there it is never calm.
func (c *Camera) Calm() bool { return c.calm }

// Unchanged reports whether nothing has moved from the frame last looked at to a later one, so that Last holds for the time
// between.
func (c *Camera) Unchanged(f *models.Frame) bool {
	if !c.calm || f.Size != c.size || !c.motion.Still(f) {
		return false
	}
	c.thing.watch(c.motion.now, f.At)
	return true
}

// Last returns what was found last; the slice is valid until the next call of Detect and must not be changed.
func (c *Camera) Last() []models.Detection { return c.last }

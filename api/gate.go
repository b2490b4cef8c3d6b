package api

import (
	"sync/atomic"

	"github.com/counterwatch/counterwatch/models"
)

const maxWatchers = 1000 // of one stream, all callers together

// gate bounds how many streams are open at once.
type gate struct{ open atomic.Int64 }

func (g *gate) enter() (leave func(), err error) {
	if g.open.Add(1) > maxWatchers {
		g.open.Add(-1)
		return nil, models.Errorf(models.KindLimited, "%d watchers are connected already; try again later", maxWatchers)
	}
	return func() { g.open.Add(-1) }, nil
}

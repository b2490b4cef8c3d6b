package ingest

import (
	"context"
	"sync"
	"time"
)

// Gate bounds how many cameras connect at once, so that a network that comes back does not swamp the node with handshakes.
// Cameras pass in the order in which they came. A place is given back with the first picture, at the end, and at the
// latest after gateHold: a camera that does not answer costs nothing but its place. With 500 cameras that all want in at
// once, the last one waits 500 * 0.5 s / 32 = 8 s. A nil Gate is always open.
type Gate struct{ places chan struct{} }

// DefaultGate is how many cameras connect at once.
const DefaultGate = 32

const gateHold = 500 * time.Millisecond

// NewGate makes a gate for so many at once; 0 is DefaultGate.
func NewGate(n int) *Gate {
	if n <= 0 {
		n = DefaultGate
	}
	return &Gate{places: make(chan struct{}, n)}
}

// enter waits for a place; leave gives it back and may be called more than once.
func (g *Gate) enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	once := sync.OnceFunc(func() { <-g.places })
	late := time.AfterFunc(gateHold, once)
	return func() { late.Stop(); once() }, nil
}

// Package sandbox decodes in child processes, so that a crash, a hang or a leak in native code costs a few cameras a moment and
// nobody else anything. It stands where a decoder stands on the frame's road: access units go in, frames come out, and the
// runner does not know the difference. A child is this same program, started anew, with the decoders of a group of cameras
// (serve.go) and hardly a right left (confine.go); it is never trusted. Units go to it and pictures come back through memory
// that both share; one small message each way says what lies there (wire.go). Linux only. Imported by internal/nodeapp and by
// the programs that run it, which call Main first.
package sandbox

import (
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/internal/flood"
	"github.com/counterwatch/counterwatch/models"
)

// Config says how children are started and bounded. The zero value works in a program that calls Main.
type Config struct {
	Command  []string      // starts a child; nil is this program itself
	Group    int           // cameras of one child; 0 is 8
	Deadline time.Duration // within which a unit is answered, or the child is ended; 0 is 2 s
	Memory   int64         // private bytes at which a child is ended; 0 is 128 MB and 64 MB a camera
	Idle     time.Duration // a child without cameras ends after this; 0 is 10 s
	Log      *slog.Logger  // nil is slog.Default
}

func (c Config) withDefaults() Config {
	if c.Group <= 0 {
		c.Group = 8
	}
	if c.Deadline <= 0 {
		c.Deadline = 2 * time.Second
	}
	if c.Memory <= 0 {
		c.Memory = int64(2+c.Group) << 26
	}
	if c.Idle <= 0 {
		c.Idle = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// checkEvery is how often the children's memory is looked at.
const checkEvery = 500 * time.Millisecond

// Pool is the children of one node. It is safe for concurrent use.
type Pool struct {
	cfg    Config
	log    *flood.Log
	starts chan func() // run by the one thread that starts children
	stop   chan struct{}
	wg     sync.WaitGroup
	now    func() time.Time

	mu       sync.Mutex
	closed   bool
	children map[*child]struct{}
	restarts int64
	lost     map[string]int64 // children that a camera had and that ended, by the camera
	noNet    bool             // the machine gives no network namespace
}

// Stats is how a pool is.
type Stats struct {
	Children int    // processes that run
	Cameras  int    // decoders placed in them
	Restarts int64  // children that ended by themselves or had to be ended
	Memory   uint64 // private bytes of all children
}

// mainCalled keeps a program that would not serve as a child from starting itself again and again.
var mainCalled atomic.Bool

// NewPool starts a first child, to say at once when this machine cannot: KindUnavailable, with what to do.
func NewPool(cfg Config) (*Pool, error) {
	if cfg.Command == nil {
		if !mainCalled.Load() {
			return nil, models.Errorf(models.KindInternal,
				"this program cannot decode in child processes, because it does not call sandbox.Main: use --decoder inprocess")
		}
		// Not os.Executable: after an upgrade that path is another program.
		cfg.Command = []string{"/proc/self/exe", childArg}
	}
	cfg = cfg.withDefaults()
	p := &Pool{
		cfg: cfg, log: flood.New(cfg.Log, 10*time.Second), starts: make(chan func()), stop: make(chan struct{}),
		now: time.Now, children: map[*child]struct{}{}, lost: map[string]int64{},
	}
	p.wg.Go(p.starter)
	p.wg.Go(p.watch)
	p.mu.Lock()
	c := p.start(false)
	p.mu.Unlock()
	<-c.ready
	if c.err != nil {
		p.Close()
		return nil, models.Errorf(models.KindUnavailable,
			"decoding in child processes does not work on this machine: %w; start with --decoder inprocess", c.err)
	}
	return p, nil
}

// NewDecoder makes a decoder for a stream of a camera that is not named: For(""), for once.
func (p *Pool) NewDecoder(codec models.Codec) (decode.Decoder, error) { return p.For("")(codec) }

// For returns what makes the decoders of one camera, one after the other: what is remembered of a camera that ends its
// child again and again outlives its decoders. Motion JPEG is decoded in this process, by Go.
func (p *Pool) For(camera string) func(models.Codec) (decode.Decoder, error) {
	h := &history{camera: camera}
	return func(codec models.Codec) (decode.Decoder, error) {
		switch codec {
		case models.CodecMJPEG:
			return &decode.JPEG{}, nil
		case models.CodecH264, models.CodecH265:
			return newDecoder(p, h, codec), nil
		}
		return nil, models.Errorf(models.KindUnsupported, "%q is not a codec that can be analysed: h264, h265 or mjpeg", codec)
	}
}

// Close ends all children and waits for them. Decoders that are still used say KindUnavailable.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	running := p.list()
	p.mu.Unlock()
	close(p.stop)
	for _, c := range running {
		c.end("")
	}
	p.wg.Wait()
	p.log.Close()
}

// Stats counts now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	s := Stats{Restarts: p.restarts}
	running := p.list()
	for _, c := range running {
		s.Children++
		s.Cameras += len(c.cameras)
	}
	p.mu.Unlock()
	for _, c := range running {
		s.Memory += uint64(c.memory())
	}
	return s
}

// Restarts is how often a camera had to go on in another child, because of itself or of one beside it.
func (p *Pool) Restarts(camera string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost[camera]
}

// list needs mu.
func (p *Pool) list() []*child {
	out := make([]*child, 0, len(p.children))
	for c := range p.children {
		out = append(out, c)
	}
	return out
}

var errClosed = errors.New("the node is stopping")

// place finds a child for one more decoder: the one with the fewest, else a new one; a camera that is to be alone always
// gets a new one. It waits until the child is ready; child.leave gives the place back.
func (p *Pool) place(d *decoder, alone bool) (*child, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	var best *child
	for c := range p.children {
		if !alone && c.room() > 0 && (best == nil || len(c.cameras) < len(best.cameras)) {
			best = c
		}
	}
	if best == nil {
		best = p.start(alone)
	}
	best.cameras[d] = struct{}{}
	p.mu.Unlock()
	<-best.ready
	if best.err != nil {
		best.leave(d)
		return nil, best.err
	}
	return best, nil
}

// room is how many more cameras a child can take; it needs pool.mu.
func (c *child) room() int {
	if c.alone || c.retired || c.ended() {
		return 0
	}
	return c.pool.cfg.Group - len(c.cameras)
}

// start begins a new child; it needs mu.
func (p *Pool) start(alone bool) *child {
	c := &child{
		pool: p, alone: alone, control: -1, cameras: map[*decoder]struct{}{}, emptySince: p.now(),
		ready: make(chan struct{}), over: make(chan struct{}),
	}
	p.children[c] = struct{}{}
	p.wg.Go(c.run)
	return c
}

// gone takes note that a child is no more. When nobody wanted that, another is started for its cameras at once: by their
// next key frames it is ready.
func (p *Pool) gone(c *child) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.children, c)
	if p.closed || c.err != nil || c.retired {
		return
	}
	p.restarts++
	room := 0
	for other := range p.children {
		room += other.room()
	}
	if !c.alone && room < max(1, len(c.cameras)) {
		p.start(false)
	}
}

// starter runs on one thread for as long as the pool lives: the kernel ends a child with the thread that started it.
func (p *Pool) starter() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case do := <-p.starts:
			do()
		case <-p.stop:
			return
		}
	}
}

// watch ends children that grow too big and those that nobody needs.
func (p *Pool) watch() {
	tick := time.NewTicker(min(checkEvery, p.cfg.Idle))
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		running := p.list()
		var idle []*child
		for _, c := range running {
			if len(c.cameras) == 0 && p.now().Sub(c.emptySince) >= p.cfg.Idle {
				c.retired = true // nobody is placed in it from here on
				idle = append(idle, c)
			}
		}
		p.mu.Unlock()
		for _, c := range idle {
			c.end("")
		}
		for _, c := range running {
			if used := c.memory(); used > p.cfg.Memory {
				c.outgrew(used)
			}
		}
	}
}

package sandbox

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/models"
)

// startWithin bounds the time in which a child must say that it is ready.
const startWithin = 10 * time.Second

// beginSize and readySize are the lengths of the first messages on the control socket: to the child version and limits, and
// back version and what could not be taken from it (confine.go).
const (
	beginSize = 16
	readySize = 8
	codecSize = 8 // a later message: a new decoder's codec; its socket comes with it
)

// child is a child process as its parent sees it.
type child struct {
	pool  *Pool
	alone bool
	ready chan struct{} // closed once it can be used or err is set
	err   error
	over  chan struct{} // closed when it ends or is to end

	// Of pool.mu:
	cameras    map[*decoder]struct{}
	emptySince time.Time
	retired    bool

	mu      sync.Mutex
	pid     int
	control int    // socket; -1 before the start and after the end
	ending  bool   // over is closed
	why     string // it was ended; empty when it was not our doing, or is no fault
}

// run starts the process and waits for its end.
func (c *child) run() {
	said := &words{}
	cmd, err := c.start(said)
	if err != nil {
		c.err = models.Errorf(models.KindUnavailable, "start a decoding process: %w", err)
		c.pool.log.Warn("a decoding process cannot be started", "err", err)
		c.finish()
		close(c.ready)
		c.pool.gone(c)
		return
	}
	close(c.ready)
	exit := c.wait(cmd)
	c.finish()
	c.tell(exit, said.String())
	c.pool.gone(c)
}

// start runs the program, hands over the limits and waits until the child says that it is ready.
func (c *child) start(said *words) (*exec.Cmd, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make its socket: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "control")
	cmd, err := c.launch(theirs, said)
	_ = theirs.Close()
	if err != nil {
		_ = unix.Close(pair[0])
		return nil, err
	}
	c.mu.Lock()
	c.pid, c.control = cmd.Process.Pid, pair[0]
	late := c.ending
	c.mu.Unlock()
	if !late {
		err = c.greet()
	}
	if late || err != nil {
		_ = cmd.Process.Kill()
		exit := c.wait(cmd)
		return nil, fmt.Errorf("%w (%s) %s", cmp.Or(c.pool.stopped(), err), exit, said)
	}
	return cmd, nil
}

func (p *Pool) stopped() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	return nil
}

// launch starts the process on the starter's thread, without a network where the machine allows that.
func (c *child) launch(control *os.File, said *words) (*exec.Cmd, error) {
	for {
		c.pool.mu.Lock()
		noNet := c.pool.noNet
		c.pool.mu.Unlock()
		cmd := exec.Command(c.pool.cfg.Command[0], c.pool.cfg.Command[1:]...)
		cmd.Env, cmd.Dir, cmd.ExtraFiles, cmd.Stderr = []string{}, "/", []*os.File{control}, said
		cmd.SysProcAttr = attributes(!noNet)
		result := make(chan error, 1)
		select {
		case c.pool.starts <- func() { result <- cmd.Start() }:
		case <-c.pool.stop:
			return nil, errClosed
		}
		err := <-result
		if err == nil || noNet {
			return cmd, err
		}
		c.pool.mu.Lock()
		c.pool.noNet = true
		c.pool.mu.Unlock()
		c.pool.cfg.Log.Info("this machine gives decoding processes no network namespace; "+
			"the system call filter keeps them off the network", "err", err)
	}
}

// attributes make a child end with its parent and keep the terminal's Ctrl-C for the parent.
func attributes(ownNet bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if !ownNet {
		return a
	}
	a.Cloneflags = syscall.CLONE_NEWNET
	if os.Geteuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// greet sends the limits and waits for the child to be confined.
func (c *child) greet() error {
	var begin [beginSize]byte
	begin[0] = version
	binary.LittleEndian.PutUint64(begin[8:], uint64(c.pool.cfg.Memory))
	binary.LittleEndian.PutUint32(begin[4:], uint32(c.pool.cfg.Group))
	_ = unix.Send(c.control, begin[:], unix.MSG_NOSIGNAL) // an error is an end, which the answer tells
	if err := setTimeout(c.control, startWithin); err != nil {
		return err
	}
	var ready [readySize]byte
	n, err := receive(c.control, ready[:], time.Now().Add(startWithin))
	switch {
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("it is not ready after %v", startWithin)
	case err != nil || n == 0:
		return errors.New("it ended before it was ready")
	case n != readySize || ready[0] != version:
		return fmt.Errorf("it is another program: %d bytes, version %d", n, ready[0])
	}
	for i, s := range steps {
		if ready[1]&(1<<i) != 0 {
			c.pool.log.Warn("a decoding process is confined less than it should be: "+s.without, "step", s.name)
		}
	}
	return nil
}

// wait waits for the end of the process.
func (c *child) wait(cmd *exec.Cmd) string {
	exited := make(chan struct{})
	var killer sync.WaitGroup
	killer.Go(func() {
		select {
		case <-c.over:
			_ = cmd.Process.Kill()
		case <-exited:
		}
	})
	_ = cmd.Wait() // an end is told by ProcessState
	close(exited)
	killer.Wait()
	return cmd.ProcessState.String()
}

// finish frees what the parent holds.
func (c *child) finish() {
	c.end("")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.control >= 0 {
		_ = unix.Close(c.control)
		c.control = -1
	}
	c.pid = 0
}

// tell logs an end that nobody wanted, with the cameras that were being decoded.
func (c *child) tell(exit, said string) {
	c.pool.mu.Lock()
	cameras, quiet := len(c.cameras), c.pool.closed || c.retired
	var busy []string
	for d := range c.cameras {
		if d.asking.Load() {
			busy = append(busy, d.who.String())
		}
	}
	c.pool.mu.Unlock()
	c.mu.Lock() // after the above: a decoder gives its reason before it leaves
	why := c.why
	c.mu.Unlock()
	if why == "" && len(busy) > 0 {
		why = decoding + strings.Join(busy, ", ")
	}
	if !quiet {
		c.pool.log.Warn("a decoding process ended; its cameras go on at their next key frames in another",
			"cameras", cameras, "why", why, "exit", exit, "said", said)
	}
}

// decoding begins the reason of an end that came while a camera was being decoded.
const decoding = "while decoding camera "

// end ends the process; why is told in the log. Only the first reason counts.
func (c *child) end(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == "" {
		c.why = why
	}
	if !c.ending {
		c.ending = true
		close(c.over)
	}
}

func (c *child) ended() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

// open makes a decoder in the child and returns its socket.
func (c *child) open(codec models.Codec, timeout time.Duration) (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pair[1])
	var message [codecSize]byte
	copy(message[:], codec)
	c.mu.Lock()
	err = unix.EPIPE
	if c.control >= 0 {
		err = unix.Sendmsg(c.control, message[:], unix.UnixRights(pair[1]), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	}
	c.mu.Unlock()
	if err == nil {
		err = setTimeout(pair[0], timeout)
	}
	if err != nil {
		_ = unix.Close(pair[0])
		return -1, err
	}
	return pair[0], nil
}

// leave gives a decoder's place back.
func (c *child) leave(d *decoder) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if delete(c.cameras, d); len(c.cameras) == 0 {
		c.emptySince = c.pool.now()
	}
}

// outgrew ends a child that uses too much. Any of its cameras may be the cause, so all are suspected: should it go on, each
// gets a child of its own, and only one of them grows again.
func (c *child) outgrew(used int64) {
	c.end(fmt.Sprintf("it used %d MB, and %d MB are allowed", used>>20, c.pool.cfg.Memory>>20))
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	for d := range c.cameras {
		d.who.strike(c.pool.now())
	}
}

// memory is the private memory of the process: resident, without what it shares with its parent or maps from files.
func (c *child) memory() int64 {
	c.mu.Lock()
	pid := c.pid
	c.mu.Unlock()
	if pid == 0 {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	var size, resident, shared int64
	if err == nil {
		_, _ = fmt.Sscan(string(b), &size, &resident, &shared)
	}
	return (resident - shared) * int64(os.Getpagesize())
}

// words keeps the first that a child writes to its standard error: the cause stands before the stack. It is written by one
// goroutine of os/exec and read after that has ended.
type words struct{ b []byte }

const maxWords = 600

func (w *words) Write(b []byte) (int, error) {
	w.b = append(w.b, b[:min(len(b), maxWords-len(w.b))]...)
	return len(b), nil
}

func (w *words) String() string { return clean(w.b) }

package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// firstMemory holds a picture of 1080p in I420. Pages that were never touched cost nothing.
const firstMemory = 4 << 20

// newMemory makes a piece of memory to be shared through the descriptor, which the caller closes. Its size is sealed: a child
// that cut it short could otherwise end its parent with SIGBUS.
func newMemory(size int) (mem []byte, fd int, err error) {
	fd, err = unix.MemfdCreate("counterwatch-frames", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, -1, fmt.Errorf("make shared memory: %w", err)
	}
	if err = unix.Ftruncate(fd, int64(size)); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err == nil {
		mem, err = mapMemory(fd, size)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, -1, fmt.Errorf("make shared memory of %d bytes: %w", size, err)
	}
	return mem, fd, nil
}

func mapMemory(fd, size int) ([]byte, error) {
	return unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// roomFor rounds a need up, so that pictures and units that grow a little do not make a new memory each time.
func roomFor(need int) int { return min((need+need/4+0xfffff)&^0xfffff, maxPix) }

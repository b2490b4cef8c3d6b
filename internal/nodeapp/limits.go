package nodeapp

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// Limits are what a node may use of its machine; what is zero is taken from the machine.
type Limits struct {
	Memory Bytes   // of the node and its decoders' processes; 0: nine tenths of the control group's limit, else half of the machine's
	CPU    float64 // cores; 0: all that the process may run on
	Disk   Bytes   // of what waits for the centre; 0: 2 GiB. A tenth of the disk stays free in any case
}

// The least with which a node can work.
const (
	leastMemory = 128 << 20
	leastCPU    = 0.1
	leastDisk   = 16 << 20
)

// fill checks the limits and takes those that are not given from the machine, whose root folder is given.
func (l Limits) fill(root fs.FS) (Limits, error) {
	switch {
	case l.Memory != 0 && l.Memory < leastMemory:
		return l, models.Invalid("memory", "%s is too little for a node: give it at least %s, or leave --memory away", l.Memory, Bytes(leastMemory))
	case l.CPU != 0 && !(l.CPU >= leastCPU && l.CPU <= 1024):
		return l, models.Invalid("cpu", "%g is no number of cores: give it %g or more, such as 1.5, or leave --cpu away", l.CPU, leastCPU)
	case l.Disk != 0 && l.Disk < leastDisk:
		return l, models.Invalid("disk", "%s is too little for a node: give it at least %s, or leave --disk away", l.Disk, Bytes(leastDisk))
	}
	if l.Memory == 0 {
		l.Memory = machineMemory(root)
	}
	if l.CPU == 0 {
		l.CPU = float64(runtime.GOMAXPROCS(0))
	}
	return l, nil
}

// enforce keeps Go's scheduler to the cores and its garbage small, and returns what ends that. With a part of a core left over no more frames are
// analysed at once than there are whole cores: see Config.Slots.
func (l Limits) enforce() (undo func()) {
	threads := runtime.GOMAXPROCS(int(math.Ceil(l.CPU))) // 0 changes nothing
	memory := debug.SetMemoryLimit(-1)
	garbage := -1
	if os.Getenv("GOGC") == "" { // an operator's own stands
		garbage = debug.SetGCPercent(ingest.GCPercent)
	}
	return func() {
		runtime.GOMAXPROCS(threads)
		debug.SetMemoryLimit(memory)
		if garbage >= 0 {
			debug.SetGCPercent(garbage)
		}
	}
}

// machineMemory is what a node takes when nobody says how much: nine tenths of what its control group may have, where that
// is less than the machine has; else half of the machine, which is not the node's alone. 0 where the system does not tell.
func machineMemory(root fs.FS) Bytes {
	var total int64
	b, _ := fs.ReadFile(root, "proc/meminfo")
	if _, err := fmt.Sscanf(string(b), "MemTotal: %d kB", &total); err != nil {
		return 0
	}
	total *= 1024
	if group := groupMemory(root); group < total {
		return Bytes(group / 10 * 9)
	}
	return Bytes(total / 2)
}

// groupMemory is the least memory limit of the process's control groups, both versions, up to the root of each; the largest
// number when there is none. Inside a container the path may not exist, but its mount's root holds the limit.
func groupMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	groups, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		if parts[1] != "" {
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		if parts[1] != "" && parts[1] != "memory" {
			continue
		}
		for dir := path.Clean("/" + parts[2]); ; dir = path.Dir(dir) {
			b, err := fs.ReadFile(root, path.Join(mount, dir, file))
			if n, bad := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && bad == nil && n > 0 {
				least = min(least, n)
			}
			if dir == "/" {
				break
			}
		}
	}
	return least
}

// Bytes is a size as people write it: 512MiB, 2GiB, 1.5GB, or plain bytes. It is a flag.
type Bytes int64

var units = []struct {
	name string
	n    float64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"B", 1},
}

// Set reads a size.
func (b *Bytes) Set(s string) error {
	number, n := strings.TrimSpace(s), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(strings.ToLower(number), strings.ToLower(u.name)); ok {
			number, n = strings.TrimSpace(rest), u.n
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v*n >= 0 && v*n < 1<<60) {
		return fmt.Errorf("%q is no size: write it as 512MiB or 2GiB", s)
	}
	*b = Bytes(v * n)
	return nil
}

// String is the size with its largest whole unit of 1024.
func (b Bytes) String() string {
	for _, u := range units[:4] {
		if float64(b) >= u.n {
			return strconv.FormatFloat(math.Round(float64(b)/u.n*10)/10, 'f', -1, 64) + " " + u.name
		}
	}
	if b == 0 {
		return "0" // the command's help then leaves the default away
	}
	return strconv.FormatInt(int64(b), 10) + " B"
}

// Type names a size in the help of a command.
func (*Bytes) Type() string { return "size" }

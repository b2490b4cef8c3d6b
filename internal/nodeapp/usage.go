package nodeapp

import (
	"bytes"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what the node and its children use of the machine at one moment.
type usage struct {
	memory  int64         // resident bytes; what a child shares with the node counts once
	managed int64         // of those, what Go's memory manager holds and can give back
	cpu     time.Duration // processor time since the start, of children that have ended too
}

// meter reads the usage from the system; where the system does not tell, it is 0. It is used by one goroutine.
type meter struct {
	children []int
	listed   time.Time
}

// childrenEvery is how often the children are looked for: that reads a file of every process of the machine.
const childrenEvery = 10 * time.Second

// The kernel tells processor time in hundredths of a second, whatever its own clock is (proc(5)).
const tick = 10 * time.Millisecond

func (m *meter) read(now time.Time) (u usage) {
	resident, _ := residentMemory("self")
	u.memory = resident
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			u.cpu += time.Duration(r.Utime.Nano() + r.Stime.Nano())
		}
	}
	if now.Sub(m.listed) >= childrenEvery {
		m.children, m.listed = children(), now
	}
	for _, pid := range m.children {
		resident, shared := residentMemory(strconv.Itoa(pid))
		u.memory += resident - shared
		if s, ok := readStat(pid); ok && s.parent == os.Getpid() {
			u.cpu += s.cpu
		}
	}
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	u.managed = int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
	return u
}

// residentMemory is what a process holds in memory, and how much of that are files and memory that others hold too, bytes.
func residentMemory(pid string) (resident, shared int64) {
	b, _ := os.ReadFile("/proc/" + pid + "/statm")
	var size int64
	if _, err := fmt.Sscan(string(b), &size, &resident, &shared); err != nil {
		return 0, 0
	}
	page := int64(os.Getpagesize())
	return resident * page, shared * page
}

// stat is what is needed of /proc/PID/stat.
type stat struct {
	parent int
	cpu    time.Duration
}

func readStat(pid int) (s stat, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, false
	}
	return parseStat(b)
}

// parseStat reads "pid (name) state ppid ...": the name may hold spaces and brackets.
func parseStat(b []byte) (s stat, ok bool) {
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return s, false
	}
	var n [3]int64
	for i, field := range []int{1, 11, 12} {
		var err error
		if n[i], err = strconv.ParseInt(f[field], 10, 64); err != nil {
			return s, false
		}
	}
	return stat{int(n[0]), time.Duration(n[1]+n[2]) * tick}, true
}

// children are the processes that this one has started and that run.
func children() (pids []int) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if s, ok := readStat(pid); ok && s.parent == os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// cores is how many cores are used, as the mean of the last ten seconds.
type cores struct {
	at   []time.Time
	used []time.Duration
}

// coresOver is the time over which use is averaged.
const coresOver = 10 * time.Second

func (c *cores) add(now time.Time, used time.Duration) float64 {
	c.at, c.used = append(c.at, now), append(c.used, used)
	for len(c.at) > 2 && now.Sub(c.at[1]) >= coresOver {
		c.at, c.used = c.at[1:], c.used[1:]
	}
	if took := now.Sub(c.at[0]); took > 0 {
		return max(0, float64(used-c.used[0])/float64(took))
	}
	return 0
}

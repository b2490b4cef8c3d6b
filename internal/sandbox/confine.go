package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// limits are what a child may use.
type limits struct {
	memory  int64 // private bytes
	cameras int
}

const (
	processors = 2 // that the Go side of a child uses at once
	// niceness is added to the parent's: receiving and inference go first. It is small, because a decoder that is starved for
	// seconds would be taken for one that hangs, and because each time it is interrupted its caches grow cold.
	niceness = 1
	nobody   = 65534
	// threadStack is what the C library sets aside for each thread; there is one for each camera, and the Go runtime's.
	threadStack, threadsBeside = 8 << 20, 16
	descriptors                = 1024
)

// step is one right that a child gives up.
type step struct {
	name    string
	without string // for an operator, when this machine does not allow it
	do      func(limits) error
}

// steps are done in this order: the last closes the door to all that the others need.
var steps = []step{
	{"nice", "it competes with receiving and inference for the processors", setNice},
	{"limits", "its memory is bounded only by being looked at twice a second", setLimits},
	{"user", "it runs as root, and only the system call filter keeps it from using that", dropRoot},
	{"process", "it could outlive the node, or be read by other programs of the same user", setProcess},
	{"filter", "a fault in a video codec could open files or the network; " +
		"a kernel with seccomp (CONFIG_SECCOMP_FILTER) prevents that", setFilter},
}

// confine gives up every right that decoding does not need. It returns a bit for each step that this machine does not allow.
func confine(l limits) (failed byte) {
	runtime.LockOSThread() // the filter's call and the one before it must come from one thread
	defer runtime.UnlockOSThread()
	runtime.GOMAXPROCS(min(processors, runtime.NumCPU()))
	debug.SetMemoryLimit(l.memory / 2) // the other half is for the libraries
	debug.SetGCPercent(400)            // pictures are all garbage: fewer rounds save 4 % of the decoding and cost 10 MB
	for i, s := range steps {
		if err := s.do(l); err != nil {
			fmt.Fprintf(os.Stderr, "decode-child: %s: %v\n", s.name, err)
			failed |= 1 << i
		}
	}
	return failed
}

func setNice(limits) error {
	now, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return err
	}
	// The kernel tells 20 less the niceness. It is set for the group, because it belongs to each thread.
	return unix.Setpriority(unix.PRIO_PGRP, 0, 20-now+niceness)
}

// setLimits bounds what can be asked of the kernel. The memory's bound is on private writable mappings (RLIMIT_DATA): the
// address space (RLIMIT_AS) says nothing, because the Go runtime reserves far more of it than it uses.
func setLimits(l limits) error {
	data, err := privateMappings()
	if err != nil {
		return err
	}
	bounds := []struct {
		what  int
		value uint64
	}{
		{unix.RLIMIT_DATA, uint64(data + l.memory + int64(l.cameras+threadsBeside)*threadStack)},
		{unix.RLIMIT_FSIZE, 0},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, descriptors},
	}
	for _, b := range bounds {
		if err := unix.Setrlimit(b.what, &unix.Rlimit{Cur: b.value, Max: b.value}); err != nil {
			return fmt.Errorf("set limit %d: %w", b.what, err)
		}
	}
	return nil
}

// privateMappings is VmData of proc(5): what RLIMIT_DATA counts.
func privateMappings() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmData:" {
			kB, err := strconv.ParseInt(f[1], 10, 64)
			return kB << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmData")
}

func dropRoot(limits) error {
	if os.Geteuid() != 0 {
		return nil
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(nobody); err != nil {
		return err
	}
	return syscall.Setuid(nobody)
}

func setProcess(limits) error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0) // a new user has taken the parent's away
}

// setFilter leaves only the system calls of running threads, memory and sockets that are open already; the rest says EPERM.
func setFilter(limits) error {
	if !seccomp.Supported() {
		return fmt.Errorf("this kernel has no seccomp")
	}
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy(os.Getpid())})
}

func policy(pid int) seccomp.Policy {
	when := func(name string, argument uint32, op seccomp.Operation, value uint64) seccomp.NameWithConditions {
		return seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{{Argument: argument, Operation: op, Value: value}}}
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{{
			Action: seccomp.ActionAllow,
			Names: []string{
				"read", "write", "recvmsg", "close", // of descriptors that it has or is given
				"munmap", "mremap", "madvise", "brk",
				"futex", "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "sched_yield", "sched_getaffinity", "restart_syscall",
				"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", // the Go runtime's timers
				"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
				"set_robust_list", "rseq", "getpid", "gettid", "getrandom", "sysinfo", "exit", "exit_group",
			},
			NamesWithCondtions: []seccomp.NameWithConditions{
				when("mmap", 2, seccomp.BitsNotSet, unix.PROT_EXEC), // no new code
				when("mprotect", 2, seccomp.BitsNotSet, unix.PROT_EXEC),
				when("clone", 0, seccomp.BitsSet, unix.CLONE_THREAD), // threads, not processes
				when("tgkill", 0, seccomp.Equal, uint64(pid)),        // signals to itself
			},
		}, {
			Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), // the C library then takes clone, which can be looked into
			Names:  []string{"clone3"},
		}},
	}
}

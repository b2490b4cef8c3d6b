package nodeapp

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"github.com/counterwatch/counterwatch/models"
)

func TestLimitsFromTheMachine(t *testing.T) {
	machine := func(files ...string) fstest.MapFS {
		fs := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal:       16777216 kB\nMemFree: 1 kB\n")}} // 16 GiB
		for i := 0; i < len(files); i += 2 {
			fs[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
		}
		return fs
	}
	for name, c := range map[string]struct {
		fs   fstest.MapFS
		want Bytes
	}{
		"no groups":           {machine(), 8 << 30},
		"no limit":            {machine("proc/self/cgroup", "0::/a\n", "sys/fs/cgroup/a/memory.max", "max\n"), 8 << 30},
		"version 2":           {machine("proc/self/cgroup", "0::/a\n", "sys/fs/cgroup/a/memory.max", "1000000000\n"), 9e8},
		"version 2, above":    {machine("proc/self/cgroup", "0::/a/b/c\n", "sys/fs/cgroup/a/memory.max", "1000000000\n"), 9e8},
		"version 2, own root": {machine("proc/self/cgroup", "0::/docker/x\n", "sys/fs/cgroup/memory.max", "1000000000\n"), 9e8},
		"version 1": {machine("proc/self/cgroup", "5:cpu:/x\n4:memory:/y\n0::/\n", "sys/fs/cgroup/memory/y/memory.limit_in_bytes", "1000000000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"), 9e8},
		"more than there is": {machine("proc/self/cgroup", "0::/\n", "sys/fs/cgroup/memory.max", "99999999999999\n"), 8 << 30},
		"nothing is told":    {fstest.MapFS{}, 0},
	} {
		l, err := Limits{}.fill(c.fs)
		if err != nil || l.Memory != c.want || l.CPU != float64(runtime.GOMAXPROCS(0)) {
			t.Errorf("%s: %v, %v of memory (%d), want %v", name, err, l.Memory, l.Memory, c.want)
		}
	}
	given := Limits{Memory: 1 << 30, CPU: 1.5, Disk: 1 << 30}
	if l, err := given.fill(machine()); err != nil || l != given {
		t.Errorf("%v, %+v", err, l)
	}
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	for flag, l := range map[string]Limits{"--memory": {Memory: 1000}, "--cpu": {CPU: -1}, "--disk": {Disk: 1 << 20}} {
		_, err := l.fill(fstest.MapFS{})
		if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), flag) || !strings.Contains(err.Error(), "at least") && flag != "--cpu" {
			t.Errorf("%s: %v", flag, err)
		}
	}
}

func TestBytes(t *testing.T) {
	for in, want := range map[string]string{
		"2GiB": "2 GiB", "1.5 GiB": "1.5 GiB", "512mib": "512 MiB", "2g": "2 GiB", "1000": "1000 B", "1GB": "953.7 MiB",
		"64K": "64 KiB", "0": "0", " 3 TiB ": "3 TiB", "7B": "7 B",
	} {
		var b Bytes
		if err := b.Set(in); err != nil || b.String() != want {
			t.Errorf("%q: %v, %v, want %s", in, err, b, want)
		}
	}
	for _, in := range []string{"", "GiB", "-1", "1e99", "NaN", "inf", "2 GiB/s", "0x1p70"} {
		var b Bytes
		if err := b.Set(in); err == nil || !strings.Contains(err.Error(), "512MiB") {
			t.Errorf("%q: %v, %v", in, err, b)
		}
	}
}

// What is read is never negative, and what is written can be read again.
func TestBytesAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b, again Bytes
		text := rapid.StringMatching(`-?[0-9.]{1,20}(e[0-9]{1,3})? ?[KMGTkmgt]?[iI]?[bB]?|.*`).Draw(t, "text")
		if b.Set(text) != nil {
			return
		}
		if err := again.Set(b.String()); err != nil || b < 0 || again < b-b/10 || again > b+b/10 {
			t.Fatalf("%q is %d, %v, and that is %d: %v", text, b, b, again, err)
		}
	})
}

func TestUsageCountsChildren(t *testing.T) {
	s, ok := parseStat([]byte("7 (a) b (c) S 42 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 5 0 0"))
	if !ok || s.parent != 42 || s.cpu != 3*time.Second {
		t.Errorf("%+v, %v", s, ok)
	}
	if _, ok := parseStat([]byte("7 (a) S 42")); ok {
		t.Error("half a line was taken")
	}
	child := exec.Command("sh", "-c", "echo ready; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exec sleep 100")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 10))
	if pids := children(); !slices.Contains(pids, child.Process.Pid) {
		t.Errorf("%v lack %d", pids, child.Process.Pid)
	}
	var m meter
	var before, with usage
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if s, _ := readStat(child.Process.Pid); s.cpu >= 10*tick {
			break
		}
	}
	with = m.read(time.Now())
	_ = child.Process.Kill()
	_ = child.Wait()
	if before = m.read(time.Now()); before.cpu < with.cpu-2*tick {
		t.Errorf("%v of CPU after a child has ended, %v before", before.cpu, with.cpu)
	}
	if with.memory <= 0 || with.managed <= 0 || with.managed > 10*with.memory {
		t.Errorf("%+v", with)
	}
}

package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
)

func TestForbidden(t *testing.T) {
	p := newPool(t, Config{})
	d := decoderOf(t, p, "a")
	one(t, d, unit("frame", true))
	for name := range forbidden {
		t.Run(name, func(t *testing.T) {
			_, err := d.Decode(unit(name, true), decode.Picture)
			if err == nil || !strings.Contains(err.Error(), "operation not permitted") {
				t.Errorf("%v", err)
			}
		})
	}
	if s := p.Stats(); s.Restarts != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(os.TempDir() + "/sandbox-broken"); err == nil {
		t.Error("a file was made")
	}
}

// TestChildIsConfined looks at a child from outside.
func TestChildIsConfined(t *testing.T) {
	p := newPool(t, Config{})
	one(t, decoderOf(t, p, "a"), unit("frame", true))
	pid := pids(p)[0]
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	if os.Geteuid() == 0 && !strings.Contains(string(status), "Uid:\t65534\t65534") {
		t.Errorf("a child of root is not nobody:\n%s", status)
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil || len(tasks) < 2 {
		t.Fatal(len(tasks), err)
	}
	mine, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		if nice, err := unix.Getpriority(unix.PRIO_PROCESS, tid); err != nil || nice != mine-niceness {
			t.Errorf("thread %d: niceness %d, ours %d, %v", tid, 20-nice, 20-mine, err)
		}
	}
	bounds, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Max file size 0 0 ", "Max core file size 0 0 ", fmt.Sprintf("Max open files %d %d ", descriptors, descriptors)} {
		if !strings.Contains(strings.Join(strings.Fields(string(bounds)), " "), want) {
			t.Errorf("no %q in\n%s", want, bounds)
		}
	}
	if strings.Contains(string(bounds), "Max data size             unlimited") {
		t.Errorf("memory is not bounded:\n%s", bounds)
	}
	if session, err := unix.Getsid(pid); err != nil || session != pid {
		t.Errorf("session %d of %d, %v", session, pid, err)
	}
}

// TestUnprivilegedParent starts the pool as a user without rights.
func TestUnprivilegedParent(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the other tests are it already")
	}
	cmd := exec.Command("/proc/self/exe", "parent")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, bad := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || bad != nil {
		t.Errorf("no child: %q, %v", line, err)
	}
	if status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); bad == nil && !strings.Contains(string(status), "Seccomp:\t2") {
		t.Errorf("the child is not confined:\n%s", status)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/internal/bench/tally"
	"github.com/counterwatch/counterwatch/models"
)

// program is the path of one of ours; BIN names another folder than bin/, for a long run that builds must not disturb.
func program(name string) string {
	if dir := os.Getenv("BIN"); dir != "" {
		return filepath.Join(dir, name)
	}
	return filepath.Join("bin", name)
}

// process is one that is measured, with the children it makes.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	log  string // path of what it writes to standard error
}

// launch starts a program in a process group of its own; its log goes to a file in dir.
func launch(ctx context.Context, dir, name, path string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.CommandContext(ctx, path, args...), log: filepath.Join(dir, name+".log")}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	p.cmd.WaitDelay = 10 * time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// end asks the process to end and waits for it; one that was stopped is woken first.
func (p *process) end() {
	p.signal(syscall.SIGCONT)
	p.signal(os.Interrupt)
	_ = p.cmd.Wait() // it may have ended before, or be told here that it was interrupted
}

// alive reports whether the process still runs.
func (p *process) alive() bool {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest != "" && rest[0] != 'Z'
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// ask gets the totals of one of the programs below internal/bench.
func (p *process) ask() (t tally.Tally, err error) {
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		return t, fmt.Errorf("%s has ended (%s)", p.name, p.lastWords())
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return t, fmt.Errorf("%s has ended (%s)", p.name, p.lastWords())
	}
	return t, json.Unmarshal(line, &t)
}

// usage is what a process and its children have used up, and hold now.
type usage struct {
	seconds     float64 // of processor time
	rss         float64 // MB, shared pages in each process
	pss         float64 // MB, shared pages divided among those who share them (smaps_rollup)
	descriptors int
	threads     int
}

// usage reads /proc (proc(5)) for the process and everything below it.
func (p *process) usage() (u usage) {
	for _, pid := range family(p.cmd.Process.Pid) {
		dir := fmt.Sprintf("/proc/%d/", pid)
		b, _ := os.ReadFile(dir + "stat") // a child may end meanwhile
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) < 22 {
			continue
		}
		number := func(i int) float64 { v, _ := strconv.ParseFloat(f[i], 64); return v }
		const tick = 100 // USER_HZ
		u.seconds += clock(pid)
		if pid == p.cmd.Process.Pid {
			u.seconds += (number(13) + number(14)) / tick // of children that have ended
		}
		u.threads += int(number(17))
		u.rss += number(21) * float64(os.Getpagesize()) / 1e6
		u.pss += field(dir+"smaps_rollup", "Pss")
		fds, _ := os.ReadDir(dir + "fd")
		u.descriptors += len(fds)
	}
	return u
}

// clock is the processor time that all threads of a process have used, to the nanosecond: /proc counts in hundredths of a
// second, too coarse for what pulls one camera.
func clock(pid int) float64 {
	const processClock = 2 // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED), as clock_getcpuclockid(3) makes it
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|processClock, &t); err != nil {
		return 0 // it has ended
	}
	return float64(t.Nano()) / 1e9
}

// family is a process with all its descendants.
func family(pid int) []int {
	all := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(t)
		for child := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(child); err == nil {
				all = append(all, family(n)...)
			}
		}
	}
	return all
}

// most is the largest that the process itself has been, MB.
func (p *process) most() float64 {
	return field(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmHWM")
}

// field is a line of a file of /proc, given there in kB, in MB.
func field(file, name string) float64 {
	b, _ := os.ReadFile(file) // the process may have ended
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			return kb * 1024 / 1e6
		}
	}
	return 0
}

// find returns the submatches of the first n lines that match what the process prints, and reads on in the background.
func (p *process) find(pattern *regexp.Regexp, n int, within time.Duration) (all [][]string, err error) {
	found := make(chan []string, n)
	go func() { // ends when the process closes its output
		s := bufio.NewScanner(p.out)
		for s.Scan() {
			if m := pattern.FindStringSubmatch(s.Text()); m != nil {
				select {
				case found <- m:
				default:
				}
			}
		}
		close(found)
	}()
	late := time.After(within)
	for len(all) < n {
		select {
		case m, ok := <-found:
			if !ok {
				return nil, fmt.Errorf("%s ended without saying what was expected (%s)", p.name, p.lastWords())
			}
			all = append(all, m)
		case <-late:
			return nil, fmt.Errorf("%s printed nothing like %s within %s (%s)", p.name, pattern, within, p.lastWords())
		}
	}
	return all, nil
}

// lastWords is the last line of the log.
func (p *process) lastWords() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}

var cameraLine = regexp.MustCompile(`^rtsp://\S+$`)

// serve starts bin/camsim in a process of its own and returns its n cameras' addresses once they send pictures.
func serve(ctx context.Context, dir, name string, n int, args ...string) (*process, []models.SecretURL, error) {
	p, err := launch(ctx, dir, name, program("camsim"), args...)
	if err != nil {
		return nil, nil, err
	}
	lines, err := p.find(cameraLine, n, 5*time.Minute) // files may have to be transcoded first, once
	if err != nil {
		p.end()
		return nil, nil, err
	}
	var urls []models.SecretURL
	for _, l := range lines {
		urls = append(urls, models.SecretURL(l[0]))
	}
	return p, urls, nil
}

// wait waits and says how far it is.
func wait(ctx context.Context, what string, d time.Duration) error {
	fmt.Fprintf(os.Stderr, "%s · %s, %s\n", time.Now().Format(time.TimeOnly), what, d)
	return pause(ctx, d)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}

// Command bench measures what Counterwatch costs on this machine: it starts the built centre and node by hand, as an
// operator would, on the demo's cameras, and reads processor time and memory of each process from /proc; beside that, the
// sizes of the programs and the pure stages' own benchmarks. It prints a table, and JSON=file writes it for a machine:
// [{"name","value","unit","target","met"}]. `make bench` runs it. It may import internal/camsim and internal/config.
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
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// figure is one line of the table. Target and Met are nil where there is no target.
type figure struct {
	Name   string   `json:"name"`
	Value  float64  `json:"value"`
	Unit   string   `json:"unit"`
	Target *float64 `json:"target"`
	Met    *bool    `json:"met"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	length := time.Minute
	if v := os.Getenv("FOR"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			fail(fmt.Errorf("FOR=%s is not a duration: write 60s", v))
		}
		length = d
	}
	var figures []figure
	for _, part := range []func() ([]figure, error){
		sizes,
		func() ([]figure, error) { return processes(ctx, length) },
		func() ([]figure, error) { return stages(ctx) },
	} {
		f, err := part()
		if err != nil {
			fail(err)
		}
		figures = append(figures, f...)
	}
	fmt.Printf("\n%-58s %12s %s\n", "figure", "value", "unit")
	for _, f := range figures {
		fmt.Printf("%-58s %12.4g %s\n", f.Name, f.Value, f.Unit)
	}
	if name := os.Getenv("JSON"); name != "" {
		b, err := json.MarshalIndent(figures, "", "  ")
		if err == nil {
			err = os.WriteFile(name, append(b, '\n'), 0o644)
		}
		if err != nil {
			fail(err)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// sizes are those of the programs.
func sizes() (out []figure, err error) {
	for _, name := range []string{"node", "central", "cwctl", "camsim", "demo"} {
		info, err := os.Stat(filepath.Join("bin", name))
		if err != nil {
			return nil, fmt.Errorf("%w: run make build first", err)
		}
		out = append(out, figure{Name: "size of bin/" + name, Value: float64(info.Size()) / 1e6, Unit: "MB"})
	}
	return out, nil
}

// processes runs centre and node on the demo's cameras and watches what they cost.
func processes(ctx context.Context, length time.Duration) (out []figure, err error) {
	dir, err := os.MkdirTemp("", "counterwatch-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cameras, registry, err := film(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cameras.end()) }()

	central, lines, err := start(ctx, dir, "central", "--data", filepath.Join(dir, "central"), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--config", registry)
	if err != nil {
		return nil, err
	}
	defer central.end()
	page, err := find(lines, regexp.MustCompile(`--central (\S+) --token (\S+)`), 30*time.Second)
	if err != nil {
		return nil, err
	}
	node, _, err := start(ctx, dir, "node", "--data", filepath.Join(dir, "node"), "--central", page[1], "--token", page[2], "--name", "demo")
	if err != nil {
		return nil, err
	}
	defer node.end()
	const warm = 15 * time.Second // connecting, loading the net, learning backgrounds
	if err := wait(ctx, "starting", warm); err != nil {
		return nil, err
	}
	before := [2]float64{central.seconds(), node.seconds()}
	began := time.Now()
	if err := wait(ctx, "measuring", length); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	for i, p := range []*process{central, node} {
		out = append(out,
			figure{Name: p.name + ", processor, " + strconv.Itoa(cameras.n) + " cameras", Value: 100 * (p.seconds() - before[i]) / took, Unit: "% of a core"},
			figure{Name: p.name + ", memory now", Value: p.memory("VmRSS"), Unit: "MB"},
			figure{Name: p.name + ", memory at most", Value: p.memory("VmHWM"), Unit: "MB"})
	}
	return out, nil
}

// wait waits and says how far it is.
func wait(ctx context.Context, what string, d time.Duration) error {
	fmt.Fprintf(os.Stderr, "· %s, %s\n", what, d)
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// process is one of ours.
type process struct {
	name string
	cmd  *exec.Cmd
}

// start runs a built program; its log goes to a file in dir, what it prints comes back.
func start(ctx context.Context, dir, name string, args ...string) (*process, io.Reader, error) {
	cmd := exec.CommandContext(ctx, filepath.Join("bin", name), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, nil, err
	}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return &process{name, cmd}, out, cmd.Start()
}

func (p *process) end() {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended
	_ = p.cmd.Wait()
}

// seconds is the processor time used so far: utime + stime, in ticks of 1/100 s (proc(5)).
func (p *process) seconds() float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	u, _ := strconv.ParseFloat(f[11], 64)
	s, _ := strconv.ParseFloat(f[12], 64)
	return (u + s) / 100
}

// memory is a field of /proc/PID/status in MB.
func (p *process) memory(field string) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			return kb / 1000
		}
	}
	return 0
}

// find returns the submatches of the first line that matches, and reads on in the background.
func find(r io.Reader, pattern *regexp.Regexp, within time.Duration) ([]string, error) {
	found := make(chan []string, 1)
	go func() { // ends when the process closes its output
		s := bufio.NewScanner(r)
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
	select {
	case m, ok := <-found:
		if !ok {
			return nil, errors.New("the program ended without saying what was expected")
		}
		return m, nil
	case <-time.After(within):
		return nil, fmt.Errorf("nothing like %s was printed within %s", pattern, within)
	}
}

var benchLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(?:.*?\s(\d+) allocs/op)?`)

// stages runs the Go benchmarks of the pure stages.
func stages(ctx context.Context) (out []figure, err error) {
	fmt.Fprintln(os.Stderr, "· benchmarks of the pure stages")
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./analytics/...", "./store/...", "./outbox")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench: %w", err)
	}
	room := ""
	for line := range strings.SplitSeq(string(text), "\n") {
		if pkg, ok := strings.CutPrefix(line, "pkg: github.com/counterwatch/counterwatch/"); ok {
			room = pkg + ": "
		}
		if m := benchLine.FindStringSubmatch(line); m != nil {
			ns, _ := strconv.ParseFloat(m[2], 64)
			out = append(out, figure{Name: room + m[1], Value: ns / 1e3, Unit: "µs"})
			if m[3] != "" {
				allocs, _ := strconv.ParseFloat(m[3], 64)
				out = append(out, figure{Name: room + m[1] + ", allocations", Value: allocs, Unit: "each"})
			}
		}
	}
	return out, nil
}

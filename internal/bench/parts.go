package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// bench is one run.
type bench struct {
	dir     string // for temporary files
	length  time.Duration
	remarks []string // of the part that runs
}

// part is one section of docs/BENCHMARKS.md.
type part struct {
	name, group string // what ONLY calls them
	title       string
	about       string // what is compared, and how
	run         func(*bench, context.Context) ([]figure, error)
}

var parts = []part{
	{"copying", "ingest", "Ingest with ring, no decoding",
		"20 cameras of 704x576 and 15 pictures a second, pulled at the same time from one server by the node's ingest (one " +
			"process: source, supervisor and 15 s ring for each camera), " +
			"by an `ffmpeg -rtsp_transport tcp -c copy -f null -` for each, and by go2rtc where there is one. Processor time " +
			"and memory are those of /proc for each " +
			"program, children included. RSS counts a library in each process that has it loaded, PSS only once.", (*bench).copying},
	{"many", "ingest", "200 streams",
		"200 cameras of 1 Mbit/s, all with their key frames at the same instant, pulled over TCP by the same program; the " +
			"server is another process on the same cores. A lost unit is a gap in the time stamps of a stream.", (*bench).many},
	{"idle", "ingest", "Idle path, 1080p",
		"Four cameras of 1920x1080, 15 pictures a second and a key frame every 2 s, in which nothing moves but the sensor's " +
			"noise: `bin/node` as an operator runs it, everything included " +
			"(decoding child processes, analysis, reports to a centre in another process), against an `ffmpeg -threads 1 -vf " +
			"fps=2 -f rawvideo /dev/null` for each and OpenCV's `VideoCapture.Read` in one process.", (*bench).idlePath},
	{"decoding", "ingest", "Full decode",
		"Every picture of a file decoded by the node's decoder in one process, and by ffmpeg, in turns; medians of three " +
			"rounds of processor time (getrusage), less that of a run which decodes one picture. " +
			"Either all pictures are handed out as I420, as `ffmpeg -threads 1 -f rawvideo` does, or two a second, as a node " +
			"does; `-f null` hands out none.", (*bench).decoding},
	{"capacity", "ingest", "Cameras per machine",
		"704x576, 15 pictures a second, 1 Mbit/s, YOLOX-nano at 2 pictures a second, `bin/node` as an operator runs it. The " +
			"motion is that of an office: people cut out of PETS09-S2L1 in the simulated office at life's own pace, six cuts " +
			"of two minutes from a half day (20 min, 1 h, 1 h 40, 2 h 20, 3 h and 3 h 40 after the opening, each of another " +
			"office, arrivals from 40 an hour down to 8), shared out among the cameras, which are not in step. " +
			"Coverage is the share of one whole minute that the centre has as observed, mean of all cameras; the number is the " +
			"largest, in steps of four, at which it is at least 0.98. " +
			"The usual loop is one process with OpenCV's VideoCapture on each camera and its DNN module with the same weights " +
			"at 416x416 on two pictures a second: the largest number at which 98 % of those pictures are analysed. " +
			"Cameras' server and node share the machine's cores; nothing is subtracted.", (*bench).capacity},
	{"stalls", "ingest", "Stalls",
		"Sixty cameras in six server processes, which are stopped (SIGSTOP, connections open) for 8 to 34 s and woken, at " +
			"different moments; `bin/node` as an operator runs it. Detected is the node's own time at which the camera's state " +
			"changed; " +
			"analysed again is when the centre knows of an analysed picture that was taken after the server could answer.",
		(*bench).stalls},
	{"flaps", "ingest", "Cameras that flap",
		"500 small RTSP cameras in one process with the ingest of a node (supervisors, gate, rings); each is away for 1 to " +
			"20 s again and again, silent or resetting connections, and in the middle all fall silent together. " +
			"FLAP=10m makes it ten minutes. The heap may keep 8 kB a camera, which Go holds back of goroutines that have " +
			"ended.", (*bench).flaps},
	{"outages", "ingest", "Random outages",
		"The chain from a camera's connection to the rules (supervisor, clock, ring, decoder's runner, pipeline, rules) in " +
			"virtual time, with officers who never leave, while connections, pictures, light, clocks, decoders and the program " +
			"itself fail at random: " +
			"each absence told is false. It is the test TestNoOutageIsAnAbsence with COUNTERWATCH_OUTAGES=10000.", (*bench).outages},
	{"demo", "demo", "Centre and node on the demo's cameras",
		"`bin/central` and `bin/node` as an operator starts them, on the demo's cameras.", (*bench).processes},
	{"sizes", "demo", "Sizes of the programs", "As `make build` leaves them.", (*bench).sizes},
	{"stages", "stages", "Stages by themselves", "The Go benchmarks of the rooms that a frame passes, one run each.", (*bench).stages},
}

// missing says in words what a part lacks: it is skipped by name.
type missing string

func (m missing) Error() string { return string(m) }

// choose returns the parts that ONLY names, by themselves or by their group; all when it names none.
func choose(only string) ([]part, error) {
	if only == "" {
		return parts, nil
	}
	var chosen []part
	for name := range strings.SplitSeq(only, ",") {
		name = strings.TrimSpace(name)
		n := len(chosen)
		for _, p := range parts {
			if p.name == name || p.group == name {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("ONLY=%s: there is no part %q: use %s", only, name, strings.Join(known(), ", "))
		}
	}
	return chosen, nil
}

// known are the words that ONLY understands.
func known() (names []string) {
	for _, p := range parts {
		for _, n := range []string{p.group, p.name} {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// all runs parts one after the other. One that lacks something is skipped, one that fails does not stop the others.
func (b *bench) all(ctx context.Context, chosen []part) (records []record, err error) {
	for i, p := range chosen {
		step("%s (part %d of %d)", p.name, i+1, len(chosen))
		b.remarks = nil
		began := time.Now()
		figures, failed := p.run(b, ctx)
		var lacks missing
		switch {
		case ctx.Err() != nil:
			return records, errors.New("interrupted")
		case errors.As(failed, &lacks):
			fmt.Printf("skipped: %s (%s)\n", p.name, lacks)
			continue
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", p.name, failed))
			step("✗ %s: %v", p.name, failed)
			continue
		}
		step("✓ %s, %.0f s", p.name, time.Since(began).Seconds())
		records = append(records, record{Part: p.name, Command: commandLine(p), Machine: machine(),
			Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Figures: figures, Remarks: b.remarks})
	}
	return records, err
}

// remark is a sentence below the part's table.
func (b *bench) remark(format string, args ...any) {
	b.remarks = append(b.remarks, fmt.Sprintf(format, args...))
}

// serve starts n cameras for a part.
func (b *bench) serve(ctx context.Context, n int, args ...string) (*process, []models.SecretURL, error) {
	return serve(ctx, b.dir, "cameras", n, append(args, "--listen", "127.0.0.1:0", "--cache", cacheDir)...)
}

// cost is what a group of processes took while it was measured.
type cost struct {
	percent  float64 // of a core
	rss, pss float64 // MB at the end
}

// measure watches groups of processes, all at the same time, for the run's length. One that ends is an error: what has
// failed would look cheap.
func (b *bench) measure(ctx context.Context, groups ...[]*process) ([]cost, error) {
	before := make([]usage, len(groups))
	for i, g := range groups {
		before[i] = together(g)
	}
	began := time.Now()
	if err := wait(ctx, "measuring", b.length); err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	costs := make([]cost, len(groups))
	for i, g := range groups {
		for _, p := range g {
			if !p.alive() {
				return nil, fmt.Errorf("%s has ended (%s)", p.name, p.lastWords())
			}
		}
		after := together(g)
		costs[i] = cost{100 * (after.seconds - before[i].seconds) / took, after.rss, after.pss}
	}
	return costs, nil
}

func together(g []*process) (sum usage) {
	for _, p := range g {
		u := p.usage()
		sum.seconds += u.seconds
		sum.rss += u.rss
		sum.pss += u.pss
	}
	return sum
}

// commandLine is how the part is run again.
func commandLine(p part) string {
	s := "make bench ONLY=" + p.name
	for _, name := range []string{"FOR", "FLAP"} {
		if v := os.Getenv(name); v != "" {
			s += " " + name + "=" + v
		}
	}
	return s
}

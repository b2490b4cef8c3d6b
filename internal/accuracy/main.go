// Command accuracy measures how right the figures are, against ground truth, and prints the whole table: people found and
// followed in real video, and queues, waits, staffing and absences in simulated offices whose truth is known exactly.
//
// Offices are played on two roads, and every figure's name says which. The pure road takes true boxes, puts the measured
// noise of a detector on them (internal/office) and runs everything behind the detector: hundreds of half days in minutes.
// The pixel road runs bin/camsim and bin/node on pictures as anybody would, so that what is scored is what they write.
//
// ONLY=section,... runs parts, QUICK=1 fewer seeds, those of development; JSON=file writes the table too. A whole run writes
// docs/ACCURACY.md with its plots. Nobody imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// report is one run with what its sections found.
type report struct {
	data   string // folder of recorded videos with ground truth; empty when there is none
	dir    string // for temporary files
	quick  bool
	days   []score // of the pure road, for the worst cases and the plots
	scored []point // precision and recall by score
}

// section is one part of the table.
type section struct {
	name  string
	needs []string // programs and "data"
	run   func(*report, context.Context) ([]Figure, error)
	title string // of its part of docs/ACCURACY.md,
	about string // what its figures are,
	apart string // and how what was scored was kept from what was chosen
}

var sections = []section{
	{"detection", []string{node, "data"}, (*report).detection, "People found, real video",
		"The people that `node analyze` publishes for PETS09-S2L1 (OpenCV's vtest.avi), against its published ground truth at IoU 0.5, with two networks. " +
			"The count is scored in single frames and as the product uses it, as the median of 5 s. Seated people: four behind desks, marked by hand, found in a staff zone.",
		"thresholds were chosen on frames 1-300, scored are 301-795; nothing was chosen on the classroom."},
	{"tracking", []string{node, "data"}, (*report).tracking, "People followed, real video",
		"MOTA, IDF1 and HOTA of tracks made from published detections (MOT15), beside those of the published SORT on the same detections. " +
			"These are the tracks that `analyze --tracks` writes: gaps of up to 2 s are filled by looking back, which SORT does not do.",
		"nothing, strictly: the first constants were chosen on PETS09-S2L1, ADL-Rundle-6, KITTI-13 and TUD-Campus, but later changes were " +
			"judged on all eight. Chosen on one half and scored on the other, the changes since the first tracker gained 1.2 and 2.2 points of IDF1."},
	{"halfdays", nil, (*report).halfDays, "Queues, waits, staffing and absences: pure road",
		"200 half days of four hours: one to five counters, a line or seats, a camera high above or on the wall, from quiet to overloaded, with and without people who " +
			"give up and officers who take breaks. A wait is scored for everybody whose service began. A printed interval is the one published for that half day alone. " +
			"One thing on the wall of each office looks like a person all the time, wherever chance put it. The product drops what has not moved for five minutes by its pixels, which " +
			"the pure road has not: days in which it stands in the queue are therefore also left out, in rows of their own.",
		"constants were chosen on seeds below 500; scored are the seeds from 901 on."},
	{"outages", nil, (*report).outages, "Outages: pure road",
		"The same half days seen from above, where nobody hides an officer, their cameras cut off again and again for one second to ten minutes. An absence is caused by an outage when it is told although less of the true " +
			"absence was seen than the rule asks for.",
		"seeds from 901 on."},
	{"hidden", nil, (*report).hidden, "Officers behind citizens: pure road",
		"Every citizen stands on the line from the camera to the officer, who is found in 7 % of frames then, and never leaves. Counted are stretches of at least three minutes.",
		"seeds from 901 on."},
	{"peopled", []string{node, camsim, "data"}, (*report).peopled, "Offices of people cut out of video, YOLOX-nano: pixel road",
		"Real people's pixels in a room seen as by a camera on the wall, found by the network; up to 30 % of citizens stand before their officer. Six minutes of " +
			"video at eight times life's pace, three pictures a second. Officers are seen in a second when a person is published in their staff zone.",
		"seeds from 901 on; the people are those of PETS09-S2L1, on which the network's thresholds were chosen."},
	{"engines", []string{"data"}, (*report).engines, "Engines of networks",
		"YOLOX-nano on ONNX Runtime against OpenCV DNN, one inference on each in turn, processor time; and whether both find the same.", "nothing was chosen."},
	{"stages", nil, (*report).stages, "Cost behind the detector",
		"Time and garbage of one frame behind the detector: the fastest of five runs, since other programs only slow it down, and as the interval all five. It depends on the machine.", "nothing was chosen."},
	{"drawn", []string{node, camsim}, (*report).drawn, "Offices of drawn people, foreground detector: pixel road",
		"What a user without weights gets: drawn people, found by the background model. Six minutes of video at eight times life's pace.",
		"seeds from 901 on."},
}

func run(ctx context.Context) error {
	chosen, err := choose(os.Getenv("ONLY"))
	if err != nil {
		return err
	}
	r := &report{data: os.Getenv("COUNTERWATCH_DATA"), quick: os.Getenv("QUICK") == "1"}
	if r.dir, err = os.MkdirTemp("", "accuracy"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	began := time.Now()
	var figures []Figure
	var groups []group
	var failed error // what was measured before is printed all the same
	for i, s := range chosen {
		if missing := r.missing(s); missing != "" {
			fmt.Printf("skipped: %s (%s)\n", s.name, missing)
			continue
		}
		step("%s (part %d of %d)", s.name, i+1, len(chosen))
		f, err := s.run(r, ctx)
		figures, groups = append(figures, f...), append(groups, group{s, f})
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	printTable(os.Stdout, figures)
	if r.quick {
		fmt.Println("QUICK=1: fewer seeds, and those of development: these figures are not for publication")
	}
	fmt.Printf("measured in %.0f s\n", time.Since(began).Seconds())
	if path := os.Getenv("JSON"); path != "" {
		failed = errors.Join(failed, writeJSON(path, figures))
	}
	if failed != nil || r.quick || len(groups) < len(sections) {
		fmt.Println("docs/ACCURACY.md is left as it was: a whole run without QUICK and ONLY, with COUNTERWATCH_DATA, writes it")
		return failed
	}
	return r.writeDocument("docs", groups)
}

// choose returns the sections that ONLY names, all when it names none.
func choose(only string) ([]section, error) {
	if only == "" {
		return sections, nil
	}
	var chosen []section
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(sections, func(s section) bool { return s.name == strings.TrimSpace(name) })
		if i < 0 {
			var known []string
			for _, s := range sections {
				known = append(known, s.name)
			}
			return nil, fmt.Errorf("ONLY=%s: there is no part %q: use %s", only, name, strings.Join(known, ", "))
		}
		chosen = append(chosen, sections[i])
	}
	return chosen, nil
}

// missing says what a section lacks, in words for who ran it.
func (r *report) missing(s section) string {
	for _, need := range s.needs {
		if need == "data" {
			if r.data == "" {
				return "COUNTERWATCH_DATA is not set: there is no ground truth of real video"
			}
		} else if _, err := os.Stat(need); err != nil {
			return need + " is not built: run `make build` first"
		}
	}
	return ""
}

const (
	node   = "bin/node"
	camsim = "bin/camsim"
)

// command runs one of our programs quietly; its words are part of the error when it fails.
func command(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	said, err := cmd.CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		return fmt.Errorf("%s %s: %w: %s", program, filepath.Base(args[0]), err, strings.TrimSpace(string(said)))
	}
	return nil
}

// step tells how far the work is.
func step(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s · "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

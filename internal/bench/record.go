package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// record is what a part found when it was run for publication; docs/benchmarks/PART.json keeps it, and docs/BENCHMARKS.md is
// written from all of them, so that the document never says anything else.
type record struct {
	Part    string   `json:"part"`
	Command string   `json:"command"`
	Machine string   `json:"machine"`
	Date    string   `json:"date"`
	Figures []figure `json:"figures"`
	Remarks []string `json:"remarks,omitempty"`
}

// publish keeps records and writes the document anew.
func publish(docs string, records []record) error {
	folder := filepath.Join(docs, "benchmarks")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, r := range records {
		if err := writeJSON(filepath.Join(folder, r.Part+".json"), r); err != nil {
			return err
		}
	}
	text, err := document(docs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "BENCHMARKS.md"), text, 0o644)
}

// document is docs/BENCHMARKS.md as the kept records make it. Remarks that people add to a part, the profile that explains a
// missed target and what was tried, stand in docs/benchmarks/PART.md and are taken in below its table.
func document(docs string) ([]byte, error) {
	var sections bytes.Buffer
	met, all := 0, 0
	for _, p := range append(parts, soakPart) {
		b, err := os.ReadFile(filepath.Join(docs, "benchmarks", p.name+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var r record
		if err == nil {
			err = json.Unmarshal(b, &r)
		}
		if err != nil {
			return nil, fmt.Errorf("docs/benchmarks/%s.json: %w", p.name, err)
		}
		fmt.Fprintf(&sections, "\n## %s\n\n%s\n\n`%s` · %s · %s\n\n| figure | value | unit | target | |\n"+
			"|---|---:|---|---|---|\n", p.title, p.about, r.Command, r.Date, r.Machine)
		for _, f := range r.Figures {
			target, verdict := f.verdict()
			if f.Met != nil {
				all++
				if *f.Met {
					met++
				} else {
					verdict = "**missed**"
				}
			}
			fmt.Fprintf(&sections, "| %s | %s | %s | %s | %s |\n", f.Name, digits(f.Value), f.Unit, target, verdict)
		}
		for _, s := range r.Remarks {
			fmt.Fprintf(&sections, "\n%s\n", s)
		}
		if said, err := os.ReadFile(filepath.Join(docs, "benchmarks", p.name+".md")); err == nil {
			fmt.Fprintf(&sections, "\n%s\n", bytes.TrimSpace(said))
		}
	}
	return fmt.Appendf(nil, "# What it costs\n\nWritten by `make bench RECORD=1` and `make soak RECORD=1` from "+
		"docs/benchmarks/; do not edit. Of %d figures with a target %d are met.\n\n%s%s",
		all, met, howToRead, sections.String()), nil
}

const howToRead = `Programs that are compared run at the same time, on the same cameras, for as long as the command says (FOR, one minute
unless given). Processor time and memory are read from the kernel for each process with its children; 100 % is one core. What depends
on the machine is said in percent of one of its cores, and beside it as a ratio to a program that everybody has. Cameras are
simulated (` + "`bin/camsim`" + `) and run on the same machine, in another process, which is not counted.
`

// machine says on what the figures were measured.
func machine() string {
	model := runtime.GOARCH
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.SplitSeq(string(b), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	var info syscall.Sysinfo_t
	_ = syscall.Sysinfo(&info) // zeros then
	return fmt.Sprintf("%s, %d cores, %.0f GB, %s %s", model, runtime.NumCPU(),
		float64(info.Totalram)*float64(info.Unit)/1e9, runtime.GOOS, runtime.Version())
}

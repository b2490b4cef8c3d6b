package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/counterwatch/counterwatch/models"
)

// group is what one section found.
type group struct {
	section
	figures []Figure
}

// writeDocument writes docs/ACCURACY.md and its plots from the figures of a whole run.
func (r *report) writeDocument(folder string, groups []group) error {
	pictures := r.pictures()
	if err := writePictures(filepath.Join(folder, "accuracy"), pictures); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "ACCURACY.md"), r.document(groups, pictures), 0o644)
}

func (r *report) document(groups []group, pictures []picture) []byte {
	var b bytes.Buffer
	met, missed := 0, 0
	for _, g := range groups {
		for _, f := range g.figures {
			if f.Met != nil && *f.Met {
				met++
			} else if f.Met != nil {
				missed++
			}
		}
	}
	fmt.Fprintf(&b, "# How right the figures are\n\nWritten by `make accuracy`; do not edit. Method version %d. Of %d figures with a target %d are met and %d are missed. "+
		"What each figure means is defined in [METHOD.md](METHOD.md).\n\n%s", models.MethodVersion, met+missed, met, missed, howToRead)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n*Kept apart:* %s\n\n| figure | value | 95 %% interval | n | target | |\n|---|---|---|---|---|---|\n", g.title, g.about, g.apart)
		for _, f := range g.figures {
			target, verdict := f.bound()
			if verdict == "missed" {
				verdict = "**missed**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s – %s | %d | %s | %s |\n", short(f.Name), number(f.Value), number(f.Low), number(f.High), f.N, target, verdict)
		}
		if g.name == "halfdays" {
			r.worstCases(&b)
		}
	}
	b.WriteString("\n## Plots\n")
	for _, p := range pictures {
		fmt.Fprintf(&b, "\n![%s](accuracy/%s)\n\n%s\n", p.plot.Title.Text, p.file, p.caption)
	}
	return b.Bytes()
}

const howToRead = `A **95 % interval** says what the figure would be on other data of the same kind: by bootstrap over independent units
(half days, counters, blocks of frames, sequences; Efron 1979) or, for shares of counts, exactly (Clopper and Pearson 1934): of 0 in 500 the
upper end is 3.7. Where low and high are the same there is nothing to resample. **n** is what was counted.

Offices are simulated, and their truth is known exactly. The **pure road** takes everybody's true box, puts on it the noise of YOLOX-nano as it
was measured on PETS09-S2L1 and on composed scenes (people missed for a while, boxes that tremble, a persistent false box, false boxes that
come and go), and runs everything behind the detector at 2 frames a second. The **pixel road** makes videos and runs the programs on
them as anybody would. Every figure says which road it is.
`

// short drops the name of the road, which is said once.
func short(name string) string { return strings.TrimPrefix(name, pure) }

// number prints a value with three digits that matter.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a == math.Trunc(a) && a < 1e6:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// worstCases looks at the worst half days one by one.
func (r *report) worstCases(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n### The five half days whose printed median wait is furthest off\n\n| half day | true | printed | interval | error | why |\n|---|---|---|---|---|---|\n")
	for _, d := range worst(r.days, 5, (*score).medianOff) {
		p := d.printed[0]
		fmt.Fprintf(b, "| %s | %s min | %s min | %s – %s | %+.0f %% | %s |\n", d.name, number(p.truth/60), number(p.Value/60),
			number(p.Low/60), number(p.High/60), 100*(p.Value/p.truth-1), d.why())
	}
	fmt.Fprintf(b, "\n### The five half days whose queues are furthest off\n\n| half day | mean error, people | bias | why |\n|---|---|---|---|\n")
	for _, d := range worst(r.days, 5, (*score).queueOff) {
		fmt.Fprintf(b, "| %s | %s | %+.2f | %s |\n", d.name, number(d.queueOff()), pick(d.queue, all(d.queue)), d.why())
	}
	var cases []mistake
	for _, d := range r.days {
		cases = append(cases, d.absences.cases...)
	}
	const most = 20
	fmt.Fprintf(b, "\n### Absences missed, invented, or told more than 10 s from when they were due: %d\n\n", len(cases))
	if len(cases) == 0 {
		return
	}
	fmt.Fprintf(b, "The first %d. %s\n\n| half day | counter | what | due or told | off, s | why |\n|---|---|---|---|---|---|\n", min(most, len(cases)), tally(cases))
	for _, c := range cases[:min(most, len(cases))] {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %+.0f | %s |\n", c.day, c.counter, c.what, clockOf(c.at), c.off, c.why)
	}
}

// tally counts the mistakes of each kind.
func tally(cases []mistake) string {
	n := map[string]int{}
	for _, c := range cases {
		n[c.what]++
	}
	return fmt.Sprintf("Of all, %d were missed, %d invented, %d told late, %d early.", n["missed"], n["invented"], n["late"], n["early"])
}

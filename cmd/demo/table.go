package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/counterwatch/counterwatch/models"
)

// table is the terminal: redrawn every second in place, or plain lines every ten where nothing can be redrawn.
type table struct {
	out     io.Writer
	inPlace bool
	width   func() int // of the terminal, in letters
	drawn   int        // lines to go up before drawing again
	seen    map[string]int
}

func newTable(out io.Writer) *table {
	t := &table{out: out, seen: map[string]int{}}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.inPlace = true
		t.width = func() int { w, _, _ := term.GetSize(int(f.Fd())); return w }
	}
	return t
}

const rowFormat = "%-11s %-10s %6s %8s %6s %5s %-15s %-24s %8s  %s\n"

// draw shows the newest figures, and above them what changed about events (newest first).
func (t *table) draw(run time.Duration, lives []models.Live, events []models.Event) {
	second := int(run.Seconds())
	news := t.news(second, events)
	if !t.inPlace && second%10 != 0 {
		fmt.Fprint(t.out, news)
		return
	}
	var b strings.Builder
	b.WriteString(news)
	fmt.Fprintf(&b, "-- %d s\n"+rowFormat, second, "camera", "state", "fps in", "analysed", "people", "queue", "wait", "staffing", "coverage", "last event")
	for _, l := range lives {
		fmt.Fprintf(&b, rowFormat, l.Camera, string(l.Health.State), fmt.Sprintf("%.1f", l.FPSIn), fmt.Sprintf("%.1f", l.FPSAnalysed), people(l), queue(l), wait(l),
			staffing(l), coverage(l), lastEvent(l.Camera, events))
	}
	text := b.String()
	if t.inPlace {
		text = fit(text+"   (Ctrl-C ends)\n", t.width())
		up := ""
		if t.drawn > 0 {
			up = fmt.Sprintf("\033[%dA", t.drawn)
		}
		t.drawn = strings.Count(text, "\n") - strings.Count(news, "\n") // news stays, the table is drawn over
		text = up + strings.ReplaceAll(text, "\n", "\033[K\n")
	}
	fmt.Fprint(t.out, text)
}

// fit cuts lines that a terminal of that width would break: they could not be drawn over. 0 is any width.
func fit(text string, width int) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if r := []rune(l); width > 0 && len(r) >= width {
			lines[i] = string(r[:width-1])
		}
	}
	return strings.Join(lines, "\n")
}

// news tells each change of an event once.
func (t *table) news(second int, events []models.Event) string {
	var b strings.Builder
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; t.seen[e.ID] < e.Revision {
			t.seen[e.ID] = e.Revision
			fmt.Fprintf(&b, "   %d s: %s: %s\n", second, e.Camera, describe(e))
		}
	}
	return b.String()
}

func people(l models.Live) string {
	if l.At.IsZero() {
		return "-"
	}
	return fmt.Sprint(l.People)
}

func queue(l models.Live) string {
	if l.At.IsZero() {
		return "-"
	}
	n, any := 0, false
	for _, z := range l.Zones {
		if z.Kind == models.ZoneQueue {
			n, any = n+z.Count, true
		}
	}
	if !any {
		return "-"
	}
	return fmt.Sprint(n)
}

// wait shows the median wait and its interval, or that nothing can be said yet.
func wait(l models.Live) string {
	for _, z := range l.Zones {
		if z.Kind == models.ZoneQueue && (z.Wait.Quality == models.Measured || z.Wait.Quality == models.Estimated) {
			return fmt.Sprintf("%.0f s (%.0f-%.0f)", z.Wait.Value, z.Wait.Low, z.Wait.High)
		}
	}
	return "-"
}

var staffingMark = map[models.Staffing]string{
	models.Staffed: "✓", models.Grace: "▲", models.Absent: "●", models.StaffingUnknown: "?", models.OffSchedule: "-", models.ClosedByPlan: "-",
}

func staffing(l models.Live) string {
	var parts []string
	for _, k := range l.Counters {
		s := k.Counter + staffingMark[k.Staffing]
		if k.Staffing == models.Grace || k.Staffing == models.Absent {
			s += " " + strings.ToLower(string(k.Staffing))
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "  ")
}

func coverage(l models.Live) string {
	if l.At.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*l.Coverage)
}

func lastEvent(camera string, events []models.Event) string {
	for _, e := range events {
		if e.Camera == camera {
			return describe(e)
		}
	}
	return ""
}

func describe(e models.Event) string {
	what := string(e.Kind)
	if e.Counter != "" {
		what += " " + e.Counter
	}
	if e.Open() {
		return what + " opened " + e.Opened.Local().Format(time.TimeOnly)
	}
	return fmt.Sprintf("%s closed after %s", what, e.Closed.Sub(e.Opened).Round(time.Second))
}

// print says what was found, and beside it what was true.
func (s *summary) print(out io.Writer) {
	say(out, "\nSummary")
	for _, c := range s.Cameras {
		line := fmt.Sprintf("  %-12s %4.1f fps in, %4.1f analysed, coverage %3.0f %%, %s; queue %.2f on average", c.ID, c.FPSIn, c.FPSAnalysed, 100*c.Coverage, c.Detector, c.QueueMean)
		if c.QueueMAE != nil {
			line += fmt.Sprintf(", in truth %.2f, mean absolute error %.2f", *c.QueueTruth, *c.QueueMAE)
		}
		say(out, "%s", line)
	}
	say(out, "  counter absences: %d opened, %d closed; in truth %d were due, opened %v s after due", s.Events.Opened, s.Events.Closed, s.Events.AbsencesDue, s.Events.AbsenceDelayS)
	if !s.OK {
		say(out, "  NOT OK: %s", s.Reason)
	}
}

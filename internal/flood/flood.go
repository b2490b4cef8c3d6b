// Package flood keeps a log readable when the same thing happens thousands of times: the first occurrence is logged at
// once, the following ones are counted and reported together. In go messages, out come fewer lines of log/slog. Any
// room may import it.
package flood

import (
	"log/slog"
	"sync"
	"time"
)

// Log counts repeated messages. It is safe for concurrent use.
type Log struct {
	log   *slog.Logger
	every time.Duration

	mu     sync.Mutex
	closed bool
	lines  map[string]*line
}

// line is one message that was logged less than `every` ago.
type line struct {
	timer   *time.Timer
	skipped int
	args    []any // of the newest occurrence
}

// New makes a Log that repeats one message at most once per `every`.
func New(log *slog.Logger, every time.Duration) *Log {
	return &Log{log: log, every: every, lines: map[string]*line{}}
}

// Warn logs msg, or counts it when it was logged a moment ago. The arguments do not make messages different; those of
// the newest occurrence are reported, with the count as `times`.
func (l *Log) Warn(msg string, args ...any) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	if n := l.lines[msg]; n != nil {
		n.skipped++
		n.args = args
		l.mu.Unlock()
		return
	}
	l.lines[msg] = &line{timer: time.AfterFunc(l.every, func() { l.report(msg) })}
	l.mu.Unlock()
	l.log.Warn(msg, args...)
}

// report ends one span of counting; a message that goes on begins the next.
func (l *Log) report(msg string) {
	l.mu.Lock()
	n := l.lines[msg]
	if n == nil {
		l.mu.Unlock()
		return
	}
	skipped, args := n.skipped, n.args
	if skipped == 0 || l.closed {
		delete(l.lines, msg)
	} else {
		n.skipped = 0
		n.timer.Reset(l.every)
	}
	l.mu.Unlock()
	if skipped > 0 {
		l.log.Warn(msg, append([]any{"times", skipped}, args...)...)
	}
}

// Close reports what was counted and stops; later messages are dropped.
func (l *Log) Close() {
	l.mu.Lock()
	l.closed = true
	var rest []string
	for msg, n := range l.lines {
		if n.timer.Stop() {
			rest = append(rest, msg)
		}
	}
	l.mu.Unlock()
	for _, msg := range rest {
		l.report(msg)
	}
}

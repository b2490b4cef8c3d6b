package api

import (
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The lockout: so many failures within the window lock the name for a while.
const (
	lockAfter  = 5
	lockWindow = 30 * time.Second
	lockFor    = 5 * time.Minute
	lockNames  = 10_000 // names remembered at most
)

// lockout slows down whoever guesses. A try counts as a failure from its begin until it succeeds, so that many tries at once
// do not slip through.
type lockout struct {
	mu    sync.Mutex
	names map[string]*tries
}

type tries struct {
	failed []time.Time
	until  time.Time // locked until
}

// begin counts a try; KindLimited while the name is locked.
func (l *lockout) begin(name string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = map[string]*tries{}
	}
	t := l.names[name]
	if t == nil {
		l.forget(now)
		t = &tries{}
		l.names[name] = t
	}
	if now.Before(t.until) {
		return models.Errorf(models.KindLimited, "too many failures; try again in %d s", int(t.until.Sub(now).Seconds())+1)
	}
	t.failed = slices.DeleteFunc(t.failed, func(at time.Time) bool { return now.Sub(at) >= lockWindow })
	t.failed = append(t.failed, now)
	if len(t.failed) >= lockAfter {
		t.until = now.Add(lockFor)
	}
	return nil
}

// succeed forgets the failures of a name.
func (l *lockout) succeed(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.names, name)
}

// forget makes room: first names whose failures are old, then, under attack with many names, any that is not locked.
func (l *lockout) forget(now time.Time) {
	if len(l.names) < lockNames {
		return
	}
	for name, t := range l.names {
		if now.After(t.until) && (len(t.failed) == 0 || now.Sub(t.failed[len(t.failed)-1]) >= lockWindow) {
			delete(l.names, name)
		}
	}
	for name, t := range l.names {
		if len(l.names) < lockNames*3/4 { // a quarter at once: this must not be done for every name
			return
		}
		if now.After(t.until) {
			delete(l.names, name)
		}
	}
}

package ingest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Cameras lock the account after some failed logins; three in five minutes are few enough for all that are known.
const (
	loginFailures = 3
	loginWindow   = 5 * time.Minute
	loginsRefused = "the camera refused the user name or password three times within 5 minutes " +
		"and is left alone for as long: correct them in its URL"
)

// Logins remembers the failed logins of a node's cameras, so that neither two streams nor a restart of the program add up
// to a locked account. Of the credentials nothing is kept. It is safe for concurrent use.
type Logins struct {
	save func([]byte) error

	mu     sync.Mutex
	limits map[string]*LoginLimit
}

// LoginLimit is one camera's part of Logins. Its zero value remembers in memory only.
type LoginLimit struct {
	all  *Logins // nil: nobody keeps it
	urls []models.SecretURL

	mu    sync.Mutex
	fails []time.Time // the newest loginFailures
}

// LoadLogins goes on from what save was given last; nothing is a beginning. Save is called with all failed logins after
// each of them and must keep the bytes. With an error the memory is empty, but works.
func LoadLogins(kept []byte, save func([]byte) error) (*Logins, error) {
	l := &Logins{save: save, limits: map[string]*LoginLimit{}}
	if len(kept) == 0 {
		return l, nil
	}
	var cameras map[string][]time.Time
	if err := json.Unmarshal(kept, &cameras); err != nil {
		return l, fmt.Errorf("failed logins: %w", err)
	}
	for id, fails := range cameras {
		l.limits[id] = &LoginLimit{all: l, fails: fails[max(0, len(fails)-loginFailures):]}
	}
	return l, nil
}

// Of is the limit of a camera with these URLs. When they are others than last time, somebody has typed the password anew, and
// what was refused before counts no more.
func (l *Logins) Of(camera string, urls ...models.SecretURL) *LoginLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.limits[camera]
	if known == nil || known.urls != nil && !slices.Equal(known.urls, urls) {
		known = &LoginLimit{all: l}
		l.limits[camera] = known
	}
	known.urls = urls
	return known
}

// wait is how long no login may be tried; 0 is now.
func (l *LoginLimit) wait(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(now)
	if len(l.fails) < loginFailures {
		return 0
	}
	return loginWindow - now.Sub(l.fails[0]) + time.Second
}

// failed notes a failed login.
func (l *LoginLimit) failed(now time.Time) {
	l.mu.Lock()
	l.forget(now)
	l.fails = append(l.fails, now)
	l.fails = l.fails[max(0, len(l.fails)-loginFailures):]
	l.mu.Unlock()
	if l.all != nil {
		l.all.keep(now)
	}
}

// forget drops what is long ago; also what lies in the future, since the node's clock was set back. It needs mu.
func (l *LoginLimit) forget(now time.Time) {
	l.fails = slices.DeleteFunc(l.fails, func(t time.Time) bool {
		return now.Sub(t) > loginWindow || t.Sub(now) > loginWindow
	})
}

// keep saves what still counts. A failure to save is not the camera's: the limit holds until the program ends.
func (l *Logins) keep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	cameras := map[string][]time.Time{}
	for id, limit := range l.limits {
		limit.mu.Lock()
		if limit.forget(now); len(limit.fails) > 0 {
			cameras[id] = slices.Clone(limit.fails)
		}
		limit.mu.Unlock()
	}
	if b, err := json.Marshal(cameras); err == nil {
		_ = l.save(b)
	}
}

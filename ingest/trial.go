package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Try runs a source once, as somebody who tests a camera does, within what the limit leaves of failed logins.
func (l *LoginLimit) Try(ctx context.Context, s Source, emit func(*models.AccessUnit)) error {
	if l.wait(time.Now()) > 0 {
		return models.Errorf(models.KindLimited, "%s", loginsRefused)
	}
	err := s.Run(ctx, emit)
	if models.KindOf(err) == models.KindUnauthenticated {
		l.failed(time.Now())
	}
	return err
}

// Format shows which camera it is, whatever the verb: printing a structure does not ask the methods of fields that are not exported, so
// that the URL's own care would not help.
func (r *RTSP) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "camera %s", r.conf.URL) }

// Format shows no URL.
func (l *LoginLimit) Format(s fmt.State, _ rune) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(s, "%d failed logins", len(l.fails))
}

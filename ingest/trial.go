package ingest

import (
	"context"
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

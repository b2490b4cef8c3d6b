// Package ingest takes cameras' coded pictures in: the first stop of the frame's road. A Source (RTSP)
// runs once and says why it ended; a Supervisor restarts it and knows its health; a Ring keeps the last seconds,
// from which any number of readers take access units through cursors.
//
// In: a camera's URL. Out: models.AccessUnit with capture time and parameter sets, models.CameraHealth.
// Nothing is decoded here. Imported by the programs that wire a node, never by analytics.
package ingest

import (
	"context"

	"github.com/counterwatch/counterwatch/models"
)

// Source delivers the access units of one camera.
type Source interface {
	// Run connects, hands every access unit to emit in coding order and returns why it ended; never nil, except at the
	// end of a file. The kind of the error says what to do: KindUnauthenticated, KindForbidden and KindNotFound want a
	// person, KindUnsupported another setting of the camera, all others another try. No error ever shows a password.
	// emit is called from the goroutine that reads the network: it must return at once.
	Run(ctx context.Context, emit func(*models.AccessUnit)) error
}

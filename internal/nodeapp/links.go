package nodeapp

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/models"
)

// loginsFile holds when which camera refused a login: times only.
const loginsFile = "failed-logins.json"

// links is what the node's cameras share while they are pulled.
type links struct {
	gate   *ingest.Gate
	logins *ingest.Logins
	rings  *ingest.Budget
}

func newLinks(dir string, memory Bytes, log *slog.Logger) links {
	path := filepath.Join(dir, loginsFile)
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("failed logins of the last run are not known", "err", err)
	}
	logins, err := ingest.LoadLogins(kept, func(b []byte) error {
		err := writeFile(path, b)
		if err != nil {
			log.Error("failed logins cannot be kept: after a restart of the node cameras with a wrong password are tried too often", "err", err)
		}
		return err
	})
	if err != nil {
		log.Warn("failed logins of the last run are not known", "err", err)
	}
	return links{gate: ingest.NewGate(0), logins: logins, rings: ingest.NewBudget(ringBytes(memory, 0))}
}

// link makes what pulls a camera, main and sub stream, into a ring. Close the ring at the end.
func (l links) link(c models.Camera, s models.Site, log *slog.Logger) (*ingest.Supervisor, *ingest.Ring, error) {
	allow, err := s.AllowedNetworks()
	if err != nil {
		return nil, nil, err
	}
	var sources []ingest.Source
	for _, u := range []models.SecretURL{c.URL, c.SubURL} {
		if u == "" && len(sources) > 0 {
			continue // there need not be a sub stream
		}
		source, err := ingest.NewRTSP(ingest.RTSPConfig{URL: u, Transport: c.Transport, TLS: c.TLS, Allow: allow, Log: log})
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, source)
	}
	ring := l.rings.NewRing()
	return &ingest.Supervisor{Sources: sources, Emit: ring.Put, Logins: l.logins.Of(c.ID, c.URL, c.SubURL), Gate: l.gate, Log: log}, ring, nil
}

package nodeapp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/models"
)

// keyFile holds the key that seals the node's own credentials and the kept configuration.
const keyFile = "node-key"

// sealedFile is one file of the data folder that holds passwords. Versions before this one wrote it in plain.
type sealedFile struct{ name, plain string }

var (
	credentialsFile = sealedFile{"credentials.sealed", "node.json"}
	configFile      = sealedFile{"config.sealed", "config.pb"} // the centre's configuration, kept for outages
)

// vault is the part of the data folder that nobody but this node can read.
type vault struct {
	dir string
	key *seal.Key
}

func openVault(dir string) (*vault, error) {
	v := &vault{dir: dir}
	used := false
	for _, f := range []sealedFile{credentialsFile, configFile} {
		_, err := os.Stat(v.path(f.name))
		used = used || err == nil
	}
	var err error
	if v.key, err = seal.Load(v.path(keyFile), used); used && models.KindOf(err) == models.KindInvalid {
		return nil, models.Errorf(models.KindInvalid,
			"%w; or remove %s and %s and enrol again with --token", err, v.path("*.sealed"), v.path(keyFile))
	}
	return v, err
}

func (v *vault) path(name string) string { return filepath.Join(v.dir, name) }

// read returns a file's content, or an fs.ErrNotExist. A plain file of an earlier version is sealed first.
func (v *vault) read(f sealedFile) ([]byte, error) {
	b, err := os.ReadFile(v.path(f.name))
	if err == nil {
		return v.key.Unseal(b, f.name)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if b, err = os.ReadFile(v.path(f.plain)); err != nil {
		return nil, err
	}
	return b, v.write(f, b)
}

// write seals a file; what stands there in plain goes.
func (v *vault) write(f sealedFile, b []byte) error {
	if err := writeFile(v.path(f.name), v.key.Seal(b, f.name)); err != nil {
		return fmt.Errorf("keep %s: %w", f.name, err)
	}
	if err := os.Remove(v.path(f.plain)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds passwords in plain: remove it: %w", f.plain, err)
	}
	return nil
}

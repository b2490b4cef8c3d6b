// Package blob keeps pictures as files named by their ids: the stop after the centre has received a snapshot. In go
// bytes, out they come; what they show and whose they are is the SQL store's business. It imports models.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"

	"github.com/counterwatch/counterwatch/models"
)

// MaxBytes is the size above which a picture is refused.
const MaxBytes = 16 << 20

// Disk keeps each blob in one file below a folder that no id can leave. It is safe for concurrent use.
type Disk struct{ root *os.Root }

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`)

// Open opens or creates the folder.
func Open(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Disk{root}, nil
}

// Close closes the folder.
func (d *Disk) Close() error { return d.root.Close() }

// name is the file of an id; blobs are spread over folders by the first letters of their ids.
func name(id string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", models.Invalid("id", "%q is not the id of a picture: use 3-128 letters, digits, - and _", id)
	}
	return path.Join(id[:2], id), nil
}

// Put keeps what r gives and returns its size. After a crash the blob is there whole or not at all; putting it again
// replaces it. More than MaxBytes is KindInvalid and leaves nothing behind.
func (d *Disk) Put(ctx context.Context, id string, r io.Reader) (size int64, err error) {
	file, err := name(id)
	if err != nil {
		return 0, err
	}
	if err := d.root.Mkdir(path.Dir(file), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("blob: %w", err)
	}
	tmp, err := d.create(file)
	if err != nil {
		return 0, fmt.Errorf("blob: %w", err)
	}
	size, err = io.Copy(tmp, io.LimitReader(r, MaxBytes+1))
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close(), ctx.Err())
	if err == nil && size > MaxBytes {
		err = models.Invalid("data", "the picture is larger than %d bytes", MaxBytes)
	}
	if err == nil {
		err = d.root.Rename(tmp.Name(), file)
	}
	if err == nil {
		err = d.sync(path.Dir(file))
	}
	if err != nil {
		_ = d.root.Remove(tmp.Name()) // best effort: the first error is the one to report
		return 0, fmt.Errorf("blob %s: %w", id, err)
	}
	return size, nil
}

// temporary is a file under a name that no id can have, relative to the root.
type temporary struct {
	*os.File
	name string
}

func (t temporary) Name() string { return t.name }

// create makes a file of its own for each caller, so that two puts of one id do not write into each other.
func (d *Disk) create(file string) (temporary, error) {
	for i := 0; ; i++ {
		tmp := fmt.Sprintf("%s.%d.part", file, i)
		f, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil || !errors.Is(err, fs.ErrExist) || i > 1000 {
			return temporary{f, tmp}, err
		}
	}
}

// sync writes a folder's names through to the disk.
func (d *Disk) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Get returns a blob; KindNotFound when there is none.
func (d *Disk) Get(_ context.Context, id string) ([]byte, error) {
	file, err := name(id)
	if err != nil {
		return nil, err
	}
	b, err := d.root.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, models.Errorf(models.KindNotFound, "picture %q does not exist", id)
	}
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", id, err)
	}
	return b, nil
}

// Delete forgets a blob; one that is not there is no error.
func (d *Disk) Delete(_ context.Context, id string) error {
	file, err := name(id)
	if err != nil {
		return err
	}
	if err := d.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob %s: %w", id, err)
	}
	return nil
}

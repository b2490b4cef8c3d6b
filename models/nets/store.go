package nets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/counterwatch/counterwatch/models"
)

// Store is where weights lie: pulls and imports go to the first folder, loads look in all, in order.
type Store struct{ Dirs []string }

// DefaultDir is the nets folder when nobody names one, relative to where the program runs.
const DefaultDir = ".cache/nets"

// Open names the store: dir, else COUNTERWATCH_NETS, else DefaultDir; and behind it, for reading, COUNTERWATCH_DATA/nets.
// getenv is os.Getenv.
func Open(dir string, getenv func(string) string) Store {
	if dir == "" {
		dir = getenv("COUNTERWATCH_NETS")
	}
	if dir == "" {
		dir = DefaultDir
	}
	s := Store{[]string{dir}}
	if data := getenv("COUNTERWATCH_DATA"); data != "" {
		s.Dirs = append(s.Dirs, filepath.Join(data, "nets"))
	}
	return s
}

// Find returns where a card's weights lie, without reading them.
func (s Store) Find(c Card) (path string, ok bool) {
	for _, d := range s.Dirs {
		p := filepath.Join(d, c.File)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// Load reads a card's weights and checks them. Missing weights are models.KindNotFound, altered ones models.KindInvalid;
// both say what to do.
func (s Store) Load(c Card) ([]byte, error) {
	p, ok := s.Find(c)
	if !ok {
		return nil, models.Errorf(models.KindNotFound, "the weights of %s are missing (looked for %s in %v): get them with `cwctl nets pull %s`",
			c.Name, c.File, s.Dirs, c.Name)
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, fmt.Errorf("weights of %s: %w", c.Name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, c.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("weights of %s: %w", c.Name, err)
	}
	sum := sha256.Sum256(b)
	if err := c.check(int64(len(b)), hex.EncodeToString(sum[:])); err != nil {
		return nil, models.Errorf(models.KindInvalid, "%s: %w; remove the file and run `cwctl nets pull %s`", p, err, c.Name)
	}
	return b, nil
}

// Import copies weights from a file into the store. The card is recognised by the hash, whatever the file is called.
func (s Store) Import(path string) (Card, error) {
	n, sum, err := hashFile(path)
	if err != nil {
		return Card{}, err
	}
	for _, c := range cards {
		if c.check(n, sum) == nil {
			return c, s.install(c, path)
		}
	}
	return Card{}, models.Errorf(models.KindInvalid, "%s (%d bytes, SHA-256 %s) is not the weights of any card", path, n, sum)
}

// install copies a file into the store so that the name appears with the whole, checked content or not at all.
func (s Store) install(c Card, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(s.Dirs[0], 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(s.Dirs[0], c.File+".import-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // gone already when all went well
	if _, err = io.Copy(out, in); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	return s.accept(c, out.Name())
}

// accept checks a finished file and gives it the card's name.
func (s Store) accept(c Card, path string) error {
	n, sum, err := hashFile(path)
	if err != nil {
		return err
	}
	if err := c.check(n, sum); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(s.Dirs[0], c.File))
}

// check says how a file differs from the card.
func (c Card) check(bytes int64, sum string) error {
	switch {
	case bytes > c.Bytes:
		return models.Errorf(models.KindInvalid, "these are not the weights of %s: longer than its %d bytes", c.Name, c.Bytes)
	case sum != c.SHA256:
		return models.Errorf(models.KindInvalid, "these are not the weights of %s: %d bytes with SHA-256 %s, where %d bytes with %s were expected",
			c.Name, bytes, sum, c.Bytes, c.SHA256)
	}
	return nil
}

func hashFile(path string) (int64, string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, "", models.Errorf(models.KindNotFound, "there is no file %s", path)
	} else if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

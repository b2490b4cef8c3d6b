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

// Find returns where a card's weights lie, without reading them: ok when all files of the card are there, and then the
// path of the last of them.
func (s Store) Find(c Card) (path string, ok bool) {
	for _, f := range c.Files {
		if path, ok = s.find(f); !ok {
			return "", false
		}
	}
	return path, ok
}

func (s Store) find(f File) (path string, ok bool) {
	for _, d := range s.Dirs {
		p := filepath.Join(d, f.Name)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// Missing returns the files of a card that are not there.
func (s Store) Missing(c Card) (files []File) {
	for _, f := range c.Files {
		if _, ok := s.find(f); !ok {
			files = append(files, f)
		}
	}
	return files
}

// Load reads a card's files, in the card's order, and checks them. A missing file is models.KindNotFound, an altered one
// models.KindInvalid; both say what to do.
func (s Store) Load(c Card) ([][]byte, error) {
	var files [][]byte
	for _, f := range c.Files {
		p, ok := s.find(f)
		if !ok {
			return nil, models.Errorf(models.KindNotFound, "the weights of %s are missing (looked for %s in %v): get them with `cwctl nets pull %s`",
				c.Name, f.Name, s.Dirs, c.Name)
		}
		b, err := f.read(p)
		if models.KindOf(err) == models.KindInvalid {
			return nil, models.Errorf(models.KindInvalid, "%s: %w; remove the file and run `cwctl nets pull %s`", p, err, c.Name)
		} else if err != nil {
			return nil, fmt.Errorf("weights of %s: %w", c.Name, err)
		}
		files = append(files, b)
	}
	return files, nil
}

// read reads the file at a path and checks it.
func (f File) read(path string) ([]byte, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, f.Bytes+1))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return b, f.check(int64(len(b)), hex.EncodeToString(sum[:]))
}

// Import copies one file of a card into the store and returns both. They are recognised by the hash, whatever the file is
// called.
func (s Store) Import(path string) (Card, File, error) {
	n, sum, err := hashFile(path)
	if err != nil {
		return Card{}, File{}, err
	}
	for _, c := range cards {
		for _, f := range c.Files {
			if f.check(n, sum) == nil {
				return c, f, s.install(f, path)
			}
		}
	}
	return Card{}, File{}, models.Errorf(models.KindInvalid, "%s (%d bytes, SHA-256 %s) is not the weights of any card", path, n, sum)
}

// install copies a file into the store so that the name appears with the whole, checked content or not at all.
func (s Store) install(f File, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(s.Dirs[0], 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(s.Dirs[0], f.Name+".import-*")
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
	return s.accept(f, out.Name())
}

// accept checks a finished file and gives it its name.
func (s Store) accept(f File, path string) error {
	n, sum, err := hashFile(path)
	if err != nil {
		return err
	}
	if err := f.check(n, sum); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(s.Dirs[0], f.Name))
}

// check says how content differs from what the file should hold.
func (f File) check(bytes int64, sum string) error {
	switch {
	case bytes > f.Bytes:
		return models.Errorf(models.KindInvalid, "this is not %s: longer than its %d bytes", f.Name, f.Bytes)
	case sum != f.SHA256:
		return models.Errorf(models.KindInvalid, "this is not %s: %d bytes with SHA-256 %s, where %d bytes with %s were expected",
			f.Name, bytes, sum, f.Bytes, f.SHA256)
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

// Package seal keeps what must not be readable on a disk: the passwords of cameras and the credentials of nodes. In go bytes and
// what they are about, out come the same bytes sealed with AES-256-GCM under the key of a file that only its owner can read, and
// back. It guards copies, backups and thrown-away disks, not a machine whose user was taken over: the key lies beside the data.
// The node's data folder and the centre's use it; it imports models.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/counterwatch/counterwatch/models"
)

// minSecret is the shortest text, in bytes, that a key file may hold: less is a file that was cut. Those made here hold 26, 130 bits.
const minSecret = 16

// Key seals and unseals. It is safe for concurrent use and never shows itself.
type Key struct {
	aead cipher.AEAD
	file string
}

// New makes a key of 32 bytes; file is what errors call it.
func New(key [32]byte, file string) *Key {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // never: 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // never: AES has blocks of 16 bytes
	}
	return &Key{aead: aead, file: file}
}

// Load reads a key file and makes a random one when there is none yet. used says that something was sealed with the key before: then
// a missing file is an error, and so is always one that others can read.
func Load(path string, used bool) (*Key, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && used:
		return nil, models.Errorf(models.KindInvalid,
			"the key file %s is missing, but passwords were sealed with it: put it back from a backup", path)
	case errors.Is(err, fs.ErrNotExist):
		if err := create(path); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("key file: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, models.Errorf(models.KindInvalid,
			"the key file %s can be read by others than its owner (mode %04o): run `chmod 600 %s`, "+
				"and change the cameras' passwords if strangers use this machine", path, info.Mode().Perm(), path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	secret := strings.TrimSpace(string(b))
	if len(secret) < minSecret {
		return nil, models.Errorf(models.KindInvalid, "the key file %s is damaged: put it back from a backup", path)
	}
	return New(sha256.Sum256([]byte(secret)), path), nil
}

// create leaves the whole key on the disk or nothing.
func create(path string) error {
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, rand.Text()+"\n")
	if err := errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path)) // a key that a power cut takes away cannot be had again
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Seal encrypts plain with a nonce of its own. about, such as a camera's id, is bound to it: it unseals as nothing else.
func (k *Key) Seal(plain []byte, about string) []byte {
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(plain)+k.aead.Overhead())
	rand.Read(nonce) // never fails
	return k.aead.Seal(nonce, nonce, plain, []byte(about))
}

// Unseal decrypts what Seal made. KindInvalid: it was made with another key or about something else, or is damaged.
func (k *Key) Unseal(sealed []byte, about string) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n+k.aead.Overhead() {
		return nil, models.Errorf(models.KindInvalid, "what is sealed about %s is damaged", about)
	}
	plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], []byte(about))
	if err != nil {
		return nil, models.Errorf(models.KindInvalid,
			"what is sealed about %s does not open with the key file %s: put back the key file it was sealed with", about, k.file)
	}
	return plain, nil
}

// Format shows which key it is and not the key, whatever the verb.
func (k *Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "seal.Key(%s)", k.file) }

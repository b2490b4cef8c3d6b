package nodeapp

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

func vaultOf(t *testing.T, dir string) *vault {
	t.Helper()
	v, err := openVault(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// noneHolds fails when a file of the folder holds the text or can be read by others.
func noneHolds(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s holds %q", path, text)
		}
		if info, err := d.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestVault(t *testing.T) {
	const secret = "canary-7c21"
	dir := t.TempDir()
	// An earlier version wrote it in plain.
	if err := os.WriteFile(filepath.Join(dir, configFile.plain), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	v := vaultOf(t, dir)
	if b, err := v.read(configFile); err != nil || string(b) != secret {
		t.Fatalf("%q %v", b, err)
	}
	noneHolds(t, dir, secret)
	if err := v.write(credentialsFile, []byte(secret)); err != nil {
		t.Fatal(err)
	}
	noneHolds(t, dir, secret)
	v = vaultOf(t, dir)
	for _, f := range []sealedFile{configFile, credentialsFile} {
		if b, err := v.read(f); err != nil || string(b) != secret {
			t.Fatalf("%q %v", b, err)
		}
	}
	if _, err := v.read(sealedFile{"none", "none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	// A file put in another's place does not open.
	if err := os.Rename(v.path(configFile.name), v.path(credentialsFile.name)); err != nil {
		t.Fatal(err)
	}
	if _, err := v.read(credentialsFile); models.KindOf(err) != models.KindInvalid {
		t.Fatal(err)
	}
}

func TestVaultWithoutItsKey(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(key string) error
		want string
	}{
		{"lost", os.Remove, "is missing"},
		{"of another node", func(key string) error { return os.WriteFile(key, []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0o600) },
			"put back the key file"},
		{"open to all", func(key string) error { return os.Chmod(key, 0o644) }, "chmod 600"},
		{"cut", func(key string) error { return os.Truncate(key, 3) }, "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := vaultOf(t, dir).write(credentialsFile, []byte(`{"node":"n1","secret":"canary-7c21"}`)); err != nil {
				t.Fatal(err)
			}
			if err := c.harm(filepath.Join(dir, keyFile)); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), Config{DataDir: dir, Log: discard})
			if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), c.want) {
				t.Fatal(err)
			}
			if !strings.Contains(err.Error(), "enrol again with --token") {
				t.Fatal(err)
			}
		})
	}
}

func TestCredentialsHideThemselves(t *testing.T) {
	c := credentials{Node: "n1", Secret: "canary-7c21"}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%v %+v %#v", &c, &c, &c)} {
		if strings.Contains(text, "canary") {
			t.Error(text)
		}
	}
}

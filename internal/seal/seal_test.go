package seal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

const canary = "rtsp://admin:canary-5f1e@10.0.0.1/"

func TestSeal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k, err := Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	sealed := k.Seal([]byte(canary), "camera-1")
	if bytes.Contains(sealed, []byte("canary")) || bytes.Equal(sealed, k.Seal([]byte(canary), "camera-1")) {
		t.Fatalf("%q", sealed)
	}
	again, err := Load(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Unseal(sealed, "camera-1"); err != nil || string(got) != canary {
		t.Fatalf("%q %v", got, err)
	}
	other, err := Load(filepath.Join(t.TempDir(), "other"), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		key    *Key
		sealed []byte
		about  string
		want   string
	}{
		{"another thing", k, sealed, "camera-2", "put back the key file"},
		{"another key", other, sealed, "camera-1", "put back the key file"},
		{"altered", k, append([]byte{sealed[0] ^ 1}, sealed[1:]...), "camera-1", "put back the key file"},
		{"cut", k, sealed[:27], "camera-1", "is damaged"},
		{"nothing", k, nil, "camera-1", "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.key.Unseal(c.sealed, c.about)
			if got != nil || models.KindOf(err) != models.KindInvalid {
				t.Fatalf("%q %v", got, err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.about) {
				t.Fatal(err)
			}
		})
	}
}

func TestKeyFiles(t *testing.T) {
	for _, c := range []struct {
		name, content string
		mode          os.FileMode // 0: no file
		used          bool
		want          string
	}{
		{"first start", "", 0, false, ""},
		{"lost", "", 0, true, "is missing"},
		{"kept", "ABCDEFGHIJKLMNOPQRSTUVWXYZ\n", 0o600, true, ""},
		{"read-only", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0o400, true, ""},
		{"the world reads", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0o644, true, "chmod 600"},
		{"the group reads", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0o640, false, "chmod 600"},
		{"empty", "", 0o600, true, "is damaged"},
		{"short", "ABC", 0o600, true, "is damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if c.mode != 0 {
				if err := os.WriteFile(path, []byte(c.content), c.mode); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(path, c.used)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Fatal(err)
			}
			if c.content != "" && strings.Contains(err.Error(), c.content) {
				t.Fatalf("the key is in %q", err)
			}
			if _, err := os.Stat(path); c.mode == 0 && err == nil {
				t.Fatal("a lost key was replaced")
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none", "key"), false); err == nil {
		t.Fatal("made in a folder that is not there")
	}
}

func TestKeyHidesItself(t *testing.T) {
	k := New([32]byte([]byte("canary-canary-canary-canary-1234")), "file")
	js, _ := json.Marshal(struct{ Key any }{k})
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x", k, k, k, k, k, k), string(js)} {
		if strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") {
			t.Fatal(text)
		}
	}
}

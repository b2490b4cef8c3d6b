package sql_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/sql"
	"github.com/counterwatch/counterwatch/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSQLite(t *testing.T) {
	storetest.SQL(t, func(t *testing.T) *sql.Store {
		s, err := sql.Open(t.Context(), filepath.Join(t.TempDir(), "centre.db"), [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestPasswordsOfCamerasAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "centre.db")
	s, err := sql.Open(t.Context(), path, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	units, sites := []models.Unit{{ID: "u"}}, []models.Site{{ID: "s", Unit: "u"}}
	cameras := []models.Camera{{ID: "c", Site: "s", Node: "n", URL: "rtsp://admin:canary@10.0.0.1/"}}
	if err := s.PutDirectory(t.Context(), units, sites, cameras); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s holds the password in clear", f)
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v %v", f, info.Mode(), err)
		}
	}
	s, err = sql.Open(t.Context(), path, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Cameras(t.Context()); err == nil || !strings.Contains(err.Error(), "key file") {
		t.Fatalf("another key: %v", err)
	}
}

package sql_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/internal/pgtest"
	"github.com/counterwatch/counterwatch/internal/seal"
	"github.com/counterwatch/counterwatch/internal/sqlitefile"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/store/sql"
	"github.com/counterwatch/counterwatch/store/storetest"
)

var postgres pgtest.Server

func TestMain(m *testing.M) {
	code := m.Run()
	postgres.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestSQLite(t *testing.T) {
	storetest.SQL(t, func(t *testing.T) *sql.Store {
		return open(t, filepath.Join(t.TempDir(), "centre.db"))
	})
}

func open(t *testing.T, where string) *sql.Store {
	t.Helper()
	s, err := sql.Open(t.Context(), where, seal.New([32]byte{1}, "the key file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestPostgreSQL(t *testing.T) {
	storetest.SQL(t, func(t *testing.T) *sql.Store { return open(t, postgres.Database(t)) })
}

// Several centres share one database: they may start at once, and number changes in one order.
func TestCentresShareADatabase(t *testing.T) {
	where := postgres.Database(t)
	stores, err := make([]*sql.Store, 3), make([]error, 3)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() { stores[i], err[i] = sql.Open(t.Context(), where, seal.New([32]byte{1}, "the key file")) })
	}
	wg.Wait()
	for i, s := range stores {
		if err[i] != nil {
			t.Fatal(err[i])
		}
		t.Cleanup(func() { _ = s.Close() })
		wg.Go(func() {
			for n := range 20 {
				e := models.Event{ID: fmt.Sprint(i, "-", n), Revision: 1, Kind: models.QueueLong, Opened: time.Unix(1, 0)}
				if _, err := s.PutEvents(context.Background(), []models.Event{e}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	changes, e := stores[0].Changes(t.Context(), 0, 100)
	if e != nil || len(changes) != 60 || changes[59].Seq != 60 {
		t.Fatalf("%d changes, %v", len(changes), e)
	}
}

func TestDatabasesThatDoNotOpen(t *testing.T) {
	where := postgres.Database(t)
	for _, c := range []struct {
		name, where string
		kind        models.Kind
		want        string
	}{
		{"not an address", "postgres://user:canary@host:port/db", models.KindInvalid, "%40 for @"},
		{"nobody there", "postgres://user:canary@127.0.0.1:1/db", models.KindUnavailable, "does not answer"},
		{"no such database", strings.Replace(where, "/test", "/no-test", 1), models.KindNotFound, "createdb"},
		{"no such user", strings.Replace(where, "user=postgres", "user=nobody", 1), models.KindUnauthenticated, "refuses user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sql.Open(t.Context(), c.where, seal.New([32]byte{}, "the key file"))
			if err == nil || models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Fatalf("%s %v, want %s %q", models.KindOf(err), err, c.kind, c.want)
			}
		})
	}
}

func TestPasswordsOfCamerasAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "centre.db")
	s, err := sql.Open(t.Context(), path, seal.New([32]byte{1}, "the key file"))
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
	s, err = sql.Open(t.Context(), path, seal.New([32]byte{2}, "the key file"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Cameras(t.Context())
	if models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), "put back the key file") || !strings.Contains(err.Error(), "UPDATE cameras") {
		t.Fatalf("another key: %v", err)
	}
	// The way out that the error names.
	db, err := sqlitefile.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE cameras SET url = ''"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Cameras(t.Context()); err != nil || len(got) != 1 || got[0].URL != "" {
		t.Fatalf("%v %v", got, err)
	}
}

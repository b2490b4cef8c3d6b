// Package pgtest starts a real PostgreSQL for tests: one server for a test binary, in a folder of its own, on a Unix socket
// only, and a fresh database for every test that asks. In: Debian's postgresql-15, as scripts/setup.sh test installs it. Out:
// addresses as store/sql takes them. Only tests import it.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// Server is a running PostgreSQL. Its zero value starts one when it is first asked for a database.
type Server struct {
	once      sync.Once
	err       error
	dir       string
	cmd       *exec.Cmd
	databases atomic.Int64
}

// bin is where Debian keeps PostgreSQL 15.
const bin = "/usr/lib/postgresql/15/bin/"

// Database is the address of a fresh database. Without PostgreSQL on this machine the test is skipped by name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(bin + "initdb"); err != nil {
		t.Skip("PostgreSQL 15 is not installed (scripts/setup.sh test does that): the store is not tested on it")
	}
	s.once.Do(func() { s.err = s.start() })
	if s.err != nil {
		t.Fatalf("start PostgreSQL: %v", s.err)
	}
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	admin, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

func (s *Server) address(database string) string {
	return "postgres:///" + database + "?user=postgres&host=" + url.QueryEscape(s.dir)
}

// Stop ends the server and removes its files. A TestMain calls it after the tests.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(os.Interrupt) // fast shutdown
		_ = s.cmd.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// start makes a cluster and runs it until it answers. PostgreSQL refuses root: then it runs as Debian's user postgres.
func (s *Server) start() (err error) {
	if s.dir, err = os.MkdirTemp("", "counterwatch-pg-"); err != nil {
		return err
	}
	as, err := account(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	initdb := exec.Command(bin+"initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, s.dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(s.dir, "log")) // a file, not a buffer: no goroutine reads it
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(bin+"postgres", "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100")
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stderr = as, s.dir, log
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return nil
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("no answer within 30 s: %w: %s", err, said)
		}
	}
}

// account is under whom PostgreSQL runs; dir is given to it.
func account(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT} // an interrupted test takes it along
	if os.Getuid() != 0 {
		return as, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, os.Chown(dir, int(uid), int(gid))
}

// Package influxtest starts a real InfluxDB 1.8 for tests: one server for a test binary, on a loopback port of its own, and a
// fresh database for every test that asks. In: influxd, as scripts/influxd.sh builds it into the checkout. Out: addresses and
// buckets as store/series takes them. Only tests and benchmarks import it.
package influxtest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Server is a running InfluxDB. Its zero value starts one when it is first asked for a database.
type Server struct {
	once      sync.Once
	err       error
	dir       string
	url       string
	cmd       *exec.Cmd
	databases atomic.Int64
}

// program is where scripts/influxd.sh puts it, below the checkout.
const program = ".cache/influxd/influxd"

// Database is the address of the server and a bucket of a fresh database. Without influxd in the checkout the test is skipped by name.
func (s *Server) Database(t testing.TB) (address, bucket string) {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Skip("influxd is not built (scripts/influxd.sh does that): the series store is not tested on InfluxDB")
	}
	s.once.Do(func() { s.err = s.start(path) })
	if s.err != nil {
		t.Fatalf("start InfluxDB: %v", s.err)
	}
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	resp, err := http.PostForm(s.url+"/query", url.Values{"q": {"CREATE DATABASE " + name}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("create database %s: %s", name, resp.Status)
	}
	return s.url, name + "/autogen"
}

// Stop ends the server and removes its files. A TestMain calls it after the tests.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(os.Interrupt)
		_ = s.cmd.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// find looks for the program from the test's folder upwards.
func find() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not built")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

const settings = `reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = %[1]q
[data]
  dir = %[2]q
  wal-dir = %[3]q
  query-log-enabled = false
[http]
  bind-address = %[4]q
  flux-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  level = "error"
`

func (s *Server) start(path string) (err error) {
	if s.dir, err = os.MkdirTemp("", "counterwatch-influx-"); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // influxd does not tell which port it took
	if err != nil {
		return err
	}
	address := l.Addr().String()
	_ = l.Close()
	s.url = "http://" + address
	conf := filepath.Join(s.dir, "influxdb.conf")
	text := fmt.Sprintf(settings, filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"), filepath.Join(s.dir, "wal"), address)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(path, "-config", conf)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT} // an interrupted test takes it along
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		resp, err := http.Get(s.url + "/ping")
		if err == nil {
			return resp.Body.Close()
		}
		if time.Now().After(end) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("no answer within 30 s: %w: %s", err, said)
		}
	}
}

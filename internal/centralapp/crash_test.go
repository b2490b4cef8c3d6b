package centralapp

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/counterwatch/counterwatch/bus"
	"github.com/counterwatch/counterwatch/internal/influxtest"
	"github.com/counterwatch/counterwatch/internal/pgtest"
	"github.com/counterwatch/counterwatch/internal/wire"
	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

// The crash test runs this test binary again as a node and as a centre, kills both at random with SIGKILL while the node
// writes, and then compares what the centre holds with what the node was told to be durable.
const (
	roleVariable = "COUNTERWATCH_CRASH_ROLE"
	kills        = 20
	crashCamera  = "cam1"
	crashNode    = "n1"
)

// The servers of the tests that ask for them.
var (
	postgres pgtest.Server
	influxdb influxtest.Server
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(roleVariable) {
	case "node":
		err = crashingNode(os.Args[1:])
	case "centre":
		err = crashingCentre(os.Args[1:])
	default:
		code := m.Run()
		postgres.Stop()
		influxdb.Stop()
		if code == 0 {
			err = goleak.Find()
		}
		if err == nil {
			os.Exit(code)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(roleVariable), err)
		os.Exit(1)
	}
	os.Exit(0)
}

var crashEpoch = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// fact is the i-th thing that happens in the life of the camera: a queue's minute, a counter's minute, every third time a
// visit, every fifth time an incident that the next time closes.
func fact(i int) (records []models.Record) {
	at := crashEpoch.Add(time.Duration(i) * time.Minute)
	q := models.Minute{Camera: crashCamera, Zone: "q", Kind: models.ZoneQueue, Start: at, WorkingS: 60, ObservedS: 60, Max: 1, Arrivals: i % 4}
	q.AtCount[0], q.AtCount[1], q.OccupancyS, q.WaitsS = 20, 40, 40, []float64{float64(i % 900)}
	c := models.Minute{Camera: crashCamera, Counter: "c", Start: at, WorkingS: 60, ObservedS: 60, StaffedS: 45, AbsentS: 15}
	c.AtCount[0], c.AtCount[1], c.OccupancyS, c.Max = 15, 45, 45, 1
	records = append(records, models.MinuteRecord(crashNode, q), models.MinuteRecord(crashNode, c))
	if i%3 == 0 {
		records = append(records, models.VisitRecord(crashNode, models.Visit{ID: models.RecordID(crashNode, i), Camera: crashCamera, Zone: "q",
			Kind: models.ZoneQueue, Entered: at.Add(-time.Minute), Left: at.Add(time.Second), Ended: models.EndServed, Counter: "c"}))
	}
	if j := i - i%5; i%5 < 2 {
		e := models.Event{ID: fmt.Sprint("e", j), Kind: models.CounterAbsent, Node: crashNode, Camera: crashCamera, Counter: "c",
			Opened: crashEpoch.Add(time.Duration(j) * time.Minute), Revision: 1, Method: models.MethodVersion}
		if i > j {
			e.Closed, e.Revision = at, 2
		}
		records = append(records, models.EventRecord(crashNode, e))
	}
	return records
}

// crashingNode puts facts as fast as the disk takes them, and prints the number of each that Put has promised to keep.
// When told to end it sends what is left.
func crashingNode(args []string) error {
	dir, url, secret := args[0], args[1], args[2]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	log := slog.New(slog.DiscardHandler)
	o, err := outbox.Open(ctx, dir, outbox.Codec{Encode: wire.EncodeRecord, Decode: wire.DecodeRecord}, outbox.Config{Log: log})
	if err != nil {
		return err
	}
	b, err := bus.Connect(bus.Config{URL: url, Node: crashNode, Secret: secret, Log: log})
	if err != nil {
		return err
	}
	go func() { _ = (&outbox.Sender{Outbox: o, Bus: b, Node: crashNode, Log: log}).Run(ctx) }() // ends with the process
	state, err := o.State(ctx, crashCamera)
	if err != nil {
		return err
	}
	i, _ := strconv.Atoi(string(state))
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	for ; len(end) == 0; i++ {
		if err := o.Put(ctx, crashCamera, fact(i), nil, []byte(strconv.Itoa(i+1))); err != nil {
			return err
		}
		fmt.Println(i)
	}
	for {
		records, _, err := o.Depth(ctx)
		if err != nil || records == 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func crashingCentre(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := openCore(ctx, coreConfig{DataDir: args[0], NATSListen: args[1], Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// child is one of the two processes.
type child struct {
	t    *testing.T
	role string
	args []string
	cmd  *exec.Cmd
	read chan struct{} // its output has been read to the end
	acks *atomic.Int64 // the number of the newest promise, plus one
}

func (c *child) start() {
	c.t.Helper()
	c.cmd = exec.Command(os.Args[0], c.args...)
	c.cmd.Env = append(os.Environ(), roleVariable+"="+c.role)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = c.cmd.Process.Kill() }) // when the test fails half-way
	c.read = make(chan struct{})
	go func() {
		defer close(c.read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if i, err := strconv.Atoi(strings.TrimSpace(lines.Text())); err == nil {
				c.acks.Store(int64(i) + 1)
			}
		}
	}()
}

// end sends a signal and waits; only SIGTERM is expected to end well.
func (c *child) end(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatalf("%s: %v", c.role, err)
	}
	<-c.read
	if err := c.cmd.Wait(); s == syscall.SIGTERM && err != nil {
		c.t.Fatalf("%s: %v", c.role, err)
	}
}

func TestNothingIsLostOrDoubledByKills(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	data := filepath.Join(dir, "centre")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	secret := prepareCentre(t, data, address)

	var acks atomic.Int64
	centre := &child{t: t, role: "centre", args: []string{data, address}, acks: new(atomic.Int64)}
	node := &child{t: t, role: "node", args: []string{filepath.Join(dir, "node"), "nats://" + address, secret}, acks: &acks}
	centre.start()
	node.start()
	killed := map[string]int{}
	for range kills {
		time.Sleep(time.Duration(100+rnd.IntN(600)) * time.Millisecond)
		victims := [][]*child{{centre}, {node}, {centre, node}}[rnd.IntN(3)]
		for _, v := range victims {
			v.end(syscall.SIGKILL)
			killed[v.role]++
		}
		for _, v := range victims {
			v.start()
		}
	}
	// A process that has promised something since its last start also knows what SIGTERM means.
	for before, deadline := acks.Load(), time.Now().Add(20*time.Second); acks.Load() == before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the node does not go on")
		}
	}
	stuck := time.AfterFunc(60*time.Second, func() { _ = node.cmd.Process.Kill() }) // then end reports how it ended
	node.end(syscall.SIGTERM)
	stuck.Stop()
	centre.end(syscall.SIGTERM)
	t.Logf("killed %v; %d promises", killed, acks.Load())
	compare(t, data, int(acks.Load()))
}

// prepareCentre makes the centre's data folder with one camera and one node, and returns the node's secret.
func prepareCentre(t *testing.T, data, address string) (secret string) {
	t.Helper()
	c, err := openCore(t.Context(), coreConfig{DataDir: data, NATSListen: address, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	square := models.Polygon{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}}
	err = c.Registry.Apply(t.Context(), []models.Unit{{ID: "u"}}, []models.Site{{ID: "s", Unit: "u", Calendar: models.Calendar{Always: true}}}, []models.Camera{{
		ID: crashCamera, Site: "s", Node: crashNode, URL: "rtsp://127.0.0.1/x",
		Zones:    []models.Zone{{ID: "q", Kind: models.ZoneQueue, Polygon: square}, {ID: "o", Kind: models.ZoneStaff, Polygon: square}},
		Counters: []models.Counter{{ID: "c", Staff: []string{"o"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if secret, err = c.Nodes.Enrol(t.Context(), c.Nodes.Token(), crashNode); err != nil {
		t.Fatal(err)
	}
	return secret
}

// compare holds the centre to the first acked facts. One more may have been kept by a Put whose promise was not heard.
func compare(t *testing.T, data string, acked int) {
	t.Helper()
	if acked < kills {
		t.Fatalf("only %d promises in %d kills: the test tests nothing", acked, kills)
	}
	c, err := openCore(t.Context(), coreConfig{DataDir: data, NATSListen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	ctx, from, to := t.Context(), crashEpoch, crashEpoch.AddDate(10, 0, 0)
	queue, desk := models.SeriesKey{Camera: crashCamera, Zone: "q"}, models.SeriesKey{Camera: crashCamera, Counter: "c"}
	minutes, err := c.Series.Minutes(ctx, queue, from, to)
	if err != nil {
		t.Fatal(err)
	}
	n := len(minutes)
	if n != acked && n != acked+1 {
		t.Fatalf("%d minutes of the queue, %d were promised", n, acked)
	}
	var want struct {
		sum            models.Sum
		events, closed int
	}
	wantVisits := map[string]bool{}
	for i := range n {
		for _, r := range fact(i) {
			switch {
			case r.Minute != nil && r.Minute.Zone != "":
				want.sum.Add(*r.Minute)
				if minutes[i].Arrivals != r.Minute.Arrivals || !minutes[i].Start.Equal(r.Minute.Start) {
					t.Fatalf("minute %d is %+v", i, minutes[i])
				}
			case r.Visit != nil:
				want.sum.AddVisit(*r.Visit)
				wantVisits[r.Visit.ID] = true
			case r.Event != nil && r.Event.Open():
				want.events++
			case r.Event != nil:
				want.closed++
			}
		}
	}
	if m, err := c.Series.Minutes(ctx, desk, from, to); err != nil || len(m) != n {
		t.Errorf("%d minutes of the counter, want %d, %v", len(m), n, err)
	}
	visits, err := c.Series.Visits(ctx, queue, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range visits {
		if !wantVisits[v.ID] {
			t.Errorf("visit %s is there twice or came from nowhere", v.ID)
		}
		delete(wantVisits, v.ID)
	}
	if len(wantVisits) > 0 {
		t.Errorf("%d visits are lost", len(wantVisits))
	}
	// The roll-ups were not doubled either.
	sums, err := c.Series.Sums(ctx, []models.SeriesKey{queue}, models.StepDay, from, to, c.Registry.Location(crashCamera))
	if err != nil {
		t.Fatal(err)
	}
	var all models.Sum
	for _, s := range sums[queue] {
		all.Merge(s)
	}
	if w := want.sum; all.Minutes != w.Minutes || all.WorkingS != w.WorkingS || all.Arrivals != w.Arrivals || all.Waits.N != w.Waits.N || all.Completed.N != w.Completed.N {
		t.Errorf("days sum up to %+v, want %+v", all, w)
	}
	events, err := c.Events.Events(ctx, models.EventQuery{Limit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	closed := 0
	for _, e := range events {
		if !e.Open() {
			closed++
		}
	}
	changes, err := c.Events.Changes(ctx, 0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != want.events || closed != want.closed || len(changes) != want.events+want.closed {
		t.Errorf("%d incidents, %d closed, %d revisions; want %d, %d, %d", len(events), closed, len(changes), want.events, want.closed, want.events+want.closed)
	}
	if q, err := c.SQL.Quarantined(ctx); err != nil || q != 0 {
		t.Errorf("%d records in quarantine, %v", q, err)
	}
	t.Logf("%d minutes, %d visits, %d incidents with %d revisions: none lost, none doubled", 2*n, len(visits), len(events), len(changes))
}

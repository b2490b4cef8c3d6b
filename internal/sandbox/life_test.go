package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// lost wants a decoder to say that its child is gone.
func lost(t *testing.T, d decode.Decoder, u *models.AccessUnit) {
	t.Helper()
	if fs, err := d.Decode(u, decode.Picture); models.KindOf(err) != models.KindUnavailable || err == nil {
		t.Fatalf("%d frames and error %v, want unavailable", len(fs), err)
	}
}

func pids(p *Pool) (out []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.children {
		c.mu.Lock()
		out = append(out, c.pid)
		c.mu.Unlock()
	}
	return out
}

// until waits for something that another process does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 10 s: %s", what)
		}
	}
}

func TestGroups(t *testing.T) {
	p := newPool(t, Config{Group: 2, Idle: 200 * time.Millisecond})
	var ds []decode.Decoder
	for i := range 5 {
		ds = append(ds, decoderOf(t, p, fmt.Sprint(i)))
		one(t, ds[i], unit("frame", true))
	}
	if s := p.Stats(); s.Children != 3 || s.Cameras != 5 {
		t.Fatalf("%+v", s)
	}
	_ = ds[0].Close()
	_ = ds[1].Close()
	until(t, "the idle child ends", func() bool { return p.Stats().Children == 2 })
	one(t, decoderOf(t, p, "new"), unit("frame", true)) // fills the third
	if s := p.Stats(); s.Children != 2 || s.Cameras != 4 || s.Restarts != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestKilledFromOutside(t *testing.T) {
	p := newPool(t, Config{})
	d := decoderOf(t, p, "a")
	n := one(t, d, unit("frame", true)).Number
	if err := syscall.Kill(pids(p)[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "the decoder notices", func() bool {
		_, err := d.Decode(unit("frame", false), decode.Picture)
		return models.KindOf(err) == models.KindUnavailable && err != nil
	})
	if f := one(t, d, unit("frame", true)); f.Number <= n {
		t.Errorf("frame %d after %d", f.Number, n)
	}
}

func TestStoppedFromOutside(t *testing.T) { // SIGSTOP: alive, and silent
	p := newPool(t, Config{Deadline: 200 * time.Millisecond})
	d := decoderOf(t, p, "a")
	one(t, d, unit("frame", true))
	if err := syscall.Kill(pids(p)[0], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "the decoder notices", func() bool {
		_, err := d.Decode(unit("frame", false), decode.Picture)
		return models.KindOf(err) == models.KindUnavailable && err != nil
	})
	one(t, d, unit("frame", true))
}

func TestLeakingChildIsEnded(t *testing.T) {
	log := &logText{}
	p := newPool(t, Config{Group: 2, Memory: 256 << 20, Log: log.logger()})
	a, b, other := decoderOf(t, p, "a"), decoderOf(t, p, "b"), decoderOf(t, p, "other")
	one(t, a, unit("frame", true))
	one(t, b, unit("frame", true))
	one(t, other, unit("frame", true))
	until(t, "the child is ended", func() bool {
		one(t, other, unit("frame", false)) // in another child: loses nothing
		_, err := a.Decode(unit("leak", false), decode.Picture)
		return err != nil
	})
	one(t, a, unit("frame", true))
	lost(t, b, unit("frame", false))
	until(t, "the child is gone", func() bool { s := p.Stats(); return s.Restarts == 1 && s.Memory < 256<<20 })
	until(t, "the log says why", func() bool { return strings.Contains(log.String(), "MB are allowed") || outOfMemory(log) })
}

// outOfMemory reports whether a child was refused memory. A leak may come to that bound before anybody looks, and with the race
// detector, which needs several times as much, it does.
func outOfMemory(log *logText) bool {
	return strings.Contains(log.String(), "out of memory") || strings.Contains(log.String(), "failed to allocate")
}

func TestGreedyChildGetsNoMore(t *testing.T) { // faster than anybody can look
	log := &logText{}
	p := newPool(t, Config{Memory: 256 << 20, Log: log.logger()})
	d := decoderOf(t, p, "a")
	lost(t, d, unit("gulp", true))
	one(t, d, unit("frame", true))
	until(t, "the log says why", func() bool { return outOfMemory(log) })
}

func TestCameraThatCrashesAgainAndAgainIsAlone(t *testing.T) {
	p := newPool(t, Config{})
	a, b := decoderOf(t, p, "a"), decoderOf(t, p, "b")
	for range strikesAlone {
		one(t, b, unit("frame", true))
		lost(t, a, unit("exit", true))
	}
	lost(t, b, unit("frame", false))
	one(t, b, unit("frame", true))
	_, err := a.Decode(unit("exit", true), decode.Picture)
	if err == nil || !strings.Contains(err.Error(), "next try in") {
		t.Fatalf("no pause: %v", err)
	}
	until(t, "the next try", func() bool {
		one(t, b, unit("frame", false))
		_, err := a.Decode(unit("frame", true), decode.Picture)
		return err == nil
	})
	if s := p.Stats(); s.Children != 2 || s.Cameras != 2 {
		t.Fatalf("%+v", s)
	}
	lost(t, a, unit("exit", false))
	one(t, b, unit("frame", false)) // nothing lost
}

func TestHistory(t *testing.T) {
	now := time.Unix(0, 0)
	h := &history{camera: "a"}
	step := func(pass time.Duration, strike, wantAlone bool, wantWait time.Duration) {
		t.Helper()
		now = now.Add(pass)
		if strike {
			h.strike(now)
		}
		alone, err := h.may(now)
		if alone != wantAlone || (err != nil) != (wantWait > 0) || err != nil && h.after.Sub(now) != wantWait {
			t.Fatalf("at %v: alone %v, %v until %v; want %v, %v", now, alone, err, h.after, wantAlone, wantWait)
		}
	}
	step(0, false, false, 0)
	step(0, true, false, 0)
	step(4*time.Minute, true, false, 0)
	step(2*time.Minute, true, false, 0) // the first is forgotten
	step(time.Second, true, true, time.Second)
	step(time.Second, false, true, 0)
	step(0, true, true, 2*time.Second)
	for _, wait := range []time.Duration{4, 8, 16, 32, 60, 60} {
		step(0, true, true, wait*time.Second)
	}
	step(strikesWithin, false, true, 0)
	step(time.Nanosecond, false, false, 0) // forgiven
	step(0, true, false, 0)
}

// TestCycles ends children many times; COUNTERWATCH_CYCLES=1000 is the long form.
func TestCycles(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("COUNTERWATCH_CYCLES"))
	n = max(n, 30)
	log := &logText{}
	p := newPool(t, Config{Deadline: time.Second, Log: log.logger()})
	cycle := func(i int) {
		d, err := p.For(fmt.Sprint("camera ", i))(models.CodecH264)
		if err != nil {
			t.Fatal(err)
		}
		one(t, d, unit("frame", true))
		act := []string{"exit", "segv", "abort"}[i%3]
		if i%10 == 9 {
			act = "hang"
		}
		lost(t, d, unit(act, false))
		one(t, d, unit("size 640 480", true))
		_ = d.Close()
	}
	held := func() [4]int {
		maps, _ := os.ReadFile("/proc/self/maps")
		return [4]int{descriptorsOpen(t), runtime.NumGoroutine(), strings.Count(string(maps), "memfd:"), len(childrenOf(t, os.Getpid()))}
	}
	cycle(0)
	until(t, "one child", func() bool { return p.Stats().Children == 1 })
	before := held()
	began := time.Now()
	for i := range n {
		cycle(i)
	}
	took := time.Since(began)
	until(t, fmt.Sprintf("descriptors, goroutines, mappings and processes are %v again; they are %v", before, held()), func() bool { return held() == before })
	if s := p.Stats(); s.Restarts != int64(n)+1 {
		t.Errorf("%+v after %d cycles", s, n)
	}
	t.Logf("%d crashes and restarts in %v; held %v", n, took.Round(time.Millisecond), before)
}

// childrenOf lists the processes of a parent, ended ones that nobody has waited for included.
func childrenOf(t *testing.T, parent int) (out []int) {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", parent, task.Name()))
		for _, f := range strings.Fields(string(b)) {
			pid, _ := strconv.Atoi(f)
			out = append(out, pid)
		}
	}
	return out
}

// bringUp is a parent that says which child it has, and then waits to be killed.
func bringUp() {
	p, err := NewPool(Config{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	d, _ := p.For("a")(models.CodecH264)
	_, _ = d.Decode(unit("frame", true), decode.Picture)
	fmt.Println(pids(p)[0])
	_, _ = d.Decode(unit("spin", false), decode.Picture)
	select {}
}

func TestChildEndsWithItsParent(t *testing.T) {
	cmd := exec.Command("/proc/self/exe", "parent")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, bad := strconv.Atoi(strings.TrimSpace(line))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || bad != nil {
		t.Fatal(line, err)
	}
	until(t, "the child is gone", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(b), ") Z ")
	})
}

// TestGaps ends the child of many cameras again and again while each plays at 15 frames a second with a key frame a second,
// and measures how long each goes without a frame. COUNTERWATCH_GAPS=20 is the long form, with the deadline of the product.
func TestGaps(t *testing.T) {
	const gop, rate = 15, 15
	faults, deadline := 1, 500*time.Millisecond
	if n, _ := strconv.Atoi(os.Getenv("COUNTERWATCH_GAPS")); n > 0 {
		faults, deadline = n, 2*time.Second
	}
	for _, act := range []string{"hang", "segv"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, Config{Group: 6, Deadline: deadline, Log: (&logText{}).logger()})
			stop := make(chan struct{})
			var wg sync.WaitGroup
			gaps := make([][]time.Duration, 11) // 0..4 are the faulty camera's neighbours, the others fill another child
			play := func(d decode.Decoder, i int) {
				tick := time.NewTicker(time.Second / rate)
				defer tick.Stop()
				var last time.Time
				for n := i; ; n++ {
					select {
					case <-stop:
						return
					case <-tick.C:
					}
					fs, _ := d.Decode(unit("frame", n%gop == 0), decode.Picture)
					if now := time.Now(); len(fs) > 0 {
						if !last.IsZero() {
							gaps[i] = append(gaps[i], now.Sub(last))
						}
						last = now
					}
				}
			}
			bad := decoderOf(t, p, "bad")
			one(t, bad, unit("frame", true))
			for i := range gaps {
				d := decoderOf(t, p, fmt.Sprint("good ", i))
				one(t, d, unit("frame", true))
				wg.Go(func() { play(d, i) })
			}
			_ = bad.Close()
			for i := range faults {
				time.Sleep(3 * time.Second / 2) // the beat of the test, not a wait for something
				for {
					d, _ := p.For(fmt.Sprint("bad ", i))(models.CodecH264) // another each time: it is not to be put alone
					_, err := d.Decode(unit(act, true), decode.Picture)
					_ = d.Close()
					if models.KindOf(err) == models.KindUnavailable {
						break
					}
				}
			}
			time.Sleep(3 * time.Second / 2)
			close(stop)
			wg.Wait()
			near, far := slices.Concat(gaps[:5]...), slices.Concat(gaps[5:]...)
			slices.Sort(near)
			slices.Sort(far)
			worst := near[len(near)-5*faults:]
			t.Logf("after %d x %s: neighbours without a frame: median of the longest %v, p99 %v, longest %v; cameras in another child: longest %v",
				faults, act, worst[len(worst)/2].Round(time.Millisecond), worst[len(worst)*99/100].Round(time.Millisecond),
				near[len(near)-1].Round(time.Millisecond), far[len(far)-1].Round(time.Millisecond))
			if longest := near[len(near)-1]; longest > 2*time.Second+gop*time.Second/rate {
				t.Errorf("a neighbour is without a frame for %v", longest)
			}
		})
	}
}

package foreigntest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/ingest"
	"github.com/counterwatch/counterwatch/internal/camsim"
	"github.com/counterwatch/counterwatch/internal/camsim/camsimtest"
	"github.com/counterwatch/counterwatch/models"
)

// cable is a network of its own with one camera, joined to this machine by a cable that can be pulled.
type cable struct {
	t     *testing.T
	space string // the camera's network namespace
	far   string // the camera's end
	here  string // this machine's address
	there string // the camera's
}

// newCable lays a cable; the test is skipped where the machine does not allow it.
func newCable(t *testing.T) *cable {
	t.Helper()
	need(t, "ip", "iproute2")
	id := os.Getpid() % 10000
	c := &cable{
		t: t, space: fmt.Sprintf("cwcable%d", id), far: fmt.Sprintf("cwf%d", id),
		here: fmt.Sprintf("198.18.%d.1", id%250), there: fmt.Sprintf("198.18.%d.2", id%250), // RFC 2544: for tests
	}
	near := fmt.Sprintf("cwn%d", id)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", c.space).Run() }) // takes both ends with it
	for _, line := range []string{
		"netns add " + c.space,
		"link add " + near + " type veth peer name " + c.far + " netns " + c.space,
		"addr add " + c.here + "/30 dev " + near,
		"link set " + near + " up",
		"-n " + c.space + " addr add " + c.there + "/30 dev " + c.far,
		"-n " + c.space + " link set " + c.far + " up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Skipf("this machine allows no network of its own: ip %s: %s", line, out)
		}
	}
	return c
}

// plug sets the camera's end up or down: this machine's end loses its carrier, as when a cable is pulled.
func (c *cable) plug(state string) {
	c.t.Helper()
	if out, err := exec.Command("ip", "-n", c.space, "link", "set", c.far, state).CombinedOutput(); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
}

// inside runs do on a thread that lives in the camera's network: sockets belong where they are made.
func (c *cable) inside(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		f, err := os.Open("/run/netns/" + c.space)
		if err == nil {
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
			_ = f.Close()
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}

// A pulled cable: nobody says a word. Said within 5 s, and back within 5 s of plugging it in again.
func TestPulledCable(t *testing.T) {
	t.Parallel()
	c := newCable(t)
	film := camsimtest.Video(t, 150, 15)
	var server *camsim.Server
	err := c.inside(func() (err error) {
		server, err = camsim.New(camsim.Config{Listen: c.there + ":0", Cache: t.TempDir(), Log: quiet})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.AddReplay(t.Context(), "cam", film, camsim.Encoding{}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	w := watch(t, ingest.RTSPConfig{URL: server.URL("cam")})
	w.back(t, time.Now(), 10*time.Second)
	for _, out := range []time.Duration{6 * time.Second, 13 * time.Second} {
		c.plug("down")
		pulled := time.Now()
		w.until(t, "told", 5200*time.Millisecond, func() bool { return w.sup.Health().State != models.CameraLive })
		told := time.Since(pulled)
		time.Sleep(time.Until(pulled.Add(out)))
		c.plug("up")
		t.Logf("out for %v: told after %v, back after %v", out, told.Round(time.Millisecond),
			w.back(t, time.Now(), 6*time.Second).Round(time.Millisecond))
	}
}

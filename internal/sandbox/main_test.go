package sandbox

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/counterwatch/counterwatch/analytics/decode"
	"github.com/counterwatch/counterwatch/models"
)

// TestMain makes the test binary a child when it is started as one: with decoders that do what the units tell them to, or
// with a whole child that lies.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "liar" {
		lie(os.Args[2])
		os.Exit(0)
	}
	if len(os.Args) == 2 && os.Args[1] == "parent" {
		mainCalled.Store(true)
		bringUp()
	}
	Main(func(codec models.Codec) (decode.Decoder, error) {
		if codec == models.CodecH265 {
			return nil, models.Errorf(models.KindUnsupported, "no decoder")
		}
		return &actor{}, nil
	})
	goleak.VerifyTestMain(m)
}

// actor is a decoder that acts out what a unit says. Unlike a real one it tells of a unit at once.
type actor struct {
	n    int64
	held []*models.Frame
	leak [][]byte
}

func (a *actor) Decode(u *models.AccessUnit, want decode.Want) ([]*models.Frame, error) {
	a.n++
	act, rest, _ := strings.Cut(string(u.NALUs[0]), " ")
	if try, ok := forbidden[act]; ok {
		return nil, fmt.Errorf("%s: %w", act, try())
	}
	switch act {
	case "segv":
		b, _ := unix.Mmap(-1, 0, 4096, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		b[0] = 1
	case "abort":
		_ = syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGABRT)
		select {}
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "spin":
		for n := 0; ; n++ { // this is what a decoder that spins does
			spun.Store(int64(n))
		}
	case "slow":
		d, _ := time.ParseDuration(rest)
		time.Sleep(d)
	case "leak":
		a.leak = append(a.leak, touched(8<<20))
		time.Sleep(30 * time.Millisecond) // slow enough to be looked at
	case "gulp":
		a.leak = append(a.leak, touched(4<<30))
	case "fail":
		return nil, fmt.Errorf("broken\npicture")
	case "hold":
		a.held = append(a.held, a.frame(u, 16, 16))
		return nil, nil
	case "both":
		f := a.frame(u, 16, 16)
		a.n++
		return []*models.Frame{f, a.frame(u, 32, 32)}, fmt.Errorf("and then it broke")
	}
	if want == decode.Skip {
		return nil, nil
	}
	w, h := 64, 48
	if act == "size" {
		_, _ = fmt.Sscan(rest, &w, &h)
	}
	return []*models.Frame{a.frame(u, w, h)}, nil
}

func touched(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

func (a *actor) frame(u *models.AccessUnit, w, h int) *models.Frame {
	f := &models.Frame{
		Number: a.n, At: u.At, Size: models.Size{W: w, H: h}, Stride: w, Format: models.I420, FullRange: true, BT709: true, Damaged: u.Damaged,
		Pix: make([]byte, pixBytes(models.I420, w, h)),
	}
	for i := range f.Pix {
		f.Pix[i] = byte(i * 7)
	}
	return f
}

func (a *actor) Flush() ([]*models.Frame, error) {
	out := a.held
	a.held = nil
	return out, nil
}

func (a *actor) Close() error { return nil }

// forbidden is what a taken-over decoder would try. Each must fail with EPERM.
var spun atomic.Int64

var forbidden = map[string]func() error{
	"open": func() error { _, err := os.ReadFile("/etc/passwd"); return err },
	"proc": func() error { _, err := os.ReadFile("/proc/self/maps"); return err },
	"create": func() error {
		_, err := os.Create(os.TempDir() + "/sandbox-broken")
		return err
	},
	"rename":  func() error { return unix.Rename("/etc/hostname", "/etc/hostname2") },
	"unlink":  func() error { return unix.Unlink("/tmp/none") },
	"mkdir":   func() error { return unix.Mkdir("/tmp/sandbox-broken", 0o700) },
	"socket":  func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
	"udp":     func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); return err },
	"unix":    func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
	"bind":    func() error { return unix.Bind(controlFD, &unix.SockaddrUnix{Name: "@broken"}) },
	"connect": func() error { return unix.Connect(controlFD, &unix.SockaddrUnix{Name: "@broken"}) },
	"exec":    func() error { return unix.Exec("/bin/true", []string{"true"}, nil) },
	"command": func() error { return exec.Command("/bin/true").Run() },
	"fork": func() error {
		_, _, e := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
		if e == 0 {
			return nil
		}
		return e
	},
	"ptrace": func() error { return unix.PtraceAttach(os.Getppid()) },
	"kill":   func() error { return unix.Kill(os.Getppid(), 0) },
	"tgkill": func() error { return unix.Tgkill(os.Getppid(), os.Getppid(), 0) },
	"prctl":  func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) },
	"rlimit": func() error { return unix.Prlimit(os.Getppid(), unix.RLIMIT_CORE, nil, &unix.Rlimit{}) },
	"code": func() error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		return err
	},
	"memfd":  func() error { _, err := unix.MemfdCreate("broken", 0); return err },
	"resize": func() error { return unix.Ftruncate(controlFD, 0) },
	"ioctl":  func() error { _, err := unix.IoctlGetInt(0, unix.TIOCINQ); return err },
	"unshare": func() error {
		return unix.Unshare(unix.CLONE_NEWUSER)
	},
	"io_uring": func() error {
		_, _, e := syscall.RawSyscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
		return e
	},
}

// unit is a unit that tells an actor what to do.
func unit(act string, key bool) *models.AccessUnit {
	return &models.AccessUnit{Codec: models.CodecH264, NALUs: [][]byte{[]byte(act), []byte("more")}, Key: key, Epoch: 1, At: time.Now()}
}

// newPool is a pool of children that act.
func newPool(t testing.TB, cfg Config) *Pool {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	p, err := NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// decoderOf is a decoder that ends with the test.
func decoderOf(t testing.TB, p *Pool, camera string) decode.Decoder {
	t.Helper()
	d, err := p.For(camera)(models.CodecH264)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// one decodes a unit to one frame.
func one(t testing.TB, d decode.Decoder, u *models.AccessUnit) *models.Frame {
	t.Helper()
	fs, err := d.Decode(u, decode.Picture)
	if err != nil || len(fs) != 1 {
		t.Fatalf("%d frames of %q, %v", len(fs), u.NALUs[0], err)
	}
	return fs[0]
}

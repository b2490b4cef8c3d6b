package nodeapp

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
	"github.com/counterwatch/counterwatch/outbox"
)

// budgets keep a node inside its limits and say how it stands. Memory: first the rings of coded pictures become shorter, then
// no pictures are kept aside for incidents to come, at last cameras stop, those of the lowest priority first. CPU: the
// runners leave out the ends of groups of pictures, and it is told here. Disk: the outbox gives up pictures before minutes,
// and it is told here.
type budgets struct {
	limits Limits
	rings  interface {
		Limit(bytes int)
		Report() models.Budget
	}
	cameras shedder
	disk    func(context.Context) (models.Budget, error)
	read    func(time.Time) usage
	log     *slog.Logger

	ladder ladder
	cores  cores
	near   map[string]bool // resources that an operator was warned of
}

// shedder is the cameras, as far as they can give something up.
type shedder interface {
	// lean keeps no pictures aside while it is true.
	lean(on bool)
	// rest lets so many cameras rest, those of the lowest priority first, and watches the others; it returns the resting ones.
	rest(n int, why string) []string
}

func newBudgets(cfg Config, f *fleet, o *outbox.Outbox) *budgets {
	return &budgets{limits: cfg.Limits, rings: f.links.rings, cameras: f, disk: o.Usage, read: new(meter).read, log: cfg.Log, near: map[string]bool{}}
}

// ringBytes is what the rings may hold on a rung of the ladder: a quarter of the memory, and less while that is too much.
func ringBytes(memory Bytes, rung int) int {
	switch {
	case memory == 0: // nobody knows how much there is
		return math.MaxInt
	case rung >= ringRungs:
		return 0
	}
	return int(memory) / 4 >> rung
}

// The rungs of the ladder of memory: up to ringRungs each halves what the rings may hold, the last leaves each the group of
// pictures that comes in; at leanRung no pictures are kept aside; each further one stops a camera.
const (
	ringRungs = 3
	leanRung  = ringRungs + 1
)

// ladder decides how much is given up: a rung more for each stretch of upAfter above the limit, which is what it takes until
// the rung before shows, and a rung less for each downAfter clearly below it.
type ladder struct {
	rung  int
	since time.Time // since when it is the same side of the limit, or the last step
	side  int
}

const (
	upAfter   = 10 * time.Second
	downAfter = time.Minute
	downBelow = 0.85 // of the limit
)

// step takes a reading; highest is the last rung there is.
func (l *ladder) step(now time.Time, used, limit float64, highest int) {
	side := 0
	switch {
	case limit <= 0:
	case used > limit:
		side = 1
	case used < downBelow*limit:
		side = -1
	}
	if side != l.side || l.since.IsZero() {
		l.side, l.since = side, now
	}
	switch stays := now.Sub(l.since); {
	case l.rung > highest:
		l.rung = highest // cameras were removed
	case side > 0 && stays >= upAfter && l.rung < highest:
		l.rung, l.since = l.rung+1, now
	case side < 0 && stays >= downAfter && l.rung > 0:
		l.rung, l.since = l.rung-1, now
	}
}

// look reads how the node stands, gives up what has to be given up and takes back what there is room for again. The memory
// comes first in what it returns. It is called once a second and returns at once.
func (b *budgets) look(ctx context.Context, now time.Time, cameras []models.Live) []models.Budget {
	u, before := b.read(now), b.ladder.rung
	b.govern(u)
	limit := float64(b.limits.Memory)
	b.ladder.step(now, float64(u.memory), limit, leanRung+max(0, len(cameras)-1)) // the last camera goes on
	shed := b.shedMemory()
	b.tell(b.ladder.rung-before, u, shed)
	out := []models.Budget{
		{Resource: "memory", Used: float64(u.memory), Limit: limit, Shed: shed},
		{Resource: "cpu", Used: b.cores.add(now, u.cpu), Limit: b.limits.CPU, Shed: overloaded(cameras)},
	}
	if disk, err := b.disk(ctx); err == nil {
		out = append(out, disk)
	} else if ctx.Err() == nil {
		b.log.Warn("how the disk stands cannot be told", "err", err)
	}
	b.warn(out)
	return append(out, b.rings.Report())
}

// shedMemory brings the node to the ladder's rung and says what that leaves out.
func (b *budgets) shedMemory() string {
	rung := b.ladder.rung
	b.rings.Limit(ringBytes(b.limits.Memory, rung))
	b.cameras.lean(rung >= leanRung)
	resting := b.cameras.rest(rung-leanRung, fmt.Sprintf("stopped: the node has used up its %s of memory, and no camera has a lower priority; "+
		"give the node more memory (--memory) or fewer cameras", b.limits.Memory))
	var shed []string
	if rung > 0 {
		shed = append(shed, "coded pictures are kept for a shorter time")
	}
	if rung >= leanRung {
		shed = append(shed, "new incidents get no picture of how it was before")
	}
	if len(resting) > 0 {
		shed = append(shed, "cameras that are stopped: "+strings.Join(resting, ", "))
	}
	return strings.Join(shed, "; ")
}

// govern lets Go's memory manager have what native code and children leave of the limit, so that it collects garbage before
// it takes more memory. An operator's own GOMEMLIMIT stands.
func (b *budgets) govern(u usage) {
	if b.limits.Memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		outside := max(0, u.memory-u.managed)
		debug.SetMemoryLimit(max(int64(b.limits.Memory)-outside, int64(b.limits.Memory)/4))
	}
}

// tell writes a change of what is given up to the log. On the way up the memory that was freed is given back at once, so
// that the next readings show whether it is enough.
func (b *budgets) tell(climbed int, u usage, shed string) {
	facts := []any{"used", Bytes(u.memory).String(), "limit", b.limits.Memory.String(), "shed", shed}
	switch {
	case climbed > 0:
		b.log.Warn("the node uses more memory than it may", facts...)
		debug.FreeOSMemory()
	case climbed < 0:
		b.log.Info("the node has memory again", facts...)
	}
}

// overloaded says at which cameras pictures are left out because there is too little CPU; empty when at none.
func overloaded(cameras []models.Live) string {
	var shed []string
	for _, l := range cameras {
		if l.Mode == models.DecodeShed {
			shed = append(shed, l.Camera)
		}
	}
	if len(shed) == 0 {
		return ""
	}
	return fmt.Sprintf("the ends of groups of pictures are left out at %d of %d cameras, those of the lowest priority first: %s",
		len(shed), len(cameras), strings.Join(shed, ", "))
}

// An operator is warned of a resource when it is nearly used up, once, and again after it has been better.
const (
	nearlyUsed = 0.8
	betterAt   = 0.7
)

func (b *budgets) warn(all []models.Budget) {
	for _, r := range all {
		share := r.Used / r.Limit
		switch {
		case r.Limit <= 0 || r.Resource == "cpu": // a processor may be used in full
		case share >= nearlyUsed && !b.near[r.Resource]:
			b.near[r.Resource] = true
			b.log.Warn("a resource of the node is nearly used up", "resource", r.Resource, "used", Bytes(r.Used).String(), "limit", Bytes(r.Limit).String(),
				"do", map[string]string{
					"memory": "give the node more memory (--memory) or fewer cameras",
					"disk":   "bring the centre back, or give the node more disk (--disk)",
				}[r.Resource])
		case share < betterAt:
			b.near[r.Resource] = false
		}
	}
}

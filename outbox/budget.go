package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Lost counts what the disk budget has cost since the start.
type Lost struct {
	MinutesMerged int // minutes that now share a record with others of their hour: sums are exact, detail is gone
	Media         int // pictures dropped
	Minutes       int // minutes dropped: unknown at the centre
	Visits        int // visits dropped
}

func (l Lost) zero() bool { return l == Lost{} }

func (l *Lost) add(o Lost) {
	l.MinutesMerged += o.MinutesMerged
	l.Media += o.Media
	l.Minutes += o.Minutes
	l.Visits += o.Visits
}

// words tell an operator what is given up; empty when nothing is.
func (l Lost) words() string {
	var given []string
	for _, part := range []struct {
		n    int
		what string
	}{
		{l.Media, "%d pictures of incidents were dropped"}, {l.MinutesMerged, "%d minutes were merged into hours"},
		{l.Minutes, "%d minutes were dropped"}, {l.Visits, "%d visits were dropped"},
	} {
		if part.n > 0 {
			given = append(given, fmt.Sprintf(part.what, part.n))
		}
	}
	if len(given) == 0 {
		return ""
	}
	return strings.Join(given, ", ") + "; incidents stay: bring the centre back or give the node more disk"
}

// step is how many records one step of shrinking looks at.
const step = 500

// shrink frees pages until the budget is kept: the oldest pictures go, then the oldest minutes are merged into one per hour,
// then they go, then visits. Events are never dropped, so that the file may outgrow its budget by them.
func (o *Outbox) shrink(ctx context.Context, tx *sql.Tx, limit int64) (lost Lost, err error) {
	drop := func(from, where string, most int) func(context.Context, *sql.Tx) (int, error) {
		query := fmt.Sprintf(`DELETE FROM %[1]s WHERE seq IN (SELECT seq FROM %[1]s WHERE %[2]s ORDER BY seq LIMIT %[3]d)`, from, where, most)
		return func(ctx context.Context, tx *sql.Tx) (int, error) { return exec(ctx, tx, query) }
	}
	for _, s := range []struct {
		count *int
		free  func(context.Context, *sql.Tx) (int, error) // returns how many it gave up; 0 when there are no more
	}{
		{&lost.Media, drop("media", "true", 1)},
		{&lost.MinutesMerged, o.mergeMinutes},
		{&lost.Minutes, drop("records", fmt.Sprintf("kind = %d", kindMinute), step)},
		{&lost.Visits, drop("records", fmt.Sprintf("kind = %d", kindVisit), step)},
	} {
		for {
			over, err := o.over(ctx, tx, limit)
			if err != nil || !over {
				return lost, err
			}
			n, err := s.free(ctx, tx)
			if err != nil {
				return lost, err
			}
			if *s.count += n; n == 0 {
				break
			}
		}
	}
	return lost, nil
}

// free makes room on a full disk: half of what the file uses.
func (o *Outbox) free(ctx context.Context) error {
	var lost Lost
	err := o.tx(ctx, func(tx *sql.Tx) error {
		used, err := used(ctx, tx)
		if err == nil {
			lost, err = o.shrink(ctx, tx, used/2)
		}
		return err
	})
	if err == nil {
		o.report(lost)
	}
	return err
}

// used is the size of the pages that hold something, bytes.
func used(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	return n, err
}

// over reports whether the file holds more than limit, or more than the disk allows.
func (o *Outbox) over(ctx context.Context, tx *sql.Tx, limit int64) (bool, error) {
	used, err := used(ctx, tx)
	return used > min(limit, o.limit(used)), err
}

// limit is what the file may hold now, bytes, while it holds so much: its budget, or less when less than a tenth of the disk
// is free. Free pages inside the file count as free space. A file that is small already is not what fills the disk.
func (o *Outbox) limit(used int64) int64 {
	var fs syscall.Statfs_t
	if syscall.Statfs(o.dir, &fs) != nil {
		return o.max // a file system that cannot say: the budget alone counts
	}
	room := (int64(fs.Bavail) - int64(fs.Blocks/10)) * fs.Bsize
	return min(o.max, max(used+room, o.max/10))
}

// calm is the share of the limit below which nothing is given up any more.
const calm = 0.8

// Usage says how much of its disk the outbox uses, how much it may, and what it gives up now.
func (o *Outbox) Usage(ctx context.Context) (models.Budget, error) {
	var n int64
	err := o.tx(ctx, func(tx *sql.Tx) (err error) {
		n, err = used(ctx, tx)
		return err
	})
	if err != nil {
		return models.Budget{}, fmt.Errorf("outbox: usage: %w", err)
	}
	b := models.Budget{Resource: "disk", Used: float64(n), Limit: float64(o.limit(n))}
	o.mu.Lock()
	defer o.mu.Unlock()
	if b.Used < calm*b.Limit {
		o.now = Lost{}
	}
	b.Shed = o.now.words()
	return b, nil
}

// mergeMinutes merges minutes of the same zone or counter and hour, among the oldest that were never handed out, and
// returns how many records disappeared.
func (o *Outbox) mergeMinutes(ctx context.Context, tx *sql.Tx) (int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT seq, body FROM records WHERE kind = ? AND seq > (SELECT seq FROM sent) ORDER BY seq LIMIT ?`, kindMinute, 20*step)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	type key struct {
		camera, zone, counter string
		hour                  time.Time
		working               bool // kept apart, so that a calendar can be decided late
	}
	type group struct {
		record models.Record
		seqs   []int64
	}
	groups := map[key]*group{}
	for rows.Next() {
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &body); err != nil {
			return 0, err
		}
		r, err := o.codec.Decode(body)
		if err != nil || r.Minute == nil {
			continue // Next reports and drops it
		}
		k := key{r.Minute.Camera, r.Minute.Zone, r.Minute.Counter, r.Minute.Start.Truncate(time.Hour), r.Minute.WorkingS > 0}
		if g := groups[k]; g != nil {
			g.record = merge(g.record, r)
			g.seqs = append(g.seqs, seq)
		} else {
			groups[k] = &group{r, []int64{seq}}
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	merged := 0
	for _, g := range groups {
		if len(g.seqs) < 2 {
			continue
		}
		body, err := o.codec.Encode(g.record)
		if err != nil {
			return merged, fmt.Errorf("encode merged minutes: %w", err)
		}
		if err := forget(ctx, tx, g.seqs[1:]); err != nil {
			return merged, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE records SET body = ? WHERE seq = ?`, body, g.seqs[0]); err != nil {
			return merged, err
		}
		merged += len(g.seqs) - 1
	}
	return merged, nil
}

// merge adds b to a. The result keeps the id and the start of the earlier minute.
func merge(a, b models.Record) models.Record {
	if b.Minute.Start.Before(a.Minute.Start) {
		a, b = b, a
	}
	m, n := *a.Minute, b.Minute
	m.WorkingS += n.WorkingS
	m.OffS += n.OffS
	m.ObservedS += n.ObservedS
	m.OccupancyS += n.OccupancyS
	m.Max = max(m.Max, n.Max)
	for i := range m.AtCount {
		m.AtCount[i] += n.AtCount[i]
	}
	m.StaffedS += n.StaffedS
	m.AbsentS += n.AbsentS
	m.UnknownS += n.UnknownS
	m.Arrivals += n.Arrivals
	m.Starts += n.Starts
	m.GaveUp += n.GaveUp
	m.WaitsS = append(m.WaitsS[:len(m.WaitsS):len(m.WaitsS)], n.WaitsS...)
	m.SinceOpenS = append(m.SinceOpenS[:len(m.SinceOpenS):len(m.SinceOpenS)], n.SinceOpenS...)
	m.ServiceS = append(m.ServiceS[:len(m.ServiceS):len(m.ServiceS)], n.ServiceS...)
	m.CutS = append(m.CutS[:len(m.CutS):len(m.CutS)], n.CutS...)
	a.Minute = &m
	if b.At.After(a.At) {
		a.At = b.At
	}
	return a
}

// report adds to the counts and says what was lost. It is called after the transaction has committed.
func (o *Outbox) report(l Lost) {
	if l.zero() {
		return
	}
	o.mu.Lock()
	o.lost.add(l)
	o.now.add(l)
	o.mu.Unlock()
	o.log.Warn("the outbox has no more disk while the centre does not take records: detail was given up; "+
		"bring the centre back or give the node more disk",
		"minutes_merged", l.MinutesMerged, "media_dropped", l.Media, "minutes_dropped", l.Minutes, "visits_dropped", l.Visits)
}

// Lost returns what the disk budget has cost since the start.
func (o *Outbox) Lost() Lost {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

func exec(ctx context.Context, tx *sql.Tx, query string) (int, error) {
	res, err := tx.ExecContext(ctx, query)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

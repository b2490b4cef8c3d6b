package series

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// The bodies of hours and days are varints behind a byte that names their form. Seconds are whole milliseconds. What
// follows from the rest is not written: most minutes need three numbers.
const (
	formPlain = 1
	formFlate = 2 // the same, compressed with flate (RFC 1951)

	maxBody = 16 << 20 // no hour is larger; a damaged one must not eat the memory
)

// What a minute's flags say.
const (
	flagNext      = 1 << iota // it begins where the one before ends
	flagFull                  // 60 s of working time
	flagObserved              // observed is the sum of the seconds at each count
	flagOccupancy             // occupancy is the integral of the counts
	flagMax                   // max is the largest count with seconds
	flagStaffing              // staffed, absent and unknown follow
	flagQueue                 // arrivals, starts, gave up and waits follow
)

var ends = []models.Ended{models.EndServed, models.EndLeft, models.EndLost, models.EndGap, models.EndDay}

var errBody = errors.New("a stored hour or day is damaged")

// CheckMinute returns a KindInvalid error when a minute cannot be kept.
func CheckMinute(m models.Minute) error {
	if m.Camera == "" || (m.Zone == "") == (m.Counter == "") || m.Start.IsZero() {
		return models.Invalid("minute", "it needs a camera, a start, and either a zone or a counter")
	}
	numbers := append([]float64{m.WorkingS, m.ObservedS, m.OccupancyS, m.StaffedS, m.AbsentS, m.UnknownS}, m.AtCount[:]...)
	for _, v := range append(numbers, m.WaitsS...) {
		if !(v >= 0 && v < 1e9) {
			return models.Invalid("minute", "%v cannot be a number of seconds", v)
		}
	}
	for _, n := range []int{m.Max, m.Arrivals, m.Starts, m.GaveUp} {
		if n < 0 || n > 1e6 {
			return models.Invalid("minute", "%d cannot be a number of people", n)
		}
	}
	return nil
}

// CheckVisit returns a KindInvalid error when a visit cannot be kept.
func CheckVisit(v models.Visit) error {
	if v.ID == "" || v.Camera == "" || v.Zone == "" || v.Entered.IsZero() || v.Left.Before(v.Entered) {
		return models.Invalid("visit", "it needs an id, a camera, a zone, and an end that is not before its beginning")
	}
	if !slices.Contains(ends, v.Ended) {
		return models.Invalid("visit", "%q is not how a visit ends", v.Ended)
	}
	return nil
}

func ms(seconds float64) uint64     { return uint64(math.Round(seconds * 1000)) }
func seconds(v uint64) float64      { return float64(v) / 1000 }
func round(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

// rounded is the minute as it will be read back.
func rounded(m models.Minute) models.Minute {
	m.Start = m.Start.UTC().Truncate(time.Millisecond)
	for _, v := range []*float64{&m.WorkingS, &m.ObservedS, &m.OccupancyS, &m.StaffedS, &m.AbsentS, &m.UnknownS} {
		*v = round(*v)
	}
	for i, v := range m.AtCount {
		m.AtCount[i] = round(v)
	}
	m.WaitsS = slices.Clone(m.WaitsS)
	for i, v := range m.WaitsS {
		m.WaitsS[i] = round(v)
	}
	return m
}

// implied is what follows from the seconds at each count.
func implied(m *models.Minute) (observed, occupancy uint64, most int) {
	for i, v := range m.AtCount {
		observed += ms(v)
		occupancy += uint64(i) * ms(v)
		if v > 0 {
			most = i
		}
	}
	return observed, occupancy, most
}

// encodeHour is the body of an hour; minutes and visits are in order.
func encodeHour(h *hour) ([]byte, error) {
	var w writer
	w.uint(uint64(len(h.minutes)))
	next := time.Time{}
	for i := range h.minutes {
		m := &h.minutes[i]
		if next.IsZero() {
			next = m.Start.Truncate(time.Hour)
		}
		w.minute(m, next)
		next = m.Start.Add(time.Minute)
	}
	w.uint(uint64(len(h.visits)))
	for _, v := range h.visits {
		w.uint(uint64(v.Left.Sub(v.Left.Truncate(time.Hour)).Milliseconds()))
		w.uint(uint64(v.Left.Sub(v.Entered).Milliseconds()))
		end := uint64(slices.Index(ends, v.Ended)) << 1
		if v.LeftOpen {
			end |= 1
		}
		w.uint(end)
		w.id(v.ID)
		w.string(v.Counter)
	}
	return compress(w.b)
}

func (w *writer) minute(m *models.Minute, next time.Time) {
	observed, occupancy, most := implied(m)
	var flags uint64
	set := func(flag uint64, on bool) bool {
		if on {
			flags |= flag
		}
		return on
	}
	set(flagNext, m.Start.Equal(next))
	set(flagFull, ms(m.WorkingS) == 60_000)
	set(flagObserved, ms(m.ObservedS) == observed)
	set(flagOccupancy, ms(m.OccupancyS) == occupancy)
	set(flagMax, m.Max == most)
	staffing := set(flagStaffing, m.StaffedS+m.AbsentS+m.UnknownS > 0)
	queue := set(flagQueue, m.Arrivals+m.Starts+m.GaveUp+len(m.WaitsS) > 0)
	w.uint(flags)
	w.unless(flags&flagNext, uint64(m.Start.Sub(m.Start.Truncate(time.Hour)).Milliseconds()))
	w.unless(flags&flagFull, ms(m.WorkingS))
	w.counts(m.AtCount[:])
	w.unless(flags&flagObserved, ms(m.ObservedS))
	w.unless(flags&flagOccupancy, ms(m.OccupancyS))
	w.unless(flags&flagMax, uint64(m.Max))
	if staffing {
		w.uint(ms(m.StaffedS))
		w.uint(ms(m.AbsentS))
		w.uint(ms(m.UnknownS))
	}
	if queue {
		w.uint(uint64(m.Arrivals))
		w.uint(uint64(m.Starts))
		w.uint(uint64(m.GaveUp))
		w.uint(uint64(len(m.WaitsS)))
		for _, v := range m.WaitsS {
			w.uint(ms(v))
		}
	}
}

// decodeHour is the inverse of encodeHour.
func decodeHour(body []byte, key models.SeriesKey, kind models.ZoneKind, begin time.Time) (*hour, error) {
	r, err := expand(body)
	if err != nil {
		return nil, err
	}
	h := &hour{minutes: make([]models.Minute, r.length())}
	next := begin
	for i := range h.minutes {
		m := &h.minutes[i]
		m.Camera, m.Zone, m.Counter, m.Kind = key.Camera, key.Zone, key.Counter, kind
		r.minute(m, begin, next)
		next = m.Start.Add(time.Minute)
	}
	h.visits = make([]models.Visit, r.length())
	for i := range h.visits {
		v := &h.visits[i]
		v.Camera, v.Zone, v.Kind = key.Camera, key.Zone, kind
		v.Left = begin.Add(time.Duration(r.uint()) * time.Millisecond)
		v.Entered = v.Left.Add(-time.Duration(r.uint()) * time.Millisecond)
		end := r.uint()
		if end>>1 >= uint64(len(ends)) {
			return nil, errBody
		}
		v.Ended, v.LeftOpen = ends[end>>1], end&1 == 1
		v.ID, v.Counter = r.id(), r.string()
	}
	return h, r.err
}

func (r *reader) minute(m *models.Minute, begin, next time.Time) {
	flags := r.uint()
	if m.Start = next; flags&flagNext == 0 {
		m.Start = begin.Add(time.Duration(r.uint()) * time.Millisecond)
	}
	m.WorkingS = seconds(r.unless(flags&flagFull, 60_000))
	r.counts(m.AtCount[:])
	observed, occupancy, most := implied(m)
	m.ObservedS = seconds(r.unless(flags&flagObserved, observed))
	m.OccupancyS = seconds(r.unless(flags&flagOccupancy, occupancy))
	m.Max = int(r.unless(flags&flagMax, uint64(most)))
	if flags&flagStaffing != 0 {
		m.StaffedS, m.AbsentS, m.UnknownS = seconds(r.uint()), seconds(r.uint()), seconds(r.uint())
	}
	if flags&flagQueue != 0 {
		m.Arrivals, m.Starts, m.GaveUp = int(r.uint()), int(r.uint()), int(r.uint())
		if n := r.length(); n > 0 {
			m.WaitsS = make([]float64, n)
		}
		for i := range m.WaitsS {
			m.WaitsS[i] = seconds(r.uint())
		}
	}
}

// encodeSum is the body of a day; Start is its key.
func encodeSum(s models.Sum) ([]byte, error) {
	var w writer
	for _, n := range []int{s.Minutes, s.Max, s.Arrivals, s.Starts, s.GaveUp} {
		w.uint(uint64(n))
	}
	for _, v := range []float64{s.WorkingS, s.ObservedS, s.OccupancyS, s.StaffedS, s.AbsentS, s.UnknownS} {
		w.uint(ms(v))
	}
	w.counts(s.AtCount[:])
	w.histogram(s.Waits)
	w.histogram(s.Completed)
	w.histogram(s.Censored)
	return compress(w.b)
}

// decodeSum is the inverse of encodeSum.
func decodeSum(body []byte) (s models.Sum, err error) {
	r, err := expand(body)
	if err != nil {
		return s, err
	}
	for _, n := range []*int{&s.Minutes, &s.Max, &s.Arrivals, &s.Starts, &s.GaveUp} {
		*n = int(r.uint())
	}
	for _, v := range []*float64{&s.WorkingS, &s.ObservedS, &s.OccupancyS, &s.StaffedS, &s.AbsentS, &s.UnknownS} {
		*v = seconds(r.uint())
	}
	r.counts(s.AtCount[:])
	s.Waits, s.Completed, s.Censored = r.histogram(), r.histogram(), r.histogram()
	return s, r.err
}

// deflaters are kept because each takes more than a megabyte to make.
var deflaters = sync.Pool{New: func() any {
	z, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant that flate knows
	}
	return z
}}

// compress puts the form's byte in front, and compresses what gets smaller by it.
func compress(plain []byte) ([]byte, error) {
	out := bytes.NewBuffer([]byte{formFlate})
	z := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(z)
	z.Reset(out)
	if _, err := z.Write(plain); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if out.Len() < len(plain)+1 {
		return out.Bytes(), nil
	}
	return append([]byte{formPlain}, plain...), nil
}

func expand(body []byte) (*reader, error) {
	if len(body) == 0 {
		return nil, errBody
	}
	switch body[0] {
	case formPlain:
		return &reader{b: body[1:]}, nil
	case formFlate:
		plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body[1:])), maxBody))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBody, err)
		}
		return &reader{b: plain}, nil
	default:
		return nil, fmt.Errorf("%w: form %d is not known to this version of the program", errBody, body[0])
	}
}

type writer struct{ b []byte }

func (w *writer) uint(v uint64) { w.b = binary.AppendUvarint(w.b, v) }

func (w *writer) unless(flag, v uint64) {
	if flag == 0 {
		w.uint(v)
	}
}

func (w *writer) string(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

// id writes the 32 hex digits of models.RecordID as 16 bytes, anything else as it is.
func (w *writer) id(s string) {
	if raw, err := hex.DecodeString(s); err == nil && len(raw) == 16 && hex.EncodeToString(raw) == s {
		w.uint(0)
		w.b = append(w.b, raw...)
		return
	}
	w.string(s)
}

func (w *writer) counts(at []float64) {
	n := 0
	for _, v := range at {
		if v > 0 {
			n++
		}
	}
	w.uint(uint64(n))
	for i, v := range at {
		if v > 0 {
			w.uint(uint64(i))
			w.uint(ms(v))
		}
	}
}

func (w *writer) histogram(h models.Histogram) {
	w.uint(uint64(h.N))
	w.uint(ms(h.Sum))
	w.uint(uint64(len(h.Counts)))
	buckets := make([]int, 0, len(h.Counts))
	for b := range h.Counts {
		buckets = append(buckets, b)
	}
	slices.Sort(buckets)
	for _, b := range buckets {
		w.uint(uint64(b))
		w.uint(uint64(h.Counts[b]))
	}
}

// reader reads what writer wrote; after damage it gives zeros and keeps the error.
type reader struct {
	b   []byte
	err error
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt64 {
		r.b, r.err = nil, errBody
		return 0
	}
	r.b = r.b[n:]
	return v
}

// length is a number of things that take a byte or more each, so that damage cannot ask for more memory than was read.
func (r *reader) length() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.b, r.err = nil, errBody
		return 0
	}
	return int(n)
}

func (r *reader) unless(flag, otherwise uint64) uint64 {
	if flag != 0 {
		return otherwise
	}
	return r.uint()
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) {
		r.b, r.err = nil, errBody
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes(r.length())) }

func (r *reader) id() string {
	if n := r.length(); n > 0 {
		return string(r.bytes(n))
	}
	return hex.EncodeToString(r.bytes(16))
}

func (r *reader) counts(at []float64) {
	for range r.length() {
		i, v := r.uint(), r.uint()
		if i >= uint64(len(at)) {
			r.b, r.err = nil, errBody
			return
		}
		at[i] = seconds(v)
	}
}

func (r *reader) histogram() (h models.Histogram) {
	h.N, h.Sum = int64(r.uint()), seconds(r.uint())
	n := r.length()
	if n > 0 {
		h.Counts = make(map[int]int64, n)
	}
	for range n {
		b := r.uint()
		h.Counts[int(b)] += int64(r.uint())
	}
	return h
}

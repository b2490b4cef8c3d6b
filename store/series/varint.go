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

	"github.com/counterwatch/counterwatch/models"
)

// The first byte of a body names its form.
const (
	formPlain = 1
	formFlate = 2 // the same, compressed with flate (RFC 1951)

	maxBody = 16 << 20 // no hour is larger; a damaged one must not eat the memory
)

var errBody = errors.New("a stored hour or day is damaged")

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

func (w *writer) durations(list []float64) {
	w.uint(uint64(len(list)))
	for _, v := range list {
		w.uint(ms(v))
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

func (r *reader) durations() (list []float64) {
	if n := r.length(); n > 0 {
		list = make([]float64, n)
	}
	for i := range list {
		list[i] = seconds(r.uint())
	}
	return list
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

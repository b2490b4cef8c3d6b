package ingest

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// socketPair is a TCP connection of which one end is a socket.
func socketPair(t *testing.T) (s *socket, other net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if other, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	s, ok := newSocket(c).(*socket)
	if !ok {
		t.Fatal("a TCP connection is not wrapped")
	}
	t.Cleanup(func() { _, _ = s.Close(), other.Close() })
	return s, other
}

// Everything comes, in order, before and after gathering begins in the middle, and so does the end.
func TestSocketGathers(t *testing.T) {
	s, other := socketPair(t)
	sent := make([]byte, 1<<20)
	for i := range sent {
		sent[i] = byte(rand.Uint32())
	}
	go func() {
		for rest := sent; len(rest) > 0; {
			n := min(rand.IntN(60_000), len(rest))
			if _, err := other.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
			time.Sleep(time.Millisecond)
		}
		_ = other.Close()
	}()
	var got bytes.Buffer
	if _, err := io.CopyN(&got, s, 100_000); err != nil {
		t.Fatal(err)
	}
	s.gather()
	if _, err := io.Copy(&got, s); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), sent) {
		t.Errorf("%d bytes differ from the %d that were sent", got.Len(), len(sent))
	}
}

// Packets that come one by one are read together.
func TestSocketReadsInLargePieces(t *testing.T) {
	s, other := socketPair(t)
	s.gather()
	read := make(chan int)
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := s.Read(b)
			if err != nil {
				close(read)
				return
			}
			read <- n
		}
	}()
	// The first read was waiting for anything; the ones after it look at their moments.
	_, _ = other.Write([]byte{1})
	receive(t, read)
	moment := time.Now().Truncate(gatherEvery).Add(gatherEvery)
	time.Sleep(time.Until(moment.Add(2 * time.Millisecond)))
	for range 10 {
		_, _ = other.Write([]byte{1})
		time.Sleep(100 * time.Microsecond)
	}
	pieces, sum := 0, 0
	for sum < 10 {
		sum += receive(t, read)
		pieces++
	}
	if pieces > 3 {
		t.Errorf("10 packets were read in %d pieces", pieces)
	}
	_ = other.Close()
	for range read {
	}
}

// Closing ends a reader that waits.
func TestSocketCloses(t *testing.T) {
	s, _ := socketPair(t)
	s.gather()
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := s.Read(make([]byte, 10)); err != nil {
				done <- err
				return
			}
		}
	}()
	time.Sleep(gatherEvery / 2)
	_ = s.Close()
	if err := receive(t, done); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/counterwatch/counterwatch/models"
)

// BlobStore is what a blob adapter does.
type BlobStore interface {
	Put(ctx context.Context, id string, r io.Reader) (int64, error)
	Get(ctx context.Context, id string) ([]byte, error)
	Delete(ctx context.Context, id string) error
}

// Blob holds an adapter to the promises of package blob; limit is the size above which it refuses.
func Blob(t *testing.T, s BlobStore, limit int64) {
	ctx := t.Context()
	t.Run("put, replace, get, delete", func(t *testing.T) {
		for _, want := range []string{"one", "", "another"} {
			if n, err := s.Put(ctx, "abc", strings.NewReader(want)); err != nil || n != int64(len(want)) {
				t.Fatal(n, err)
			}
			if got, err := s.Get(ctx, "abc"); err != nil || string(got) != want {
				t.Fatalf("%q, %v", got, err)
			}
		}
		for range 2 {
			if err := s.Delete(ctx, "abc"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Get(ctx, "abc"); models.KindOf(err) != models.KindNotFound {
			t.Fatal(err)
		}
	})
	t.Run("ids cannot leave the store", func(t *testing.T) {
		for _, id := range []string{"", "a", "..", "../../etc/passwd", "a/b", "/etc/passwd", "ab\x00", "ab cd", strings.Repeat("a", 129), ".hidden", "aa.0.part"} {
			if _, err := s.Put(ctx, id, strings.NewReader("x")); models.KindOf(err) != models.KindInvalid {
				t.Errorf("put %q: %v", id, err)
			}
			if _, err := s.Get(ctx, id); models.KindOf(err) != models.KindInvalid {
				t.Errorf("get %q: %v", id, err)
			}
		}
	})
	t.Run("what fails leaves the old one", func(t *testing.T) {
		if _, err := s.Put(ctx, "old", strings.NewReader("old")); err != nil {
			t.Fatal(err)
		}
		broken := io.MultiReader(strings.NewReader("new"), iotest.ErrReader(errors.New("cut")))
		if _, err := s.Put(ctx, "old", broken); err == nil {
			t.Fatal("a broken upload was taken")
		}
		if _, err := s.Put(ctx, "old", bytes.NewReader(make([]byte, limit+1))); models.KindOf(err) != models.KindInvalid {
			t.Fatalf("too large: %v", err)
		}
		if got, err := s.Get(ctx, "old"); err != nil || string(got) != "old" {
			t.Fatalf("%q, %v", got, err)
		}
	})
	t.Run("at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if _, err := s.Put(ctx, "race", bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 10_000))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := s.Get(ctx, "race"); err != nil || len(got) != 10_000 || bytes.Count(got, got[:1]) != 10_000 {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}

package nets

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// stallAfter is how long a download may bring nothing.
const stallAfter = 30 * time.Second

// Pull fetches a card's weights into the store's first folder. It goes on where an earlier try broke off (FILE.part),
// never takes more than the card's bytes, and gives the file its name only when its hash is right; a part whose hash is
// wrong is removed. progress, which may be nil, is told the bytes so far and in all. A nil client is http.DefaultClient.
func (s Store) Pull(ctx context.Context, c Card, client *http.Client, progress func(done, total int64)) error {
	if client == nil {
		client = http.DefaultClient
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if err := os.MkdirAll(s.Dirs[0], 0o755); err != nil {
		return fmt.Errorf("nets folder: %w", err)
	}
	part := filepath.Join(s.Dirs[0], c.File+".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("nets folder: %w", err)
	}
	defer f.Close()
	if err := c.fetch(ctx, client, f, progress); err != nil {
		if st, e := f.Stat(); e == nil && (st.Size() == 0 || st.Size() > c.Bytes) {
			os.Remove(part)
		}
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", part, err)
	}
	if err := s.accept(c, part); err != nil {
		os.Remove(part)
		return models.Errorf(models.KindInvalid, "%s: %w; nothing was kept", c.URL, err)
	}
	return nil
}

// fetch appends to f what is missing of the card's bytes.
func (c Card) fetch(ctx context.Context, client *http.Client, f *os.File, progress func(done, total int64)) error {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have == c.Bytes {
		return nil // all there: only the hash was not checked yet
	}
	if have > c.Bytes {
		have = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallAfter, func() { cancel(fmt.Errorf("nothing came for %v", stallAfter)) })
	defer stalled.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	res, err := client.Do(req)
	if err != nil {
		return unavailable(ctx, c, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusPartialContent && res.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", have, c.Bytes-1, c.Bytes):
	case res.StatusCode == http.StatusOK:
		have = 0 // the server cannot resume
	default:
		return models.Errorf(models.KindUnavailable, "%s: the server answers %s; fetch the file some other way and run `cwctl nets import FILE`", c.URL, res.Status)
	}
	if err := f.Truncate(have); err != nil {
		return err
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return err
	}
	w := writerFunc(func(p []byte) (int, error) {
		stalled.Reset(stallAfter)
		n, err := f.Write(p)
		have += int64(n)
		progress(have, c.Bytes)
		return n, err
	})
	if _, err := io.Copy(w, io.LimitReader(res.Body, c.Bytes-have+1)); err != nil {
		return unavailable(ctx, c, err)
	}
	switch {
	case have > c.Bytes:
		return models.Errorf(models.KindInvalid, "%s sends more than the %d bytes of %s: nothing was kept", c.URL, c.Bytes, c.Name)
	case have < c.Bytes:
		return unavailable(ctx, c, fmt.Errorf("the connection ended after %d of %d bytes", have, c.Bytes))
	}
	return nil
}

func unavailable(ctx context.Context, c Card, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return models.Errorf(models.KindUnavailable, "fetch %s: %w; run `cwctl nets pull %s` again to go on, or `cwctl nets import FILE` where there is no network",
		c.URL, err, c.Name)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

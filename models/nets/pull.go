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

// Pull fetches what the store has not got of a card into its first folder. It goes on where an earlier try broke off
// (FILE.part), never takes more than a file's bytes, and gives a file its name only when its hash is right; a part whose
// hash is wrong is removed. progress, which may be nil, is told the bytes so far and in all. A nil client is
// http.DefaultClient.
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
	var before int64
	for _, f := range c.Files {
		d := download{c.Name, f, client, func(done int64) { progress(before+done, c.Bytes()) }}
		if err := s.pull(ctx, d); err != nil {
			return err
		}
		before += f.Bytes
		progress(before, c.Bytes())
	}
	return nil
}

// download is one file on its way.
type download struct {
	card string
	File
	client   *http.Client
	progress func(done int64)
}

func (s Store) pull(ctx context.Context, d download) error {
	if path, ok := s.find(d.File); ok {
		if _, err := d.read(path); err == nil {
			return nil
		}
	}
	part := filepath.Join(s.Dirs[0], d.Name+".part")
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("nets folder: %w", err)
	}
	defer f.Close()
	if err := d.fetch(ctx, f); err != nil {
		if st, e := f.Stat(); e == nil && (st.Size() == 0 || st.Size() > d.Bytes) {
			os.Remove(part)
		}
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", part, err)
	}
	if err := s.accept(d.File, part); err != nil {
		os.Remove(part)
		return models.Errorf(models.KindInvalid, "%s: %w; nothing was kept", d.URL, err)
	}
	return nil
}

// fetch appends to f what is missing of the file's bytes.
func (d download) fetch(ctx context.Context, f *os.File) error {
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have == d.Bytes {
		return nil // all there: only the hash was not checked yet
	}
	if have > d.Bytes {
		have = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallAfter, func() { cancel(fmt.Errorf("nothing came for %v", stallAfter)) })
	defer stalled.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	res, err := d.client.Do(req)
	if err != nil {
		return d.unavailable(ctx, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusPartialContent && res.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", have, d.Bytes-1, d.Bytes):
	case res.StatusCode == http.StatusOK:
		have = 0 // the server cannot resume
	default:
		return models.Errorf(models.KindUnavailable, "%s: the server answers %s; fetch the file some other way and run `cwctl nets import FILE`", d.URL, res.Status)
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
		d.progress(have)
		return n, err
	})
	if _, err := io.Copy(w, io.LimitReader(res.Body, d.Bytes-have+1)); err != nil {
		return d.unavailable(ctx, err)
	}
	switch {
	case have > d.Bytes:
		return models.Errorf(models.KindInvalid, "%s sends more than the %d bytes of %s: nothing was kept", d.URL, d.Bytes, d.Name)
	case have < d.Bytes:
		return d.unavailable(ctx, fmt.Errorf("the connection ended after %d of %d bytes", have, d.Bytes))
	}
	return nil
}

func (d download) unavailable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return models.Errorf(models.KindUnavailable, "fetch %s: %w; run `cwctl nets pull %s` again to go on, or `cwctl nets import FILE` where there is no network",
		d.URL, err, d.card)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

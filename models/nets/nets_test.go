package nets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// file is a card's file of some content, served at url.
func file(name string, content []byte, url string) File {
	sum := sha256.Sum256(content)
	return File{Name: name, URL: url, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// card is a card for some content, served at url.
func card(content []byte, url string) Card {
	return Card{Name: "test", Files: []File{file("test.onnx", content, url)}}
}

func TestPull(t *testing.T) {
	content := bytes.Repeat([]byte("weights "), 10000)
	whole := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "test.onnx", time.Time{}, bytes.NewReader(content))
	}
	for _, c := range []struct {
		name  string
		part  []byte // what an earlier try left
		serve http.HandlerFunc
		kind  models.Kind // of the error; empty for success
		says  string
		left  int // bytes of the part afterwards
		start int // first byte the server must be asked for
	}{
		{name: "whole", serve: whole},
		{name: "resume", part: content[:30000], serve: whole, start: 30000},
		{name: "complete part", part: content, serve: func(w http.ResponseWriter, r *http.Request) { t.Error("asked for nothing"); whole(w, r) }},
		{name: "part too long", part: append(bytes.Clone(content), 1), serve: whole},
		{name: "server cannot resume", part: content[:30000], start: 30000, serve: func(w http.ResponseWriter, r *http.Request) { w.Write(content) }},
		{name: "server resumes elsewhere", part: content[:30000], start: 30000, kind: models.KindUnavailable, says: "206", left: 30000,
			serve: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", len(content)-1, len(content)))
				w.WriteHeader(http.StatusPartialContent)
				w.Write(content[5:])
			}},
		{name: "part of something else", part: bytes.Repeat([]byte("x"), 30000), start: 30000, serve: whole, kind: models.KindInvalid, says: "SHA-256"},
		{name: "wrong hash", kind: models.KindInvalid, says: "SHA-256",
			serve: func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.Repeat([]byte("x"), len(content))) }},
		{name: "too large", kind: models.KindInvalid, says: "more than",
			serve: func(w http.ResponseWriter, r *http.Request) { w.Write(content); w.Write(content) }},
		{name: "not found", kind: models.KindUnavailable, says: "404", serve: http.NotFound},
		{name: "cut", kind: models.KindUnavailable, says: "pull test", left: 50000, serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			w.Write(content[:50000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				want := ""
				if c.start > 0 {
					want = fmt.Sprintf("bytes=%d-", c.start)
				}
				if got := r.Header.Get("Range"); got != want {
					t.Errorf("range %q, want %q", got, want)
				}
				c.serve(w, r)
			}))
			defer server.Close()
			s := Store{[]string{t.TempDir()}}
			k := card(content, server.URL)
			part := filepath.Join(s.Dirs[0], k.Files[0].Name+".part")
			if c.part != nil {
				if err := os.WriteFile(part, c.part, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var last int64
			err := s.Pull(context.Background(), k, server.Client(), func(done, total int64) { last = done })
			got, loadErr := s.Load(k)
			if c.kind == "" {
				if err != nil || loadErr != nil || !bytes.Equal(got[0], content) {
					t.Fatalf("pull: %v, load: %v", err, loadErr)
				}
				if last != k.Bytes() {
					t.Errorf("progress ended at %d", last)
				}
			} else {
				if models.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want %s with %q", err, c.kind, c.says)
				}
				if models.KindOf(loadErr) != models.KindNotFound {
					t.Errorf("something can be loaded: %v", loadErr)
				}
			}
			if st, err := os.Stat(part); (err == nil) != (c.left > 0) || err == nil && st.Size() != int64(c.left) {
				t.Errorf("part %v, %v; want %d bytes", st, err, c.left)
			}
		})
	}
}

func TestPullWithoutNetwork(t *testing.T) {
	server := httptest.NewServer(nil)
	url := server.URL
	server.Close()
	s := Store{[]string{t.TempDir()}}
	err := s.Pull(context.Background(), card([]byte("x"), url), nil, nil)
	if models.KindOf(err) != models.KindUnavailable || !strings.Contains(err.Error(), "cwctl nets import") {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(s.Dirs[0]); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestPullCancelled(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
	}))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel() }()
	s := Store{[]string{t.TempDir()}}
	if err := s.Pull(ctx, card([]byte("x"), server.URL), server.Client(), nil); !strings.Contains(fmt.Sprint(err), "cancel") {
		t.Errorf("error %v", err)
	}
}

func TestLoadRefusesAlteredWeights(t *testing.T) {
	content := []byte("weights")
	k := card(content, "")
	for name, altered := range map[string][]byte{"changed": []byte("Weights"), "longer": []byte("weights!"), "shorter": []byte("weight")} {
		s := Store{[]string{t.TempDir(), t.TempDir()}}
		if err := os.WriteFile(filepath.Join(s.Dirs[1], k.Files[0].Name), altered, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(k); models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), s.Dirs[1]) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestImport(t *testing.T) {
	content := []byte("weights")
	defer func(old []Card) { cards = old }(cards)
	cards = []Card{card([]byte("others"), ""), card(content, "")}
	from := filepath.Join(t.TempDir(), "download (1).bin")
	if err := os.WriteFile(from, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := Store{[]string{filepath.Join(t.TempDir(), "new", "nets")}}
	k, f, err := s.Import(from)
	if err != nil || f != cards[1].Files[0] {
		t.Fatalf("%v, %v", k, err)
	}
	if got, err := s.Load(k); err != nil || !bytes.Equal(got[0], content) {
		t.Errorf("loaded %q, %v", got, err)
	}
	if left, _ := os.ReadDir(s.Dirs[0]); len(left) != 1 {
		t.Errorf("left behind %v", left)
	}
	if err := os.WriteFile(from, []byte("neither"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Import(from); models.KindOf(err) != models.KindInvalid {
		t.Errorf("imports anything: %v", err)
	}
	if _, _, err := s.Import(from + "x"); models.KindOf(err) != models.KindNotFound {
		t.Errorf("imports nothing: %v", err)
	}
}

// A card of two files is there when both are: each is pulled, checked and imported by itself.
func TestCardOfTwoFiles(t *testing.T) {
	cfg, weights := []byte("[net]\nwidth=320\n"), bytes.Repeat([]byte("weights "), 100)
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		if r.URL.Path == "/cfg" {
			w.Write(cfg)
		} else {
			w.Write(weights)
		}
	}))
	defer server.Close()
	k := Card{Name: "test", Files: []File{file("test.cfg", cfg, server.URL+"/cfg"), file("test.weights", weights, server.URL+"/weights")}}
	defer func(old []Card) { cards = old }(cards)
	cards = []Card{k}

	s := Store{[]string{t.TempDir()}}
	lay := func(name string, content []byte) string {
		path := filepath.Join(s.Dirs[0], name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, f, err := s.Import(lay("from elsewhere", weights)); err != nil || f.Name != "test.weights" {
		t.Fatalf("import: %v, %v", f, err)
	}
	if _, ok := s.Find(k); ok || len(s.Missing(k)) != 1 || s.Missing(k)[0].Name != "test.cfg" {
		t.Errorf("half a card: found %v, missing %v", ok, s.Missing(k))
	}
	if _, err := s.Load(k); models.KindOf(err) != models.KindNotFound || !strings.Contains(err.Error(), "test.cfg") {
		t.Errorf("half a card loads: %v", err)
	}
	var seen []int64
	if err := s.Pull(t.Context(), k, server.Client(), func(done, total int64) { seen = append(seen, done) }); err != nil {
		t.Fatal(err)
	}
	if asked["/cfg"] != 1 || asked["/weights"] != 0 || seen[len(seen)-1] != k.Bytes() || !slices.IsSorted(seen) {
		t.Errorf("asked for %v, progress %v", asked, seen)
	}
	if got, err := s.Load(k); err != nil || len(got) != 2 || !bytes.Equal(got[0], cfg) || !bytes.Equal(got[1], weights) {
		t.Errorf("loaded %q, %v", got, err)
	}
	if path, ok := s.Find(k); !ok || filepath.Base(path) != "test.weights" {
		t.Errorf("found %q, %v", path, ok)
	}
	for name, altered := range map[string][]byte{"cut": cfg[:5], "of another card": weights} {
		lay("test.cfg", altered)
		if _, err := s.Load(k); models.KindOf(err) != models.KindInvalid || !strings.Contains(err.Error(), "test.cfg") ||
			!strings.Contains(err.Error(), "cwctl nets pull test") {
			t.Errorf("cfg %s: error %v", name, err)
		}
	}
	if err := s.Pull(t.Context(), k, server.Client(), nil); err != nil || asked["/cfg"] != 2 {
		t.Errorf("an altered file is not replaced: %v, asked %v", err, asked)
	}
}

func TestCards(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Cards() {
		if names[c.Name] || len(c.Files) == 0 || c.Licence == "" || c.Person >= c.Classes || c.Input.W%32+c.Input.H%32 != 0 {
			t.Errorf("card %+v", c)
		}
		for _, f := range c.Files {
			if len(f.SHA256) != 64 || f.Bytes <= 0 || !strings.HasPrefix(f.URL, "https://") || f.Name != filepath.Base(f.Name) {
				t.Errorf("%s: file %+v", c.Name, f)
			}
		}
		names[c.Name] = true
		if th := c.Thresholds; !(0 < th.Low && th.Low < th.High && th.High < th.Birth && th.Birth < th.Immediate && th.Immediate < 1) {
			t.Errorf("%s: thresholds %+v", c.Name, th)
		}
	}
	if _, err := Find(Default); err != nil {
		t.Error(err)
	}
}

func TestWithThreshold(t *testing.T) {
	own := models.Thresholds{Low: .2, High: .3, Birth: .75, Immediate: .8}
	for _, same := range []float64{0, .5, 1, -1} {
		if got := WithThreshold(own, same); got.Low-own.Low > 1e-12 || got.Immediate-own.Immediate > 1e-12 {
			t.Errorf("%v: %+v", same, got)
		}
	}
	low, high := WithThreshold(own, .3), WithThreshold(own, .7)
	if !(low.Birth < own.Birth && own.Birth < high.Birth && low.Low > 0 && high.Immediate < 1) {
		t.Errorf("%+v, %+v", low, high)
	}
}

func TestOpen(t *testing.T) {
	env := map[string]string{}
	get := func(k string) string { return env[k] }
	if s := Open("", get); len(s.Dirs) != 1 || s.Dirs[0] != DefaultDir {
		t.Error(s)
	}
	env["COUNTERWATCH_NETS"], env["COUNTERWATCH_DATA"] = "a", "b"
	if s := Open("", get); len(s.Dirs) != 2 || s.Dirs[0] != "a" || s.Dirs[1] != filepath.Join("b", "nets") {
		t.Error(s)
	}
	if s := Open("c", get); s.Dirs[0] != "c" {
		t.Error(s)
	}
}

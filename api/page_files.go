package api

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// pageFiles serves the browser's code. A path that is no file is a view of the page, which index.html opens.
func pageFiles(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			plain(w, http.StatusMethodNotAllowed, "only GET and HEAD\n")
			return
		}
		if files == nil {
			plain(w, http.StatusNotFound, "this centre serves no page; its API is described at /api/openapi.json\n")
			return
		}
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		body, err := fs.ReadFile(files, name)
		switch {
		case err == nil && strings.HasPrefix(name, "assets/"): // their names change with their content
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		case err == nil:
			w.Header().Set("Cache-Control", "no-cache")
		case path.Ext(name) != "" && name != "index.html":
			plain(w, http.StatusNotFound, "there is no such file\n")
			return
		default:
			w.Header().Set("Cache-Control", "no-cache")
			if name, body, err = opening(files); err != nil {
				plain(w, http.StatusNotFound, "the page was not built into this program; build it with make build\n")
				return
			}
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

// opening is the page's first file: index.html, or the placeholder of a program built without the page.
func opening(files fs.FS) (name string, body []byte, err error) {
	for _, name = range []string{"index.html", "placeholder.html"} {
		if body, err = fs.ReadFile(files, name); err == nil {
			break
		}
	}
	return name, body, err
}

package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/counterwatch/counterwatch/models"
)

const (
	maxBody      = 1 << 20          // bytes of a request's body
	bodyTimeout  = 30 * time.Second // for all of it to arrive
	writeTimeout = 10 * time.Second // for each write: who does not read is cut
)

// routes is everything that is not gRPC.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /api/openapi.json", s.signedIn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(OpenAPI)
	}))
	mux.HandleFunc("PUT /api/v1/media/{id}", s.putMedia)
	mux.HandleFunc("GET /api/v1/events:watch", s.watch(s.watchEvents))
	mux.HandleFunc("GET /api/v1/live:watch", s.watch(s.watchLive))
	mux.Handle("/api/", s.gateway)
	mux.Handle("/", pageFiles(s.cfg.Page))

	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, models.Errorf(models.KindForbidden, "a request from another site's page is refused"))
	}))
	return headers(s.limit(protection.Handler(mux)))
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(r.Context()); err != nil {
			s.cfg.Log.Warn("not ready", "stage", "api", "err", err)
			plain(w, http.StatusServiceUnavailable, "not ready; the log says why\n")
			return
		}
	}
	plain(w, http.StatusOK, "ok\n")
}

// fail answers with an error in the gateway's form.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	writeError(r.Context(), s.gateway, marshaler, w, r, toStatus(err, s.cfg.Log, r.URL.Path))
}

// signedIn lets pass who has a session.
func (s *Server) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := ""
		if c, err := r.Cookie(cookieName); err == nil {
			token = c.Value
		}
		if scheme, t, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(t)
		}
		if _, err := s.cfg.Auth.who(r.Context(), token); err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// contentPolicy lets the page run its own files and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "private, no-store")
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), secureKey{}, r.TLS != nil)))
	})
}

// limit refuses what no call can take, reads a request's body whole, bounded in bytes and time, and cuts callers that do not read what is written to them.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !utf8.ValidString(r.URL.Path) {
			s.fail(w, r, models.Errorf(models.KindInvalid, "the path is not UTF-8"))
			return
		}
		c := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			_ = c.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every test's writer can
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			_ = c.SetReadDeadline(time.Time{})
			if err != nil {
				var tooLarge *http.MaxBytesError
				if errors.As(err, &tooLarge) {
					err = models.Errorf(models.KindInvalid, "the body is larger than %d bytes", maxBody)
				} else {
					err = models.Errorf(models.KindInvalid, "the body did not arrive whole")
				}
				s.fail(w, r, err)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(&impatient{w, c}, r)
	})
}

// impatient gives each write its own deadline, which lets streams last as long as they are read.
type impatient struct {
	http.ResponseWriter
	c *http.ResponseController
}

func (w *impatient) Write(b []byte) (int, error) {
	_ = w.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	return w.ResponseWriter.Write(b)
}

func (w *impatient) Flush() { _ = w.FlushError() }

func (w *impatient) FlushError() error {
	_ = w.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	return w.c.Flush()
}

func (w *impatient) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// putMedia stores a picture that a node made. The node proves who it is with its id and secret (HTTP basic).
func (s *Server) putMedia(w http.ResponseWriter, r *http.Request) {
	node, secret, ok := r.BasicAuth()
	if !ok || !s.cfg.Nodes.Verify(node, secret) {
		s.fail(w, r, models.Errorf(models.KindUnauthenticated, "the node or its secret is unknown; enrol it again"))
		return
	}
	m, err := readMedia(r)
	if err == nil {
		err = s.cfg.Pictures.PutMedia(r.Context(), node, m)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func readMedia(r *http.Request) (models.Media, error) {
	m := models.Media{
		ID: r.PathValue("id"), Camera: r.Header.Get("X-Camera"), Event: r.Header.Get("X-Event"), Type: r.Header.Get("Content-Type"),
	}
	if !madeID(m.ID) {
		return m, models.Invalid("id", "%q is not an id of a picture", clip(m.ID))
	}
	if m.Event != "" && !madeID(m.Event) {
		return m, models.Invalid("X-Event", "%q is not an id of an event", clip(m.Event))
	}
	if err := models.CheckID("X-Camera", m.Camera); err != nil {
		return m, err
	}
	var err error
	if m.At, err = time.Parse(time.RFC3339Nano, r.Header.Get("X-At")); err != nil {
		return m, models.Invalid("X-At", "is not a time such as 2026-01-31T08:00:00Z")
	}
	if m.Type != jpeg {
		return m, models.Invalid("Content-Type", "%q is not %s", clip(m.Type), jpeg)
	}
	if m.Data, err = io.ReadAll(r.Body); err != nil {
		return m, err
	}
	if !bytes.HasPrefix(m.Data, []byte{0xff, 0xd8, 0xff}) {
		return m, models.Invalid("body", "is not a JPEG picture")
	}
	m.At = m.At.UTC()
	return m, nil
}

package ingest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"github.com/counterwatch/counterwatch/models"
)

// explain turns a library's error into one that an operator can act on, of the kind that Source promises, and without
// credentials.
func explain(err error, u *base.URL) error {
	if e, ok := errors.AsType[*models.Error](err); ok {
		return e
	}
	if code := statusOf(err); code != 0 {
		return explainStatus(code, err, u)
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return explainCertificate(e, u)
	}
	if e, ok := errors.AsType[tls.RecordHeaderError](err); ok && e.Conn != nil {
		return models.Errorf(models.KindUnavailable,
			"the camera at %s does not speak TLS on this port: begin its URL with rtsp://, or name its port for rtsps", u.Host)
	}
	if e, ok := errors.AsType[liberrors.ErrClientSDPInvalid](err); ok {
		return models.Errorf(models.KindUnsupported,
			"the camera describes its stream wrongly (%s): try its other stream", scrub(e.Error(), u))
	}
	if _, ok := errors.AsType[liberrors.ErrClientUDPTimeout](err); ok {
		return models.Errorf(models.KindUnavailable,
			"no picture comes from the camera at %s by UDP: open the firewall for it, or set its transport to tcp", u.Host)
	}
	if timesOut(err) {
		return models.Errorf(models.KindUnavailable, "the camera at %s does not answer", u.Host)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return models.Errorf(models.KindUnavailable, "the camera at %s closed the connection", u.Host)
	}
	return models.Errorf(models.KindUnavailable, "the camera at %s: %s", u.Host, scrub(fmt.Sprint(err), u))
}

func timesOut(err error) bool {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return true
	}
	_, request := errors.AsType[liberrors.ErrClientRequestTimedOut](err)
	_, silent := errors.AsType[liberrors.ErrClientTCPTimeout](err)
	return request || silent
}

// explainStatus says what an answer other than 200 wants of the operator.
func explainStatus(code base.StatusCode, err error, u *base.URL) error {
	switch code {
	case base.StatusUnauthorized:
		if u.User == nil {
			return models.Errorf(models.KindUnauthenticated,
				"the camera at %s asks for a user name and password (401): add them to its URL", u.Host)
		}
		return models.Errorf(models.KindUnauthenticated, "the camera refuses the user name or password (401): correct them in its URL")
	case base.StatusForbidden:
		return models.Errorf(models.KindForbidden,
			"the camera forbids this user to watch (403): give the user the right to view in the camera's settings")
	case base.StatusNotFound:
		return models.Errorf(models.KindNotFound, "the camera has no stream at this path (404): correct the path in its URL")
	case base.StatusNotEnoughBandwidth, base.StatusServiceUnavailable:
		return models.Errorf(models.KindUnavailable,
			"the camera at %s has too many viewers (%d): close others, or allow more in its settings", u.Host, code)
	}
	return models.Errorf(models.KindUnavailable, "the camera at %s: %s", u.Host, scrub(err.Error(), u))
}

// scrub removes the password from a text, as it is and as a URL writes it.
func scrub(text string, u *base.URL) string {
	if u.User == nil {
		return text
	}
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, u.User.String(), "***")
		text = strings.ReplaceAll(text, url.QueryEscape(password), "***")
		text = strings.ReplaceAll(text, password, "***")
	}
	return text
}

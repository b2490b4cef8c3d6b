package ingest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// Probe reports whether the camera answers, with one connection and one OPTIONS without login, which every camera answers
// in some way (RFC 2326, 10.1). A port that only accepts connections is not enough: the system does that for a program that
// hangs. RTSPS is asked for no more than the connection.
func (r *RTSP) Probe(ctx context.Context) error {
	u, err := url.Parse(r.conf.URL.Reveal())
	if err != nil {
		return CheckURL(r.conf.URL)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"rtsp": "554", "rtsps": "322"}[u.Scheme])
	}
	c, err := guardedDial(r.conf.Allow)(ctx, "tcp", host)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if u.Scheme == "rtsps" {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	u.User, u.RawQuery = nil, ""
	if _, err := fmt.Fprintf(c, "OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: counterwatch\r\n\r\n", u); err != nil {
		return err
	}
	var answer [5]byte
	if _, err := c.Read(answer[:]); err != nil {
		return models.Errorf(models.KindUnavailable, "the camera at %s does not answer", u.Host)
	}
	return nil
}

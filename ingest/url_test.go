package ingest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/counterwatch/counterwatch/models"
)

// FuzzCheckURL: what is let through is RTSP to a host, and neither an error nor what is shown ever holds the password.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"rtsp://admin:canary42@10.0.0.1:554/stream1?a=b", "rtsps://u:canary42@[fe80::1%25eth0]/", "http://10.0.0.1/", "rtsp://admin:canary42@10.0.0.1:port/",
		"rtsp://admin:p@ss:canary42@host/", "rtsp:///canary42", "rtsp://a:canary42%zz@h/", "rtsp://h/user=admin_password=canary42_channel=1", "admin:canary42@10.0.0.1",
		"rtsp://h#canary42", "rtsp://h/?password=canary42",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u := models.SecretURL(s)
		err := CheckURL(u)
		if err == nil {
			p, bad := url.Parse(s)
			if bad != nil || p.Scheme != "rtsp" && p.Scheme != "rtsps" || p.Hostname() == "" {
				t.Errorf("%q is let through: %v", s, bad)
			}
		}
		shown := u.String()
		if err != nil {
			shown += err.Error()
		}
		// Only what the URL's grammar calls a password can be told from the rest.
		p, bad := url.Parse(s)
		if bad != nil || p.User == nil {
			return
		}
		if password, _ := p.User.Password(); len(password) > 6 && strings.Contains(shown, password) && !strings.Contains(p.Host+p.Path, password) {
			t.Errorf("%q shows %q", s, shown)
		}
	})
}

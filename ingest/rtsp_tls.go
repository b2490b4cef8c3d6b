package ingest

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"github.com/counterwatch/counterwatch/models"
)

// tlsConfig trusts the pinned certificate and no other, else those that the system's roots and the private authority vouch for.
func tlsConfig(t models.CameraTLS, host string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host}
	if t.Fingerprint != "" {
		pinned := plainFingerprint(t.Fingerprint)
		c.InsecureSkipVerify = true // verified below, by what it is instead of by who signed it
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if seen := fingerprintOf(s.PeerCertificates[0]); seen != pinned {
				return models.Errorf(models.KindForbidden, "the camera shows another certificate than the pinned one: if it was renewed, set tls.fingerprint to %s", seen)
			}
			return nil
		}
		return c, nil
	}
	if t.CA != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, models.Invalid("tls.ca", "holds no certificate: it begins with -----BEGIN CERTIFICATE-----")
		}
		c.RootCAs = roots
	}
	return c, nil
}

// fingerprintOf is the SHA-256 of a certificate, as CameraTLS pins it.
func fingerprintOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// plainFingerprint takes the colons out that tools print.
func plainFingerprint(s string) string { return strings.ToLower(strings.ReplaceAll(s, ":", "")) }

// explainCertificate says how to trust a camera whose certificate nobody vouches for.
func explainCertificate(e *tls.CertificateVerificationError, u *base.URL) error {
	seen := "(none)"
	if len(e.UnverifiedCertificates) > 0 {
		seen = fingerprintOf(e.UnverifiedCertificates[0])
	}
	return models.Errorf(models.KindForbidden,
		"the certificate of the camera at %s cannot be trusted (%s): when the camera's own page shows the SHA-256 fingerprint %s, set tls.fingerprint to it, or set tls.ca",
		u.Host, fmt.Sprint(e.Err), seen)
}

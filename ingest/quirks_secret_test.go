package ingest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"github.com/counterwatch/counterwatch/models"
)

// guardian asks for a login as cameras do.
type guardian struct {
	password string
	methods  []auth.VerifyMethod
	realm    string
	nonce    int
	expires  func(method base.Method) bool // before this request the nonce becomes too old
	saysSo   bool                          // stale=true
	failures int                           // logins with a wrong password
}

// check lets a request through or answers 401.
func (g *guardian) check(_ *rude, req *base.Request, res *base.Response) {
	old := fmt.Sprint("nonce", g.nonce)
	if g.expires != nil && g.expires(req.Method) {
		g.nonce++
	}
	nonce := fmt.Sprint("nonce", g.nonce)
	if auth.Verify(req, "admin", g.password, g.methods, g.realm, nonce) == nil {
		return
	}
	res.StatusCode = base.StatusUnauthorized
	res.Body = nil
	res.Header["WWW-Authenticate"] = auth.GenerateWWWAuthenticate(g.methods, g.realm, nonce)
	if req.Header["Authorization"] == nil {
		return
	}
	if auth.Verify(req, "admin", g.password, g.methods, g.realm, old) != nil {
		g.failures++
	} else if g.saysSo {
		for i := range res.Header["WWW-Authenticate"] {
			res.Header["WWW-Authenticate"][i] += ", stale=TRUE"
		}
	}
}

func loginQuirks() []quirk {
	md5, sha := []auth.VerifyMethod{auth.VerifyMethodDigestMD5}, []auth.VerifyMethod{auth.VerifyMethodDigestSHA256}
	const withLogin = "rtsp://admin:p%40ss%2Fw%25rd%23@camera/s"
	login := func(name string, g *guardian, url, units string, kind models.Kind, err string, failures int) quirk {
		g.password = "p@ss/w%rd#"
		on := answers{}
		for _, m := range []base.Method{base.Describe, base.Setup, base.Play, base.GetParameter} {
			on[m] = func(r *rude, req *base.Request, res *base.Response) {
				if m == base.Setup {
					res.Header["Session"] = base.HeaderValue{"7;timeout=10"}
				}
				g.check(r, req, res)
			}
		}
		return quirk{name: name, camera: &rude{on: on}, conf: RTSPConfig{URL: models.SecretURL(url)}, units: units, kind: kind, err: err, during: 20 * time.Second,
			check: func(t *testing.T, r *rude, v *visit) {
				if g.failures != failures {
					t.Errorf("%d logins failed, want %d", g.failures, failures)
				}
				if v.err != nil && (strings.Contains(v.err.Error(), g.password) || strings.Contains(v.err.Error(), "p%40ss")) {
					t.Errorf("%v shows the password", v.err)
				}
			}}
	}
	only := func(m base.Method) func(base.Method) bool { return func(is base.Method) bool { return is == m } }
	onceAt := func(m base.Method) func(base.Method) bool {
		done := false
		return func(is base.Method) bool {
			expired := is == m && !done
			done = done || is == m
			return expired
		}
	}
	return []quirk{
		login("login by Basic", &guardian{realm: "x", methods: []auth.VerifyMethod{auth.VerifyMethodBasic}}, withLogin, "K3", "", "", 0),
		login("login by Digest with MD5", &guardian{realm: "x", methods: md5}, withLogin, "K3", "", "", 0),
		login("login by Digest with SHA-256", &guardian{realm: "x", methods: sha}, withLogin, "K3", "", "", 0),
		login("login by all of them", &guardian{realm: "x", methods: []auth.VerifyMethod{auth.VerifyMethodBasic, auth.VerifyMethodDigestMD5, auth.VerifyMethodDigestSHA256}}, withLogin, "K3", "", "", 0),
		login("login missing", &guardian{realm: "x", methods: md5}, "rtsp://camera/s", "", models.KindUnauthenticated, "asks for a user name", 0),
		login("login wrong", &guardian{realm: "x", methods: md5}, "rtsp://admin:wrong@camera/s", "", models.KindUnauthenticated, "refuses the user name", 1),
		login("login wrong by Basic", &guardian{realm: "x", methods: []auth.VerifyMethod{auth.VerifyMethodBasic}}, "rtsp://admin:wrong@camera/s", "", models.KindUnauthenticated, "refuses the user name", 1),
		login("login wrong, nonces new each time", &guardian{realm: "x", methods: md5, expires: func(base.Method) bool { return true }}, "rtsp://admin:wrong@camera/s", "", models.KindUnauthenticated, "refuses the user name", 1),
		login("nonce too old at SETUP, said so", &guardian{realm: "x", methods: md5, expires: onceAt(base.Setup), saysSo: true}, withLogin, "K3", "", "", 0),
		login("nonce too old at SETUP, not said", &guardian{realm: "x", methods: md5, expires: onceAt(base.Setup)}, withLogin, "K3", "", "", 0),
		login("nonce too old at PLAY", &guardian{realm: "x", methods: sha, expires: onceAt(base.Play)}, withLogin, "K3", "", "", 0),
		login("nonce too old for signs of life", &guardian{realm: "x", methods: md5, expires: only(base.GetParameter), saysSo: true}, withLogin, "K3", "", "", 0),
	}
}

// certificate makes one that signs itself or is signed by an authority.
func certificate(t *testing.T, host string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, IsCA: parent == nil, BasicConstraintsValid: true,
		// The tests' time begins in 2000.
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	signer, signs := c, any(key)
	if parent != nil {
		if signer, err = x509.ParseCertificate(parent.Certificate[0]); err != nil {
			t.Fatal(err)
		}
		signs = parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, signer, &key.PublicKey, signs)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func tlsQuirks(t *testing.T) []quirk {
	self, authority := certificate(t, "camera", nil), certificate(t, "authority", nil)
	signed := certificate(t, "camera", &authority)
	leaf, err := x509.ParseCertificate(self.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	seen := fingerprintOf(leaf)
	var colons []string
	for i := 0; i < len(seen); i += 2 {
		colons = append(colons, strings.ToUpper(seen[i:i+2]))
	}
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate[0]}))
	conf := func(host string, c models.CameraTLS) RTSPConfig {
		return RTSPConfig{URL: models.SecretURL("rtsps://" + host + "/s"), TLS: c}
	}
	return []quirk{
		{name: "certificate pinned", camera: &rude{cert: &self}, conf: conf("camera", models.CameraTLS{Fingerprint: seen}), units: "K3", check: func(t *testing.T, r *rude, v *visit) {
			if v.at.Transport != "tls" || r.dialled[0] != "camera:322" {
				t.Errorf("%s to %s", v.at.Transport, r.dialled)
			}
		}},
		{name: "certificate pinned as tools print it", camera: &rude{cert: &self}, conf: conf("10.0.0.1:5000", models.CameraTLS{Fingerprint: strings.Join(colons, ":")}), units: "K3"},
		{name: "certificate other than the pinned one", camera: &rude{cert: &self}, conf: conf("camera", models.CameraTLS{Fingerprint: strings.Repeat("0", 64)}), kind: models.KindForbidden, err: seen},
		{name: "certificate of nobody", camera: &rude{cert: &self}, conf: conf("camera", models.CameraTLS{}), kind: models.KindForbidden, err: "set tls.fingerprint to it, or set tls.ca", check: func(t *testing.T, _ *rude, v *visit) {
			if v.err == nil || !strings.Contains(v.err.Error(), seen) {
				t.Errorf("%v does not name %s", v.err, seen)
			}
		}},
		{name: "certificate of a private authority", camera: &rude{cert: &signed}, conf: conf("camera", models.CameraTLS{CA: ca}), units: "K3"},
		{name: "certificate of a private authority for another host", camera: &rude{cert: &signed}, conf: conf("elsewhere", models.CameraTLS{CA: ca}), kind: models.KindForbidden, err: "elsewhere"},
		{name: "rtsps on a port without TLS", camera: &rude{}, conf: conf("camera", models.CameraTLS{}), during: 8 * time.Second, kind: models.KindUnavailable, err: "does not speak TLS"},
		{name: "redirect that gives up encryption", camera: &rude{cert: &self, on: answers{base.Describe: func(_ *rude, _ *base.Request, res *base.Response) {
			res.StatusCode, res.Header["Location"] = base.StatusFound, base.HeaderValue{"rtsp://camera/s"}
		}}}, conf: conf("camera", models.CameraTLS{Fingerprint: seen}), kind: models.KindForbidden, err: "anybody could read"},
	}
}

func TestNewRTSPRefuses(t *testing.T) {
	for name, c := range map[string]RTSPConfig{
		"url":       {URL: "http://camera"},
		"transport": {URL: "rtsp://camera", Transport: "carrier pigeon"},
		"tls.ca":    {URL: "rtsps://camera", TLS: models.CameraTLS{CA: "my CA"}},
	} {
		if _, err := NewRTSP(c); models.KindOf(err) != models.KindInvalid || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package nodeapp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/counterwatch/counterwatch/api/pb"
	"github.com/counterwatch/counterwatch/models"
)

const (
	tokenFile   = "enrol-token" // of a centre with the same data folder
	enrolWithin = 10 * time.Second
	enrolAgain  = 2 * time.Second
)

// credentials are what a node got when it was enrolled.
type credentials struct {
	Node     string `json:"node"`
	Central  string `json:"central"`
	Secret   string `json:"secret"`
	NATSURL  string `json:"nats_url"`
	HTTPSURL string `json:"https_url"`
	CAPEM    string `json:"ca_pem"`
}

// trust says which certificates the node trusts: the centre's own, or the system's when there is none.
func (c credentials) trust() (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAPEM != "" {
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM([]byte(c.CAPEM)) {
			return nil, models.Errorf(models.KindInvalid, "the centre's certificate cannot be read: remove %s and enrol again with --token", credentialsFile.name)
		}
	}
	return t, nil
}

// enrol returns the credentials of an earlier start, or gets new ones from the centre. While the centre does not answer
// it tries again until ctx ends.
func enrol(ctx context.Context, cfg Config, kept *vault) (credentials, error) {
	old, err := kept.credentials()
	if err != nil {
		return old, err
	}
	known := old.Secret != ""
	if known && cfg.Token == "" && (cfg.Central == "" || cfg.Central == old.Central) && (cfg.Name == "" || cfg.Name == old.Node) {
		return old, nil
	}
	ask, err := request(cfg, old)
	if err != nil {
		return old, err
	}
	for told := false; ; told = true {
		got, err := ask.send(ctx)
		if err == nil {
			b, err := json.Marshal(got)
			if err == nil {
				err = kept.write(credentialsFile, b)
			}
			return got, err
		}
		if models.KindOf(err) != models.KindUnavailable {
			return old, err
		}
		if known && old.Node == ask.node && old.Central == ask.central {
			cfg.Log.Warn("the centre does not answer; going on as enrolled before", "err", err)
			return old, nil
		}
		if !told {
			cfg.Log.Warn("the node cannot be enrolled yet; trying again", "err", err)
		}
		select {
		case <-time.After(enrolAgain):
		case <-ctx.Done():
			return old, err
		}
	}
}

// credentials are those of an earlier start; empty when there was none.
func (v *vault) credentials() (c credentials, err error) {
	b, err := v.read(credentialsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil && (json.Unmarshal(b, &c) != nil || c.Secret == "") {
		err = models.Errorf(models.KindInvalid, "%s is damaged", credentialsFile.name)
	}
	if models.KindOf(err) == models.KindInvalid {
		return c, models.Errorf(models.KindInvalid, "%w; or remove %s and enrol again with --token", err, v.path(credentialsFile.name))
	}
	return c, err
}

// Format shows whose they are, whatever the verb.
func (c credentials) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "credentials of node %s", c.Node)
}

// enrolment is one request to be let in.
type enrolment struct {
	node, central, token string
	client               *http.Client
}

// request checks what the operator gave.
func request(cfg Config, old credentials) (*enrolment, error) {
	e := &enrolment{node: cfg.Name, central: strings.TrimRight(cfg.Central, "/"), token: cfg.Token}
	if e.central == "" {
		e.central = old.Central
	}
	u, err := url.Parse(e.central)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, models.Invalid("central", "name the centre's address: --central http://127.0.0.1:8080 or https://centre.example")
	}
	if e.node == "" {
		e.node = old.Node
	}
	if e.node == "" {
		e.node = machineName()
	}
	if err := models.CheckNodeID("name", e.node); err != nil {
		return nil, err
	}
	if e.token == "" {
		b, err := os.ReadFile(filepath.Join(cfg.DataDir, tokenFile))
		if err != nil {
			return nil, models.Invalid("token", "this node is not enrolled at %s yet: give the token that the centre printed at its start (also in the file %s of its data folder): --token TOKEN", e.central, tokenFile)
		}
		e.token = strings.TrimSpace(string(b))
	}
	trust := credentials{}
	if cfg.CAFile != "" {
		b, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, models.Invalid("ca", "%v", err)
		}
		trust.CAPEM = string(b)
	}
	t, err := trust.trust()
	if err != nil {
		return nil, models.Invalid("ca", "%s holds no certificate in PEM form", cfg.CAFile)
	}
	e.client = &http.Client{
		Timeout: enrolWithin, Transport: &http.Transport{TLSClientConfig: t, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token goes where the operator said
	}
	return e, nil
}

// machineName makes an id of the machine's name.
func machineName() string {
	name, _ := os.Hostname()
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	if name = strings.Trim(name, "-_"); name == "" {
		return "node"
	}
	return name[:min(len(name), 63)]
}

// send asks once. KindUnavailable: the centre does not answer now.
func (e *enrolment) send(ctx context.Context) (credentials, error) {
	body, err := protojson.Marshal(&pb.EnrolNodeRequest{Token: e.token, Node: e.node})
	if err != nil {
		return credentials{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.central+"/api/v1/nodes:enrol", bytes.NewReader(body))
	if err != nil {
		return credentials{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := e.client.Do(req)
	if err != nil {
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return credentials{}, models.Errorf(models.KindForbidden, "the certificate of %s is not known here: copy tls/cert.pem of the centre's data folder to this machine and name it with --ca FILE (%w)", e.central, err)
		}
		return credentials{}, models.Errorf(models.KindUnavailable, "the centre at %s does not answer: %w", e.central, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return credentials{}, models.Errorf(models.KindUnavailable, "the centre at %s broke off: %w", e.central, err)
	}
	if resp.StatusCode != http.StatusOK {
		return credentials{}, e.refused(resp.StatusCode, answer)
	}
	var r pb.EnrolNodeResponse
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, &r); err != nil || r.Secret == "" || r.NatsUrl == "" {
		return credentials{}, models.Errorf(models.KindInvalid, "%s does not answer like a centre: check --central", e.central)
	}
	c := credentials{Node: e.node, Central: e.central, Secret: r.Secret, NATSURL: r.NatsUrl, HTTPSURL: r.HttpsUrl, CAPEM: r.CaPem}
	if c.HTTPSURL == "" {
		c.HTTPSURL = e.central
	}
	return c, nil
}

// refused says why the centre did not let the node in.
func (e *enrolment) refused(status int, answer []byte) error {
	var s struct{ Message string }
	if json.Unmarshal(answer, &s) != nil || s.Message == "" {
		s.Message = strings.TrimSpace(string(answer[:min(len(answer), 200)]))
	}
	kind := models.KindForbidden
	if status >= 500 || status == http.StatusTooManyRequests {
		kind = models.KindUnavailable
	}
	return models.Errorf(kind, "the centre at %s does not enrol this node (%d): %s", e.central, status, s.Message)
}

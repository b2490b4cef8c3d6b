package central

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// EnrolTokenFile is the file of the data folder that holds the enrolment token. A node with the same data folder reads it.
const EnrolTokenFile = "enrol-token"

// SecretStore remembers the hashes of nodes' secrets.
type SecretStore interface {
	EnrolNode(ctx context.Context, id, secret string, now time.Time) error
	CheckNodeSecret(ctx context.Context, id, secret string) (bool, error)
	Nodes(context.Context) ([]models.Node, error)
}

// Nodes enrols nodes and knows their secrets.
type Nodes struct {
	store SecretStore
	token string
	now   func() time.Time
	log   *slog.Logger
}

// NewNodes reads the enrolment token from the data folder, and makes it at the first start.
func NewNodes(dir string, store SecretStore, now func() time.Time, log *slog.Logger) (*Nodes, error) {
	token, err := SecretFile(filepath.Join(dir, EnrolTokenFile))
	if err != nil {
		return nil, fmt.Errorf("enrolment token: %w", err)
	}
	return &Nodes{store: store, token: token, now: now, log: log}, nil
}

// Token is what a node shows to be enrolled.
func (n *Nodes) Token() string { return n.token }

// Enrol gives a node a new secret, and ends its old one; KindForbidden when the token is wrong.
func (n *Nodes) Enrol(ctx context.Context, token, node string) (secret string, err error) {
	if subtle.ConstantTimeCompare([]byte(token), []byte(n.token)) != 1 {
		return "", models.Errorf(models.KindForbidden, "the enrolment token is wrong; it is in the file %s of the centre's data folder", EnrolTokenFile)
	}
	if err := models.CheckNodeID("node", node); err != nil {
		return "", err
	}
	secret = rand.Text()
	if err := n.store.EnrolNode(ctx, node, secret, n.now()); err != nil {
		return "", err
	}
	n.log.Info("a node was enrolled", "node", node)
	return secret, nil
}

// Verify reports whether the secret is the node's; also not when the store does not answer.
func (n *Nodes) Verify(node, secret string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ok, err := n.store.CheckNodeSecret(ctx, node, secret)
	if err != nil {
		n.log.Error("a node's secret could not be checked", "node", node, "err", err)
	}
	return ok && err == nil
}

// List returns the ids of all enrolled nodes.
func (n *Nodes) List(ctx context.Context) ([]string, error) {
	nodes, err := n.store.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(nodes))
	for i, v := range nodes {
		ids[i] = v.ID
	}
	return ids, nil
}

// SecretFile reads a secret of the data folder, and makes a random one of 130 bits when the file is not there. Nobody but
// the owner can read it.
func SecretFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret := rand.Text()
		return secret, writeSecret(path, secret)
	}
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(b))
	if len(secret) < 16 {
		return "", fmt.Errorf("%s is empty or damaged: remove it and a new one is made", path)
	}
	return secret, nil
}

// writeSecret leaves the whole secret on the disk or nothing: a key that is lost later makes what it sealed unreadable.
func writeSecret(path, secret string) error {
	tmp := path + ".part"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

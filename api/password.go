package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/counterwatch/counterwatch/models"
)

// Parameters of argon2id: the second choice of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane), which
// lets several people sign in at once on a small machine.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
)

const (
	minPassword = 10
	maxPassword = 200
)

// hashing bounds how many passwords are hashed at once, and so the memory that strangers can make us use.
var hashing = make(chan struct{}, 4)

func argon(ctx context.Context, password string, salt []byte, memory, passes uint32, lanes uint8) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, argonKey), nil
}

// hashPassword returns the PHC form of a new password.
func hashPassword(ctx context.Context, password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return "", models.Invalid("password", "has %d characters; use %d to %d", n, minPassword, maxPassword)
	}
	salt := make([]byte, 16)
	rand.Read(salt) //nolint:errcheck // never fails
	key, err := argon(ctx, password, salt, argonMemory, argonPasses, argonLanes)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64(salt), b64(key)), nil
}

// nobody is the hash that a password is compared with when there is no such user, so that the answer takes as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// checkPassword reports whether the password fits the hash; an empty or unreadable hash fits none.
func checkPassword(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > 4*maxPassword {
		return false, nil
	}
	known := hash != ""
	if !known {
		hash = nobody
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	var rest string
	if n, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &rest); err != nil || n != 5 {
		return false, nil
	}
	if len(rest) < 23 || rest[22] != '$' {
		return false, nil
	}
	salt, err := base64.RawStdEncoding.DecodeString(rest[:22])
	if err != nil {
		return false, nil
	}
	want, err := base64.RawStdEncoding.DecodeString(rest[23:])
	if err != nil {
		return false, nil
	}
	key, err := argon(ctx, password, salt, memory, passes, lanes)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && known, nil
}

// hashToken is what is stored of a token. Tokens are random, so a plain hash is enough.
func hashToken(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

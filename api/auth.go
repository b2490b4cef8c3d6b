package api

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/counterwatch/counterwatch/models"
)

// How long sign-ins and tokens last.
const (
	idleFor     = 12 * time.Hour     // a sign-in that is not used ends
	signedInFor = 7 * 24 * time.Hour // and at the latest after this
	renewAfter  = time.Hour          // a use prolongs it, written at most so often
	setupFor    = 365 * 24 * time.Hour
	linkFor     = 24 * time.Hour
)

// Purposes of tickets.
const (
	purposeSetup  = "setup"
	purposeSignIn = "signin"
)

// Auth knows who is who: it makes the first user, signs people in and out, and tells whose a token is. It is safe for
// concurrent use.
type Auth struct {
	accounts Accounts
	now      func() time.Time
	lockout  lockout
}

// NewAuth makes an Auth; now nil is time.Now.
func NewAuth(a Accounts, now func() time.Time) *Auth {
	if now == nil {
		now = time.Now
	}
	return &Auth{accounts: a, now: now}
}

// SetupToken makes a new token for the first user; it is empty when a user exists. Tokens made before stay good.
func (a *Auth) SetupToken(ctx context.Context) (string, error) {
	has, err := a.accounts.HasUsers(ctx)
	if err != nil || has {
		return "", err
	}
	return a.ticket(ctx, purposeSetup, "", setupFor)
}

// OneTimeToken makes a token that signs a user in once, within a day. The user is made, without a password, when there is
// none of that id.
func (a *Auth) OneTimeToken(ctx context.Context, user, name string) (string, error) {
	if err := models.CheckID("user", user); err != nil {
		return "", err
	}
	err := a.accounts.CreateUser(ctx, models.User{ID: user, Name: name, Created: a.now()})
	if err != nil && models.KindOf(err) != models.KindConflict {
		return "", err
	}
	return a.ticket(ctx, purposeSignIn, user, linkFor)
}

func (a *Auth) ticket(ctx context.Context, purpose, user string, lasts time.Duration) (string, error) {
	token := rand.Text()
	now := a.now()
	return token, a.accounts.PutTicket(ctx, models.Ticket{Hash: hashToken(token), Purpose: purpose, User: user, Expires: now.Add(lasts)}, now)
}

// take uses a ticket up.
func (a *Auth) take(ctx context.Context, token, purpose string) (models.Ticket, error) {
	wrong := models.Errorf(models.KindUnauthenticated, "the token is wrong, used or too old")
	t, err := a.accounts.TakeTicket(ctx, hashToken(token))
	if models.KindOf(err) == models.KindNotFound {
		return t, wrong
	}
	if err != nil {
		return t, err
	}
	if t.Purpose != purpose || a.now().After(t.Expires) {
		return t, wrong
	}
	return t, nil
}

// setUp makes the first user.
func (a *Auth) setUp(ctx context.Context, token string, u models.User, password string) (models.User, error) {
	has, err := a.accounts.HasUsers(ctx)
	if err != nil {
		return u, err
	}
	if has {
		return u, models.Errorf(models.KindConflict, "the first user exists already; sign in")
	}
	if err := models.CheckID("user", u.ID); err != nil {
		return u, err
	}
	if len(u.Name) > maxPassword {
		return u, models.Invalid("display_name", "is longer than %d bytes", maxPassword)
	}
	if u.PasswordHash, err = hashPassword(ctx, password); err != nil { // before the token is used up
		return u, err
	}
	if _, err := a.take(ctx, token, purposeSetup); err != nil {
		return u, err
	}
	u.Created = a.now()
	if u.Name == "" {
		u.Name = u.ID
	}
	return u, a.accounts.CreateUser(ctx, u)
}

// signIn checks name and password.
func (a *Auth) signIn(ctx context.Context, id, password string) (models.User, error) {
	wrong := models.Errorf(models.KindUnauthenticated, "the name or the password is wrong")
	if models.CheckID("user", id) != nil {
		return models.User{}, wrong
	}
	if err := a.lockout.begin(id, a.now()); err != nil {
		return models.User{}, err
	}
	u, err := a.accounts.User(ctx, id)
	if err != nil && models.KindOf(err) != models.KindNotFound {
		return u, err
	}
	ok, err := checkPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return u, err
	}
	if !ok {
		return models.User{}, wrong
	}
	a.lockout.succeed(id)
	return u, nil
}

// exchange signs in with a one-time token.
func (a *Auth) exchange(ctx context.Context, token string) (models.User, error) {
	t, err := a.take(ctx, token, purposeSignIn)
	if err != nil {
		return models.User{}, err
	}
	return a.accounts.User(ctx, t.User)
}

// begin starts a session for a user.
func (a *Auth) begin(ctx context.Context, u models.User) (token string, s models.SignIn, err error) {
	token = rand.Text()
	now := a.now()
	s = models.SignIn{Hash: hashToken(token), User: u.ID, Created: now, Expires: now.Add(idleFor)}
	return token, s, a.accounts.PutSession(ctx, s)
}

// end ends the session of a token.
func (a *Auth) end(ctx context.Context, token string) error {
	return a.accounts.DeleteSession(ctx, hashToken(token))
}

// who tells whose session a token is; KindUnauthenticated when it is nobody's.
func (a *Auth) who(ctx context.Context, token string) (models.User, error) {
	refused := models.Errorf(models.KindUnauthenticated, "sign in first: POST /api/v1/auth:signin")
	if token == "" {
		return models.User{}, refused
	}
	s, err := a.accounts.Session(ctx, hashToken(token))
	if models.KindOf(err) == models.KindNotFound && err != nil {
		return models.User{}, refused
	}
	if err != nil {
		return models.User{}, err
	}
	now := a.now()
	if now.After(s.Expires) {
		return models.User{}, refused
	}
	until := now.Add(idleFor)
	if last := s.Created.Add(signedInFor); until.After(last) {
		until = last
	}
	if until.Sub(s.Expires) >= renewAfter {
		s.Expires = until
		if err := a.accounts.PutSession(ctx, s); err != nil {
			return models.User{}, err
		}
	}
	u, err := a.accounts.User(ctx, s.User)
	if err != nil && models.KindOf(err) == models.KindNotFound {
		return u, refused
	}
	return u, err
}

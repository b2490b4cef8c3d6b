package api

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

const password = "correct horse battery"

// setUp makes the first user through the API and forgets the session.
func (w *world) setUp() {
	w.t.Helper()
	token, err := w.auth.SetupToken(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	w.call("POST", "/api/v1/auth:setup", map[string]any{"token": token, "user": "lan", "password": password, "bearer": true}, 200)
}

func TestSetUp(t *testing.T) {
	w := newWorld(t)
	if at(t, w.call("GET", "/api/v1/auth:status", nil, 200), "setupRequired") != true {
		t.Error("a centre without users does not ask for set-up")
	}
	token, err := w.auth.SetupToken(context.Background())
	if err != nil || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	body := func(token, user, password string) map[string]any {
		return map[string]any{"token": token, "user": user, "password": password, "bearer": true}
	}
	w.call("POST", "/api/v1/auth:setup", body("wrong", "lan", password), 401)
	short := w.call("POST", "/api/v1/auth:setup", body(token, "lan", "short"), 400)
	if field := str(t, short, "details", 0, "fieldViolations", 0, "field"); field != "password" {
		t.Errorf("the field to blame is %q in %v", field, short)
	}
	w.call("POST", "/api/v1/auth:setup", body(token, "Lan!", password), 400)
	w.token = str(t, w.call("POST", "/api/v1/auth:setup", body(token, "lan", password), 200), "token")
	if me := w.call("GET", "/api/v1/me", nil, 200); str(t, me, "name") != "users/lan" {
		t.Errorf("signed in as %v", me)
	}
	w.call("POST", "/api/v1/auth:setup", body(token, "minh", password), 409)
	if again, err := w.auth.SetupToken(context.Background()); err != nil || again != "" {
		t.Errorf("a set-up token %q after set-up, %v", again, err)
	}
}

func TestSignInAndOut(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	w.call("POST", "/api/v1/auth:signin", map[string]any{"user": "lan", "password": "wrong password"}, 401)
	w.call("POST", "/api/v1/auth:signin", map[string]any{"user": "nobody", "password": password}, 401)
	w.token = str(t, w.call("POST", "/api/v1/auth:signin", map[string]any{"user": "lan", "password": password, "bearer": true}, 200), "token")
	w.call("GET", "/api/v1/units", nil, 200)
	w.call("POST", "/api/v1/auth:signout", map[string]any{}, 200)
	w.call("GET", "/api/v1/units", nil, 401)
}

func TestLockout(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	try := func(password string, want int) {
		t.Helper()
		w.call("POST", "/api/v1/auth:signin", map[string]any{"user": "lan", "password": password}, want)
	}
	for range 5 {
		try("wrong password", 401)
	}
	try(password, 429)
	w.advance(lockFor - time.Second)
	try(password, 429)
	w.advance(2 * time.Second)
	try(password, 200)
	for range 7 { // slow failures do not lock
		try("wrong password", 401)
		w.advance(lockWindow / 4)
	}
	try(password, 200)
}

func TestLockoutForgetsNames(t *testing.T) {
	var l lockout
	for i := range 3 * lockNames {
		if err := l.begin(time.Duration(i).String(), start); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.names) > lockNames {
		t.Errorf("%d names", len(l.names))
	}
}

func TestOneTimeTokenWorksOnce(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	token, err := w.auth.OneTimeToken(context.Background(), "demo", "Demo")
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(want int) {
		t.Helper()
		w.call("POST", "/api/v1/auth:exchange", map[string]any{"token": token}, want)
	}
	exchange(200)
	exchange(401)
	if token, err = w.auth.OneTimeToken(context.Background(), "demo", "Demo"); err != nil {
		t.Fatal(err)
	}
	w.advance(linkFor + time.Second)
	exchange(401)
	w.call("POST", "/api/v1/auth:signin", map[string]any{"user": "demo", "password": ""}, 401)
}

func TestSessionEnds(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	for range 13 { // used every 11 h, it lives for 7 days
		w.advance(11 * time.Hour)
		w.call("GET", "/api/v1/me", nil, 200)
	}
	w.advance(28 * time.Hour)
	w.call("GET", "/api/v1/me", nil, 401)
	w.signIn()
	w.advance(idleFor + time.Minute)
	w.call("GET", "/api/v1/me", nil, 401)
}

func TestCookie(t *testing.T) {
	w := newWorld(t)
	w.setUp()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := w.http.Client()
	c.Jar = jar
	post := func(path, body, origin string) *http.Response {
		t.Helper()
		req, err := http.NewRequest("POST", w.http.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	resp := post("/api/v1/auth:signin", `{"user":"lan","password":"`+password+`"}`, w.http.URL)
	got := resp.Header.Get("Set-Cookie")
	for _, want := range []string{cookieName + "=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(got, want) {
			t.Errorf("the cookie %q lacks %s", got, want)
		}
	}
	w.call("GET", "/api/v1/me", nil, 200) // by the jar's cookie
	if resp := post("/api/v1/auth:signout", "{}", "https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page may sign out: %d", resp.StatusCode)
	}
	w.call("GET", "/api/v1/me", nil, 200)
	if resp := post("/api/v1/auth:signout", "{}", w.http.URL); resp.StatusCode != http.StatusOK {
		t.Errorf("sign-out: %d", resp.StatusCode)
	}
	w.call("GET", "/api/v1/me", nil, 401)
}

func TestEnrolNode(t *testing.T) {
	w := newWorld(t)
	enrol := func(token, node string, want int) map[string]any {
		t.Helper()
		return w.call("POST", "/api/v1/nodes:enrol", map[string]any{"token": token, "node": node}, want)
	}
	enrol("wrong", "node1", 403)
	enrol("let-me-in", "../x", 400)
	got := enrol("let-me-in", "node1", 200)
	host := strings.TrimPrefix(w.http.URL, "http://")
	if str(t, got, "secret") != "secret1" || str(t, got, "natsUrl") != "nats://"+host || str(t, got, "caPem") != "pem" {
		t.Errorf("%v", got)
	}
	for range 5 {
		w.raw("POST", "/api/v1/nodes:enrol", map[string]any{"token": "wrong", "node": "node3"})
	}
	enrol("let-me-in", "node3", 429)
}

func TestPasswordHashes(t *testing.T) {
	ctx := context.Background()
	h, err := hashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		hash, password string
		want           bool
	}{
		"right":           {h, password, true},
		"wrong":           {h, password + "x", false},
		"no hash":         {"", password, false},
		"not a hash":      {"$argon2id$v=19$m=1", password, false},
		"cut short":       {h[:len(h)-30], password, false},
		"not the dummy's": {nobody, "", false},
	}
	for name, c := range cases {
		if got, err := checkPassword(ctx, c.hash, c.password); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

package models

import "time"

// User is a person who may sign in.
type User struct {
	ID           string
	Name         string // as people write it
	PasswordHash string // argon2id in PHC form; empty for a user who cannot sign in by password
	Created      time.Time
}

// SignIn is one person signed in. Only the hash of its token is stored.
type SignIn struct {
	Hash    string // SHA-256 of the token, hex
	User    string
	Created time.Time
	Expires time.Time
}

// Ticket is a token that works once. Only the hash of it is stored.
type Ticket struct {
	Hash    string // SHA-256 of the token, hex
	Purpose string // setup, signin
	User    string // whom it signs in; empty for setup
	Expires time.Time
}

-- Portable between SQLite and PostgreSQL: text, bigint and nothing else. Instants are nanoseconds since 1970 UTC, 0 is
-- "not yet"; bodies are JSON; secrets are hex SHA-256.

-- +goose Up
CREATE TABLE units (id text PRIMARY KEY, body text NOT NULL);
CREATE TABLE sites (id text PRIMARY KEY, unit text NOT NULL REFERENCES units (id), body text NOT NULL);
CREATE TABLE cameras (
	id   text PRIMARY KEY,
	site text NOT NULL REFERENCES sites (id),
	node text NOT NULL,
	url  text NOT NULL, -- sealed: it holds the camera's password
	body text NOT NULL
);
CREATE INDEX cameras_node ON cameras (node);

-- One row per incident: its newest revision.
CREATE TABLE events (
	id       text PRIMARY KEY,
	revision bigint NOT NULL,
	kind     text NOT NULL,
	node     text NOT NULL,
	camera   text NOT NULL,
	counter  text NOT NULL,
	opened   bigint NOT NULL,
	closed   bigint NOT NULL,
	body     text NOT NULL
);
CREATE INDEX events_opened ON events (opened, id);
CREATE INDEX events_camera ON events (camera, opened, id);
CREATE INDEX events_open ON events (camera, kind) WHERE closed = 0;

-- Every revision, never changed. seq is the order in which the centre learnt; 0 for one that came after a newer.
CREATE TABLE event_revisions (
	event_id text NOT NULL,
	revision bigint NOT NULL,
	seq      bigint NOT NULL,
	body     text NOT NULL,
	PRIMARY KEY (event_id, revision)
);
CREATE UNIQUE INDEX event_revisions_seq ON event_revisions (seq) WHERE seq > 0;

CREATE TABLE snapshots (
	id       text PRIMARY KEY,
	event_id text NOT NULL,
	camera   text NOT NULL,
	at       bigint NOT NULL,
	type     text NOT NULL,
	bytes    bigint NOT NULL
);
CREATE INDEX snapshots_event ON snapshots (event_id, at);

CREATE TABLE nodes (
	id        text PRIMARY KEY,
	secret    text NOT NULL,
	enrolled  bigint NOT NULL,
	last_seen bigint NOT NULL,
	version   text NOT NULL
);

-- What could not be stored, with the reason; nobody waits for it.
CREATE TABLE quarantine (
	id      text PRIMARY KEY,
	node    text NOT NULL,
	at      bigint NOT NULL,
	reason  text NOT NULL,
	payload text NOT NULL -- base64
);

CREATE TABLE users (id text PRIMARY KEY, name text NOT NULL, password_hash text NOT NULL, created bigint NOT NULL);
CREATE TABLE sessions (
	hash    text PRIMARY KEY,
	user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	created bigint NOT NULL,
	expires bigint NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE tickets (hash text PRIMARY KEY, purpose text NOT NULL, user_id text NOT NULL, expires bigint NOT NULL);

-- +goose Down
DROP TABLE tickets;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE quarantine;
DROP TABLE nodes;
DROP TABLE snapshots;
DROP TABLE event_revisions;
DROP TABLE events;
DROP TABLE cameras;
DROP TABLE sites;
DROP TABLE units;

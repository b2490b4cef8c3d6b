-- What a node says of an incident, and what a later decision of the calendar makes of it, are kept apart: judged counts the
-- decisions about one revision, 0 is the node's own word.

-- +goose Up
ALTER TABLE events ADD COLUMN withdrawn bigint NOT NULL DEFAULT 0; -- 1: it no longer counts
CREATE TABLE revisions (
	event_id text NOT NULL,
	revision bigint NOT NULL,
	judged   bigint NOT NULL,
	seq      bigint NOT NULL,
	body     text NOT NULL,
	PRIMARY KEY (event_id, revision, judged)
);
INSERT INTO revisions SELECT event_id, revision, 0, seq, body FROM event_revisions;
DROP TABLE event_revisions;
ALTER TABLE revisions RENAME TO event_revisions;
CREATE UNIQUE INDEX event_revisions_seq ON event_revisions (seq) WHERE seq > 0;

-- +goose Down
DROP INDEX event_revisions_seq;
DELETE FROM event_revisions WHERE judged > 0;
CREATE TABLE revisions (
	event_id text NOT NULL,
	revision bigint NOT NULL,
	seq      bigint NOT NULL,
	body     text NOT NULL,
	PRIMARY KEY (event_id, revision)
);
INSERT INTO revisions SELECT event_id, revision, seq, body FROM event_revisions;
DROP TABLE event_revisions;
ALTER TABLE revisions RENAME TO event_revisions;
CREATE UNIQUE INDEX event_revisions_seq ON event_revisions (seq) WHERE seq > 0;
ALTER TABLE events DROP COLUMN withdrawn;

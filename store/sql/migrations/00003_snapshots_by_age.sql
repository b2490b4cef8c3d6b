-- Retention asks for the oldest pictures of a camera.

-- +goose Up
CREATE INDEX snapshots_camera ON snapshots (camera, at);

-- +goose Down
DROP INDEX snapshots_camera;

-- +goose Up

-- What an undo deleted, and left alone since somebody else had changed it.
ALTER TABLE import_checkpoints ADD COLUMN deleted bigint NOT NULL DEFAULT 0, ADD COLUMN kept bigint NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN deleted, DROP COLUMN kept;

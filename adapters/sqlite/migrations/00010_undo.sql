-- +goose Up

-- What an undo deleted, and left alone since somebody else had changed it.
ALTER TABLE import_checkpoints ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_checkpoints ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN kept;
ALTER TABLE import_checkpoints DROP COLUMN deleted;

-- +goose Up

-- Products that a file doesn't have, and those of them that were deactivated.
ALTER TABLE import_checkpoints ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_checkpoints ADD COLUMN deactivated INTEGER NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN deactivated;
ALTER TABLE import_checkpoints DROP COLUMN missing;

-- +goose Up

-- Products that a file doesn't have, and those of them that were deactivated.
ALTER TABLE import_checkpoints ADD COLUMN missing bigint NOT NULL DEFAULT 0,
    ADD COLUMN deactivated bigint NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN missing, DROP COLUMN deactivated;

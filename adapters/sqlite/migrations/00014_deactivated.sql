-- +goose Up

-- Products that were deactivated since the file of an import lacks them; in rows of before they are among updated.
ALTER TABLE import_changes ADD COLUMN deactivated INTEGER NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE import_changes DROP COLUMN deactivated;

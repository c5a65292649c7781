-- +goose Up

-- The records of the batch that mode existing left alone, see jobs_skipped.go: null for none.
ALTER TABLE import_checkpoints ADD COLUMN skipped_records bytea;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN skipped_records;

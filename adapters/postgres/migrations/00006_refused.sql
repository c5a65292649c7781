-- +goose Up

-- The records of the batch that were refused while it was written, with their fields and the reason: null for none, which
-- is nearly always so.
ALTER TABLE import_checkpoints ADD COLUMN refused json;

-- +goose Down

ALTER TABLE import_checkpoints DROP COLUMN refused;

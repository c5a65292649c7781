-- +goose Up

-- When changes were kept; null for those of before.
ALTER TABLE import_changes ADD COLUMN kept_at timestamptz;

-- Which versions of a product are the same as earlier ones, since undos gave it back what it had: pairs of numbers, see
-- products.Restored. Null for a product to which no undo did that.
ALTER TABLE products ADD COLUMN restored_versions text;

-- +goose Down

ALTER TABLE products DROP COLUMN restored_versions;
ALTER TABLE import_changes DROP COLUMN kept_at;

-- +goose Up

-- What two processes on one file must agree on.
CREATE TABLE products_importer_settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The row's own number is the ID, so that one index does, that of the keys; AUTOINCREMENT gives no number twice. Columns
-- that the fields of one's own get come behind these.
CREATE TABLE products (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    status      INTEGER NOT NULL DEFAULT 0,
    sku_key     TEXT    NOT NULL,
    sku         TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL DEFAULT '',
    attributes  TEXT    NOT NULL DEFAULT '{}' -- JSON, in the order of the names
) STRICT;

CREATE UNIQUE INDEX products_sku_key ON products (sku_key);

-- +goose Down

DROP TABLE products;
DROP TABLE products_importer_settings;

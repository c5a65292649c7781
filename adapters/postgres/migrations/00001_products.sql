-- +goose Up

-- What two processes on one database must agree on.
CREATE TABLE products_importer_settings (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- Every value stands for itself and the 99 numbers behind it: see ids.go.
CREATE SEQUENCE product_ids AS bigint INCREMENT BY 100 MINVALUE 1 START WITH 1;

-- Columns of fixed width come first, so that no row is padded. Text is compared byte by byte, whatever the database's
-- locale. sku_key is the only unique column, so that the table can be partitioned or distributed by it.
CREATE TABLE products (
    id          bigint      NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    status      boolean     NOT NULL DEFAULT false,
    sku_key     text        COLLATE "C" PRIMARY KEY,
    sku         text        COLLATE "C" NOT NULL,
    name        text        COLLATE "C" NOT NULL,
    description text        COLLATE "C" NOT NULL DEFAULT '',
    attributes  jsonb       NOT NULL DEFAULT '{}'
);

CREATE INDEX products_id ON products (id);

-- +goose Down

DROP TABLE products;
DROP SEQUENCE product_ids;
DROP TABLE products_importer_settings;

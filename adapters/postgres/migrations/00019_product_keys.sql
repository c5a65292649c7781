-- +goose Up

-- Which product has an ID, where the table products is in partitions by the hash of sku_key, so that an ID doesn't say
-- in which of them to look. Triggers keep it in step, which are made with the partitions; else it is empty.
CREATE TABLE product_keys (
    id      bigint NOT NULL,
    sku_key text   COLLATE "C" NOT NULL,
    PRIMARY KEY (id, sku_key)
);

-- +goose Down

DROP TABLE product_keys;

-- +goose Up

-- One row for each change of a single product.
CREATE TABLE product_history (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    product INTEGER NOT NULL, -- 0: all were deleted
    at      INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind    INTEGER NOT NULL, -- products.ChangeKind
    sku     TEXT    NOT NULL,
    made_by TEXT    NOT NULL,
    fields  TEXT    NOT NULL  -- JSON
) STRICT;

CREATE INDEX product_history_product ON product_history (product, id);

-- +goose Down

DROP TABLE product_history;

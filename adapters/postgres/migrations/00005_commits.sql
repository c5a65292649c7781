-- +goose Up

-- What tells, when the answer to a COMMIT is lost, whether the transaction was committed: see commits.go. Every
-- connection that writes has a row, which is updated by each of its transactions. So pages stay nearly empty: the new
-- version goes beside the old one, and few connections meet on a page.
CREATE TABLE products_importer_commits (
    token      bigint      NOT NULL,
    written_at timestamptz NOT NULL,
    slot       uuid        PRIMARY KEY
) WITH (fillfactor = 10);

-- +goose Down

DROP TABLE products_importer_commits;

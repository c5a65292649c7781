-- +goose Up

-- What jobs do to products: some hundred changes a row, encoded, see package job. A row is committed with its batch, and
-- goes with its job. Of a dry run those of the job's latest claim count.
CREATE TABLE import_changes (
    job_id    TEXT    NOT NULL,
    batch     INTEGER NOT NULL,
    first_key TEXT    NOT NULL,
    last_key  TEXT    NOT NULL,
    token     INTEGER NOT NULL, -- of the claim that kept them
    dry_run   INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    updated   INTEGER NOT NULL,
    deleted   INTEGER NOT NULL,
    kept      INTEGER NOT NULL,
    size      INTEGER NOT NULL, -- of the body, uncompressed
    fields    TEXT    NOT NULL, -- JSON: the names of those that changed
    body      BLOB    NOT NULL,
    PRIMARY KEY (job_id, batch, first_key, token)
) STRICT;

-- +goose Down

DROP TABLE import_changes;
